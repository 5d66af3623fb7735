"""X-ray anatomy to train on: chests and limbs, projected solid by solid. Pure.

An exposure of 1 is what reaches the detector unattenuated. Attenuation coefficients are effective values behind a
patient of about 100 kV (chest) and 60 kV (limb), of the order of NIST's tables (doi:10.18434/T4D01F), with scatter's
share in the soft-tissue value of the chest.
"""

import numpy as np
from scipy import ndimage

from restoration.anatomy.shapes import beam
from restoration.anatomy.shapes.beam import Detector
from restoration.anatomy.shapes.grid import FloatArray
from restoration.anatomy.shapes.leaves import texture

_CHEST_MM = (330.0, 430.0)
_LIMB_MM = (90.0, 240.0)
_CHEST_SOFT, _CHEST_LUNG, _CHEST_BONE = 0.0135, 0.0035, 0.022
_LIMB_SOFT, _LIMB_BONE, _LIMB_MARROW = 0.021, 0.075, 0.016
_RIBS = 10


def xray_anatomy(size: int, rng: np.random.Generator) -> FloatArray:
    """Draw a chest or a limb as the detector would see it without noise.

    Parameters
    ----------
    size
        Rows and columns [pixels].
    rng
        Source of chance.

    Returns
    -------
    FloatArray
        (size, size) float32 [exposure: 1 unattenuated], positive.
    """
    if rng.uniform() < 0.6:
        return chest(Detector(size=size, pixel_mm=rng.uniform(*_CHEST_MM) / size), rng)
    return limb(size, rng)


def chest(detector: Detector, rng: np.random.Generator) -> FloatArray:
    """Draw a chest: lungs with vessels, heart, diaphragm, spine, ribs, clavicles.

    Parameters
    ----------
    detector
        Pixels.
    rng
        Source of chance.

    Returns
    -------
    FloatArray
        (size, size) float32 [exposure: 1 unattenuated], positive.
    """
    size = detector.size
    trunk = beam.ellipsoid(detector, (60.0, 0.0), (420.0, rng.uniform(160, 205)), rng.uniform(190, 270))
    neck = beam.ellipsoid(detector, (-190.0, 0.0), (75.0, 65.0), 110.0)
    lungs = _lungs(detector, rng)
    lungs = np.minimum(beam.bent(lungs, detector, rng, amplitude_mm=4.0), 0.85 * trunk)
    density = 1 + np.float32(0.1) * texture(size, 1.3, rng)
    vessels = _lung_vessels(detector, rng) * (lungs > 0)
    soft = np.maximum(trunk, neck) * (1 + np.float32(0.012) * texture(size, 1.7, rng)) - lungs + 0.9 * vessels
    bones = beam.bent(
        _ribs(detector, rng) + _spine(detector, rng) + _clavicles(detector, rng), detector, rng, amplitude_mm=3.0
    )
    bones *= 1 + np.float32(0.12) * texture(size, 0.9, rng)
    total = _CHEST_SOFT * soft + _CHEST_LUNG * lungs * density + _CHEST_BONE * bones + _wires(detector, rng)
    return _exposure(total, rng)


def limb(size: int, rng: np.random.Generator) -> FloatArray:
    """Draw a limb or a hand: soft parts, bones with cortex and trabeculae, joints.

    Parameters
    ----------
    size
        Rows and columns [pixels].
    rng
        Source of chance.

    Returns
    -------
    FloatArray
        (size, size) float32 [exposure: 1 unattenuated], positive.
    """
    wide = int(np.ceil(1.42 * size))
    detector = Detector(size=wide, pixel_mm=rng.uniform(*_LIMB_MM) / size)
    soft, outer, inner = detector.empty(), detector.empty(), detector.empty()
    rays = int(rng.choice((1, 2, 4, 5)))
    for ray in range(rays):
        _ray(detector, (soft, outer, inner), (ray - (rays - 1) / 2, rays), rng)
    soft = ndimage.gaussian_filter(soft, 1.5 / detector.pixel_mm)
    bone = _LIMB_BONE * (outer - inner) + _LIMB_MARROW * inner * (1 + np.float32(0.5) * _trabeculae(detector, rng))
    muscle = 1 + np.float32(0.02) * texture(wide, 1.6, rng)
    total = beam.bent(bone + _LIMB_SOFT * soft * muscle, detector, rng, amplitude_mm=2.0)
    total = ndimage.rotate(total + _wires(detector, rng), rng.uniform(0, 360), reshape=False, order=1)
    first = (wide - size) // 2
    return _exposure(total[first : first + size, first : first + size], rng)


