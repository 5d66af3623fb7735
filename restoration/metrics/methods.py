"""Ways to denoise that are set beside each other, each at several strengths. Pure."""

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from skimage.restoration import denoise_nl_means

from restoration.lowpass import lowpass
from restoration.restorer import Restorer
from restoration.volume import FloatArray, Volume

INPUT = "input"
PIPELINE_STRENGTHS = (25.0, 50.0, 75.0, 100.0)
NLM_STRENGTHS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.65, 0.8, 1.0, 1.3)
BM3D_STRENGTHS = (0.5, 0.7, 0.9, 1.2)

_PATCH, _REACH = 5, 9


Answers = dict[str, FloatArray]
"""Name of the method to its answer."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way at one strength.

    Attributes
    ----------
    strength
        Percent for the pipeline; filter parameter per true noise standard deviation for the others; 0 for the input.
    run
        Takes (rows, columns) float32, the true noise standard deviation and the pixel spacing [mm]; returns the answer
        under the method's name, filters also the one called «anchored».
    """

    strength: float
    run: Callable[[FloatArray, float, float], Answers]


def methods(restorer: Restorer) -> Iterator[Method]:
    """Yield the input, the pipeline, and the filters it has to beat.

    The filters are told the true noise; those called «anchored» get back their input's low frequencies as the pipeline
    does. BM3D runs only where its package is installed.
    """
    yield Method(strength=0.0, run=lambda picture, sigma, pixel_mm: {INPUT: picture})
    for strength in PIPELINE_STRENGTHS:
        yield Method(strength=strength, run=_pipeline(restorer, strength))
    for strength in NLM_STRENGTHS:
        yield Method(strength=strength, run=_filter("nlm", _nlm, strength, restorer.card.anchor_mm))
    if importlib.util.find_spec("bm3d") is not None:
        for strength in BM3D_STRENGTHS:
            yield Method(strength=strength, run=_filter("bm3d", _bm3d, strength, restorer.card.anchor_mm))


def _pipeline(restorer: Restorer, strength: float) -> Callable[[FloatArray, float, float], Answers]:
    def run(picture: FloatArray, _sigma: float, pixel_mm: float) -> Answers:
        volume = Volume(
            array=picture[None],
            pixel_mm=(pixel_mm, pixel_mm),
            positions_mm=(0.0,),
            thickness_mm=None,
            unit=restorer.card.unit,
        )
        restored = restorer.restore(volume, strength=strength)
        return {restorer.card.name: np.asarray(restored.array[0], np.float32)}

    return run


def _filter(
    name: str, denoise: Callable[[FloatArray, float], FloatArray], strength: float, anchor_mm: float
) -> Callable[[FloatArray, float, float], Answers]:
    def run(picture: FloatArray, sigma: float, pixel_mm: float) -> Answers:
        answer = denoise(picture, strength * sigma)
        low = lowpass(picture - answer, sigma_mm=anchor_mm, pixel_mm=(pixel_mm, pixel_mm))
        return {name: answer, f"{name} anchored": answer + low}

    return run


def _nlm(picture: FloatArray, h: float) -> FloatArray:
    answer = denoise_nl_means(picture, patch_size=_PATCH, patch_distance=_REACH, h=h, fast_mode=True)
    return np.asarray(answer, np.float32)


def _bm3d(picture: FloatArray, sigma: float) -> FloatArray:
    return np.asarray(importlib.import_module("bm3d").bm3d(picture.astype(np.float64), sigma), np.float32)
