"""Sends files to a destination by C-STORE, as stored where it takes them so. Touches: network, files (reads).

Uncompressed objects are re-encoded between explicit and implicit little endian where the destination wants the other,
and our own into a lossless form that it prefers and takes; all else goes out byte for byte or not at all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID

from dicom_node.config.model import DestinationSection
from dicom_node.deliver.compress import compressed
from dicom_node.deliver.retry import Verdict, verdict
from dicom_node.domain.errors import NodeError, StorageError
from dicom_node.wire.scu import CONTEXTS_MOST, UNCOMPRESSED, Answer, Association, Remote, echo_context

_KINDS_MOST: Final = CONTEXTS_MOST // (len(UNCOMPRESSED) + 1)


class SyntaxRefused(NodeError):
    """The destination takes an object neither as stored nor in a form it may be turned into."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One object to send."""

    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    path: Path

    @property
    def kind(self) -> tuple[str, str]:
        """SOP class and transfer syntax."""
        return self.sop_class_uid, self.transfer_syntax_uid


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """What became of one file of a `push`."""

    path: Path
    sent: bool
    detail: str


def remote_of(destination: DestinationSection, our_ae: str) -> Remote:
    """Address of a destination."""
    return Remote(calling_ae=our_ae, called_ae=destination.ae_title, host=destination.host, port=destination.port)


def echo(destination: DestinationSection, our_ae: str) -> Answer:
    """Ask a destination by C-ECHO whether it answers.

    Raises
    ------
    Unreachable, NothingAccepted
        It does not.
    """
    with Association(remote_of(destination, our_ae), echo_context()) as association:
        return association.echo()


def push(paths: Iterable[Path], destination: DestinationSection, our_ae: str) -> list[Pushed]:
    """Send Part 10 files at once, outside any queue.

    Raises
    ------
    StorageError
        A file is not a Part 10 file.
    Unreachable, NothingAccepted
        The destination does not take the association.
    """
    results = []
    for group in groups([_item(path) for path in paths]):
        with Association(remote_of(destination, our_ae), contexts(group)) as association:
            for item in group:
                try:
                    answer = store(association, item)
                except (SyntaxRefused, StorageError) as error:
                    results.append(Pushed(path=item.path, sent=False, detail=error.happened))
                    continue
                sent = verdict(answer.status, tried_before=False) is Verdict.SENT
                detail = "" if answer.status == 0 else answer.sentence
                results.append(Pushed(path=item.path, sent=sent, detail=detail))
    return results


def groups(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Split into runs whose presentation contexts fit into one association; the order is kept."""
    run: list[Item] = []
    kinds: set[tuple[str, str]] = set()
    for item in items:
        if item.kind not in kinds and len(kinds) == _KINDS_MOST:
            yield run
            run, kinds = [], set()
        run.append(item)
        kinds.add(item.kind)
    if run:
        yield run


def contexts(items: Iterable[Item], *, preferred: str = "") -> list[tuple[str, str]]:
    """Contexts to propose: one per class and stored syntax, and the other uncompressed form where there is one.

    Parameters
    ----------
    items
        What is to be sent.
    preferred
        Transfer syntax that the destination likes better than none; empty for none.
    """
    wanted: dict[tuple[str, str], None] = {}
    for item in items:
        wanted[item.kind] = None
        if item.transfer_syntax_uid in UNCOMPRESSED:
            syntaxes = (*UNCOMPRESSED, preferred) if preferred else UNCOMPRESSED
            wanted.update({(item.sop_class_uid, syntax): None for syntax in syntaxes})
    return list(wanted)


def store(association: Association, item: Item, *, preferred: str = "") -> Answer:
    """Send one object in a form that was agreed.

    Parameters
    ----------
    association
        Whose contexts include those of the item.
    item
        The object.
    preferred
        Lossless form that it goes out in where it is uncompressed, the form was agreed and holds its values.

    Raises
    ------
    SyntaxRefused
        No agreed form fits.
    StorageError
        The file cannot be read.
    Unreachable
        The association broke.
    """
    try:
        if (
            preferred
            and item.transfer_syntax_uid in UNCOMPRESSED
            and association.accepts(item.sop_class_uid, preferred)
        ):
            smaller = compressed(item.path, preferred)
            if smaller is not None:
                return association.store(smaller)
        if association.accepts(*item.kind):
            return association.store(item.path)
        if item.transfer_syntax_uid in UNCOMPRESSED and any(
            association.accepts(item.sop_class_uid, syntax) for syntax in UNCOMPRESSED
        ):
            return association.store(dcmread(item.path))
    except (OSError, InvalidDicomError, AttributeError, ValueError) as error:
        raise StorageError(
            happened=f"the file cannot be read for sending: {error}",
            subject=str(item.path),
            remedy="Run «dicom-node verify».",
        ) from error
    raise SyntaxRefused(
        happened=f"{UID(item.sop_class_uid).name} is not taken as {UID(item.transfer_syntax_uid).name}",
        subject=item.sop_instance_uid,
        remedy="Let the destination accept this transfer syntax.",
    )


def _item(path: Path) -> Item:
    try:
        meta = read_file_meta_info(path)
        return Item(
            sop_instance_uid=meta.MediaStorageSOPInstanceUID,
            sop_class_uid=meta.MediaStorageSOPClassUID,
            transfer_syntax_uid=meta.TransferSyntaxUID,
            path=path,
        )
    except (OSError, InvalidDicomError, AttributeError) as error:
        raise StorageError(
            happened="not a DICOM Part 10 file", subject=str(path), remedy="Name DICOM files only."
        ) from error
