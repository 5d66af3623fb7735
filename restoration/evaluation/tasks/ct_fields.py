"""What a CT denoiser is compared with: its frontier's families, its filters, and RED-CNN where it was trained. Pure."""

from collections.abc import Sequence
from pathlib import Path

from restoration.errors import BundleError
from restoration.evaluation.bench import Bench
from restoration.evaluation.cases import Case, PlantedCase
from restoration.evaluation.methods.tuning import tuned
from restoration.evaluation.methods.ways import Way, Yardstick, anchored, anchored_at, pipeline
from restoration.evaluation.methods.yardsticks import (
    ANCHORS_MM,
    BM3D,
    BM3D_SPECTRUM,
    NLM,
    bm3d_installed,
    bm3d_spectrum,
    bm3d_white,
    cheap,
    in_depth,
)
from restoration.evaluation.report import Tier
from restoration.evaluation.steps import fidelity, frontier
from restoration.evaluation.tasks import ct_cases, ct_stacks
from restoration.evaluation.tasks.ct_stacks import CROP, QUICK_CROP, SLICES, WINDOW, Stack
from restoration.registry import load

RED_CNN = "RED-CNN-32 anchored"
RED_CNN_BUNDLES = Path("training-runs/redcnn")
RED_CNN_NAME = "red-cnn-32"
"""Where a RED-CNN of the same data and budget is looked for, as an exported bundle."""

OWN_ANCHORS_MM = (5.0, *ANCHORS_MM)

_PLANTED, _COMPARED, _ABDOMENS, _VALIDATION = 8, 3, 2, 2
_SPECTRUM_STRENGTHS, _WHITE_STRENGTHS = (0.5, 0.75, 1.0), (1.0,)
_PERCENT = (25.0, 50.0, 75.0, 100.0)


def crop_of(bench: Bench) -> int:
    """Return the side of the pictures [pixels]."""
    return QUICK_CROP if bench.quick else CROP


def is_slab(bench: Bench) -> bool:
    """Whether the pipeline looks at neighbouring slices."""
    return bench.restorer.card.scope == "slab"


def slices_of(bench: Bench) -> int:
    """Return how many slices a case needs: one, or thin contiguous ones."""
    if not is_slab(bench):
        return 1
    return bench.count(SLICES, quick=bench.restorer.card.slab)


def planted(bench: Bench) -> Sequence[PlantedCase]:
    """Return bodies with targets for the operating points."""
    return _planted(bench, bench.count(_PLANTED), reach=1)


def anatomies(bench: Bench, count: int = 3) -> list[Stack]:
    """Return bodies of many tissues."""
    return ct_stacks.anatomies(bench.count(count), slices=slices_of(bench), crop=crop_of(bench))


def anatomy_cases(bench: Bench) -> list[Case]:
    """Return bodies of many tissues under the protocol's noise."""
    return _cases(anatomies(bench))


def many_anatomy_cases(bench: Bench) -> list[Case]:
    """Return enough bodies for an interval."""
    return _cases(anatomies(bench, _PLANTED))


def validation(bench: Bench) -> list[Case]:
    """Return bodies on which filters are tuned, with the real slices of the validation split."""
    count, slices, crop = bench.count(_VALIDATION), slices_of(bench), crop_of(bench)
    drawn = ct_stacks.anatomies(count, slices=slices, crop=crop, validation=True)
    real = ct_stacks.real_slices(bench.validate, crop=crop)[: bench.count(_VALIDATION, quick=0)]
    return _cases([*drawn, *real])


def real_stacks(bench: Bench) -> list[Stack]:
    """Return real test slices, or thin stacks of them where the pipeline looks at neighbours."""
    crop = crop_of(bench)
    if is_slab(bench):
        found = ct_stacks.real_volumes(bench.volumes, crop=crop)
    else:
        found = ct_stacks.real_slices(bench.test, crop=crop)
    return found[: bench.count(len(found))]


