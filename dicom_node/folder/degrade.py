"""Writes degraded copies of the series of a folder, so that a site can test on its own scans.

Touches: files, sandbox, processor.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import NodeError, NotFound
from dicom_node.domain.series import Instance
from dicom_node.folder.degradations import CannotDegrade, Wish, can, degraded
from dicom_node.folder.originals import each_once, not_original, stacks_of
from dicom_node.folder.reading import read_folder, series_by_study
from dicom_node.folder.simulated import Copy, Copying, Standing, assemble, instance_uid
from dicom_node.restore.derive.dataset import encode
from dicom_node.restore.derive.numbers import instance_numbers, ranks, series_number
from dicom_node.restore.derive.uids import StoredArray, pixel_digest, series_instance_uid
from dicom_node.restore.source import Refused, Slice, read_slice
from dicom_node.restore.stored_values import NotANumber, to_stored
from dicom_node.sandbox.client import Sandbox
from restoration.errors import RestorationError

SLOT: Final = 99
"""Series Number: 1000 × source's + this."""

UNFINISHED: Final = ".copying"


class NotCopied(NodeError):
    """A copy that reads back as another one than was written."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What became of one series.

    Attributes
    ----------
    source_uid, description
        Series Instance UID and Series Description of the source.
    series_instance_uid
        Of the copy; empty where there is none.
    folder
        Where its files lie; None where there are none.
    instances
        Number of files.
    reason
        Why nothing was written; empty otherwise.
    record
        What was done, one for each stack.
    """

    source_uid: str
    description: str
    series_instance_uid: str = ""
    folder: Path | None = None
    instances: int = 0
    reason: str = ""
    record: tuple[dict[str, object], ...] = ()


Report = Callable[[int, int, Made], None]
"""Told after each series: how many are done, of how many, and what became of the last one."""


def silent(_done: int, _total: int, _last: Made) -> None:
    """Tell nobody."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pixels:
    """A slice and the stored values of its copy."""

    source: Slice
    stored: StoredArray
    digest: str


@dataclass(frozen=True, kw_only=True)
class _Bench:
    """What all series of one call share."""

    target: Path
    wish: Wish
    standing: Standing
    at: datetime
    known: Mapping[str, Mapping[str, str]]
    sandbox: Sandbox


def degrade_folder(
    source: Path, target: Path, *, wish: Wish, standing: Standing, clock: Clock, report: Report = silent
) -> list[Made]:
    """Copy every original series of a folder that the degradation can be simulated on.

    Parameters
    ----------
    source
        Folder with DICOM files, at any depth.
    target
        Made where it is missing; each copy gets a folder named by its Series Instance UID.
    wish
        What is simulated.
    standing
        Where the copies lie, and what they say of themselves.
    clock
        Gives the day that the copies carry.
    report
        Told after each series.

    Returns
    -------
    list[Made]
        One for each series.

    Raises
    ------
    NotFound
        There is no DICOM file in the folder.
    """
    at = clock.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    with closing(Sandbox()) as sandbox:
        found = read_folder(source, sandbox=sandbox, at=at)
        if not found.series:
            raise NotFound(happened="there is no DICOM file in it", subject=str(source), remedy="Name another folder.")
        target.mkdir(parents=True, exist_ok=True)
        bench = _Bench(
            target=target, wish=wish, standing=standing, at=at, known=series_by_study(found.series), sandbox=sandbox
        )
        made: list[Made] = []
        for done, members in enumerate(found.series, start=1):
            made.append(_copy(each_once(members), bench))
            report(done, len(found.series), made[-1])
        return made


def _copy(members: Sequence[Instance], bench: _Bench) -> Made:
    first = members[0]
    source_uid, description = first.text("SeriesInstanceUID"), first.text("SeriesDescription")
    refused = Made(source_uid=source_uid, description=description)
    why = not_original(first) or can(first.text("Modality"), bench.wish.kind)
    if why:
        return replace(refused, reason=why)
    unfinished = bench.target / UNFINISHED
    try:
        pixels, records = _degraded(members, bench)
        copying = _copying(first, records, bench)
        uid = _write(pixels, copying, unfinished, bench.sandbox)
        folder = bench.target / uid
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    except (Refused, CannotDegrade, RestorationError, NotANumber, NotCopied) as error:
        return replace(refused, reason=error.happened)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return replace(
        refused, series_instance_uid=uid, folder=folder, instances=len(pixels), record=tuple(records), reason=""
    )


def _degraded(members: Sequence[Instance], bench: _Bench) -> tuple[list[_Pixels], list[dict[str, object]]]:
    """Degrade all stacks of a series; one that cannot be read refuses it."""
    pixels: list[_Pixels] = []
    records: list[dict[str, object]] = []
    for read in stacks_of(members, bench.sandbox):
        if read.source is None:
            raise CannotDegrade(read.reason)
        # Stacks of one series get noise of their own.
        wish = replace(bench.wish, seed=bench.wish.seed + len(records), phase_axis=_phase_axis(members[0]))
        made = degraded(read.source.volume, members[0].text("Modality"), wish)
        records.append(made.record)
        for item, values in zip(read.source.slices, made.volume.array, strict=True):
            stored = to_stored(values, item.stored, item.domain).values
            pixels.append(_Pixels(source=item, stored=stored, digest=_digest(item, stored)))
    return pixels, records


def _phase_axis(first: Instance) -> int:
    """Read In-plane Phase Encoding Direction (0018,1312): along rows, else along columns."""
    return 1 if first.text("InPlanePhaseEncodingDirection") == "ROW" else 0


def _copying(first: Instance, records: Sequence[dict[str, object]], bench: _Bench) -> Copying:
    return Copying(
        standing=bench.standing,
        words=bench.wish.words,
        record=records[0] if len(records) == 1 else {"stacks": list(records)},
        at=bench.at,
        series_number=series_number(first.text("SeriesNumber"), slot=SLOT, taken=()),
        known=bench.known[first.text("StudyInstanceUID")],
    )


def _write(pixels: Sequence[_Pixels], copying: Copying, folder: Path, sandbox: Sandbox) -> str:
    """Write the objects, read their values back, and return their Series Instance UID."""
    uids = [instance_uid(item.source.header, item.digest, copying) for item in pixels]
    series = series_instance_uid(uids)
    order = ranks(instance_numbers([item.source.header for item in pixels]))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for item, uid, rank in zip(pixels, uids, order, strict=True):
        copy = Copy(
            source=item.source.header, stored=item.stored, rank=rank, sop_instance_uid=uid, series_instance_uid=series
        )
        path = folder / f"{rank:05d}.dcm"
        path.write_bytes(encode(assemble(copy, copying)))
        file = replace(item.source.file, path=path, sop_instance_uid=uid)
        if _digest(item.source, read_slice(file, sandbox=sandbox).stored) != item.digest:
            raise NotCopied(happened="it holds other values than were written", subject=path.name, remedy="Try again.")
    return series


def _digest(source: Slice, stored: StoredArray) -> str:
    domain = source.domain
    return pixel_digest(
        stored, bits_stored=domain.bits_stored, pixel_representation=int(domain.signed), rescale=[domain.rescale]
    )
