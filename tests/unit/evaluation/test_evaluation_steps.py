"""The steps of an evaluation on tiny pictures whose answer is known."""

from pathlib import Path

import numpy as np
import pytest

from restoration.anatomy.discs import disc_body
from restoration.evaluation.bench import Bench
from restoration.evaluation.cases import Case, PlantedCase, PlantedTruth, Spot, as_noisy
from restoration.evaluation.methods.memory import remembered
from restoration.evaluation.methods.tuning import oracle, tuned
from restoration.evaluation.methods.ways import Way, Yardstick, anchored, nothing
from restoration.evaluation.methods.yardsticks import GAUSS, cheap
from restoration.evaluation.report import Section, Tier
from restoration.evaluation.shapes import disc, without_rim
from restoration.evaluation.steps import fidelity, frontier
from restoration.evaluation.steps.bands import bands
from restoration.evaluation.steps.masks import Organ, masks
from restoration.evaluation.steps.nulls import blobs
from restoration.evaluation.steps.observer import Board, observer
from restoration.evaluation.steps.operating import Operating, Wanted, operating
from restoration.evaluation.steps.transfer import EdgeCase, transfer
from restoration.metrics.bootstrap import Estimate
from restoration.metrics.ttf import CircularEdge
from tests.unit.evaluation.evaluation_pipelines import smoothing

SIDE, PIXEL_MM, SIGMA = 128, 0.7, 25.0
BENCH = Bench(restorer=smoothing("ct-denoise"), quick=True)
GAUSSIAN = next(item for item in cheap() if item.name == GAUSS)


def noise(seed: int, side: int = SIDE) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, SIGMA, (side, side)).astype(np.float32)


def planted(seed: int) -> PlantedCase:
    phantom = disc_body(np.random.default_rng(seed), level=50, outside=-1000, contrast=20, pixel_mm=PIXEL_MM, size=320)
    spots = tuple(Spot(inside=d.inside[None], ring=d.ring[None], diameter_mm=d.diameter_mm) for d in phantom.discs)
    truth = PlantedTruth(bare=phantom.bare[None], full=phantom.full[None], body=phantom.body[None], discs=spots)
    full, bare = (as_noisy(p + noise(seed, 320), PIXEL_MM, SIGMA) for p in (phantom.full, phantom.bare))
    return PlantedCase(name="discs", truth=truth, full=full, bare=bare)


def case(seed: int) -> Case:
    truth = np.full((SIDE, SIDE), 50, np.float32) + disc(SIDE, (64, 64), 40, 60)
    return Case(
        name=f"case {seed}",
        source=f"case {seed}",
        noisy=as_noisy(truth + noise(seed), PIXEL_MM, SIGMA),
        truth=truth[None],
        where=np.ones((1, SIDE, SIDE), bool),
    )


def numbers(section: Section, column: str, method: str) -> list[float]:
    values = [row[column] for row in section.rows if row["method"] == method]
    return [value.mean if isinstance(value, Estimate) else float(str(value)) for value in values]


def test_operating_points_show_all_three_axes_and_name_the_strength() -> None:
    goal = Operating(noise_left=0.9, recovery=(0.1, 0.1, 0.1, 2.0), shift=0.1)
    step = operating(lambda _: [planted(0)], Wanted(contrast="±20 HU", default=goal), window=(-100, 200), unit="HU")
    section = step.measure(BENCH)
    assert section is not None
    assert numbers(section, "share of noise left", "input") == [1]
    left = numbers(section, "share of noise left", "ct-denoise")
    assert left == sorted(left, reverse=True)
    assert numbers(section, "recovery 4 mm", "ct-denoise")[-1] < numbers(section, "recovery 12 mm", "ct-denoise")[-1]
    assert len(section.bars) == 6
    assert all(f"({BENCH.default:g} %)" in bar.name for bar in section.bars)
    assert section.bars[4].verdict.startswith("missed")
    assert all(curve.y.size for curve in section.plots[0].curves)


