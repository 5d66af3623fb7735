"""Gates «erased» and «created»: round structures that went missing or appeared. Pure.

What a right pipeline takes away is noise, and below its anchor hardly anything: a lesion that was taken away, or drawn,
stands in the change with its whole contrast. A matched filter for discs of 3 to 20 mm, prewhitened by the spectrum of
the change itself, looks for it; the answer counts in robust standard deviations of that filter over the slice, or
around the place where it is restless all around, as in spongy bone. The change is first divided by its local scale: its
own fine noise, and what a right pipeline moves at an edge.
"""

import functools
import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from restoration.card import Card
from restoration.guard.evidence import BASE_MM, SliceEvidence, floor_mm
from restoration.guard.noise import noise_map
from restoration.guard.residual_spectrum import radial_power
from restoration.guard.verdict import Figure, Place
from restoration.lowpass import lowpass
from restoration.volume import BoolArray, FloatArray

ComplexArray = npt.NDArray[np.complex64]

ERASED, CREATED = "erased", "created"

DIAMETERS_MM = (3.0, 4.4, 6.4, 9.4, 13.7, 20.0)
"""Sizes looked for: a disc between two of them loses less than 5 % of its height."""

_WEIGHTS = dict(zip(DIAMETERS_MM, (1.0, 1.0, 1.0, 1.1, 1.2, 1.25), strict=True))
"""The heights of large blobs, which chance and edges reach less often, count for more, so that one bound fits all."""

_PIXELS_ACROSS = 4
"""Finer pictures are averaged down until the smallest disc has about this many pixels."""

_LEAST_ACROSS = 1.5
"""Pixels across the smallest disc that a coarse picture can be searched for."""

_LEAST_SIDE = 16
_LEAST_BODY = 256
"""Fewer pixels of body have no statistics."""

_MARGIN = 2
"""Pixels at the rim of the body that do not count."""

_SKIN_MM = {"HU": 3.0}
"""Rim of the patient that does not count [mm] where it ends against air: no other edge is nearly as high as that."""

BORDER_MM = 8.0
"""Rim of the picture that does not count [mm]: filters of pipelines and of this gate see past it."""

_EDGE_MM = 0.12
"""How far a pipeline that took all noise away may move an edge [mm]."""

_EDGE_SIGMA_MM = 0.55
_LIFT_ALLOWANCE = np.float32(2)
"""The floor of magnitudes may go this many times over: pipelines and this gate look at it over different widths."""

_LIFT_SHARE = 0.5
"""How far off a pipeline may be that takes away the floor of magnitudes."""

_AROUND_MM = 20.0
_AROUND_DIAMETERS = 4.0
_AROUND_SHARE = 0.85
_ROOT_MEAN = 0.676
"""Square of the mean of the square root of |n|, n standard normal."""

_TINY = 1e-12
_LEAST_OWN = 0.25
_LEAST_OF_SOURCE = 0.02
_STEP_SHARE = 0.3
_SPECTRUM_FLOOR = 0.08
"""No frequency of the change counts as emptier than this share of the fullest: what a right pipeline leaves there is
its own small error, not noise, and no filter may trust it."""

_WHITE_FLOOR = 1e-3
_SOFT_EDGE_PIXELS = 0.6
_WRAP = 32
_MEDIAN_TO_SIGMA = 0.6745


@dataclass(frozen=True, kw_only=True, eq=False)
class BlobMaps:
    """Strongest blob per pixel over all sizes, on a grid averaged down by `reduced`.

    Attributes
    ----------
    erased, created
        (rows, columns) float32 [robust standard deviations], 0 outside the body.
    change
        (rows, columns) float32: what was changed, in the figures' unit.
    pixel_mm
        Distance between the maps' rows and columns [mm].
    diameters_mm
        Sizes that were looked for.
    reduced
        Pixels of the slice per pixel of the maps, along rows and columns.
    """

    erased: FloatArray
    created: FloatArray
    change: FloatArray
    pixel_mm: tuple[float, float]
    diameters_mm: tuple[float, ...]
    reduced: tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Grid:
    """One slice averaged down to the grid of the search."""

    source: FloatArray
    change: FloatArray
    sigma: FloatArray
    lift: FloatArray
    body: BoolArray
    pixel_mm: tuple[float, float]


