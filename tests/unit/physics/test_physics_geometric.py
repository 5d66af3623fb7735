"""Poses: exact flips and turns, places in the affine map, range, gradients."""

from dataclasses import replace

import pytest
import torch

from restoration.physics.degradation import ParameterError
from restoration.physics.geometric import Pose

PICTURE = torch.arange(12.0).reshape(3, 4)


def blob(rows: int, columns: int, *, down: float, right: float) -> torch.Tensor:
    """Draw a blob beside the middle, wide enough for its centre of mass to survive interpolation."""
    row, column = torch.arange(rows)[:, None] - (rows - 1) / 2, torch.arange(columns) - (columns - 1) / 2
    return torch.exp(-((row - down) ** 2 + (column - right) ** 2) / 18)


def centre(picture: torch.Tensor) -> tuple[float, float]:
    """Return how far below and right of the middle the centre of mass lies."""
    rows, columns = picture.shape
    row, column = torch.arange(rows)[:, None] - (rows - 1) / 2, torch.arange(columns) - (columns - 1) / 2
    return float((picture * row).sum() / picture.sum()), float((picture * column).sum() / picture.sum())


def test_no_change_is_no_change() -> None:
    assert torch.equal(Pose()(PICTURE), PICTURE)


@pytest.mark.parametrize(
    ("pose", "expected"),
    [
        (Pose(flip_rows=True), PICTURE.flip(0)),
        (Pose(flip_columns=True), PICTURE.flip(1)),
        (Pose(quarter_turns=1), torch.rot90(PICTURE)),
        (Pose(quarter_turns=-2), PICTURE.flip(0, 1)),
        (Pose(flip_rows=True, quarter_turns=1), torch.rot90(PICTURE.flip(0))),
    ],
    ids=["rows", "columns", "quarter", "half", "both"],
)
def test_flips_and_quarter_turns_move_values_unchanged(pose: Pose, expected: torch.Tensor) -> None:
    assert torch.equal(pose(PICTURE), expected)
    assert torch.equal(pose(PICTURE.expand(2, 5, -1, -1))[1, 3], expected)


@pytest.mark.parametrize(
    ("pose", "down", "right"),
    [
        (Pose(zoom=(1.5, 1.5)), 15, 6),
        (Pose(zoom=(1.0, 1.5)), 10, 6),
        (Pose(zoom=(0.8, 1.0)), 8, 4),
        (Pose(shift=(0.1, -0.2)), 10 + 8, 4 - 12),
        (Pose(degrees=90.0), -4, 10),
        (Pose(degrees=90.0, zoom=(1.5, 1.0)), -4, 15),
        (Pose(degrees=30.0), 10 * 0.866 - 4 * 0.5, 10 * 0.5 + 4 * 0.866),
    ],
    ids=["larger", "wider", "lower", "shifted", "turned", "zoomed, then turned", "30 degrees"],
)
def test_a_blob_goes_where_the_map_says(pose: Pose, down: float, right: float) -> None:
    moved = pose(blob(80, 60, down=10, right=4))
    assert moved.shape == (80, 60)
    assert centre(moved) == pytest.approx((down, right), abs=0.1)


def test_a_turn_of_ninety_degrees_is_a_quarter_turn() -> None:
    square = blob(40, 40, down=6, right=3)
    assert torch.allclose(Pose(degrees=90.0)(square), Pose(quarter_turns=1)(square), atol=1e-4)


def test_a_turn_and_its_opposite_give_the_picture_back() -> None:
    picture = blob(64, 64, down=5, right=-3)
    again = Pose(degrees=-12.0)(Pose(degrees=12.0)(picture))
    assert torch.allclose(again, picture, atol=0.03)


def test_values_stay_within_the_range_of_each_picture() -> None:
    pictures = torch.stack([torch.randint(0, 2, (32, 32)) * 100.0, torch.randint(0, 2, (32, 32)) - 1000.0])
    posed = Pose(zoom=(1.3, 1.3), degrees=8.0)(pictures)
    assert float(posed[0].min()) >= 0
    assert float(posed[0].max()) <= 100
    assert float(posed[1].max()) <= -999


def test_the_gradient_passes() -> None:
    picture = torch.rand(8, 8, requires_grad=True)
    Pose(flip_rows=True, zoom=(1.2, 1.2))(picture).sum().backward()
    assert picture.grad is not None
    assert float(picture.grad.sum()) > 0


@pytest.mark.parametrize("change", [{"zoom": (0.0, 1.0)}, {"degrees": 200.0}, {"shift": (0.0, 1.5)}], ids=str)
def test_impossible_parameters_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        replace(Pose(), **change)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_gives_what_the_cpu_gives() -> None:
    picture = torch.rand(2, 33, 40)
    pose = Pose(flip_columns=True, zoom=(1.2, 0.9), degrees=7.0)
    assert torch.allclose(pose(picture.cuda()).cpu(), pose(picture), atol=1e-4)
