"""The filters a pipeline has to beat. Touches: the bm3d package where it is installed (its licence is non-commercial).

All are told the true noise; BM3D with the spectrum is told its true power as well. Nothing depends on bm3d but its own
rows.
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import ndimage
from skimage.restoration import denoise_nl_means, estimate_sigma

from restoration.classical.bilateral import bilateral
from restoration.classical.gaussian import gaussian
from restoration.classical.median import median
from restoration.classical.tv import tv
from restoration.classical.wavelet import wavelet
from restoration.evaluation.cases import Noisy
from restoration.evaluation.methods.memory import remembered
from restoration.evaluation.methods.ways import Way, Yardstick
from restoration.volume import FloatArray

BM3D, BM3D_SPECTRUM, BM3D_BLIND = "BM3D white, told σ", "BM3D, told the spectrum", "BM3D white, estimates σ"
NLM, GAUSS, MEDIAN, BILATERAL, WAVELET, TV = "NLM", "Gauss", "median", "bilateral", "wavelet", "TV"

GAUSS_3D, NLM_3D = "Gauss in three dimensions", "NLM in three dimensions"

ANCHORS_MM = (3.0, 2.0, 1.4, 1.0, 0.7)

_PACKAGE = "bm3d"
_PATCH, _REACH = 5, 9
_NEIGHBOURS = 2
"""Slices on either side that a filter in three dimensions sees, as many as a slab of five."""


def cheap(*, quick: bool = False) -> tuple[Yardstick, ...]:
    """Return the filters that cost less than a second per picture; for a quick look with few strengths."""
    filters = (
        Yardstick(name=GAUSS, strengths=(0.4, 0.5, 0.7, 1.0, 1.4, 2.0), run=_gauss),
        Yardstick(name=MEDIAN, strengths=(3.0, 5.0, 7.0), run=_median),
        Yardstick(name=BILATERAL, strengths=(1.0, 1.5, 2.0, 3.0), run=_bilateral),
        Yardstick(name=WAVELET, strengths=(0.5, 0.75, 1.0, 1.5), run=_wavelet),
        Yardstick(name=TV, strengths=(0.15, 0.3, 0.5, 0.8, 1.2), run=_tv),
        nlm(),
    )
    if not quick:
        return filters
    return tuple(replace(item, strengths=item.strengths[1:4:2]) for item in filters)


def nlm() -> Yardstick:
    """Return non-local means."""
    return Yardstick(name=NLM, strengths=(0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.3), run=_nlm)


def in_depth() -> dict[str, list[Way]]:
    """Return filters that look at neighbouring slices too, at their strengths."""
    return {
        GAUSS_3D: [_deep(GAUSS_3D, mm, _gauss_volume) for mm in (0.4, 0.5, 0.7, 1.0, 1.4)],
        NLM_3D: [_deep(NLM_3D, strength, _nlm_volume) for strength in (0.3, 0.45, 0.65, 0.9)],
    }


def bm3d_installed() -> bool:
    """Whether the rows of BM3D can be run."""
    return importlib.util.find_spec(_PACKAGE) is not None


def bm3d_white(strengths: tuple[float, ...]) -> Yardstick:
    """Return BM3D that is told the noise's standard deviation and takes it for white."""
    return remembered(Yardstick(name=BM3D, strengths=strengths, run=_bm3d_white), package=_PACKAGE)


def bm3d_spectrum(strengths: tuple[float, ...]) -> Yardstick:
    """Return BM3D that is told the noise's true power spectrum."""
    return remembered(Yardstick(name=BM3D_SPECTRUM, strengths=strengths, run=_bm3d_spectrum), package=_PACKAGE)


def bm3d_blind() -> Yardstick:
    """Return BM3D that estimates the noise itself (median of the finest wavelet coefficients)."""
    return remembered(Yardstick(name=BM3D_BLIND, strengths=(1.0,), run=_bm3d_blind), package=_PACKAGE)


def _deep(name: str, strength: float, run: Callable[[Noisy, FloatArray, float], FloatArray]) -> Way:
    """Return a filter of volumes as a way; it sees what a slab sees."""

    def answer(noisy: Noisy) -> FloatArray:
        first = max(0, noisy.measured.start - _NEIGHBOURS)
        part = noisy.volume[first : noisy.measured.stop + _NEIGHBOURS]
        at = noisy.measured.start - first
        return run(noisy, part, strength)[at : at + len(noisy.pictures)]

    return Way(name=name, strength=strength, run=answer)


def _gauss_volume(noisy: Noisy, volume: FloatArray, strength: float) -> FloatArray:
    sigma = [strength / step for step in noisy.spacing_mm]
    return np.asarray(ndimage.gaussian_filter(volume, sigma, mode="nearest"), np.float32)


def _nlm_volume(noisy: Noisy, volume: FloatArray, strength: float) -> FloatArray:
    answer = denoise_nl_means(
        volume, patch_size=3, patch_distance=_NEIGHBOURS, h=strength * noisy.sigma, fast_mode=True
    )
    return np.asarray(answer, np.float32)


def _gauss(picture: FloatArray, noisy: Noisy, strength: float) -> FloatArray:
    return gaussian(picture, noisy.sigma, strength, pixel_mm=noisy.spacing_mm[1])


def _median(picture: FloatArray, noisy: Noisy, strength: float) -> FloatArray:
    return median(picture, noisy.sigma, strength)


def _bilateral(picture: FloatArray, noisy: Noisy, strength: float) -> FloatArray:
    return bilateral(picture, noisy.sigma, strength)


def _wavelet(picture: FloatArray, noisy: Noisy, strength: float) -> FloatArray:
    return wavelet(picture, noisy.sigma, strength)


def _tv(picture: FloatArray, noisy: Noisy, strength: float) -> FloatArray:
    return tv(picture, noisy.sigma, strength)


def _nlm(picture: FloatArray, noisy: Noisy, strength: float) -> FloatArray:
    answer = denoise_nl_means(
        picture, patch_size=_PATCH, patch_distance=_REACH, h=strength * noisy.sigma, fast_mode=True
    )
    return np.asarray(answer, np.float32)


def _bm3d_white(picture: FloatArray, noisy: Noisy, strength: float) -> FloatArray:
    return np.asarray(_package().bm3d(picture.astype(np.float64), strength * noisy.sigma), np.float32)


def _bm3d_spectrum(picture: FloatArray, noisy: Noisy, strength: float) -> FloatArray:
    power = noisy.power if noisy.power is not None else np.full(picture.shape, noisy.sigma**2 * picture.size)
    return np.asarray(_package().bm3d(picture.astype(np.float64), power * strength**2), np.float32)


def _bm3d_blind(picture: FloatArray, noisy: Noisy, strength: float) -> FloatArray:
    # scikit-image has no types.
    sigma = float(estimate_sigma(picture))  # type: ignore[no-untyped-call]
    return np.asarray(_package().bm3d(picture.astype(np.float64), strength * sigma), np.float32)


def _package() -> Any:
    # The package still calls the name that NumPy 2.4 dropped.
    vars(np).setdefault("trapz", np.trapezoid)
    return importlib.import_module(_PACKAGE)
