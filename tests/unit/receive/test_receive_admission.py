"""Who may open an association."""

import pytest

from dicom_node.config.model import Config
from dicom_node.receive.admission import Admission, Caller, Rejection, admit, plain_address, reserve_left

PEERS = [
    {"name": "ct1", "ae_title": "CT1", "host": "10.1.2.3", "idle": 20},
    {"name": "ct1b", "ae_title": "CT1", "host": "ct1b.example", "may": ["store"]},
    {"name": "any", "ae_title": "ANY", "associations": 2},
]
PLENTY = 10**15


def decide(
    calling: str = "CT1",
    *,
    called: str = "RESTORE",
    address: str = "10.1.2.3",
    unknown: str = "refuse",
    open_now: tuple[str, ...] = (),
    free: int = PLENTY,
    maximum: int = 0,
) -> Admission | Rejection:
    config = Config.model_validate(
        {
            "node": {"ae_title": "RESTORE", "unknown_peers": unknown},
            "peers": PEERS,
            "storage": {"min_free_gb": 5, "reserve_gb": 1},
        }
    )
    return admit(
        Caller(calling_ae=calling, called_ae=called, address=address, maximum_length=maximum),
        config,
        open_now=open_now,
        free_bytes=free,
        addresses={"10.1.2.3": frozenset({"10.1.2.3"}), "ct1b.example": frozenset({"10.1.2.4", "2001:db8::4"})},
    )


ADMITTED = {
    "by address": ({}, "ct1"),
    "by name": ({"address": "2001:db8::4"}, "ct1b"),
    "without address": ({"calling": "ANY", "address": "192.0.2.1"}, "any"),
    "a stranger": ({"calling": "NEW", "unknown": "accept"}, ""),
    "an echoing peer at its limit but one": ({"calling": "ANY", "open_now": ("peer any", "peer ct1")}, "any"),
    "with just enough room": ({"free": 5 * 10**9}, "ct1"),
    "smallest maximum length": ({"maximum": 7}, "ct1"),
}


@pytest.mark.parametrize(("facts", "peer"), ADMITTED.values(), ids=ADMITTED)
def test_admitted(facts: dict[str, object], peer: str) -> None:
    answer = decide(**facts)
    assert isinstance(answer, Admission)
    assert answer.peer == peer


REJECTED = {
    "wrong called AE": ({"called": "OTHER"}, (1, 1, 7)),
    "wrong called AE before all else": ({"called": "OTHER", "calling": "NEW", "free": 0}, (1, 1, 7)),
    "unknown calling AE": ({"calling": "NEW"}, (1, 1, 3)),
    "calling AE of another case": ({"calling": "ct1"}, (1, 1, 3)),
    "known AE from another address": ({"address": "10.9.9.9"}, (1, 1, 3)),
    "known AE from another address where strangers may": ({"address": "10.9.9.9", "unknown": "accept"}, (1, 1, 3)),
    "no room for an answer": ({"maximum": 6}, (1, 1, 1)),
    "too many of a peer": ({"calling": "ANY", "open_now": ("peer any",) * 2}, (2, 3, 2)),
    "too many of a stranger": (
        {"calling": "NEW", "unknown": "accept", "open_now": ("address 10.1.2.3",) * 25},
        (2, 3, 2),
    ),
    "too many in all": ({"open_now": tuple(f"address 10.0.0.{n}" for n in range(100))}, (2, 3, 2)),
    "low disk": ({"free": 5 * 10**9 - 1}, (2, 3, 2)),
}


@pytest.mark.parametrize(("facts", "numbers"), REJECTED.values(), ids=REJECTED)
def test_rejected(facts: dict[str, object], numbers: tuple[int, int, int]) -> None:
    answer = decide(**facts)
    assert isinstance(answer, Rejection)
    assert (answer.result, answer.source, answer.reason) == numbers


def test_what_a_peer_may_comes_from_the_configuration() -> None:
    assert decide() == Admission(counted_as="peer ct1", peer="ct1", may=frozenset({"echo", "store"}), idle_s=20.0)
    assert decide(address="10.1.2.4").may == {"store"}
    stranger = decide("NEW", unknown="accept")
    assert (stranger.may, stranger.idle_s, stranger.counted_as) == ({"echo", "store"}, 600.0, "address 10.1.2.3")


@pytest.mark.parametrize(("free", "left"), [(5e9, True), (4e9, True), (4e9 - 1, False), (0, False)])
def test_open_associations_go_on_from_the_reserve(free: float, left: bool) -> None:
    config = Config.model_validate({"storage": {"min_free_gb": 5, "reserve_gb": 1}})
    assert reserve_left(config, int(free)) is left


def test_no_limit_means_no_reserve() -> None:
    assert reserve_left(Config.model_validate({"storage": {"min_free_gb": 0}}), 0)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("FE80::1%eth0", "fe80::1"),
        ("2001:db8:0:0::4", "2001:db8::4"),
        ("a host", "a host"),
    ],
)
def test_plain_address(written: str, plain: str) -> None:
    assert plain_address(written) == plain