def _exposure(total: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return exp(-attenuation), with the heel effect and collimated edges that every picture has."""
    size = total.shape[0]
    ramp = np.linspace(-1, 1, size, dtype=np.float32)
    heel = 1 + np.float32(rng.normal(0, 0.06)) * ramp[:, None] + np.float32(rng.normal(0, 0.03)) * ramp
    exposure = np.exp(-ndimage.gaussian_filter(total, rng.uniform(0.4, 0.9)).clip(0, 7)) * heel.clip(0.5)
    if rng.uniform() < 0.3:
        top, left, bottom, right = (int(size * rng.uniform(0, 0.08)) for _ in range(4))
        shutter = np.full_like(exposure, 0.02)
        shutter[top : size - bottom, left : size - right] = 1
        exposure *= ndimage.gaussian_filter(shutter, 1.0)
    return np.asarray(exposure, np.float32)


def _lungs(detector: Detector, rng: np.random.Generator) -> FloatArray:
    """Two lungs [mm], less the heart between them and the diaphragm under them."""
    depth = rng.uniform(130, 175)
    lungs = detector.empty()
    for side in (-1, 1):
        centre = (rng.uniform(-25, 5), side * rng.uniform(70, 82))
        radii = (rng.uniform(115, 145), rng.uniform(55, 66))
        lungs = np.maximum(lungs, beam.ellipsoid(detector, centre, radii, depth, side * rng.uniform(-0.12, 0)))
    heart = beam.ellipsoid(detector, (50.0, rng.uniform(15, 35)), (rng.uniform(50, 65), rng.uniform(55, 75)), 110, 0.5)
    arch = beam.ellipsoid(detector, (-30.0, 22.0), (28.0, 24.0), 60.0)
    lungs = lungs - np.minimum(lungs, np.maximum(heart, arch))
    for side in (-1, 1):
        dome = beam.ellipsoid(
            detector, (rng.uniform(135, 155), side * 80.0), (rng.uniform(60, 85), rng.uniform(62, 80)), 260.0
        )
        lungs = lungs - np.minimum(lungs, dome)
    return lungs


def _lung_vessels(detector: Detector, rng: np.random.Generator) -> FloatArray:
    """Vessel trees that fan out from both hila [mm]."""
    vessels = detector.empty()
    for side in (-1, 1):
        for _ in range(int(rng.integers(10, 16))):
            start = (rng.normal(0, 14), side * rng.uniform(22, 40))
            direction = rng.uniform(-1.45, 1.45) + (np.pi if side < 0 else 0.0)
            tree = detector.empty()
            beam.add_tree(tree, detector, (start, direction, rng.uniform(2.5, 6.0)), rng)
            vessels += tree
    return vessels


def _ribs(detector: Detector, rng: np.random.Generator) -> FloatArray:
    """Ribs of both sides [mm of compact bone]: behind they fall outwards, in front they turn back."""
    bones = detector.empty()
    pitch, radius, width = rng.uniform(21, 26), rng.uniform(4.0, 5.5), rng.uniform(130, 155)
    for side in (-1, 1):
        for index in range(_RIBS):
            top = -155 + index * pitch + rng.normal(0, 1.5)
            reach = width * min(1.0, 0.55 + 0.12 * index)
            angle = np.linspace(0.1, np.pi * rng.uniform(0.75, 0.88), 36)
            fall = 0.5 * reach * (1 - np.cos(angle)) * rng.uniform(0.5, 0.62) + 8 * np.sin(2 * angle).clip(0)
            points = np.stack((top + fall, side * (12 + reach * np.sin(angle))), axis=1).astype(np.float32)
            rib, marrow = detector.empty(), detector.empty()
            beam.add_strand(rib, detector, points, radius)
            beam.add_strand(marrow, detector, points, radius - 1.2)
            bones += rib - np.float32(0.75) * marrow
    return bones


def _spine(detector: Detector, rng: np.random.Generator) -> FloatArray:
    """Vertebrae with discs between them [mm of compact bone]."""
    spine, height = detector.empty(), rng.uniform(20, 26)
    for top in np.arange(-detector.extent_mm / 2 - height, detector.extent_mm / 2, height):
        half = rng.uniform(15, 18)
        for column in np.linspace(-half * 0.6, half * 0.6, 4):
            beam.add_rod(spine, detector, ((top + 3, column), (top + height - 3, column)), (half * 0.45, half * 0.45))
        beam.add_rod(spine, detector, ((top + 6, -26.0), (top + 5, 26.0)), (3.0, 3.0))
    return np.float32(0.9) * spine


def _clavicles(detector: Detector, rng: np.random.Generator) -> FloatArray:
    bones = detector.empty()
    height = rng.uniform(-150, -125)
    for side in (-1, 1):
        across = np.linspace(14, 150, 12)
        down = height - 0.12 * across + 7 * np.sin(across / 24)
        points = np.stack((down, side * across), axis=1).astype(np.float32)
        beam.add_strand(bones, detector, points, rng.uniform(5.0, 6.5))
    return np.float32(0.7) * bones


def _wires(detector: Detector, rng: np.random.Generator) -> FloatArray:
    """Now and then a catheter, a wire or a screw [attenuation]."""
    wires = detector.empty()
    if rng.uniform() < 0.25:
        half = detector.extent_mm / 2
        start, steps = rng.uniform(-0.8, 0.8, 2) * half, rng.normal(0, 0.06 * half, (14, 2))
        points = start + np.cumsum(steps + rng.normal(0, 0.06 * half, 2), axis=0)
        beam.add_strand(wires, detector, points.astype(np.float32), rng.uniform(0.4, 1.5))
        wires *= np.float32(rng.choice((0.08, 0.3, 1.0)))
    return wires


def _ray(detector: Detector, maps: tuple[FloatArray, ...], place: tuple[float, int], rng: np.random.Generator) -> None:
    """Lay one row of long bones and the soft parts round them from end to end of the picture."""
    soft, outer, inner = maps
    half, (offset, rays) = detector.extent_mm / 2, place
    column, lean = offset * detector.extent_mm * 0.8 / rays + rng.normal(0, 2), rng.normal(0, 0.06)
    shaft = detector.extent_mm * rng.uniform(0.05, 0.08) / rays**0.5
    row = -1.3 * half + rng.uniform(0, half)
    while row < 1.2 * half:
        length, head, cortex = shaft * rng.uniform(8, 16), shaft * rng.uniform(1.2, 1.6), shaft * rng.uniform(0.2, 0.4)
        ends = np.array((row + head, row + 0.4 * length, row + 0.6 * length, row + length - head))
        points = [(float(end), float(column + lean * end)) for end in ends]
        widths = (head, shaft, shaft, head * rng.uniform(0.8, 1))
        for first in range(3):
            where, (near, far) = (points[first], points[first + 1]), widths[first : first + 2]
            beam.add_rod(outer, detector, where, (near, far))
            shells = [0.3 * cortex if width > shaft else cortex for width in (near, far)]
            beam.add_rod(inner, detector, where, (near - shells[0], far - shells[1]))
        row += length + shaft * rng.uniform(0.15, 0.3)
    fat = shaft * rng.uniform(2.2, 3.5) if rays < 4 else shaft * rng.uniform(1.8, 2.4)
    beam.add_rod(
        soft, detector, ((-2 * half, column - 2 * lean * half), (2 * half, column + 2 * lean * half)), (fat, fat)
    )


def _trabeculae(detector: Detector, rng: np.random.Generator) -> FloatArray:
    """Return (size, size) with mean 0, standard deviation 1: fine strands that run mostly along the bones."""
    noise = rng.normal(size=(detector.size, detector.size))
    width = rng.uniform(0.12, 0.35) / detector.pixel_mm
    strands = ndimage.gaussian_filter(noise, (4 * width, width)) + 0.5 * ndimage.gaussian_filter(
        noise.T, (width, 3 * width)
    )
    return np.asarray(strands / strands.std(), np.float32)
