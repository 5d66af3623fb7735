"""X-ray quantum noise for any dose and exposure: identity, mean, determinism from the record."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from restoration.physics.degradation import record
from restoration.physics.xray_quantum import XrayQuantum

SEEDS = st.integers(0, 2**31 - 1)


@st.composite
def quanta(draw: st.DrawFn) -> XrayQuantum:
    return XrayQuantum(
        dose=draw(st.floats(0.05, 1.0)),
        quanta_at_unit=draw(st.floats(5.0, 5000.0)),
        electronic=draw(st.floats(0.0, 10.0)),
        blur_pixels=draw(st.floats(0.0, 3.0)),
        spread=draw(st.sampled_from(["gaussian", "lorentzian"])),
        scatter=draw(st.floats(0.0, 2.0)),
        truth=draw(st.sampled_from(["ideal", "measured"])),
        seed=draw(SEEDS),
    )


@settings(max_examples=40, deadline=None)
@given(how=quanta(), level=st.floats(0.0, 10.0), rows=st.integers(1, 40), columns=st.integers(1, 40))
def test_any_picture_stays_finite_with_its_mean(how: XrayQuantum, level: float, rows: int, columns: int) -> None:
    picture = torch.full((rows, columns), level)
    noisy = how(picture)
    assert noisy.shape == picture.shape
    assert noisy.isfinite().all()
    gain = how.dose * how.quanta_at_unit
    quantum = ((1 + how.scatter) * level / gain) ** 0.5
    # The border mirrors the noise under the blur: fewer independent quanta than pixels.
    reach = (1 + 4 * how.blur_pixels) / (rows * columns) ** 0.5
    assert abs(float(noisy.mean()) - level) <= 6 * (quantum * max(reach, 1e-3) + how.electronic / gain) + 1e-4


@settings(max_examples=20, deadline=None)
@given(how=quanta(), seed=SEEDS)
def test_a_record_gives_the_same_picture(how: XrayQuantum, seed: int) -> None:
    picture = torch.rand(20, 30, generator=torch.Generator().manual_seed(seed))
    written = record(how)
    del written["degradation"]
    assert torch.equal(XrayQuantum(**written)(picture), how(picture))


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, blur=st.floats(0, 2), scatter=st.floats(0, 1))
def test_a_measured_picture_at_full_dose_stays(seed: int, blur: float, scatter: float) -> None:
    picture = torch.rand(2, 17, 23, generator=torch.Generator().manual_seed(seed))
    how = XrayQuantum(dose=1.0, quanta_at_unit=100.0, blur_pixels=blur, scatter=scatter, truth="measured", seed=seed)
    assert torch.equal(how(picture), picture)
