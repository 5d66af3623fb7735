"""Reads stored derived files as a stranger would, and checks them. Touches: derived (reads), sandbox."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from dicom_node.domain.errors import NodeError
from dicom_node.restore.checks.all import check_all
from dicom_node.restore.checks.check import Check, Evidence, Pair
from dicom_node.restore.derive.making import Making
from dicom_node.restore.source import Refused, Slice, SourceFile, SourceStack, read_slice, volume_of
from dicom_node.sandbox.client import Sandbox
from restoration.volume import Volume


class NotReadBack(NodeError):
    """A derived file cannot be read again, though its source could be."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """One derived file as it was meant to be written.

    Attributes
    ----------
    file
        Where it lies; the instance it answers, and its own identity.
    rank
        Place in the series, from 0.
    pixel_digest
        By which it was named.
    """

    file: SourceFile
    rank: int
    pixel_digest: str


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadBack:
    """What was found: the checks, and (source, stored result) of every stack."""

    checks: tuple[Check, ...]
    volumes: tuple[tuple[Volume, Volume], ...]

    @property
    def failures(self) -> tuple[Check, ...]:
        """Return the checks that failed."""
        return tuple(check for check in self.checks if not check.passed)


def read_back(
    sources: Sequence[SourceStack],
    written: Sequence[Sequence[Written]],
    *,
    making: Making,
    clipped: float,
    sandbox: Sandbox,
) -> ReadBack:
    """Read every derived file anew and check it against its source.

    Parameters
    ----------
    sources
        As read for the restoration.
    written
        Stack by stack, slice by slice in the sources' order.
    making
        What the objects share.
    clipped
        Share of pixels cut to what the bits hold.
    sandbox
        Decodes the pixels in another process.

    Raises
    ------
    NotReadBack
        A derived file cannot be read at all.
    """
    try:
        stored = [[read_slice(item.file, sandbox=sandbox) for item in stack] for stack in written]
    except Refused as error:
        raise NotReadBack(happened=error.happened, subject=error.subject, remedy="Try again.") from error
    pairs = [
        [_pair(*parts) for parts in zip(source.slices, source.neighbours(making.reach), answers, meant, strict=True)]
        for source, answers, meant in zip(sources, stored, written, strict=True)
    ]
    return ReadBack(
        checks=check_all(Evidence(stacks=pairs, making=making, clipped=clipped)),
        volumes=tuple(
            (source.volume, volume_of(answers, source.volume.positions_mm, unit=source.volume.unit))
            for source, answers in zip(sources, stored, strict=True)
            if len({answer.stored.shape for answer in answers}) == 1
        ),
    )


def _pair(source: Slice, near: tuple[Dataset, ...], derived: Slice, meant: Written) -> Pair:
    return Pair(
        place=f"object {meant.rank + 1}",
        source=source.header,
        neighbours=near,
        derived=derived.header,
        source_values=source.stored,
        derived_values=derived.stored,
        domain=source.domain,
        digest=meant.pixel_digest,
    )
