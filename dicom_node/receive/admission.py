"""May this peer open an association, and what may it do? (PS3.8 9.3.4). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from dicom_node.config.model import Config, Peer

MOST_ASSOCIATIONS: Final = 100
MOST_OF_ONE_STRANGER: Final = 25
"""Associations at once from one address that no peer in the configuration has."""
SHORTEST_PDU: Final = 7
"""A maximum length below leaves no room for a single byte of an answer."""


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """The three numbers of an A-ASSOCIATE-RJ, and why in words."""

    result: int
    source: int
    reason: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Caller:
    """What an A-ASSOCIATE-RQ and its connection tell.

    Attributes
    ----------
    calling_ae, called_ae
        AE titles, trimmed.
    address
        Of the peer, without zone or IPv4 mapping, see `plain_address`.
    maximum_length
        Maximum length of the PDUs it receives; 0 without limit [bytes].
    """

    calling_ae: str
    called_ae: str
    address: str
    maximum_length: int = 0


@dataclass(frozen=True, kw_only=True)
class Admission:
    """An association that may be opened.

    Attributes
    ----------
    counted_as
        What its associations are counted by: the peer's name, or the address of a stranger.
    peer
        Name in the configuration, empty for a stranger.
    may
        ``echo``, ``store`` and so on.
    idle_s
        Longest silence [s].
    """

    counted_as: str
    peer: str
    may: frozenset[str]
    idle_s: float


def admit(
    caller: Caller,
    config: Config,
    *,
    open_now: Iterable[str],
    free_bytes: int,
    addresses: Mapping[str, frozenset[str]],
) -> Admission | Rejection:
    """Decide on an association request.

    Parameters
    ----------
    caller
        Who asks.
    config
        Peers, AE title, limits.
    open_now
        `Admission.counted_as` of each association that is open.
    free_bytes
        Free space of the store.
    addresses
        What the hosts of peers with this calling AE title stand for.
    """
    if caller.called_ae != config.node.ae_title.strip():
        return Rejection(result=1, source=1, reason=7, why="called AE title not recognised")
    admission = _known(caller, config, addresses) or _stranger(caller, config)
    if admission is None:
        return Rejection(result=1, source=1, reason=3, why="calling AE title not recognised, or from another address")
    if 0 < caller.maximum_length < SHORTEST_PDU:
        return Rejection(result=1, source=1, reason=1, why="maximum length leaves no room for an answer")
    busy = list(open_now)
    if len(busy) >= MOST_ASSOCIATIONS or busy.count(admission.counted_as) >= _limit(admission, config):
        return Rejection(result=2, source=3, reason=2, why="too many associations")
    if free_bytes < config.storage.min_free_gb * 1e9:
        return Rejection(result=2, source=3, reason=2, why="low disk")
    return admission


def reserve_left(config: Config, free_bytes: int) -> bool:
    """Whether an open association may still store: it goes on from the reserve below `storage.min_free_gb`."""
    return free_bytes >= max(0.0, config.storage.min_free_gb - config.storage.reserve_gb) * 1e9


def plain_address(address: str) -> str:
    """Return an address as it is compared: without zone, IPv4 out of its IPv6 mapping."""
    bare = address.partition("%")[0]
    try:
        parsed = ip_address(bare)
    except ValueError:
        return bare
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)


def _known(caller: Caller, config: Config, addresses: Mapping[str, frozenset[str]]) -> Admission | None:
    for peer in config.peers:
        right_address = peer.host is None or caller.address in addresses.get(peer.host, frozenset())
        if peer.ae_title.strip() == caller.calling_ae and right_address:
            return Admission(counted_as=f"peer {peer.name}", peer=peer.name, may=frozenset(peer.may), idle_s=peer.idle)
    return None


def _stranger(caller: Caller, config: Config) -> Admission | None:
    taken = any(peer.ae_title.strip() == caller.calling_ae for peer in config.peers)
    if taken or config.node.unknown_peers == "refuse":
        return None
    defaults = Peer(name="stranger", ae_title="STRANGER")
    return Admission(counted_as=f"address {caller.address}", peer="", may=frozenset(defaults.may), idle_s=defaults.idle)


def _limit(admission: Admission, config: Config) -> int:
    return next((peer.associations for peer in config.peers if peer.name == admission.peer), MOST_OF_ONE_STRANGER)
