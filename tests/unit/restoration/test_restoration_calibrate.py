"""Calibration: known noise, conformal bounds, planted lesions, and what comes of it on the card."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from scipy import ndimage

from restoration.calibrate import run, write_card
from restoration.calibration import noise
from restoration.calibration.anatomies import RealShape, anatomies_for
from restoration.calibration.conformal import ALPHAS, NOT_SPARED, SPARED, clopper_pearson, conformal_bound
from restoration.calibration.detection import detection
from restoration.calibration.hostile import REFUSED, WITHHELD, WITHIN, outcomes
from restoration.calibration.lesions import Lesion, planted_lesions
from restoration.calibration.scores import LOWEST, MARGIN, broken, rebounded, scores_of
from restoration.calibration.simulated import drawn_series
from restoration.calibration.study import Plan, Study, calibrated_bounds, studied
from restoration.calibration.trial import judged, tried
from restoration.card import BUNDLES, Card, load_card
from restoration.errors import InputError
from restoration.guard.judge import judge, judge_domain
from restoration.guard.noise import noise_map
from restoration.guard.spare import can_spare
from restoration.guard.verdict import Figure
from restoration.restorer import Restorer
from restoration.volume import Volume

SHAPE = (96, 96)


def silent(numbers: Iterable[int], _: str) -> Iterable[int]:
    return numbers


class Gentle:
    """A pipeline that takes a share of the finest detail away: fast, anchored, and the same every time."""

    card = load_card("ct-nlm")
    provenance: ClassVar[dict[str, str]] = {}

    def restore(self, volume: Volume, *, strength: float) -> Volume:
        soft = ndimage.gaussian_filter(volume.array, (0, 0.8, 0.8))
        fine = np.clip(volume.array - soft, -60, 60)
        return volume.with_array(volume.array - np.float32(0.8 * self.card.share_at(strength)) * fine)


@pytest.fixture(scope="module")
def filter_() -> Restorer:
    return Gentle()


class Flat:
    """Anatomy without any structure."""

    def __call__(self, card: Card, rng: np.random.Generator) -> Volume:
        return Volume(
            array=np.zeros((1, 192, 192), np.float32),
            pixel_mm=(0.7, 0.7),
            positions_mm=(0.0,),
            thickness_mm=3.0,
            unit=card.unit,
        )


def card_of(unit: str, **changes: object) -> Card:
    """A card of that unit as wide as the shipped ones."""
    name = {"HU": "ct-nlm", "signal": "mr-nlm", "Bq/mL": "pet-denoise", "exposure": "xr-denoise"}[unit]
    return replace(load_card(name), **changes)  # type: ignore[arg-type]


# Noise


@pytest.mark.parametrize(
    "power",
    [
        noise.kernel_power(SHAPE, 0.3),
        noise.gaussian_power(SHAPE, (0.8, 0.5)),
        noise.filled_power(SHAPE, (0.75, 1.0)),
    ],
    ids=["kernel", "gaussian", "filled"],
)
def test_noise_has_the_spectrum_it_was_asked_for(power: np.ndarray) -> None:
    grain = noise.correlated(power, 200, np.random.default_rng(0))
    assert grain.std() == pytest.approx(1, abs=0.03)
    measured = np.mean(np.abs(np.fft.fft2(grain)) ** 2, axis=0) / power.size
    clear = power > 0.2
    np.testing.assert_allclose(measured[clear], power[clear], rtol=0.6)
    assert measured[clear].mean() == pytest.approx(power[clear].mean(), rel=0.02)


def test_neighbouring_slices_may_be_related() -> None:
    white = np.ones(SHAPE, np.float32)
    grain = noise.correlated(white, 5, np.random.default_rng(0), along=0.8)
    assert grain.shape == (5, *SHAPE)
    assert grain.std() == pytest.approx(1, abs=0.03)
    assert float(np.mean(grain[1] * grain[2])) > 0.5
    assert abs(float(np.mean(grain[0] * grain[4]))) < 0.1


def test_the_ratio_in_white_noise_is_energy_over_deviation() -> None:
    signal = np.zeros(SHAPE, np.float32)
    signal[40:44, 40:44] = 3
    assert noise.matched_snr(signal, np.ones(SHAPE, np.float32), 2.0) == pytest.approx(3 * 4 / 2)


def test_rounding_counts_as_noise() -> None:
    signal = np.ones(SHAPE, np.float32)
    white = np.ones(SHAPE, np.float32)
    assert noise.matched_snr(signal, white, 1e-6, step=1.0) == pytest.approx(96 * np.sqrt(12), rel=1e-3)


def test_a_prewhitened_filter_sees_what_an_ensemble_says() -> None:
    """The filter's own output over many noises has the promised mean over deviation."""
    power = noise.kernel_power(SHAPE, 0.3)
    rows, columns = np.mgrid[:96, :96] - 48
    signal = 4.0 * (np.hypot(rows, columns) < 5).astype(np.float32)
    floor = np.maximum(power, np.float32(0.01) * power.max())
    template = np.fft.ifft2(np.fft.fft2(signal) / floor).real
    answers = (noise.correlated(power, 400, np.random.default_rng(1)) * 10 * template).sum(axis=(1, 2))
    ideal = float((signal * template).sum()) / float(answers.std())
    assert noise.matched_snr(signal, power, 10.0) == pytest.approx(ideal, rel=0.15)


