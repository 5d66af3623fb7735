import numpy as np
import pytest
import torch

from restoration.guard.noise import mean_frequency, noise_map
from restoration.networks.noise_map import noise_map as tensor_noise_map
from tests.unit.restoration.restoration_volumes import noise

EVERYWHERE = np.ones((256, 256), bool)


@pytest.mark.parametrize(("blur", "found"), [(0.0, 20), (0.6, 10.5)], ids=["white", "kernel"])
def test_the_map_finds_the_noise_beside_edges(blur: float, found: float) -> None:
    picture = noise((256, 256), sigma=20, blur=blur)
    picture[:, 128:] += 1000
    assert float(np.median(noise_map(picture))) == pytest.approx(found, rel=0.03)


def test_the_map_scales_with_the_picture() -> None:
    picture = noise((64, 64), sigma=20)
    np.testing.assert_allclose(noise_map(3 * picture), 3 * noise_map(picture), rtol=1e-5)


def test_the_map_follows_noise_that_varies() -> None:
    picture = noise((256, 256), sigma=10, blur=0)
    picture[:, 128:] *= 3
    found = noise_map(picture)
    assert found[:, 20:100].mean() == pytest.approx(10, rel=0.05)
    assert found[:, 156:236].mean() == pytest.approx(30, rel=0.05)


@pytest.mark.parametrize("shape", [(64, 64), (65, 97), (33, 128), (130, 131), (8, 9)], ids=str)
def test_the_map_is_the_one_networks_are_conditioned_on(shape: tuple[int, int]) -> None:
    picture = noise(shape, sigma=25) + np.linspace(-1000, 1000, shape[1], dtype=np.float32)
    theirs = tensor_noise_map(torch.from_numpy(picture)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(noise_map(picture), theirs, rtol=2e-3, atol=1e-3)


def test_a_constant_has_no_noise() -> None:
    assert not noise_map(np.full((64, 64), 40, np.float32)).any()


def test_white_noise_has_its_mean_frequency_and_smooth_noise_a_lower_one() -> None:
    white = mean_frequency(noise((256, 256), sigma=1, blur=0), EVERYWHERE)
    smooth = mean_frequency(noise((256, 256), sigma=1, blur=1.5), EVERYWHERE)
    assert white == pytest.approx(0.77, abs=0.05)
    assert smooth is not None
    assert smooth < 0.4


def test_the_mean_frequency_does_not_mind_anatomy_elsewhere() -> None:
    picture = noise((256, 256), sigma=5, blur=0)
    plain = mean_frequency(picture, EVERYWHERE)
    picture[::16] += 500
    left = EVERYWHERE.copy()
    left[:, 128:] = False
    picture[:, :128] = noise((256, 128), sigma=5, blur=0, seed=3)
    assert mean_frequency(picture, left) == pytest.approx(plain, abs=0.04)


@pytest.mark.parametrize(
    ("picture", "where"),
    [
        (np.zeros((256, 256), np.float32), EVERYWHERE),
        (np.zeros((256, 256), np.float32), ~EVERYWHERE),
        (np.ones((16, 16), np.float32), np.ones((16, 16), bool)),
    ],
    ids=["no noise", "no tissue", "smaller than a patch"],
)
def test_no_frequency_without_noise_in_tissue(picture: np.ndarray, where: np.ndarray) -> None:
    assert mean_frequency(picture, where) is None
