"""CT at low dose, slice by slice or with neighbouring slices: the bars and how they are measured. Pure."""

from restoration.card import Card
from restoration.evaluation.bench import Bench, Task
from restoration.evaluation.methods.ways import Way
from restoration.evaluation.methods.yardsticks import BM3D_SPECTRUM, NLM, nlm
from restoration.evaluation.steps.bands import bands
from restoration.evaluation.steps.cost import cost
from restoration.evaluation.steps.doses import doses
from restoration.evaluation.steps.fidelity import fidelity
from restoration.evaluation.steps.frontier import Margin, frontier
from restoration.evaluation.steps.masks import masks
from restoration.evaluation.steps.nulls import nulls
from restoration.evaluation.steps.observer import observer
from restoration.evaluation.steps.operating import Operating, Wanted, operating
from restoration.evaluation.steps.rings import rings
from restoration.evaluation.steps.transfer import transfer
from restoration.evaluation.tasks import ct_fields, ct_targets
from restoration.evaluation.tasks.ct_stacks import WINDOW
from restoration.metrics.segmentation import CT_BANDS

TARGETS = "±20 HU in 25 HU noise"
TTF50_CHANGE = 0.02
BIAS_HU = 1.0
NULL_HU = 10.0
"""Least contrast of a blob that counts as created or erased; half of what the targets have."""

SLICEWISE = Wanted(
    contrast=TARGETS,
    full=Operating(noise_left=0.35, recovery=(0.62, 0.83, 0.91, 0.95)),
    default=Operating(noise_left=0.57, recovery=(0.77, 0.90, 0.94, 0.97), shift=0.26),
)
SLAB = Wanted(
    contrast=TARGETS,
    full=Operating(noise_left=0.35, recovery=(0.62, 0.83, 0.91, 0.95)),
    default=Operating(noise_left=0.55, recovery=(0.80, 0.90, 0.95, 0.97), shift=0.16),
)
_ANCHORED = f"{BM3D_SPECTRUM} anchored"
SLICEWISE_MARGINS = (
    Margin(against=_ANCHORED, decibel={0.7: 2.0, 0.8: 1.5, 0.9: 0.8}, note="both anchored"),
    Margin(against=BM3D_SPECTRUM, decibel={0.7: 6.0, 0.8: 6.0}),
    Margin(against=NLM, decibel={0.7: 5.3, 0.8: 5.3}),
    Margin(against=ct_fields.RED_CNN, decibel={0.7: 0.0, 0.8: 0.0, 0.9: 0.0}, note="same data and budget"),
)
_SLICES = "the filter sees one slice, the pipeline its neighbours too"
SLAB_MARGINS = (
    Margin(against=_ANCHORED, decibel={0.7: 3.0, 0.8: 2.5, 0.9: 1.8}, note=_SLICES),
    Margin(against=BM3D_SPECTRUM, decibel={0.7: 7.0, 0.8: 7.0}, note=_SLICES),
    Margin(against=NLM, decibel={0.7: 6.3, 0.8: 6.3}, note=_SLICES),
    Margin(against=ct_fields.RED_CNN, decibel={0.7: 1.0, 0.8: 1.0, 0.9: 1.0}, note=_SLICES),
)


def task(card: Card) -> Task:
    """Return the protocol for a CT denoiser."""
    slab = card.scope == "slab"
    return Task(
        modality="CT",
        steps=(
            operating(ct_fields.planted, SLAB if slab else SLICEWISE, window=WINDOW, unit="HU"),
            frontier(ct_fields.frontier_field, SLAB_MARGINS if slab else SLICEWISE_MARGINS, unit="HU"),
            transfer(ct_targets.edges, largest=TTF50_CHANGE, unit="HU"),
            bands(ct_fields.many_anatomy_cases, CT_BANDS, largest=BIAS_HU, unit="HU"),
            observer(ct_targets.boards, contrast="+20 HU in 25 HU noise", others=_nlm),
            masks(ct_targets.organs),
            nulls(ct_targets.noise_only, ct_targets.clean, least=NULL_HU, unit="HU"),
            doses(ct_targets.ladder, unit="HU"),
            rings(ct_targets.ring_field),
            cost(level=100.0, spacing_mm=(1.25, 0.7, 0.7)),
            fidelity(ct_fields.phantom_field, (), title="fidelity on phantoms"),
            fidelity(ct_fields.real_field, (), title="fidelity on real slices (shown, not ranked on)"),
        ),
    )


def _nlm(bench: Bench) -> list[Way]:
    return [] if bench.quick else [nlm().at(0.5)]