def test_the_spectrum_of_flat_places_is_found_blindly() -> None:
    power = noise.kernel_power((192, 192), 0.3)
    picture = 30 * noise.correlated(power, 1, np.random.default_rng(0))[0]
    found = noise.measured_power(picture, np.ones(picture.shape, bool))
    assert found is not None
    frequency = np.hypot(np.fft.fftfreq(192)[:, None], np.fft.fftfreq(192))
    middle = (frequency > 0.1) & (frequency < 0.4)
    np.testing.assert_allclose(found[middle].mean(), power[middle].mean(), rtol=0.2)


def test_no_spectrum_without_tissue() -> None:
    assert noise.measured_power(np.zeros(SHAPE, np.float32), np.zeros(SHAPE, bool)) is None


# Conformal bounds


@pytest.mark.parametrize(
    ("count", "alpha", "bound"),
    [(99, 0.01, 99), (99, 0.1, 90), (9, 0.1, 9), (800, 0.00125, 800), (5, 0.01, 5)],
    ids=["1 in 100", "1 in 10", "exactly enough", "eight gates", "too few: the largest"],
)
def test_the_bound_is_the_conformal_rank(count: int, alpha: float, bound: int) -> None:
    assert conformal_bound(list(range(count, 0, -1)), alpha) == bound


def test_a_further_series_exceeds_the_bound_as_rarely_as_promised() -> None:
    rng = np.random.default_rng(0)
    beyond = [rng.gumbel() > conformal_bound(list(rng.gumbel(size=99)), 0.05) for _ in range(4000)]
    assert np.mean(beyond) == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize(
    ("events", "trials", "low", "high"),
    [(0, 500, 0.0, 0.00735), (5, 500, 0.00325, 0.02317), (10, 10, 0.69150, 1.0), (0, 0, 0.0, 1.0)],
    ids=["none", "some", "all", "nothing asked"],
)
def test_intervals_are_exact(events: int, trials: int, low: float, high: float) -> None:
    assert clopper_pearson(events, trials) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_what_has_no_bound_of_its_own_is_calibrated_and_promises_stay() -> None:
    clean = [{"bias": 0.1, "anchor": 9.0, "peak": 5.0 + 0.01 * n, LOWEST: 0.5 + 0.001 * n} for n in range(20)]
    assert calibrated_bounds(clean, blobs=SPARED) == {"peak": pytest.approx(5.19 * MARGIN, rel=0.01)}


