"""Phantoms to measure: contrasts and diameters are true, masks do not meet."""

import numpy as np
import pytest

from restoration.anatomy.discs import DIAMETERS_MM, disc_body
from restoration.anatomy.pet import SPHERES_MM, pet_spheres
from restoration.anatomy.spheres import Body, Sphere, SpherePhantom, sphere_body
from restoration.anatomy.xray_targets import CONTRASTS, TargetPicture, xray_targets
from restoration.anatomy.xray_targets import DIAMETERS_MM as TARGETS_MM


@pytest.fixture(scope="module")
def spheres() -> SpherePhantom:
    return sphere_body(np.random.default_rng(0), body=Body())


@pytest.fixture(scope="module")
def nema() -> SpherePhantom:
    return pet_spheres(np.random.default_rng(0))


@pytest.fixture(scope="module")
def targets() -> TargetPicture:
    return xray_targets(np.random.default_rng(0), size=400, pixel_mm=1.0)


def paired(phantom: SpherePhantom, sphere: Sphere) -> float:
    return sphere.recovered(phantom.full) - sphere.recovered(phantom.bare)


def test_discs_are_the_only_difference_and_have_the_contrast() -> None:
    phantom = disc_body(np.random.default_rng(0), level=50, outside=-1000, contrast=20, pixel_mm=0.7)
    moved = phantom.full - phantom.bare
    assert {disc.diameter_mm for disc in phantom.discs} == set(DIAMETERS_MM)
    for index, disc in enumerate(phantom.discs):
        assert moved[disc.ring].mean() == pytest.approx(0, abs=0.05)
        if disc.diameter_mm >= 6:
            assert moved[disc.inside].mean() == pytest.approx(20 if index % 2 == 0 else -20, abs=1)


def test_a_cut_keeps_whole_discs_only() -> None:
    phantom = disc_body(np.random.default_rng(0), level=50, outside=-1000, contrast=20, pixel_mm=0.7)
    part = phantom.cut((slice(128, 384), slice(128, 384)))
    assert part.full.shape == (256, 256)
    assert 0 < len(part.discs) < len(phantom.discs)
    assert all(disc.inside.shape == (256, 256) and disc.inside.any() for disc in part.discs)


def test_there_are_four_spheres_of_either_sign_of_each_diameter(spheres: SpherePhantom) -> None:
    kinds = [(sphere.diameter_mm, sphere.contrast) for sphere in spheres.spheres]
    assert spheres.full.shape == spheres.bare.shape == spheres.body.shape == (24, 384, 384)
    assert spheres.full.dtype == np.float32
    for diameter in DIAMETERS_MM:
        assert kinds.count((diameter, 20.0)) == kinds.count((diameter, -20.0)) == 4


def test_spheres_have_their_contrast(spheres: SpherePhantom) -> None:
    for sphere in spheres.spheres:
        assert paired(spheres, sphere) == pytest.approx(sphere.contrast, rel=0.06)


def test_spheres_have_their_diameter(spheres: SpherePhantom) -> None:
    moved = spheres.full - spheres.bare
    voxel = spheres.slice_mm * spheres.pixel_mm**2
    for sphere in spheres.spheres:
        volume = voxel * moved[sphere.where].sum(dtype=np.float64) / sphere.contrast
        assert (6 / np.pi * volume) ** (1 / 3) == pytest.approx(sphere.diameter_mm, rel=0.02)


def test_masks_of_spheres_lie_in_the_body_and_do_not_meet(spheres: SpherePhantom) -> None:
    taken = np.zeros(spheres.full.shape, np.uint8)
    for sphere in spheres.spheres:
        taken[sphere.where] += sphere.core | sphere.shell
        assert sphere.core.any()
        assert sphere.inside[sphere.index].any()
        assert sphere.ring.sum() == sphere.shell.sum()
        assert spheres.body[sphere.where][sphere.shell].all()
    assert taken.max() == 1


def test_there_is_nothing_but_spheres_between_the_two_bodies(spheres: SpherePhantom) -> None:
    moved = spheres.full - spheres.bare
    for sphere in spheres.spheres:
        moved[sphere.where] = 0
    assert np.abs(moved).max() == 0


def test_the_nema_phantom_has_all_sizes_at_both_ratios_and_more_of_12_mm(nema: SpherePhantom) -> None:
    kinds = [(sphere.diameter_mm, sphere.contrast) for sphere in nema.spheres]
    assert {kind for kind in kinds if kind[1] == 35_000} == {(size, 35_000.0) for size in SPHERES_MM}
    assert {kind for kind in kinds if kind[1] == 15_000} == {(size, 15_000.0) for size in SPHERES_MM}
    assert kinds.count((12.0, 15_000.0)) == 7


def test_recovery_in_pet_grows_with_the_sphere(nema: SpherePhantom) -> None:
    by_size = {sphere.diameter_mm: paired(nema, sphere) / sphere.contrast for sphere in nema.spheres}
    recovered = [by_size[size] for size in SPHERES_MM]
    assert recovered == sorted(recovered)
    assert recovered[0] > 0.3
    assert 0.75 < recovered[-1] < 1


def test_activity_is_kept_and_the_background_is_the_one_asked_for(nema: SpherePhantom) -> None:
    voxel = nema.slice_mm * nema.pixel_mm**2
    planted = sum(sphere.contrast * np.pi / 6 * sphere.diameter_mm**3 for sphere in nema.spheres)
    assert voxel * (nema.full - nema.bare).sum(dtype=np.float64) == pytest.approx(planted, rel=0.02)
    assert nema.bare[nema.body].mean() == pytest.approx(5000, rel=0.02)
    assert nema.full.min() >= 0


def test_targets_take_their_share_of_the_exposure(targets: TargetPicture) -> None:
    kinds = [(target.diameter_mm, target.contrast) for target in targets.targets]
    assert all(kinds.count((diameter, contrast)) == 2 for diameter in TARGETS_MM for contrast in CONTRASTS)
    for target in targets.targets:
        if target.diameter_mm > 2:
            assert target.recovered(targets.full, targets.bare) == pytest.approx(target.contrast, rel=1e-3)


def test_targets_do_not_meet(targets: TargetPicture) -> None:
    taken = np.zeros(targets.full.shape, np.uint8)
    for target in targets.targets:
        taken += target.inside | target.ring
        assert target.core.any()
    assert taken.max() == 1
    assert targets.bare.min() > 0
