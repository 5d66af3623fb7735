"""``degrade``: a worse copy of a site's own series, to test on. Touches: files named, processor."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dicom_node.cli import show
from dicom_node.cli.opened import JsonOption
from dicom_node.cli.progress import progress

if TYPE_CHECKING:
    from dicom_node.folder.degrade import Made

NOT_ALL_COPIED = 3


class Kind(StrEnum):
    """Words of ``--kind``."""

    DOSE = "dose"
    NOISE = "noise"
    MOTION = "motion"
    RESOLUTION = "resolution"


SourceArgument = Annotated[Path, typer.Argument(metavar="IN", help="Folder with DICOM files.", exists=True)]
TargetArgument = Annotated[Path, typer.Argument(metavar="OUT", help="Each copy gets a folder in it.")]
KindOption = Annotated[Kind, typer.Option("--kind", help="CT: dose. PET: dose. MR: noise, motion, resolution.")]
DoseOption = Annotated[
    float, typer.Option("--dose", min=0.01, max=1, help="With «dose»: share of the dose or counts that is left.")
]
SigmaOption = Annotated[
    float, typer.Option("--sigma", min=0, max=0.5, help="With «noise»: noise as a share of the bright signal.")
]
SeverityOption = Annotated[
    float, typer.Option("--severity", metavar="MM", min=0, max=10, help="With «motion»: rms displacement [mm].")
]
KeepOption = Annotated[
    float, typer.Option("--keep", min=0.1, max=1, help="With «resolution»: share of k-space along each axis.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Of all chance: the same seed gives the same pixels.")]
SameStudyOption = Annotated[
    bool, typer.Option("--same-study", help="Put the copies into the patient's own study instead of a test study.")
]
AsOriginalOption = Annotated[
    bool, typer.Option("--as-original", help="Image Type stays ORIGINAL, so that a test node takes the copies. Danger.")
]


def degrade(  # noqa: PLR0913  a person sees options, not arguments
    source: SourceArgument,
    target: TargetArgument,
    kind: KindOption,
    dose: DoseOption = 0.25,
    sigma: SigmaOption = 0.05,
    severity: SeverityOption = 2.0,
    keep: KeepOption = 0.5,
    seed: SeedOption = 1,
    same_study: SameStudyOption = False,
    as_original: AsOriginalOption = False,
    json: JsonOption = False,
) -> None:
    """Copy series as a lower dose, noise or motion would have shown them; exit status 3 if not all could be copied."""
    from dicom_node.domain.clock import SystemClock
    from dicom_node.folder import degradations, simulated
    from dicom_node.folder.degrade import degrade_folder

    amount = {Kind.DOSE: dose, Kind.NOISE: sigma, Kind.MOTION: severity, Kind.RESOLUTION: keep}[kind]
    with progress(f"degrade: {kind}", json=json) as tell:
        made = degrade_folder(
            source,
            target,
            wish=degradations.Wish(kind=degradations.Kind(kind), amount=amount, seed=seed),
            standing=simulated.Standing(
                study=simulated.StudyOf.SOURCE if same_study else simulated.StudyOf.TEST,
                pretence=simulated.Pretence.ORIGINAL if as_original else simulated.Pretence.DERIVED,
            ),
            clock=SystemClock(),
            report=lambda done, total, one: tell(done, total, _told(one)),
        )
    if json:
        show.as_json([_row(one) for one in made])
    if not all(one.folder for one in made):
        raise typer.Exit(NOT_ALL_COPIED)


def _told(one: "Made") -> str:
    copied = f"{one.instances} slices copied to {one.folder}"
    return f"{one.description or one.source_uid}: {one.reason or copied}"


def _row(one: "Made") -> dict[str, Any]:
    return {
        "source_series_instance_uid": one.source_uid,
        "description": one.description,
        "series_instance_uid": one.series_instance_uid or None,
        "instances": one.instances,
        "reason": one.reason,
        "folder": str(one.folder) if one.folder else None,
        "record": list(one.record),
    }
