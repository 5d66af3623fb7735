"""The node's DICOM ear. Touches: sockets, store.

Each association on the shared socket is admitted or rejected, streamed to disk and journalled.
"""

import os
import shutil
import socket
import threading
from datetime import datetime
from itertools import count
from typing import Any, Final

import structlog
from pynetdicom import AE, _config, build_context, evt
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.presentation import AllStoragePresentationContexts, PresentationContext

from dicom_node.config.model import Config
from dicom_node.domain import marks
from dicom_node.domain.clock import Clock
from dicom_node.receive.admission import Admission, Caller, Rejection, admit, plain_address, reserve_left
from dicom_node.receive.arrival import Arrival
from dicom_node.receive.roster import Roster
from dicom_node.receive.server import OFFERED_PDU, REQUEST_TIMEOUT_S, STALL_S, SharedServer, bound_reading, set_timeout
from dicom_node.receive.stream import Stream
from dicom_node.storage.journal import Opening
from dicom_node.storage.layout import Layout
from dicom_node.wire import contexts

_STORAGE_CLASSES: Final = frozenset(str(context.abstract_syntax) for context in AllStoragePresentationContexts)
_UNBOUNDED: Final = 1_000_000
"""For pynetdicom's own limit of associations: ours is counted by peer, in `admission`."""
_LAST_WORDS_S: Final = 2.0
_NO_REQUEST: Final[Any] = None
"""What pynetdicom's queue of primitives gives when the time for a request is up."""