def frontier_field(bench: Bench) -> frontier.Field:
    """Return every method at all its strengths."""
    tuning = validation(bench)
    filters = cheap(quick=bench.quick)
    families: dict[str, list[Way]] = {
        f"{bench.name}, anchor varied": _anchors(bench),
        f"{bench.name}, strength varied": [pipeline(bench.restorer, strength) for strength in _PERCENT],
        **{item.name: [item.at(strength) for strength in item.strengths] for item in filters},
    }
    nlm = next(item for item in filters if item.name == NLM)
    for item in (anchored(nlm, tuned(nlm, tuning).strength, ANCHORS_MM), *_slow(bench)):
        families[item.name] = [item.at(strength) for strength in item.strengths]
    if is_slab(bench) and not bench.quick:
        families |= in_depth()
    rival = _red_cnn()
    if rival:
        families[RED_CNN] = rival
    return frontier.Field(
        families=families,
        planted=_planted(bench, bench.count(_COMPARED), reach=0),
        anatomies={"tissue phantoms": anatomy_cases(bench), "abdomens": _cases(_abdomens(bench))},
        notes=tuple(_absent(bench, bool(rival))),
    )


def phantom_field(bench: Bench) -> fidelity.Field:
    """Return anatomies with exact truth."""
    return _fidelity(bench, "anatomy phantoms", Tier.PHANTOM, anatomy_cases(bench), cheap(quick=bench.quick))


def real_field(bench: Bench) -> fidelity.Field | None:
    """Return real slices of the test split: shown, not ranked on, because their references have noise of their own."""
    stacks = real_stacks(bench)
    if not stacks:
        return None
    return _fidelity(bench, "real slices, noise added", Tier.SIMULATED, _cases(stacks), cheap(quick=bench.quick))


def bm3d_strengths() -> tuple[Yardstick, Yardstick]:
    """Return BM3D told the spectrum, and BM3D told σ only."""
    return bm3d_spectrum(_SPECTRUM_STRENGTHS), bm3d_white(_WHITE_STRENGTHS)


def _fidelity(
    bench: Bench, label: str, tier: Tier, cases: Sequence[Case], filters: Sequence[Yardstick]
) -> fidelity.Field:
    return fidelity.Field(
        label=label,
        tier=tier,
        cases=cases,
        validation=validation(bench),
        tuned=filters,
        oracles=[item for item in filters if item.name == NLM],
        window=WINDOW,
        unit="HU",
        strengths=tuple(dict.fromkeys((100.0, bench.default))),
    )


def _planted(bench: Bench, count: int, *, reach: int) -> Sequence[PlantedCase]:
    if is_slab(bench):
        return ct_cases.sphere_cases(count, crop=crop_of(bench), slices=slices_of(bench), reach=reach)
    return ct_cases.planted_cases(count, crop=crop_of(bench))


def _abdomens(bench: Bench) -> list[Stack]:
    return ct_stacks.abdomens(bench.count(_ABDOMENS), slices=slices_of(bench), crop=crop_of(bench))


def _cases(stacks: Sequence[Stack]) -> list[Case]:
    return [stack.at(stack.least_sigma) for stack in stacks]


def _anchors(bench: Bench) -> list[Way]:
    sigmas = OWN_ANCHORS_MM if not bench.quick else (3.0, 1.4, 0.7)
    return [anchored_at(bench.restorer, sigma, name=f"{bench.name} anchored") for sigma in sigmas]


def _slow(bench: Bench) -> list[Yardstick]:
    if bench.quick or not bm3d_installed():
        return []
    spectrum, white = bm3d_strengths()
    return [spectrum, anchored(spectrum, 1.0, ANCHORS_MM), white]


def _red_cnn() -> list[Way]:
    if not RED_CNN_BUNDLES.is_dir():
        return []
    try:
        rival = load(RED_CNN_NAME, bundles=RED_CNN_BUNDLES)
    except BundleError:
        return []
    return [anchored_at(rival, sigma, name=RED_CNN) for sigma in OWN_ANCHORS_MM]


def _absent(bench: Bench, red_cnn: bool) -> list[str]:
    notes = [] if red_cnn else [f"{RED_CNN}: not run (no bundle {RED_CNN_NAME} in {RED_CNN_BUNDLES})"]
    if bench.quick:
        return [*notes, "BM3D: not run (quick)"]
    if not bm3d_installed():
        notes.append(f"{BM3D_SPECTRUM}, {BM3D}: not installed (package bm3d, non-commercial licence)")
    return notes