@pytest.mark.parametrize(
    ("target", "value"),
    [(0.75, 15.0), (0.3, 10.0), (1.0, 25.0)],
    ids=["between", "never-keeps-so-little", "input"],
)
def test_what_is_left_at_a_recovery(target: float, value: float) -> None:
    assert frontier.value_at(target, [1.0, 0.8, 0.7, 0.5], [25.0, 20.0, 10.0, 12.0]) == pytest.approx(value)


def test_the_frontier_compares_at_equal_recovery() -> None:
    def field(_: Bench) -> frontier.Field:
        ways = [GAUSSIAN.at(strength) for strength in (0.5, 1.0, 2.0)]
        return frontier.Field(
            families={"ours": ways, "theirs": ways},
            planted=[planted(1)],
            anatomies={"discs": [case(1)]},
            notes=("one",),
        )

    margins = [
        frontier.Margin(against="theirs", decibel={0.8: 0.0}),
        frontier.Margin(against="absent", decibel={0.8: 1}),
    ]
    section = frontier.frontier(field, margins, unit="HU").measure(BENCH)
    assert section is not None
    assert [bar.verdict for bar in section.bars] == ["met", "not run"]
    assert section.rows[0]["RMSE, discs, at 0.8"] == section.rows[1]["RMSE, discs, at 0.8"]


def test_filters_are_tuned_on_other_pictures_and_oracles_on_the_truth() -> None:
    way = tuned(GAUSSIAN, [case(2)])
    strength, answer = oracle(GAUSSIAN, case(3))
    assert way.strength in GAUSSIAN.strengths
    assert np.array_equal(answer, GAUSSIAN.at(strength).run(case(3).noisy))


def test_fidelity_holds_the_pipeline_to_its_bars() -> None:
    def field(_: Bench) -> fidelity.Field:
        return fidelity.Field(
            label="discs",
            tier=Tier.PHANTOM,
            cases=[case(4), case(5)],
            validation=[case(6)],
            tuned=[GAUSSIAN],
            oracles=[GAUSSIAN],
            window=(-160, 240),
            unit="HU",
            strengths=(100.0,),
        )

    better = [fidelity.Better(against="input", decibel=1), fidelity.Better(against="BM3D", decibel=0)]
    section = fidelity.fidelity(field, better, title="phantoms").measure(BENCH)
    assert section is not None
    assert [str(row["method"]) for row in section.rows] == ["input", "ct-denoise 100 %", "Gauss", "Gauss (oracle)"]
    assert [bar.verdict for bar in section.bars] == ["met", "not run"]
    assert section.n == 2


def test_a_made_blob_is_counted_and_noise_that_stayed_is_not() -> None:
    before = noise(7) / 10
    body, made = without_rim(SIDE), before + disc(SIDE, (60, 60), 6 / PIXEL_MM, 40)
    assert blobs(made, before, body, pixel_mm=PIXEL_MM, least=10) == (1, 0)
    assert blobs(-made, -before, body, pixel_mm=PIXEL_MM, least=10) == (0, 1)
    assert blobs(made, made, body, pixel_mm=PIXEL_MM, least=10) == (0, 0)
    assert blobs(before, before * 2, body, pixel_mm=PIXEL_MM, least=10) == (0, 0)


def test_smoothing_costs_sharpness() -> None:
    bare = np.full((SIDE, SIDE), 50, np.float32)
    target = disc(SIDE, (64, 64), 30 / PIXEL_MM, 50)
    full, empty = (as_noisy(picture + noise(8), PIXEL_MM, SIGMA) for picture in (bare + target, bare))
    edge = CircularEdge(centre=(64, 64), radius_mm=15)
    cases = [EdgeCase(contrast=50, edge=edge, truth=target, full=full, bare=empty)]
    section = transfer(lambda _: cases, largest=0.02, unit="HU").measure(BENCH)
    assert section is not None
    assert all(change < -0.05 for change in numbers(section, "TTF50 change", "ct-denoise"))
    assert section.bars[0].verdict.startswith("missed")


