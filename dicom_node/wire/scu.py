"""The calling side of an association: open, echo, store files as they lie, find. Touches: network, files (reads).

pynetdicom negotiates and speaks. Four of its habits are corrected here: a file would be queued whole in memory when
the peer reads slowly (`_Narrow`), a peer that allows PDUs of any length would be sent the file as one PDU (`_cap_pdu`),
a peer that stops reading would hold the sending thread for ever (TCP_USER_TIMEOUT), and its own thread sometimes takes
the answer that the sending thread waits for (`_keep_answers`; about one of 1,200 in quick succession, tried).
"""

import queue
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, _config, build_context, evt
from pynetdicom.association import Association as Negotiated
from pynetdicom.pdu_primitives import MaximumLengthNotification
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind, Verification  # type: ignore[attr-defined]

from dicom_node.domain.errors import NodeError
from dicom_node.wire.statuses import OUT_OF_RESOURCES, StatusClass, meaning, status_class

_config.STORE_SEND_CHUNKED_DATASET = True
_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False

UNCOMPRESSED: Final = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
CONTEXTS_MOST: Final = 128
"""Presentation contexts one association can propose (PS3.8 9.3.2.2)."""
PDU_MOST: Final = 131_072
CONNECT_S: Final = 10.0
ASSOCIATE_S: Final = 15.0
RESPONSE_S: Final = 60.0
IDLE_S: Final = 120.0
_QUEUED_MOST: Final = 8
_NAMED_MOST: Final = 4


class Unreachable(NodeError):
    """The peer did not connect, rejected the association, aborted it or did not answer in time; worth another try."""


class NothingAccepted(NodeError):
    """The peer accepted the association but none of the presentation contexts."""


class QueryRefused(NodeError):
    """The peer answered a C-FIND with a failure status."""


@dataclass(frozen=True, kw_only=True)
class Remote:
    """Whom to call, under which AE title we do, and how long we wait for an answer to a message [s]."""

    calling_ae: str
    called_ae: str
    host: str
    port: int
    response_s: float = RESPONSE_S

    @property
    def subject(self) -> str:
        """How sentences name it."""
        return f"{self.called_ae} at {self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A DIMSE status and the peer's own words, Error Comment (0000,0902)."""

    status: int
    comment: str

    @property
    def sentence(self) -> str:
        """Status and comment in words."""
        return f"{meaning(self.status)} {self.comment}".rstrip()


