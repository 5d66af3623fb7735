"""The noise map that networks are told, and its limit."""

import pytest
import torch

from restoration.networks.noise_map import limited, noise_map


@pytest.fixture
def picture() -> torch.Tensor:
    """Noise of 1, an empty border, and a patch of dense structure six times as strong as the noise."""
    generator = torch.Generator().manual_seed(3)
    noisy = torch.randn(2, 1, 192, 192, generator=generator)
    noisy[..., 80:130, 80:130] += 6 * torch.randn(50, 50, generator=generator)
    noisy[..., :40, :] = 0
    return noisy


def test_dense_structure_is_not_taken_for_noise(picture: torch.Tensor) -> None:
    plain = noise_map(picture)
    held = limited(plain, 2.0)
    assert float(plain[..., 105, 105].min()) > 4
    assert float(held[..., 105, 105].max()) == pytest.approx(2, rel=0.2)


def test_ordinary_noise_keeps_its_map(picture: torch.Tensor) -> None:
    plain = noise_map(picture)
    assert torch.equal(limited(plain, 2.0)[..., 160:, :], plain[..., 160:, :])


def test_every_picture_has_its_own_limit(picture: torch.Tensor) -> None:
    plain = noise_map(torch.cat((picture[:1], 10 * picture[1:])))
    together = limited(plain, 2.0)
    assert torch.allclose(together[1:], limited(plain[1:], 2.0))
    assert float(together[1].max()) > 5 * float(together[0].max())


def test_a_picture_without_noise_stays_without() -> None:
    assert not limited(noise_map(torch.zeros(1, 1, 64, 64)), 2.0).any()