def test_bias_by_band_chosen_by_the_truth() -> None:
    step = bands(lambda _: [case(9)], {"flat": (40, 60), "disc": (100, 120)}, largest=1, unit="HU", held="flat")
    section = step.measure(BENCH)
    assert section is not None
    assert abs(numbers(section, "bias of flat [HU]", "ct-denoise")[0]) < 1
    assert [bar.name for bar in section.bars] == [f"|bias| of flat, strength {BENCH.default:g} %"]


def test_the_observer_sees_nothing_where_all_was_erased() -> None:
    cell, places = 32, [(row * 32, column * 32) for row in range(4) for column in range(4)]
    boards = []
    for seed in range(5):
        targets = sum(disc(SIDE, (row + 15.5, column + 15.5), 4 / PIXEL_MM, 60) for row, column in places[::2])
        noisy = as_noisy(50 + targets + noise(seed), PIXEL_MM, SIGMA)
        boards.append(Board(noisy=noisy, present=tuple(places[::2]), absent=tuple(places[1::2]), cell=cell))
    other = np.random.default_rng(99)
    erasing = Way(name="erasing", strength=0, run=lambda noisy: other.normal(0, 1, noisy.pictures.shape))
    section = observer(lambda _: {4.0: boards}, contrast="+60 HU", others=lambda _: [erasing]).measure(BENCH)
    assert section is not None
    assert numbers(section, "d′", "erasing")[0] < 1 < numbers(section, "d′ of the input", "ct-denoise")[0]
    assert len(section.bars) == 1


def test_dice_is_held_to_the_degraded_and_to_the_clean_picture() -> None:
    def organ(seed: int) -> Organ:
        item = case(seed)
        truth = item.truth[0]
        return Organ(
            name="disc",
            kind="lesion",
            noisy=item.noisy,
            clean=truth,
            mask=truth > 80,
            rule=lambda picture: np.asarray(picture > 80),
        )

    section = masks(lambda _: [organ(1), organ(2)]).measure(BENCH)
    assert section is not None
    by_method = {row["method"]: row["Dice"].mean for row in section.rows if isinstance(row["Dice"], Estimate)}
    assert by_method["clean"] == 1
    assert by_method["input"] < by_method["ct-denoise"]
    assert [bar.verdict == "met" for bar in section.bars] == [True, False]


def test_an_anchored_filter_gives_back_what_lies_below_its_frequency() -> None:
    flattening = Yardstick(name="flattening", strengths=(1.0,), run=lambda picture, _, __: np.zeros_like(picture))
    picture = np.full((32, 32), 40, np.float32)
    answer = anchored(flattening, 1.0, (2.0,)).at(2.0).run(as_noisy(picture, PIXEL_MM, 1.0))
    assert answer == pytest.approx(40, abs=1e-3)


def test_slow_answers_are_kept_between_evaluations(tmp_path: Path) -> None:
    asked: list[float] = []

    def slow(picture: np.ndarray, _noisy: object, strength: float) -> np.ndarray:
        asked.append(strength)
        return picture * np.float32(strength)

    noisy = as_noisy(noise(3), PIXEL_MM, SIGMA)
    for _ in range(2):
        way = remembered(Yardstick(name="slow", strengths=(2.0,), run=slow), package="numpy", folder=tmp_path).at(2.0)
        assert np.array_equal(way.run(noisy), noisy.pictures * 2)
        assert np.array_equal(way.run(noisy), noisy.pictures * 2)
    assert asked == [2.0]
    assert len(list(tmp_path.glob("*.npy"))) == 1


def test_the_identity_is_the_input() -> None:
    noisy = as_noisy(noise(1), PIXEL_MM, SIGMA)
    assert np.array_equal(nothing().run(noisy), noisy.pictures)