def figures(evidence: SliceEvidence, card: Card, *, step: float) -> tuple[Figure, ...]:
    """Return the strongest erased and the strongest created blob of a slice.

    Parameters
    ----------
    evidence
        One slice.
    card
        The pipeline's card.
    step
        Distance between neighbouring stored values, in the figures' unit.
    """
    maps = blob_maps(evidence, step=step)
    if maps is None:
        return ()
    return (
        _figure(evidence, maps, ERASED, maps.erased, card.bounds.erased),
        _figure(evidence, maps, CREATED, maps.created, card.bounds.created),
    )


def blob_maps(evidence: SliceEvidence, *, step: float) -> BlobMaps | None:
    """Search one slice; None where it is too small or shows hardly any body.

    Parameters
    ----------
    evidence
        One slice.
    step
        Distance between neighbouring stored values, in the figures' unit.
    """
    reduced = _reduction(evidence.pixel_mm)
    grid = _grid(evidence, reduced)
    diameters = tuple(d for d in DIAMETERS_MM if d >= _LEAST_ACROSS * max(grid.pixel_mm))
    if min(grid.body.shape) < _LEAST_SIDE or grid.body.sum() < _LEAST_BODY or not diameters:
        return None
    scale = _local_scale(grid, step)
    search = _Search.prepared(grid, scale)
    erased, created = np.zeros_like(grid.change), np.zeros_like(grid.change)
    for diameter in diameters:
        height, is_erased = search.blobs(diameter)
        np.maximum(erased, np.where(is_erased, height, 0), out=erased)
        np.maximum(created, np.where(is_erased, 0, height), out=created)
    return BlobMaps(
        erased=erased,
        created=created,
        change=grid.change,
        pixel_mm=grid.pixel_mm,
        diameters_mm=diameters,
        reduced=reduced,
    )


def _figure(evidence: SliceEvidence, maps: BlobMaps, gate: str, found: FloatArray, bound: float | None) -> Figure:
    row, column = (int(place) for place in np.unravel_index(int(found.argmax()), found.shape))
    value = float(found[row, column])
    size = f", {size_mm(maps, row, column):g} mm across" if value > 0 else ""
    return Figure(
        gate=gate,
        name=f"the largest {gate} blob",
        value=value,
        high=bound,
        unit=f"robust deviations{size}",
        place=Place(
            slice_index=evidence.index,
            row=row * maps.reduced[0] + maps.reduced[0] // 2,
            column=column * maps.reduced[1] + maps.reduced[1] // 2,
        ),
    )


def size_mm(maps: BlobMaps, row: int, column: int) -> float:
    """Return the diameter of the disc that fits the change around a place best [mm].

    The filters themselves do not tell: below the anchor even a small lesion stands alone, and answers all of them.
    """
    rows, columns = np.ogrid[: maps.change.shape[0], : maps.change.shape[1]]
    distance = np.hypot((rows - row) * maps.pixel_mm[0], (columns - column) * maps.pixel_mm[1])
    fits = []
    for diameter in maps.diameters_mm:
        near, inside = distance < diameter, distance < diameter / 2
        template = inside[near] - inside[near].mean()
        fits.append(abs(float(maps.change[near] @ template)) / float(np.linalg.norm(template)))
    return maps.diameters_mm[int(np.argmax(fits))]


def _reduction(pixel_mm: tuple[float, float]) -> tuple[int, int]:
    rows, columns = (max(1, int(DIAMETERS_MM[0] / (_PIXELS_ACROSS * mm))) for mm in pixel_mm)
    return rows, columns