class Listener:
    """Receives on a listening socket until stopped; several processes may share the socket.

    Parameters
    ----------
    config
        Peers, limits, AE title.
    layout
        Where files go.
    clock
        Time of receipts and limits.
    sock
        Bound and listening; this process's handle is taken over.
    """

    def __init__(self, config: Config, layout: Layout, clock: Clock, *, sock: socket.socket) -> None:
        # the stock handlers format every PDU for a log that carries no such thing
        _config.LOG_HANDLER_LEVEL = "none"
        self._config = config
        self._layout = layout
        self._clock = clock
        self._roster = Roster()
        self._numbers = count(1)
        layout.store.mkdir(parents=True, exist_ok=True)
        self._server = SharedServer(
            _application_entity(config),
            sock,
            contexts=[build_context(contexts.VERIFICATION, list(contexts.UNCOMPRESSED))],
            handlers=[
                (evt.EVT_CONN_OPEN, self._connected),
                (evt.EVT_CONN_CLOSE, _wake_if_never_requested),
                (evt.EVT_REQUESTED, self._requested),
                (evt.EVT_RELEASED, self._ended, ["released"]),
                (evt.EVT_ABORTED, self._ended, ["aborted"]),
            ],
            sweep=self._roster.sweep,
            welcome=self._roster.welcome,
        )
        self._thread = threading.Thread(target=self._server.serve, name="listener", daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._thread.start()

    def stop(self, grace_s: float) -> None:
        """Accept no more, let running associations end, abort what still runs after `grace_s` [s]."""
        self._server.halt()
        self._thread.join()
        self._wait_for_ends(grace_s)
        self._roster.abort_all()
        self._wait_for_ends(_LAST_WORDS_S)
        self._roster.close_all()

    def _wait_for_ends(self, seconds: float) -> None:
        deadline = self._clock.monotonic() + seconds
        while self._roster.any_alive() and self._clock.monotonic() < deadline:
            self._roster.wait_for_an_end(0.05)

    def _connected(self, event: evt.Event) -> None:
        self._roster.add(event.assoc, plain_address(event.assoc.requestor.address or ""))
        wire = event.assoc.dul.socket
        if wire is not None:
            bound_reading(wire, self._clock)

    def _requested(self, event: evt.Event) -> None:
        association = event.assoc
        request = association.requestor.primitive
        if request is None:
            return
        caller = _caller(association, request)
        addresses = self._addresses_of(caller.calling_ae)
        with self._roster.counting() as open_now:
            answer = admit(
                caller,
                self._config,
                open_now=open_now,
                free_bytes=self._free_bytes(),
                addresses=addresses,
            )
            if isinstance(answer, Admission):
                arrival = self._arrival(caller, answer)
                self._roster.admit(association, answer.counted_as, arrival)
        if isinstance(answer, Rejection):
            _reject(association, answer, caller)
        else:
            self._allow(association, answer, arrival)
            association.acceptor.supported_contexts = _supported(request, answer)

    def _arrival(self, caller: Caller, admission: Admission) -> Arrival:
        at = self._clock.now()
        opening = Opening(
            at=at,
            calling_ae=caller.calling_ae,
            called_ae=caller.called_ae,
            address=caller.address,
            peer=admission.peer,
        )
        return Arrival(opening, _key(at, next(self._numbers)), layout=self._layout, clock=self._clock)

    def _allow(self, association: Association, admission: Admission, arrival: Arrival) -> None:
        association.network_timeout = admission.idle_s
        association.dimse = Stream(
            association,
            arrival,
            may_store="store" in admission.may,
            reserve_left=lambda: reserve_left(self._config, self._free_bytes()),
        )
        wire = association.dul.socket
        if wire is not None and wire.socket is not None:
            set_timeout(wire.socket, STALL_S)

    def _addresses_of(self, calling_ae: str) -> dict[str, frozenset[str]]:
        """Addresses of the hosts that may call themselves so; looked up before anything is locked."""
        hosts = {peer.host for peer in self._config.peers if peer.ae_title.strip() == calling_ae and peer.host}
        return {host: _addresses_of(host) for host in hosts}

    def _ended(self, event: evt.Event, outcome: str) -> None:
        self._roster.end(event.assoc, "released" if outcome == "released" else "aborted")

    def _free_bytes(self) -> int:
        return shutil.disk_usage(self._layout.store).free


def _application_entity(config: Config) -> AE:
    ae = AE(config.node.ae_title)
    ae.implementation_class_uid = marks.IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = marks.IMPLEMENTATION_VERSION_NAME
    ae.maximum_pdu_size = OFFERED_PDU
    ae.maximum_associations = _UNBOUNDED
    ae.acse_timeout = REQUEST_TIMEOUT_S
    return ae


def _wake_if_never_requested(event: evt.Event) -> None:
    """Let a connection that closed without a request end now: pynetdicom would wait for the request to time out."""
    association = event.assoc
    if association.requestor.primitive is None and association.dul.peek_next_pdu() is None:
        association.dul.to_user_queue.put(_NO_REQUEST)


def _caller(association: Association, request: A_ASSOCIATE) -> Caller:
    return Caller(
        calling_ae=(request.calling_ae_title or "").strip(),
        called_ae=(request.called_ae_title or "").strip(),
        address=plain_address(association.requestor.address or ""),
        maximum_length=association.requestor.maximum_length or 0,
    )


def _supported(request: A_ASSOCIATE, admission: Admission) -> list[PresentationContext]:
    """Only what was proposed can matter; pynetdicom would copy all its storage classes for each association."""
    proposed = [
        contexts.Context(
            abstract_syntax=str(context.abstract_syntax),
            transfer_syntaxes=tuple(str(syntax) for syntax in context.transfer_syntax),
        )
        for context in request.presentation_context_definition_list
    ]
    supported = contexts.supported(proposed, storage_classes=_STORAGE_CLASSES, echo="echo" in admission.may)
    return [build_context(context.abstract_syntax, list(context.transfer_syntaxes)) for context in supported]


def _reject(association: Association, rejection: Rejection, caller: Caller) -> None:
    structlog.get_logger().warning(
        "association rejected", why=rejection.why, calling_ae=caller.calling_ae, address=caller.address
    )
    association.acse.send_reject(rejection.result, rejection.source, rejection.reason)
    # waits until the answer is sent: the connection is closed when this handler returns
    association.kill()


def _key(at: datetime, number: int) -> str:
    return f"{at:%H%M%S%f}-{os.getpid()}-{number:06d}"


def _addresses_of(host: str) -> frozenset[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        structlog.get_logger().warning("a peer's host has no address", host=host)
        return frozenset()
    return frozenset(plain_address(str(entry[4][0])) for entry in found)
