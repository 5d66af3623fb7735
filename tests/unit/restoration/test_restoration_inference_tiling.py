"""Tiles agree with the whole picture."""

import numpy as np
import pytest
import torch

from restoration.card import BUNDLES, load_card
from restoration.inference import tiling
from restoration.inference.network import load_network
from restoration.networks.catalogue import Built, build
from restoration.networks.noise_map import noise_map
from tests.unit.restoration.restoration_bundles import random_network

SMALL = tiling.Grid(multiple=8, reach=51)


def picture(rows: int, columns: int, *, slices: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Steps up to 1000 HU under noise, in units of 100 HU, with a noise map."""
    generator = torch.Generator().manual_seed(rows)
    image = 0.25 * torch.randn(1, slices, rows, columns, generator=generator)
    image[..., rows // 3 :, : columns // 2] -= 10
    return image, noise_map(image[:, slices // 2, None])


def filled(slices: int = 1, **settings: object) -> Built:
    built = build(
        {"name": "RestorationUNet", "widths": [8, 8, 8], "blocks": 1, "fold": 2, "slices": slices, **settings}
    )
    built.network.load_state_dict(random_network(slices=slices, **settings).state_dict(), assign=True)
    return built


@pytest.mark.parametrize("shape", [(1100, 1100), (1536, 64), (40, 1033), (1291, 1025)], ids=str)
@pytest.mark.parametrize("slices", [1, 3])
def test_tiles_of_a_random_network_agree_in_float32(shape: tuple[int, int], slices: int) -> None:
    built = filled(slices)
    image, sigma = picture(*shape, slices=slices)
    with torch.inference_mode():
        whole = built.network(image, sigma)
        tiled = tiling.run(built.network, image, sigma, grid=grid_of(built))
    change = float((whole - image[:, slices // 2, None]).abs().max())
    torch.testing.assert_close(tiled, whole, rtol=1e-5, atol=1e-5 * change)


@pytest.mark.parametrize("side", [256, 512])
def test_small_tiles_agree_for_deeper_networks(side: int) -> None:
    built = filled(widths=[4, 4, 4, 4])
    image, sigma = picture(700, 600)
    grid = grid_of(built)
    with torch.inference_mode():
        whole = built.network(image, sigma)
        tiled = tiling.run(built.network, image, sigma, grid=grid, side=max(side, grid.smallest_side))
    torch.testing.assert_close(tiled, whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_tiles_of_the_shipped_network_agree(precision: str) -> None:
    card = load_card("ct-denoise")
    built = load_network(card, BUNDLES / "ct-denoise", device="cpu").built
    image, sigma = picture(1112, 152, slices=built.slices)

    def run(image: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            answer: torch.Tensor = built.network(image, sigma)
        return answer

    with torch.inference_mode():
        whole, tiled = run(image, sigma), tiling.run(run, image, sigma, grid=grid_of(built))
    # One network unit is 100 HU, and values reach 1000 HU: 1e-5 of them and 0.1 HU.
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-4 if precision == "float32" else 1e-3)


def grid_of(built: Built) -> tiling.Grid:
    return tiling.Grid(multiple=built.multiple, reach=built.reach)


@pytest.mark.parametrize("shape", [(1024, 1024), (1024, 64), (8, 8)], ids=str)
def test_pictures_up_to_the_limit_are_run_whole(shape: tuple[int, int]) -> None:
    assert sizes_seen(*shape) == [shape]


@pytest.mark.parametrize("shape", [(1025, 64), (3064, 4664)], ids=str)
def test_no_tile_is_longer_than_the_limit(shape: tuple[int, int]) -> None:
    seen = sizes_seen(*shape)
    assert max(max(size) for size in seen) <= 1024
    # What neighbours see twice stays below a third.
    assert sum(rows * columns for rows, columns in seen) < 1.34 * shape[0] * shape[1]


def test_every_pixel_is_answered_once() -> None:
    image = torch.arange(1300.0 * 1100).reshape(1, 1, 1300, 1100)
    answer = tiling.run(lambda image, sigma: image + sigma, image, torch.ones_like(image), grid=SMALL)
    np.testing.assert_array_equal(answer, image + 1)


def sizes_seen(rows: int, columns: int) -> list[tuple[int, ...]]:
    seen: list[tuple[int, ...]] = []

    def network(image: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(image.shape[-2:]))
        return sigma

    image = torch.zeros(1, 1, rows, columns)
    tiling.run(network, image, image, grid=SMALL)
    return seen