@pytest.mark.parametrize("share", [0.00625, SPARED], ids=["withheld", "spared"])
def test_blobs_are_bounded_as_one_gate(share: float) -> None:
    rng = np.random.default_rng(0)
    clean = [{"erased": 5 + score, "created": 2 * (5 + score)} for score in rng.gamma(2, 1, 800)]
    bounds = calibrated_bounds(clean, blobs=share)
    assert bounds["created"] == pytest.approx(2 * bounds["erased"], rel=0.01)
    beyond = sum(found["erased"] > bounds["erased"] or found["created"] > bounds["created"] for found in clean)
    assert beyond <= share * 800


def test_only_results_on_the_sources_grid_may_have_the_wider_share() -> None:
    assert NOT_SPARED == 0.00625
    assert can_spare(card_of("HU"))
    assert not can_spare(replace(card_of("HU"), factors=(1, 2, 2)))


def test_broken_promises_are_counted() -> None:
    card = card_of("HU")
    clean = [{"bias": 2.0 * card.bounds.bias, "anchor": 0.1}, {"anchor": 0.2}]
    assert broken(clean, card) == {"bias": 1, "anchor": 0}


@pytest.mark.parametrize("score", [5.111, 0.017391, 17.04, 0.5], ids=str)
def test_a_bound_passes_the_series_that_set_it(score: float) -> None:
    bound = calibrated_bounds([{"peak": score}], blobs=SPARED)["peak"]
    assert MARGIN * score <= bound <= 1.01 * MARGIN * score


def test_the_shares_of_all_gates_are_one_in_a_hundred() -> None:
    assert sum(ALPHAS.values()) + NOT_SPARED == pytest.approx(0.01)


def test_scores_are_the_smallest_bounds_that_pass() -> None:
    card = card_of("HU")
    share = 0.5
    low, high = (bound * share for bound in card.bounds.amplitude)
    figures = [
        Figure(gate="bias", name="b", value=-1.4, low=-1.5, high=1.5, needed=0.9),
        Figure(gate="amplitude", name="the typical change", value=0.4, low=low, high=high + 0.1),
        Figure(gate="amplitude", name="the largest change of a pixel", value=3.0, high=card.bounds.peak * share + 0.1),
        Figure(gate="amplitude", name="the noise left", value=0.9, high=1.02),
        Figure(gate="erased", name="e", value=6.0),
        Figure(gate="erased", name="e", value=7.0),
        Figure(gate="kept", name="k", value=6.0),
    ]
    found = scores_of(figures, card, share=share)
    assert found == pytest.approx({"bias": 0.9, "amplitude_high": 0.6, LOWEST: 0.8, "peak": 5.8, "erased": 7.0})


# Series


@pytest.mark.parametrize("unit", ["HU", "signal", "Bq/mL", "exposure"])
def test_a_drawn_series_is_of_the_cards_domain_and_comes_again(unit: str) -> None:
    card = card_of(unit)
    one, again, other = (drawn_series(card, anatomies_for(card, ()), (1, seed)) for seed in (3, 3, 4))
    assert judge_domain(one.source, card).passed
    np.testing.assert_array_equal(one.source.array, again.source.array)
    assert one.strength == again.strength
    assert one.source.array.shape != other.source.array.shape or not np.array_equal(
        one.source.array, other.source.array
    )
    assert one.sigma.shape == one.source.array.shape
    assert len(one.source.array) == (3 if card.slab == 1 else card.slab + 2)


def test_the_stated_noise_is_the_noise() -> None:
    card = card_of("HU")
    series = drawn_series(card, Flat(), (5, 1))
    assert (series.source.array / series.sigma).std() == pytest.approx(1, abs=0.1)


def test_real_slices_lend_their_shapes() -> None:
    card = card_of("HU")
    shape = RealShape(array=np.full((150, 300), 40, np.float32), pixel_mm=0.66)
    anatomies = anatomies_for(card, [shape])
    drawn = [anatomies(card, np.random.default_rng(seed)) for seed in range(16)]
    lent = [volume for volume in drawn if volume.pixel_mm == (0.66, 0.66)]
    assert 0 < len(lent) < len(drawn)
    assert all(volume.array.shape == (1, 192, 192) for volume in lent)


