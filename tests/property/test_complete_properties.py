"""Completion on any arrivals: never before its deadline, always in the end; order of arrival does not matter."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from dicom_node.complete.evidence import count_holes, stated_counts
from dicom_node.complete.policy import Arrivals, Cut, Stated, Wait, decide_cut, shortest_wait
from dicom_node.complete.stacks import split
from dicom_node.config.model import CompletionSection
from tests.support.cuts import START, facts_of, instance

seconds = st.floats(min_value=0, max_value=3600, allow_nan=False)
policies = st.builds(
    CompletionSection, quiet=seconds, released=seconds, full=seconds, hole=seconds, missing=seconds, settle=seconds
)
counts = st.builds(
    Stated,
    kind=st.sampled_from(["pet", "temporal"]),
    expected=st.integers(1, 50),
    found=st.integers(0, 60),
    proven=st.booleans(),
)
arrivals = st.builds(
    Arrivals,
    last_received_at=st.just(START),
    released_at=st.one_of(st.none(), seconds.map(lambda value: START + timedelta(seconds=value))),
    release_trusted=st.booleans(),
    peer_gap_s=st.one_of(st.none(), seconds),
    holes=st.integers(0, 5),
    stated=st.lists(counts, max_size=3).map(tuple),
)


@given(arrivals, policies, seconds)
def test_a_verdict_to_wait_is_kept_to_the_moment_it_names(
    known: Arrivals, policy: CompletionSection, after: float
) -> None:
    now = START + timedelta(seconds=after)
    verdict = decide_cut(known, policy, now)
    if isinstance(verdict, Wait):
        assert verdict.until > now
        assert isinstance(decide_cut(known, policy, verdict.until), Cut)
        assert isinstance(decide_cut(known, policy, verdict.until - timedelta(microseconds=1)), Wait)
    else:
        assert now - START >= shortest_wait(policy)


@given(arrivals, policies)
def test_every_series_is_cut_in_the_end(known: Arrivals, policy: CompletionSection) -> None:
    assert isinstance(decide_cut(known, policy, START + timedelta(days=1)), Cut)


@given(arrivals, policies)
def test_only_a_proven_count_makes_a_series_incomplete(known: Arrivals, policy: CompletionSection) -> None:
    verdict = decide_cut(known, policy, START + timedelta(days=1))
    short = any(item.proven and item.found < item.expected for item in known.stated)
    assert isinstance(verdict, Cut)
    assert verdict.complete is not short


slices = st.lists(
    st.builds(
        lambda index, echo, z, number: instance(
            index,
            EchoNumbers=str(echo),
            ImagePositionPatient=["0", "0", str(z)],
            InstanceNumber=str(number),
        ),
        st.integers(0, 1000),
        st.integers(1, 2),
        st.sampled_from([0.0, 2.0, 4.0, 4.5, 8.0]),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda item: item.id,
)


@given(slices, st.randoms())
def test_order_of_arrival_does_not_matter(found: list, random) -> None:  # type: ignore[no-untyped-def, type-arg]
    shuffled = list(found)
    random.shuffle(shuffled)
    assert split(shuffled) == split(found)
    assert facts_of(shuffled) == facts_of(found)
    assert count_holes(shuffled) == count_holes(found)
    assert stated_counts(shuffled) == stated_counts(found)


@given(slices)
def test_every_instance_is_in_exactly_one_stack(found: list) -> None:  # type: ignore[type-arg]
    ids = [one for stack in split(found) for one in stack.instance_ids]
    assert sorted(ids) == sorted(item.id for item in found)
