"""What answers mean and how long is waited."""

import pytest

from dicom_node.config.model import DeliverSection
from dicom_node.deliver.retry import Verdict, is_given_up, verdict, wait_after

POLICY = DeliverSection()


@pytest.mark.parametrize(
    ("status", "tried_before", "expected"),
    [
        (0x0000, False, Verdict.SENT),
        (0xB000, False, Verdict.SENT),
        (0xB006, False, Verdict.SENT),
        (0xB007, False, Verdict.SENT),
        (0x0107, False, Verdict.SENT),
        (0x0116, False, Verdict.SENT),
        (0x0111, True, Verdict.SENT),
        (0x0111, False, Verdict.REFUSED),
        (0xA700, False, Verdict.LATER),
        (0xA7FF, True, Verdict.LATER),
        (0x0122, False, Verdict.LATER),
        (0x0124, False, Verdict.LATER),
        (0xA900, False, Verdict.REFUSED),
        (0xC000, True, Verdict.REFUSED),
        (0xCFFF, False, Verdict.REFUSED),
        (0x0117, False, Verdict.REFUSED),
    ],
    ids=lambda value: f"{value:04X}" if isinstance(value, int) and not isinstance(value, bool) else None,
)
def test_statuses(status: int, tried_before: bool, expected: Verdict) -> None:
    assert verdict(status, tried_before=tried_before) is expected


def test_waits_double_up_to_half_an_hour() -> None:
    assert [wait_after(attempts, POLICY) for attempts in range(1, 10)] == [
        30, 60, 120, 240, 480, 960, 1800, 1800, 1800,
    ]  # fmt: skip


def test_a_day_of_waiting_is_the_end() -> None:
    last = next(attempts for attempts in range(1, 1000) if is_given_up(attempts, POLICY))
    waited = sum(wait_after(attempts, POLICY) for attempts in range(1, last + 1))
    assert POLICY.give_up <= waited < POLICY.give_up + POLICY.longest_retry


def test_no_number_of_attempts_overflows() -> None:
    assert wait_after(10**6, POLICY) == POLICY.longest_retry
