"""Whatever a denoiser answers, the anchor bounds what can change; whatever a figure holds, it judges consistently."""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from restoration.card import load_card
from restoration.guard.judge import judge
from restoration.guard.verdict import Figure, worst
from restoration.lowpass import lowpass
from restoration.pipelines.denoising import Denoising
from restoration.volume import FloatArray
from tests.unit.restoration.restoration_volumes import constant, make_ct, noise

CARD = load_card("ct-nlm")
FINITE = st.floats(-1e6, 1e6)


@dataclass(frozen=True, kw_only=True)
class Anything:
    """A denoiser that adds noise of its own, a constant and a disc, whatever it is given."""

    seed: int
    shift: float
    contrast: float
    radius: int

    @property
    def provenance(self) -> dict[str, str]:
        return {"device": "none"}

    def __call__(self, images: FloatArray) -> FloatArray:
        image = images[:, 0]
        y, x = np.mgrid[: image.shape[1], : image.shape[2]]
        disc = np.hypot(y - 40, x - 50) < self.radius
        return image + noise(image.shape, sigma=0.1, seed=self.seed) + np.float32(self.shift + self.contrast * disc)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    shift=st.floats(-10, 10),
    contrast=st.floats(-2, 2),
    radius=st.integers(1, 20),
    anchor_mm=st.floats(0.8, 3),
    strength=st.floats(1, 100),
)
def test_the_anchor_undoes_any_shift_and_holds_back_any_disc(
    seed: int, shift: float, contrast: float, radius: int, anchor_mm: float, strength: float
) -> None:
    answer = Anything(seed=seed, shift=shift, contrast=contrast, radius=radius)
    restorer = Denoising(card=replace(CARD, anchor_mm=anchor_mm), denoiser=answer)
    source = constant(40, size=96)
    change = restorer.restore(source, strength=strength).array[0] - 40
    unanchored = CARD.share_at(strength) * 100 * abs(contrast)
    below = lowpass(change, sigma_mm=3 * anchor_mm, pixel_mm=source.pixel_mm)
    assert abs(float(change.mean())) < 0.01
    assert float(np.abs(below).max()) <= 0.15 * unanchored + 1.0


@settings(max_examples=25, deadline=None)
@given(shift=st.floats(1.6, 500), sign=st.sampled_from([-1, 1]), strength=st.floats(1, 100))
def test_every_shift_beyond_the_bound_is_withheld(shift: float, sign: int, strength: float) -> None:
    source = make_ct(slices=1, size=64)
    verdict = judge(source, source.with_array(source.array + sign * shift), card=CARD, strength=strength)
    assert {"anchor", "bias"} <= {failure.gate for failure in verdict.failures}


@settings(max_examples=200)
@given(value=FINITE, low=st.none() | FINITE, high=st.none() | FINITE)
def test_strain_tells_whether_a_figure_passes(value: float, low: float | None, high: float | None) -> None:
    if low is not None and high is not None and low > high:
        low, high = high, low
    figure = Figure(gate="gate", name="name", value=value, low=low, high=high)
    outside = max((low or 0) - value if low is not None else -1, value - (high or 0) if high is not None else -1)
    if abs(outside) > 1e-3:
        assert (figure.strain <= 1) == figure.passed
    assert figure.as_json()["passed"] == figure.passed


@given(values=st.lists(FINITE, min_size=1, max_size=20))
def test_the_worst_figure_fails_when_any_fails(values: list[float]) -> None:
    figures = [Figure(gate="gate", name="name", value=value, low=-10.0, high=10.0) for value in values]
    (kept,) = worst(figures)
    assert kept.passed == all(figure.passed for figure in figures)
