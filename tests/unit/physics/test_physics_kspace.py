"""k-space: centre, energy, adjoint, slow fields."""

import pytest
import torch

from restoration.physics.kspace import complex_noise, smooth_fields, to_kspace, to_picture

AXES = pytest.mark.parametrize("axes", [2, 3])


def test_a_constant_lies_in_the_middle_of_k_space() -> None:
    kspace = to_kspace(torch.full((16, 25), 2.0))
    assert kspace[8, 12].real.item() == pytest.approx(2 * 20, rel=1e-6)
    assert kspace.abs().sum().item() == pytest.approx(2 * 20, rel=1e-4)


def test_a_point_in_the_middle_has_no_phase() -> None:
    point = torch.zeros(16, 25)
    point[8, 12] = 1
    assert torch.allclose(to_kspace(point), torch.full((16, 25), 1 / 20, dtype=torch.complex64), atol=1e-6)


@AXES
def test_there_and_back_is_the_identity_and_keeps_energy(axes: int) -> None:
    picture = complex_noise(1, (5, 12, 15))
    kspace = to_kspace(picture, axes)
    assert kspace.abs().square().sum().item() == pytest.approx(picture.abs().square().sum().item(), rel=1e-5)
    assert torch.allclose(to_picture(kspace, axes), picture, atol=1e-5)


@AXES
def test_back_is_the_adjoint_of_there(axes: int) -> None:
    first, second = complex_noise(1, (5, 12, 15)), complex_noise(2, (5, 12, 15))
    left = torch.vdot(to_kspace(first, axes).flatten(), second.flatten())
    right = torch.vdot(first.flatten(), to_picture(second, axes).flatten())
    assert torch.allclose(left, right, rtol=1e-4)


@pytest.mark.parametrize("shape", [(160, 120), (12, 40, 30)], ids=["slice", "volume"])
def test_a_smooth_field_is_smooth_bounded_and_its_seed_s_own(shape: tuple[int, ...]) -> None:
    fields = smooth_fields(shape, [(4, 1), (5, 1), (4, 1)])
    assert fields.shape == (3, *shape)
    assert torch.allclose(fields.flatten(1).abs().amax(1), torch.ones(3))
    assert fields.diff(dim=-1).abs().max() < 0.4
    assert torch.equal(fields[0], fields[2])
    assert not torch.allclose(fields[0], fields[1], atol=0.1)


def test_noise_is_its_seed_s_own_and_has_unit_variance() -> None:
    noise = complex_noise(3, (200, 200))
    assert torch.equal(noise, complex_noise(3, (200, 200)))
    assert not torch.equal(noise, complex_noise(4, (200, 200)))
    assert noise.real.std().item() == pytest.approx(1, rel=0.02)
    assert noise.imag.std().item() == pytest.approx(1, rel=0.02)
