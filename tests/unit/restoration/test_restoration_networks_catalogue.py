"""What the catalogue says of a network's design is what the network does."""

import copy
from typing import Any

import pytest
import torch

from restoration.errors import BundleError
from restoration.networks.catalogue import NAMES, Built, build

DESIGNS: dict[str, dict[str, Any]] = {
    "as shipped": {"name": "RestorationUNet", "widths": [4, 5, 6], "blocks": 1, "fold": 2},
    "one level": {"name": "RestorationUNet", "widths": [4], "blocks": 1, "fold": 1},
    "deep": {"name": "RestorationUNet", "widths": [2, 2, 2, 2], "blocks": 2, "fold": 2},
    "slab": {"name": "RestorationUNet", "widths": [4, 4], "blocks": 2, "fold": 4, "slices": 5},
    "red-cnn": {"name": "RedCnn", "channels": 3},
}
PARAMETERS = pytest.mark.parametrize("settings", DESIGNS.values(), ids=DESIGNS)


def filled(settings: dict[str, Any]) -> Built:
    """A network of positive weights: nothing cancels, every path from a pixel to the answer shows."""
    built = build(settings)
    with torch.no_grad():
        values = {name: torch.full(value.shape, 0.05) for name, value in built.network.state_dict().items()}
    built.network.load_state_dict(values, assign=True)
    return built


@PARAMETERS
def test_an_answer_reaches_as_far_as_stated(settings: dict[str, Any]) -> None:
    built = filled(settings)
    side = _up(2 * built.reach + 2 * built.multiple, built.multiple) + 8 * built.multiple
    reached = 0
    for offset in {0, built.multiple - 1}:
        place = side // 2 // built.multiple * built.multiple + offset
        image = torch.ones(1, built.slices, side, side, requires_grad=True)
        built.network(image, torch.ones(1, 1, side, side))[0, 0, place, place].backward()
        assert image.grad is not None
        rows = image.grad[0].abs().sum((0, 2)).nonzero().flatten()
        reached = max(reached, place - int(rows.min()), int(rows.max()) - place)
    assert built.reach - built.multiple < reached <= built.reach


@PARAMETERS
def test_pictures_cut_at_multiples_are_seen_in_the_same_grid(settings: dict[str, Any]) -> None:
    built = filled(settings)
    for value in built.network.parameters():
        torch.nn.init.uniform_(value, -0.1, 0.1, generator=torch.Generator().manual_seed(value.numel()))
    halo = _up(built.reach, built.multiple)
    side = 2 * halo + 4 * built.multiple
    image = torch.randn(1, built.slices, side, side + 3, generator=torch.Generator().manual_seed(1))
    sigma = image[:, :1].abs()
    with torch.no_grad():
        whole = built.network(image, sigma)
        cut = built.network(image[..., built.multiple :], sigma[..., built.multiple :])
    torch.testing.assert_close(cut[..., halo:], whole[..., halo + built.multiple :], rtol=1e-5, atol=1e-5)


@PARAMETERS
def test_the_smallest_picture_is_taken(settings: dict[str, Any]) -> None:
    built = filled(settings)
    image = torch.ones(2, built.slices, built.smallest, built.smallest)
    assert built.network(image, image[:, :1]).shape == image[:, :1].shape


@PARAMETERS
def test_no_layer_normalises(settings: dict[str, Any]) -> None:
    network = copy.deepcopy(build(settings).network)
    assert not [name for name, part in network.named_modules() if "norm" in type(part).__name__.lower()]


def test_nothing_else_can_be_named() -> None:
    assert NAMES == ("RestorationUNet", "RedCnn")
    with pytest.raises(BundleError, match="'Sequential' is unknown"):
        build({"name": "Sequential"})


def _up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