def test_super_resolution_gets_sources_half_as_fine() -> None:
    card = card_of("signal", operation="super-resolution", factors=(1, 2, 2))
    series = drawn_series(card, anatomies_for(card, ()), (1, 1))
    assert series.source.array.shape == (3, 192, 192)
    assert series.source.pixel_mm[0] >= 1.2


def test_a_card_that_accepts_nothing_is_named() -> None:
    card = card_of("HU")
    nothing = replace(card, bounds=replace(card.bounds, values=(5000.0, 6000.0)))
    with pytest.raises(InputError, match="accepts no simulated series"):
        drawn_series(nothing, anatomies_for(nothing, ()), (1, 1))


# Lesions


def test_planted_lesions_are_answered_and_clean_places_are_not(filter_: Restorer) -> None:
    card = filter_.card
    trial = tried(drawn_series(card, anatomies_for(card, ()), (1, 2)), filter_, card)
    lesions = planted_lesions(trial.series, trial.restored, card, tier="simulated", rng=np.random.default_rng(0))
    assert lesions
    assert {lesion.kind for lesion in lesions} <= {"erased", "created"}
    assert all(2 <= lesion.snr <= 16 and 3 <= lesion.diameter_mm <= 20 for lesion in lesions)
    assert {"erased", "created", "anchor"} <= {gate for lesion in lesions for gate in lesion.answers}
    clear = [max(lesion.answers["erased"], lesion.answers["created"]) for lesion in lesions if lesion.snr >= 7]
    assert clear
    assert float(np.median(clear)) > 7


def test_a_large_lesion_is_seen_by_the_anchor_at_its_place(filter_: Restorer) -> None:
    card = filter_.card
    trial = tried(drawn_series(card, anatomies_for(card, ()), (1, 2)), filter_, card)
    found: list[Lesion] = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        found += planted_lesions(trial.series, trial.restored, card, tier="simulated", rng=rng)
    large = [lesion for lesion in found if lesion.diameter_mm > 10]
    assert large
    assert all(lesion.answers["anchor"] > 0.4 * abs(lesion.contrast) for lesion in large)


def test_what_the_maps_answer_is_what_the_judge_withholds(filter_: Restorer) -> None:
    """The score at a lesion's place is the figure of the verdict when it is alone."""
    card = filter_.card
    series = drawn_series(card, anatomies_for(card, ()), (1, 2))
    trial = tried(series, filter_, card)
    rows, columns = np.mgrid[: series.source.array.shape[1], : series.source.array.shape[2]]
    lesion = 150 * (np.hypot(rows - 96, columns - 96) * series.source.pixel_mm[0] < 4)
    wrong = trial.restored.array.copy()
    wrong[1] += lesion
    strict = replace(card, bounds=replace(card.bounds, created=trial.scores["created"], erased=trial.scores["erased"]))
    verdict = judge(series.source, trial.restored.with_array(wrong), card=strict, strength=series.strength)
    assert {"created", "erased"} & {failure.gate for failure in verdict.failures}


def lesion(snr: float, score: float, *, tier: str = "simulated", kind: str = "erased", mm: float = 6.0) -> Lesion:
    return Lesion(tier=tier, kind=kind, diameter_mm=mm, contrast=1.0, snr=snr, answers={"erased": score, "anchor": 1.0})


def test_detection_is_told_by_what_can_be_seen() -> None:
    lesions = [lesion(8, 12), lesion(10, 3), lesion(13, 20, tier="real", mm=15), lesion(2, 1)]
    clean = [{"erased": float(n), "created": float(n)} for n in range(1, 10)]
    found = detection(lesions, {"erased": 10.0, "created": 10.0}, clean)
    seen = found["clearly seen in the source"]
    assert seen == {"n": 3, "caught": 0.6667, "interval": [0.0943, 0.9916]}
    assert isinstance(found["by tier"], dict)
    assert found["by tier"]["real"]["caught"] == 1.0
    curve = found["ROC of the blob gates alone"]
    (row,) = [row for row in curve if row["clean series beyond each bound"] == 0.2]  # type: ignore[attr-defined]
    assert (row["erased"], row["7–9"], row["9–12"], row["0–3"], row["3–5"]) == (8.0, 1.0, 0.0, 0.0, None)


