"""One attempt at one series: restore, derive, write, read back, judge; no database. Touches: files, sandbox, device."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from dicom_node.restore.derive.dataset import Answer, assemble, encode
from dicom_node.restore.derive.making import Making
from dicom_node.restore.derive.numbers import instance_numbers, ranks
from dicom_node.restore.derive.uids import (
    identity_digest,
    pixel_digest,
    series_digest,
    series_instance_uid,
    sop_instance_uid,
)
from dicom_node.restore.judge import Judgement, judge_results
from dicom_node.restore.pipelines import restore
from dicom_node.restore.read_back import ReadBack, Written, read_back
from dicom_node.restore.source import Slice, SourceFile, SourceStack
from dicom_node.restore.stored_values import FloatArray, Stored, to_stored
from dicom_node.sandbox.client import Sandbox
from dicom_node.storage.durable import sync_file, sync_folder
from restoration.restorer import Restorer


@dataclass(frozen=True, kw_only=True)
class DerivedFile:
    """One derived file that was written, read back and synced."""

    path: Path
    sop_instance_uid: str
    sop_class_uid: str
    source_instance_id: int
    rank: int
    size: int
    sha256: str
    pixel_digest: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Made:
    """What an attempt made.

    Attributes
    ----------
    series_instance_uid, description, digest
        Of the derived series.
    files
        In the order of their Instance Numbers.
    found
        The files as read back, with their checks.
    judgement
        What the guard says of them; None where the files are not what was to be written.
    """

    series_instance_uid: str
    description: str
    digest: str
    files: tuple[DerivedFile, ...]
    found: ReadBack
    judgement: Judgement | None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Restored:
    """A slice with its restored stored values and the identity that follows from them."""

    source: Slice
    neighbours: tuple[Dataset, ...]
    stored: Stored
    pixel_digest: str
    sop_instance_uid: str


def attempt(
    sources: Sequence[SourceStack], restorer: Restorer, making: Making, *, folder: Path, sandbox: Sandbox
) -> Made:
    """Restore a series into an existing, empty folder.

    Raises
    ------
    dicom_node.domain.errors.NodeError
        The pipeline did not take a volume; the result cannot be stored, or not be read back.
    OSError
        The disk did not take a file.
    """
    answers = [_restored(stack, restorer, making) for stack in sources]
    restored = [slices for slices, _ in answers]
    plain = [item for stack in restored for item in stack]
    numbers = instance_numbers([item.source.header for item in plain])
    series = series_instance_uid(item.sop_instance_uid for item in plain)
    files, description = [], ""
    for item, number, rank in zip(plain, numbers, ranks(numbers), strict=True):
        answer = Answer(
            source=item.source.header,
            neighbours=item.neighbours,
            stored=item.stored.values,
            instance_number=number,
            rank=rank,
            sop_instance_uid=item.sop_instance_uid,
            series_instance_uid=series,
        )
        data_set = assemble(answer, making)
        description = str(data_set.SeriesDescription)
        files.append(_written(item, encode(data_set), folder / f"{rank:05d}.dcm", rank))
    sync_folder(folder)
    clipped = sum(item.stored.clipped for item in plain) / sum(item.stored.values.size for item in plain)
    found = read_back(sources, _grouped(files, restored), making=making, clipped=clipped, sandbox=sandbox)
    return Made(
        series_instance_uid=series,
        description=description,
        digest=series_digest((file.sop_instance_uid, file.pixel_digest) for file in files),
        files=tuple(sorted(files, key=lambda file: file.rank)),
        found=found,
        judgement=None
        if found.failures
        else judge_results(
            found.volumes,
            card=restorer.card,
            strength=making.recipe.strength,
            spared=sum(places for _, places in answers),
        ),
    )


def _restored(stack: SourceStack, restorer: Restorer, making: Making) -> tuple[list[_Restored], int]:
    """Return the slices of a stack, and in how many places they are the source's."""
    result = restore(restorer, stack.volume, strength=making.recipe.strength)
    around = stack.neighbours(making.reach)
    parts = zip(stack.slices, around, result.volume.array, strict=True)
    return [_named(item, near, values, making) for item, near, values in parts], result.places


def _named(item: Slice, near: tuple[Dataset, ...], values: FloatArray, making: Making) -> _Restored:
    stored = to_stored(values, item.stored, item.domain)
    pixels = pixel_digest(
        stored.values,
        bits_stored=item.domain.bits_stored,
        pixel_representation=int(item.domain.signed),
        rescale=[item.domain.rescale],
    )
    uid = sop_instance_uid(
        [str(item.header.SOPInstanceUID)],
        revision_digest=making.revision_digest,
        recipe_digest=making.recipe.digest,
        identity=identity_digest(item.header),
        pixels=pixels,
    )
    return _Restored(source=item, neighbours=near, stored=stored, pixel_digest=pixels, sop_instance_uid=uid)


def _written(item: _Restored, content: bytes, path: Path, rank: int) -> DerivedFile:
    path.write_bytes(content)
    sync_file(path)
    return DerivedFile(
        path=path,
        sop_instance_uid=item.sop_instance_uid,
        sop_class_uid=str(item.source.header.SOPClassUID),
        source_instance_id=item.source.file.instance_id,
        rank=rank,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        pixel_digest=item.pixel_digest,
    )


def _grouped(files: Sequence[DerivedFile], stacks: Sequence[Sequence[_Restored]]) -> list[list[Written]]:
    """Return the files stack by stack, as the sources stand."""
    following: Iterator[DerivedFile] = iter(files)
    return [[_as_written(next(following)) for _ in stack] for stack in stacks]


def _as_written(file: DerivedFile) -> Written:
    return Written(
        file=SourceFile(
            instance_id=file.source_instance_id,
            path=file.path,
            sop_instance_uid=file.sop_instance_uid,
            sop_class_uid=file.sop_class_uid,
        ),
        rank=file.rank,
        pixel_digest=file.pixel_digest,
    )