class Association:
    """An association as requestor, to be used in a ``with`` statement.

    Parameters
    ----------
    remote
        The peer.
    contexts
        (abstract syntax, transfer syntax), a presentation context each, at most 128.

    Raises
    ------
    Unreachable
        On entering: no connection, rejected, aborted, no answer. Later: the association broke or an answer stayed out.
    NothingAccepted
        On entering: no presentation context was accepted.
    """

    def __init__(self, remote: Remote, contexts: Iterable[tuple[str, str]]) -> None:
        self._remote = remote
        self._contexts = [build_context(abstract, syntax) for abstract, syntax in contexts]
        self._negotiated: Negotiated
        self._heard = {evt.EVT_CONN_OPEN.name: False, evt.EVT_PDU_RECV.name: False}

    def __enter__(self) -> "Association":
        ae = AE(ae_title=self._remote.calling_ae)
        ae.connection_timeout, ae.acse_timeout = CONNECT_S, ASSOCIATE_S
        ae.dimse_timeout, ae.network_timeout = self._remote.response_s, IDLE_S
        try:
            self._negotiated = ae.associate(
                self._remote.host,
                self._remote.port,
                contexts=self._contexts,
                ae_title=self._remote.called_ae,
                max_pdu=PDU_MOST,
                evt_handlers=[
                    (evt.EVT_CONN_OPEN, _tune),
                    (evt.EVT_CONN_OPEN, self._hear),
                    (evt.EVT_PDU_RECV, self._hear),
                ],
            )
        except (OSError, ValueError) as error:
            raise self._unreachable(f"it cannot be called: {error}") from error
        if not self._negotiated.is_established:
            raise self._not_established()
        _cap_pdu(self._negotiated)
        _keep_answers(self._negotiated)
        self._negotiated.dul.to_provider_queue = _Narrow(self._negotiated.dul)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._negotiated.is_established:
            if kind is None:
                self._negotiated.release()
            else:
                self._negotiated.abort()

    def accepts(self, abstract: str, syntax: str) -> bool:
        """Whether the peer accepted this abstract syntax in this transfer syntax."""
        return any(
            context.abstract_syntax == abstract and context.transfer_syntax[0] == syntax
            for context in self._negotiated.accepted_contexts
        )

    def echo(self) -> Answer:
        """Send a C-ECHO."""
        return self._answer("C-ECHO", self._negotiated.send_c_echo)

    def store(self, source: Path | Dataset) -> Answer:
        """Send one object by C-STORE.

        Parameters
        ----------
        source
            A Part 10 file, whose data set goes out byte for byte; or a data set, encoded into the uncompressed syntax
            that was accepted, or compressed already into one that was.

        Raises
        ------
        Unreachable
            The association broke, or no answer came.
        OSError
            The file cannot be read.
        ValueError
            No accepted context fits.
        """
        return self._answer("C-STORE", lambda: self._negotiated.send_c_store(source))

    def find(self, identifier: Dataset) -> list[Dataset]:
        """Ask by C-FIND in the study root model and return the matches.

        Raises
        ------
        Unreachable
            No answer, or the peer is out of resources.
        QueryRefused
            A failure status.
        """
        matches = []
        for status, match in self._negotiated.send_c_find(identifier, StudyRootQueryRetrieveInformationModelFind):
            code = status.get("Status")
            if code is None:
                raise self._unreachable("no answer to C-FIND")
            if code == OUT_OF_RESOURCES:
                raise self._unreachable("it is out of resources for C-FIND")
            if status_class(code) is StatusClass.PENDING:
                matches.extend([] if match is None else [match])
            elif status_class(code) is not StatusClass.SUCCESS:
                raise QueryRefused(
                    happened=f"it answered C-FIND with {meaning(code)} {status.get('ErrorComment', '')}".rstrip(),
                    subject=self._remote.subject,
                    remedy="Allow this node to query there.",
                )
        return matches

    def _answer(self, what: str, send: Any) -> Answer:
        try:
            status: Dataset = send()
        except RuntimeError as error:
            raise self._unreachable("the association was lost") from error
        if "Status" not in status:
            raise self._unreachable(f"no answer to {what}")
        return Answer(status=int(status.Status), comment=str(status.get("ErrorComment", "")))

    def _not_established(self) -> NodeError:
        negotiated = self._negotiated
        if negotiated.is_rejected and negotiated.acceptor.primitive is not None:
            answer = negotiated.acceptor.primitive
            return self._unreachable(f"it rejected the association ({answer.result_str}: {answer.reason_str})")
        if negotiated.rejected_contexts and not negotiated.accepted_contexts:
            return NothingAccepted(
                happened=f"it accepted none of the presentation contexts ({self._proposed()})",
                subject=self._remote.subject,
                remedy="Let the peer accept these SOP classes and transfer syntaxes.",
            )
        if not self._heard[evt.EVT_CONN_OPEN.name]:
            return self._unreachable("no connection")
        if not self._heard[evt.EVT_PDU_RECV.name]:
            return self._unreachable("it did not answer the association request")
        return self._unreachable("it aborted the association")

    def _hear(self, event: evt.Event) -> None:
        self._heard[event.event.name] = True

    def _proposed(self) -> str:
        names = [f"{UID(one.abstract_syntax or '').name} as {one.transfer_syntax[0].name}" for one in self._contexts]
        return ", ".join(names[:_NAMED_MOST]) + (" …" if len(names) > _NAMED_MOST else "")

    def _unreachable(self, happened: str) -> Unreachable:
        return Unreachable(
            happened=happened,
            subject=self._remote.subject,
            remedy="Check that the peer runs and knows this node's AE title.",
        )


def query_context() -> list[tuple[str, str]]:
    """Contexts of a study root C-FIND."""
    return [(StudyRootQueryRetrieveInformationModelFind, syntax) for syntax in UNCOMPRESSED]


def echo_context() -> list[tuple[str, str]]:
    """Contexts of a C-ECHO."""
    return [(Verification, syntax) for syntax in UNCOMPRESSED]


class _Narrow(queue.Queue[Any]):
    """Holds few PDUs, so that memory does not grow with the object; no wait outlives the thread that takes."""

    def __init__(self, taker: threading.Thread) -> None:
        super().__init__(maxsize=_QUEUED_MOST)
        self._taker = taker

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        while self._taker.is_alive():
            try:
                super().put(item, timeout=0.5)
            except queue.Full:
                continue
            return


def _cap_pdu(negotiated: Negotiated) -> None:
    for item in negotiated.acceptor.user_information:
        if isinstance(item, MaximumLengthNotification):
            item.maximum_length_received = min(item.maximum_length_received or PDU_MOST, PDU_MOST)


def _keep_answers(negotiated: Negotiated) -> None:
    take = negotiated.dimse.get_msg

    def only_for_who_waits(block: bool = False) -> Any:
        # only the reactor looks without waiting, for requests; who calls gets none
        return take(block=True) if block else (None, None)

    negotiated.dimse.get_msg = only_for_who_waits  # type: ignore[method-assign]


def _tune(event: evt.Event) -> None:
    connection = event.assoc.dul.socket
    wire = connection.socket if connection else None
    if wire is None:
        return
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(RESPONSE_S * 1000))