def _grid(evidence: SliceEvidence, reduced: tuple[int, int]) -> _Grid:
    mean = lowpass(evidence.change, sigma_mm=BASE_MM[evidence.unit], pixel_mm=evidence.pixel_mm)
    body = evidence.patient
    if evidence.unit != "HU":
        # A hole in the body that the result filled is searched as well; in CT holes belong to the patient.
        body = body | replace(evidence, base=evidence.base + mean).body
    rim = max(_MARGIN, round(_SKIN_MM.get(evidence.unit, 0.0) / max(evidence.pixel_mm)))
    body = ndimage.binary_erosion(body, iterations=rim) & _inner(evidence)
    source = np.where(evidence.keep, evidence.source, evidence.base)
    pixel_mm = (evidence.pixel_mm[0] * reduced[0], evidence.pixel_mm[1] * reduced[1])
    return _Grid(
        source=_averaged(source, reduced),
        change=_averaged(_without_floor(evidence), reduced),
        sigma=_averaged(evidence.sigma, reduced),
        lift=_averaged(evidence.lift, reduced),
        body=_averaged(body.astype(np.float32), reduced) > 0.5,
        pixel_mm=pixel_mm,
    )


def _without_floor(evidence: SliceEvidence) -> FloatArray:
    """Return the change without what taking away the floor of magnitudes explains."""
    if evidence.unit != "signal":
        return evidence.change
    mean = lowpass(evidence.change, sigma_mm=floor_mm(evidence.pixel_mm), pixel_mm=evidence.pixel_mm)
    return evidence.change - np.clip(mean, -_LIFT_ALLOWANCE * evidence.lift, 0)


def _inner(evidence: SliceEvidence) -> BoolArray:
    """Leave out the rim of the picture."""
    inner = np.zeros(evidence.source.shape, bool)
    rows, columns = (math.ceil(BORDER_MM / mm) for mm in evidence.pixel_mm)
    inner[rows:-rows, columns:-columns] = True
    return inner


def _averaged(image: FloatArray, reduced: tuple[int, int]) -> FloatArray:
    if reduced == (1, 1):
        return image
    rows, columns = image.shape[0] // reduced[0], image.shape[1] // reduced[1]
    blocks = image[: rows * reduced[0], : columns * reduced[1]].reshape(rows, reduced[0], columns, reduced[1])
    mean: FloatArray = blocks.mean(axis=(1, 3), dtype=np.float32)
    return mean


def _local_scale(grid: _Grid, step: float) -> FloatArray:
    """Say by how much a right pipeline may change each pixel, up to a common factor; never 0."""
    own = noise_map(grid.change)
    removed, noise = (float(np.median(one[grid.body])) for one in (own, grid.sigma))
    least = max(_LEAST_OWN * removed, _LEAST_OF_SOURCE * noise, _STEP_SHARE * step, _TINY)
    taken = min(1.0, max(removed, least) / max(noise, _TINY))
    width = (_EDGE_SIGMA_MM / grid.pixel_mm[0], _EDGE_SIGMA_MM / grid.pixel_mm[1])
    slope = [
        ndimage.gaussian_filter(grid.source, width, order=order, output=np.float32) / np.float32(mm)
        for order, mm in zip(((1, 0), (0, 1)), grid.pixel_mm, strict=True)
    ]
    moved = np.float32(_EDGE_MM * taken) * np.hypot(*slope)
    scale: FloatArray = np.hypot(np.maximum(own, np.float32(least)), moved + np.float32(_LIFT_SHARE) * grid.lift)
    return scale


