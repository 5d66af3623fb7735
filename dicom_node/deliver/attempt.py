"""One attempt at one claimed delivery: ask who the patient is, then send what is left.

Touches: network, files (reads), database (writes delivery_instance).
"""

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from dicom_node.config.model import Config, DestinationSection
from dicom_node.database.engine import Database
from dicom_node.deliver import query
from dicom_node.deliver.compress import LOSSLESS
from dicom_node.deliver.ending import Ending, Result
from dicom_node.deliver.identity import KEYWORDS, Identity, difference
from dicom_node.deliver.parcel import Parcel, Pending, intend, record
from dicom_node.deliver.retry import REFUSALS_MOST, Verdict, is_given_up, verdict, wait_after
from dicom_node.deliver.send import SyntaxRefused, contexts, groups, remote_of, store
from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import StorageError
from dicom_node.domain.reasons import Reason, reason
from dicom_node.wire.scu import Association, NothingAccepted, QueryRefused, Unreachable

BATCH: Final = 25
"""Objects between two writes of progress."""


class Attempt:
    """One attempt; `run` does it and says how it ended."""

    def __init__(
        self, parcel: Parcel, *, destination: DestinationSection, database: Database, clock: Clock, config: Config
    ) -> None:
        self._parcel = parcel
        self._destination = destination
        # What we did not make goes out as it came.
        self._preferred = LOSSLESS.get(destination.syntax, "") if parcel.derived else ""
        self._remote = remote_of(destination, config.node.ae_title)
        self._database, self._clock, self._policy = database, clock, config.deliver
        self._sent = 0
        self._is_ours = True
        self._later = ""
        self._refused = ""
        self._hopeless = ""
        self._syntax = ""

    def run(self, stop: threading.Event) -> Ending:
        """Ask, send, and return what becomes of the delivery."""
        try:
            return self._identity() or self._send(stop)
        except Unreachable as error:
            return self._retry(error.happened)
        except NothingAccepted as error:
            return self._ending("held", reason("refused by destination", detail=error.happened))
        except StorageError as error:
            return self._ending("failed", reason("source gone", detail=error.happened))

    def _identity(self) -> Ending | None:
        if not (self._parcel.derived and self._destination.verify_identity and self._parcel.pending):
            return None
        ours = _identity_in(self._parcel.pending[0])
        try:
            answers = query.identities(self._remote, self._parcel.study_instance_uid)
        except (NothingAccepted, QueryRefused) as error:
            return self._ending("held", reason("identity cannot be asked", detail=error.happened))
        if not answers:
            return self._unknown()
        if not all(theirs.patient_id.strip() for theirs in answers):
            return self._ending("held", reason("identity cannot be asked", detail="its answer has no Patient ID"))
        for theirs in answers:
            found = difference(ours, theirs)
            if found is not None:
                why = reason("identity differs", attribute=found.keyword, ours=found.ours, theirs=found.theirs)
                return self._ending("held", why)
        return None

    def _unknown(self) -> Ending:
        """Wait for the originals that others send, up to a limit; our own that wait for a person hold this one too."""
        if self._parcel.originals is not None:
            delivery, state = self._parcel.originals
            return self._ending("held", reason("originals first", delivery=delivery, state=state))
        now = self._clock.now()
        since = self._parcel.unknown_since or now
        left = self._policy.originals_first - (now - since).total_seconds()
        why = reason("study unknown", minutes=round((now - since).total_seconds() / 60))
        if left <= 0:
            return self._ending("held", why)
        wait = min(self._policy.first_retry, left)
        attempts = self._parcel.attempts - 1
        return Ending(cause="retry", attempts=attempts, reason=why, wait_s=wait, unknown_since=since)

    def _send(self, stop: threading.Event) -> Ending:
        pending = {item.item.sop_instance_uid: item for item in self._parcel.pending}
        for group in groups([item.item for item in self._parcel.pending]):
            with Association(self._remote, contexts(group, preferred=self._preferred)) as association:
                for batch in _batches([pending[item.sop_instance_uid] for item in group]):
                    self._send_batch(association, batch, stop)
                    if self._later:
                        return self._retry(self._later)
                    if stop.is_set() or not self._is_ours:
                        return Ending(cause="returned", attempts=max(self._parcel.attempts - 1, 0))
        return self._judged()

    def _send_batch(self, association: Association, batch: Sequence[Pending], stop: threading.Event) -> None:
        uids = [item.item.sop_instance_uid for item in batch]
        with self._database.write() as session:
            self._is_ours = intend(session, self._parcel, uids)
        if not self._is_ours:
            return
        results: list[Result] = []
        tried = uids[:0]
        try:
            for item in batch:
                if stop.is_set() or self._later:
                    break
                tried.append(item.item.sop_instance_uid)
                results.append(self._send_one(association, item))
        finally:
            # What was on its way when the association broke keeps its try: it may have arrived.
            lost = set(tried) - {result.sop_instance_uid for result in results}
            with self._database.write() as session:
                record(session, self._parcel, [uid for uid in uids if uid not in lost], results, self._clock.now())
            self._sent += sum(result.sent for result in results)

    def _send_one(self, association: Association, pending: Pending) -> Result:
        uid = pending.item.sop_instance_uid
        try:
            answer = store(association, pending.item, preferred=self._preferred)
        except SyntaxRefused as error:
            self._syntax = error.happened
            return Result(sop_instance_uid=uid, status=None, comment=error.happened, sent=False, refused=False)
        outcome = verdict(answer.status, tried_before=pending.may_have_arrived)
        said = answer.sentence
        if outcome is Verdict.LATER:
            self._later = f"it answered {said}"
        if outcome is Verdict.REFUSED:
            self._refused = said
            if pending.refusals + 1 >= REFUSALS_MOST:
                self._hopeless = said
        return Result(
            sop_instance_uid=uid,
            status=answer.status,
            comment=answer.comment,
            sent=outcome is Verdict.SENT,
            refused=outcome is Verdict.REFUSED,
        )

    def _judged(self) -> Ending:
        if self._syntax:
            return self._ending("held", reason("refused by destination", detail=self._syntax))
        if self._hopeless:
            return self._ending("failed", reason("refused by destination", detail=self._hopeless))
        if self._refused:
            return self._retry(f"it answered {self._refused}")
        return self._ending("sent", None)

    def _retry(self, detail: str) -> Ending:
        if not self._sent and is_given_up(self._parcel.attempts, self._policy):
            hours = round(self._policy.give_up / 3600, 1)
            return self._ending("failed", reason("given up", hours=hours, detail=detail))
        wait = wait_after(1 if self._sent else self._parcel.attempts, self._policy)
        at = self._clock.now() + timedelta(seconds=wait)
        why = reason("destination down", detail=detail, at=f"{at:%H:%M:%S} UTC")
        return Ending(cause="retry", attempts=0 if self._sent else self._parcel.attempts, reason=why, wait_s=wait)

    def _ending(self, cause: str, why: Reason | None) -> Ending:
        return Ending(cause=cause, attempts=self._parcel.attempts, reason=why)


def _identity_in(pending: Pending) -> Identity:
    """Who the patient is in what is about to leave, not in the rows."""
    path = pending.item.path
    try:
        header = dcmread(path, stop_before_pixels=True, specific_tags=["SpecificCharacterSet", *KEYWORDS.values()])
    except (OSError, InvalidDicomError) as error:
        raise StorageError(
            happened=f"the file cannot be read for sending: {error}",
            subject=str(path),
            remedy="Run «dicom-node verify».",
        ) from error
    return query.identity_of(header)


def _batches(pending: Sequence[Pending]) -> Iterator[Sequence[Pending]]:
    for start in range(0, len(pending), BATCH):
        yield pending[start : start + BATCH]