def test_a_lesion_is_caught_by_whatever_gate_answers() -> None:
    found = detection([lesion(8, 3)], {"erased": 10.0, "anchor": 0.5}, [{"erased": 1.0}])
    assert found["clearly seen in the source"]["caught"] == 1.0  # type: ignore[index]
    assert found["by one gate alone"]["erased"]["caught"] == 0.0  # type: ignore[index]


# Wrong inputs, and the whole


def test_wrong_inputs_are_counted_by_outcome(filter_: Restorer) -> None:
    card = filter_.card
    trials = [tried(drawn_series(card, anatomies_for(card, ()), (1, seed)), filter_, card) for seed in (1, 2)]
    rows = outcomes(trials, filter_, card)
    assert rows["another modality, said so"][REFUSED] == 2
    assert rows["the result of another series"][WITHIN] == 0
    assert all(row[REFUSED] + row[WITHHELD] + row[WITHIN] == row["n"] for row in rows.values())  # type: ignore[operator]


@pytest.fixture(scope="module")
def study(filter_: Restorer) -> Study:
    return studied(filter_, Plan(series=4, prove=3, lesions=12, data=None), silent)


def test_a_study_sets_every_bound_and_says_what_it_is_worth(study: Study) -> None:
    bounds = study.card.bounds
    assert None not in (bounds.structure, bounds.erased, bounds.created, bounds.stability)
    withheld = study.report["clean series withheld"]
    assert isinstance(withheld, dict)
    assert withheld["proved on"] == 3
    planted = study.report["planted lesions"]
    assert isinstance(planted, dict)
    assert planted["planted"] >= 12
    json.dumps(study.report, allow_nan=False)


def test_calibrated_bounds_pass_what_they_were_calibrated_on(filter_: Restorer, study: Study) -> None:
    # Without bounds of the blob gates nothing is spared, as in the calibration itself.
    bare = replace(filter_.card, bounds=replace(filter_.card.bounds, erased=None, created=None))
    for seed in range(4):
        trial = tried(drawn_series(bare, anatomies_for(bare, ()), (1, seed)), filter_, bare)
        verdict = judged(trial.series, trial.restored, study.card).verdict
        # The pipeline of this test keeps no promise of a card, and no calibration makes it.
        assert {failure.gate for failure in verdict.failures} <= {"bias", "anchor"}, verdict.sentence()


def test_a_card_gets_bounds_and_calibration_and_stays_readable(study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "ct-nlm"
    folder.mkdir()
    path = folder / "card.json"
    path.write_text((BUNDLES / "ct-nlm" / "card.json").read_text(encoding="utf-8"), encoding="utf-8")
    before = load_card("ct-nlm", bundles=tmp_path)
    write_card(study, path)
    after = load_card("ct-nlm", bundles=tmp_path)
    assert after.bounds == replace(study.card.bounds)
    assert after.calibration["calibrated on"] == 4
    assert replace(after, bounds=before.bounds, calibration=before.calibration) == before


def test_nothing_to_calibrate_on_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to calibrate on"):
        run("ct-nlm", data=None, series=0, prove=1, lesions=1, write=False)


def test_amplitudes_are_two_bounds_of_one_key() -> None:
    changed = rebounded(card_of("HU"), {LOWEST: 0.2, "peak": 7.0})
    assert changed.bounds.amplitude == (0.2, card_of("HU").bounds.amplitude[1])
    assert changed.bounds.peak == 7.0


def test_the_gain_of_the_noise_map_is_below_one_for_soft_noise() -> None:
    power = noise.gaussian_power((192, 192), (1.0, 1.0))
    gain = noise.map_gain(power, np.random.default_rng(0))
    grain = noise.correlated(power, 1, np.random.default_rng(1))[0]
    assert gain == pytest.approx(float(np.median(noise_map(grain))), rel=0.1)
    assert gain < 0.8