@dataclass(frozen=True, kw_only=True, eq=False)
class _Search:
    """Everything of a slice in the frequency domain that the filters of all sizes share."""

    grid: _Grid
    shape: tuple[int, int]
    change: ComplexArray
    before: ComplexArray
    after: ComplexArray
    power: FloatArray

    @classmethod
    def prepared(cls, grid: _Grid, scale: FloatArray) -> "_Search":
        """Transform the slice and measure the spectrum of its change."""
        evened = np.where(grid.body, grid.change / scale, np.float32(0))
        rows, columns = (fft.next_fast_len(length + _WRAP, real=True) for length in grid.change.shape)
        radial = radial_power(evened, grid.body)
        radial = np.maximum(radial, _SPECTRUM_FLOOR * radial.max()) + _WHITE_FLOOR
        frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns))
        level = grid.source - np.float32(np.median(grid.source[grid.body]))
        return cls(
            grid=grid,
            shape=(rows, columns),
            change=fft.rfft2(evened, (rows, columns)),
            before=fft.rfft2(level, (rows, columns)),
            after=fft.rfft2(level + grid.change, (rows, columns)),
            power=np.interp(frequency, np.linspace(0, 0.5, len(radial)), radial).astype(np.float32),
        )

    def blobs(self, diameter_mm: float) -> tuple[FloatArray, BoolArray]:
        """Return height of the blobs of one size, and whether they took contrast away."""
        wanted = _disc(diameter_mm, self.shape, self.grid.pixel_mm)
        answer = self._filtered(self.change, wanted / self.power)
        expected = float(np.sqrt(np.mean(np.square(wanted) / self.power)))
        robust = float(np.median(np.abs(answer[self.grid.body]))) / _MEDIAN_TO_SIGMA
        usual = np.maximum(np.float32(max(robust, expected / 2)), self._around(answer, diameter_mm))
        weight = np.float32(_WEIGHTS[diameter_mm])
        height = np.where(self.grid.body, weight * np.abs(answer) / usual, np.float32(0))
        wider = _disc(2 * diameter_mm, self.shape, self.grid.pixel_mm)
        contrast = wanted / wanted[0, 0] - wider / wider[0, 0]
        before, after = self._filtered(self.before, contrast), self._filtered(self.after, contrast)
        return height, np.abs(after) < np.abs(before)

    def _around(self, answer: FloatArray, diameter_mm: float) -> FloatArray:
        """Return the share of the usual height of the answers in a wide surrounding that a place is measured by."""
        width_mm = _AROUND_MM + _AROUND_DIAMETERS * diameter_mm
        width = [max(3, int(width_mm / mm) | 1) for mm in self.grid.pixel_mm]
        roots = np.sqrt(np.abs(answer)) * self.grid.body
        inside = ndimage.uniform_filter(self.grid.body.astype(np.float32), width, mode="constant")
        mean = ndimage.uniform_filter(roots, width, mode="constant") / np.maximum(inside, np.float32(0.05))
        usual: FloatArray = np.square(mean) * np.float32(_AROUND_SHARE / _ROOT_MEAN)
        return usual

    def _filtered(self, spectrum: ComplexArray, response: FloatArray) -> FloatArray:
        rows, columns = self.grid.change.shape
        answer: FloatArray = fft.irfft2(spectrum * response, self.shape)[:rows, :columns]
        return answer


@functools.lru_cache(maxsize=4 * len(DIAMETERS_MM))
def _disc(diameter_mm: float, shape: tuple[int, int], pixel_mm: tuple[float, float]) -> FloatArray:
    """Return the spectrum of a disc with a soft edge; the same for all slices of a series."""
    rows, columns = (np.fft.fftfreq(count, 1 / count) for count in shape)
    distance = np.hypot(rows[:, None] * pixel_mm[0], columns * pixel_mm[1])
    disc = np.clip((diameter_mm / 2 - distance) / np.sqrt(pixel_mm[0] * pixel_mm[1]) + 0.5, 0, 1)
    frequency = np.square(np.fft.fftfreq(shape[0]))[:, None] + np.square(np.fft.rfftfreq(shape[1]))
    spectrum: FloatArray = (fft.rfft2(disc).real * np.exp(-2 * np.pi**2 * _SOFT_EDGE_PIXELS**2 * frequency)).astype(
        np.float32
    )
    return spectrum
