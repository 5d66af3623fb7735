"""Headers of a batch → what is to be written of each file. Touches: sandbox (decodes), store (are files there).

Files of one batch also meet each other: each is compared with what the database has and with those planned before it.
"""

from collections.abc import Mapping, Sequence

from dicom_node.domain.reasons import Reason, reason
from dicom_node.register.identity import Candidate, Outcome, Verdict, classify, identify, to_decode
from dicom_node.register.planned import Arrival, Planned, quarantined
from dicom_node.sandbox.client import Header, Sandbox, Unreadable
from dicom_node.storage.layout import Layout

Known = Mapping[str, Sequence[Candidate]]


def candidate_of(arrival: Arrival, header: Header | Unreadable) -> Candidate | Planned:
    """Return the object that a file holds, or its quarantine."""
    if isinstance(header, Unreadable):
        return quarantined(arrival, reason("unreadable", detail=header.detail))
    identity = identify(
        header.attributes,
        announced_class=header.announced_class_uid,
        announced_instance=header.announced_instance_uid,
    )
    if isinstance(identity, Reason):
        return quarantined(arrival, identity, header.announced_instance_uid)
    return Candidate(
        path=arrival.path,
        identity=identity,
        transfer_syntax_uid=header.transfer_syntax_uid,
        sha256=arrival.sha256,
        pixel_digest=header.pixel_digest,
        attributes=header.attributes,
    )


class Comparison:
    """Compares the files of one batch, in order.

    Parameters
    ----------
    known
        Objects in the database under each SOP Instance UID of the batch.
    sandbox, layout
        For decoding, and for finding the files.
    """

    def __init__(self, known: Known, sandbox: Sandbox, layout: Layout) -> None:
        self._known = {uid: list(candidates) for uid, candidates in known.items()}
        self._sandbox = sandbox
        self._layout = layout
        self._digests: dict[str, str | None] = {}

    def plan(self, arrival: Arrival, candidate: Candidate, header: Header) -> Planned:
        """Return what is to be written of one object; the next ones will meet it."""
        there = self._known.setdefault(candidate.identity.sop_instance_uid, [])
        equal = [other.path for other in to_decode(candidate, there) if self._equal_values(candidate, other)]
        verdict = classify(candidate, there, equal)
        duplicate = verdict.outcome is Outcome.DUPLICATE
        if not duplicate:
            there.append(candidate)
        return Planned(
            arrival=arrival,
            verdict=verdict,
            candidate=candidate,
            sop_instance_uid=candidate.identity.sop_instance_uid,
            identity_digest=header.identity_digest,
            flags=tuple(sorted({*candidate.identity.flags, *header.flags})),
            stored_again=duplicate and self._gone(verdict),
        )

    def _equal_values(self, new: Candidate, known: Candidate) -> bool:
        digests = [self._value_digest(new.path), self._value_digest(known.path)]
        return digests[0] is not None and digests[0] == digests[1]

    def _value_digest(self, path: str) -> str | None:
        """Digest of the decoded values; None for a file that cannot be decoded: its pixels count as other ones."""
        if path not in self._digests:
            digest = self._sandbox.value_digest(self._layout.absolute(path))
            self._digests[path] = None if isinstance(digest, Unreadable) else digest
        return self._digests[path]

    def _gone(self, verdict: Verdict) -> bool:
        known = verdict.known
        return known is not None and (known.file_deleted or not self._layout.absolute(known.path).exists())
