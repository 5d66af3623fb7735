"""PET count thinning for any share and voxel: identity, positivity, determinism from the record."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from restoration.physics.degradation import record
from restoration.physics.pet_counts import PetCounts

SEEDS = st.integers(0, 2**31 - 1)
VOXELS = st.tuples(st.floats(1.0, 5.0), st.floats(1.0, 5.0), st.floats(1.0, 5.0))
SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 12), st.integers(1, 12))


@settings(max_examples=40, deadline=None)
@given(
    share=st.floats(0.01, 1.0),
    counts=st.floats(1e-4, 10.0),
    resolution=st.floats(0.0, 12.0),
    voxel=VOXELS,
    shape=SHAPES,
    seed=SEEDS,
)
def test_activity_stays_positive_and_a_record_gives_the_same(
    share: float,
    counts: float,
    resolution: float,
    voxel: tuple[float, float, float],
    shape: tuple[int, int, int],
    seed: int,
) -> None:
    volume = torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 1e4
    how = PetCounts(share=share, counts_per_unit=counts, resolution_mm=resolution, voxel_mm=voxel, seed=seed)
    thin = how(volume)
    assert thin.shape == volume.shape
    assert thin.isfinite().all()
    assert float(thin.min()) >= -1e-3
    written = record(how)
    del written["degradation"]
    assert torch.equal(PetCounts(**{**written, "voxel_mm": tuple(written["voxel_mm"])})(volume), thin)


@settings(max_examples=20, deadline=None)
@given(voxel=VOXELS, shape=SHAPES, seed=SEEDS)
def test_all_counts_leave_a_measured_volume_as_it_is(
    voxel: tuple[float, float, float], shape: tuple[int, int, int], seed: int
) -> None:
    volume = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    how = PetCounts(share=1.0, counts_per_unit=0.1, resolution_mm=5.0, voxel_mm=voxel, seed=seed)
    assert torch.equal(how(volume), volume)


@settings(max_examples=20, deadline=None)
@given(share=st.floats(0.02, 0.9), factor=st.floats(1.5, 10.0))
def test_more_counts_or_less_activity_mean_less_noise(share: float, factor: float) -> None:
    volume = torch.full((4, 8, 8), 1000.0)
    how = PetCounts(share=share, counts_per_unit=0.1, resolution_mm=5.0, voxel_mm=(3.0, 3.0, 3.0))
    more = PetCounts(share=share, counts_per_unit=0.1 * factor, resolution_mm=5.0, voxel_mm=(3.0, 3.0, 3.0))
    ratio = how.noise_deviation(volume) / more.noise_deviation(volume)
    assert torch.allclose(ratio, torch.full_like(ratio, factor**0.5), rtol=1e-4)
    assert torch.allclose(how.noise_deviation(factor * volume) / how.noise_deviation(volume), ratio, rtol=1e-4)
