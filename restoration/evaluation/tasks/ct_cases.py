"""CT bodies with targets of ±20 HU: discs in a slice, spheres in thin contiguous slices. Pure."""

from functools import cache

import numpy as np

from restoration.anatomy.discs import disc_body
from restoration.anatomy.spheres import Body, SpherePhantom, sphere_body
from restoration.evaluation.bench import SEED
from restoration.evaluation.cases import Noisy, PlantedCase, PlantedTruth, Spot, as_noisy, middle
from restoration.evaluation.tasks.ct_stacks import (
    OUTSIDE,
    PIXEL_MM,
    SIGMA,
    SIZE,
    SLAB_SIZE,
    SLICE_MM,
    noise_for,
    power_of,
)

CONTRAST = 20.0
"""Target against body [HU]."""
LEVEL = 50.0
"""Soft tissue [HU]."""

_LEAST_CORE = 4
"""Fewest voxels of a sphere in the measured slices for its recovery to count."""


def planted_cases(count: int, *, crop: int) -> list[PlantedCase]:
    """Draw bodies with discs of alternating sign and measure each with and without them."""
    return [_discs(SEED + 200 + index, crop) for index in range(count)]


def sphere_cases(count: int, *, crop: int, slices: int, reach: int) -> list[PlantedCase]:
    """Draw bodies with spheres of either sign; `reach` slices on either side of the middle are measured."""
    return [_spheres(SEED + 250 + index, crop, slices, reach) for index in range(count)]


@cache
def _discs(seed: int, crop: int) -> PlantedCase:
    rng = np.random.default_rng(seed)
    phantom = disc_body(rng, level=LEVEL, outside=OUTSIDE, contrast=CONTRAST, pixel_mm=PIXEL_MM, size=SIZE)
    noise = noise_for(phantom.bare[None], SIGMA, PIXEL_MM, rng)[0]
    place = middle(phantom.bare.shape, crop)
    cut, noise = phantom.cut(place), noise[place]
    sigma, power = float(noise[cut.body].std(dtype=np.float64)), power_of(noise, cut.body)
    full, bare = (as_noisy(truth + noise, PIXEL_MM, sigma, power) for truth in (cut.full, cut.bare))
    spots = tuple(Spot(inside=d.inside[None], ring=d.ring[None], diameter_mm=d.diameter_mm) for d in cut.discs)
    truth = PlantedTruth(bare=cut.bare[None], full=cut.full[None], body=cut.body[None], discs=spots)
    return PlantedCase(name=f"disc phantom {seed}", truth=truth, full=full, bare=bare)


@cache
def _spheres(seed: int, crop: int, slices: int, reach: int) -> PlantedCase:
    rng = np.random.default_rng(seed)
    body = Body(level=LEVEL, outside=OUTSIDE, contrast=CONTRAST)
    phantom = sphere_body(rng, body=body, slices=slices, size=SLAB_SIZE, slice_mm=SLICE_MM, pixel_mm=PIXEL_MM)
    noise = noise_for(phantom.bare, SIGMA, PIXEL_MM, rng)
    at, place = slices // 2, middle(phantom.bare.shape, crop)
    measured = slice(at - reach, at + reach + 1)
    where, middle_noise = phantom.body[at][place], noise[at][place]
    sigma, power = float(middle_noise[where].std(dtype=np.float64)), power_of(middle_noise, where)
    full, bare = (
        Noisy(
            volume=np.ascontiguousarray((truth + noise)[:, *place], dtype=np.float32),
            spacing_mm=(SLICE_MM, PIXEL_MM, PIXEL_MM),
            measured=measured,
            sigma=sigma,
            power=power,
        )
        for truth in (phantom.full, phantom.bare)
    )
    truth = _sphere_truth(phantom, (measured, *place))
    return PlantedCase(name=f"sphere phantom {seed}", truth=truth, full=full, bare=bare)


def _sphere_truth(phantom: SpherePhantom, where: tuple[slice, slice, slice]) -> PlantedTruth:
    spots = []
    for sphere in phantom.spheres:
        inside, ring = sphere.inside[where], sphere.ring[where]
        if ring.sum() == sphere.ring[where[0]].sum() and inside.sum() >= _LEAST_CORE:
            spots.append(Spot(inside=inside, ring=ring, diameter_mm=sphere.diameter_mm))
    return PlantedTruth(
        bare=phantom.bare[where], full=phantom.full[where], body=phantom.body[where], discs=tuple(spots)
    )
