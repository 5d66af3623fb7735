"""Cutting over a database: arrival scripts, second cuts, and hand-over."""

import pytest
from sqlalchemy import select

from dicom_node.complete.cut import sweep
from dicom_node.config.model import Config
from dicom_node.database import tables
from dicom_node.database.engine import Database
from dicom_node.provenance.alone import FIRST_WAIT
from dicom_node.provenance.record import begin, transition
from dicom_node.provenance.verify_digests import findings
from tests.support.clock import FixedClock
from tests.support.cuts import Scanner, quick_config, withdraw

CONFIG = quick_config()


def revisions(database: Database) -> list[tables.Revision]:
    with database.read() as session:
        return list(session.scalars(select(tables.Revision).order_by(tables.Revision.id)))


def run_until_cut(database: Database, clock: FixedClock, config: Config = CONFIG) -> float:
    """Sweep whenever the last sweep asked for it; return the seconds that took."""
    start = clock.now()
    while (until := sweep(database, config, clock)) is not None:
        assert until > clock.now()
        clock.advance((until - clock.now()).total_seconds())
    return (clock.now() - start).total_seconds()


def test_a_quiet_series_is_cut_once_with_facts_stacks_and_digests(database: Database, clock: FixedClock) -> None:
    series_id = Scanner(database, clock).push("1.2.3", 4)
    assert run_until_cut(database, clock) == pytest.approx(15 - 0.5)
    (revision,) = revisions(database)
    assert (revision.series_id, revision.number, revision.state) == (series_id, 1, "cut")
    assert revision.complete
    assert revision.why.startswith("quiet")
    assert len(revision.instance_ids) == 4
    assert revision.stacks[0]["instance_ids"] == revision.instance_ids
    assert revision.facts["derived"]["calling_ae"] == "CT1"
    assert len(revision.digest) == len(revision.facts_digest) == 64
    assert sweep(database, CONFIG, clock) is None


def test_nothing_to_look_at(database: Database, clock: FixedClock) -> None:
    assert sweep(database, CONFIG, clock) is None


def test_a_peer_that_releases_when_complete_waits_three_seconds(database: Database, clock: FixedClock) -> None:
    peer = {"name": "ct1", "ae_title": "CT1", "releases_when_complete": True}
    Scanner(database, clock).push("1.2.3", 4)
    assert run_until_cut(database, clock, quick_config(peers=[peer])) == pytest.approx(3.0)


def test_release_is_learned_from_the_last_series(database: Database, clock: FixedClock) -> None:
    scanner = Scanner(database, clock)
    scanner.push("1.2.3", 4)
    run_until_cut(database, clock)
    scanner.push("1.2.4", 4)
    assert run_until_cut(database, clock) == pytest.approx(3.0)


def test_another_open_association_takes_the_release_back(database: Database, clock: FixedClock) -> None:
    peer = {"name": "ct1", "ae_title": "CT1", "releases_when_complete": True}
    Scanner(database, clock).push("1.2.3", 4)
    Scanner(database, clock).open()
    assert run_until_cut(database, clock, quick_config(peers=[peer])) == pytest.approx(14.5)


def test_a_hole_waits_longer_and_stays_complete(database: Database, clock: FixedClock) -> None:
    scanner = Scanner(database, clock)
    scanner.open()
    for index in (0, 1, 2, 4):
        scanner.send("1.2.3", index)
    assert run_until_cut(database, clock) == pytest.approx(60.0)
    (revision,) = revisions(database)
    assert revision.complete
    assert revision.facts["derived"]["holes"] == 1


def test_a_proven_count_ends_at_once_and_a_missing_one_raises_an_alert(database: Database, clock: FixedClock) -> None:
    scanner = Scanner(database, clock, "PET1")
    pet: dict[str, object] = {"Modality": "PT", "NumberOfSlices": 4}
    scanner.push("1.2.3", 4, **pet)
    assert run_until_cut(database, clock) == pytest.approx(14.5)
    scanner.push("1.2.4", 4, **pet)
    assert run_until_cut(database, clock) == pytest.approx(0.5)
    scanner.push("1.2.5", 3, **pet)
    assert run_until_cut(database, clock) == pytest.approx(599.5)
    last = revisions(database)[-1]
    assert not last.complete
    assert last.why == "missing: 3 of 4 objects (pet)"
    with database.read() as session:
        assert session.scalars(select(tables.Alert.kind)).all() == ["incomplete"]


def test_a_slow_peer_is_given_time(database: Database, clock: FixedClock) -> None:
    scanner = Scanner(database, clock)
    scanner.push("1.2.3", 3, pause_s=14.0)
    run_until_cut(database, clock)
    scanner.open()
    scanner.send("1.2.4", 0)
    assert run_until_cut(database, clock) == pytest.approx(42.0)


def test_a_late_instance_cuts_a_second_revision(database: Database, clock: FixedClock) -> None:
    scanner = Scanner(database, clock)
    scanner.push("1.2.3", 3)
    run_until_cut(database, clock)
    scanner.open()
    scanner.send("1.2.3", 3)
    run_until_cut(database, clock)
    first, second = revisions(database)
    assert (first.state, second.state, second.number) == ("closed", "cut", 2)
    assert set(first.instance_ids) < set(second.instance_ids)
    assert first.digest != second.digest


def test_a_third_cut_of_the_first_set_is_named_otherwise(database: Database, clock: FixedClock) -> None:
    scanner = Scanner(database, clock)
    series_id = scanner.push("1.2.3", 3)
    run_until_cut(database, clock)
    scanner.open()
    scanner.send("1.2.3", 3)
    run_until_cut(database, clock)
    withdraw(database, clock, series_id, 3)
    run_until_cut(database, clock)
    first, second, third = revisions(database)
    assert first.instance_ids == third.instance_ids
    assert len({first.digest, second.digest, third.digest}) == 3
    with database.read() as session:
        assert list(findings(session, {})) == []


def alerts(database: Database) -> list[tuple[str, int, int | None, bool]]:
    with database.read() as session:
        found = session.scalars(select(tables.Alert).order_by(tables.Alert.id))
        return [(row.kind, row.count, row.series_id, row.ended_at is None) for row in found]


def test_a_series_that_cannot_be_cut_is_told_and_tried_again_and_stops_no_other(
    database: Database, clock: FixedClock
) -> None:
    scanner = Scanner(database, clock)
    bad = scanner.push("1.2.3", 3)
    good = scanner.push("1.2.4", 3)
    with database.write() as session:
        broken = session.scalars(select(tables.Instance).where(tables.Instance.series_id == bad)).first()
        sound, broken.attributes = broken.attributes, {**broken.attributes, "Modality": "no mapping"}
    clock.advance(60)
    again = sweep(database, CONFIG, clock)
    assert [revision.series_id for revision in revisions(database)] == [good]
    assert alerts(database) == [("cut failed", 1, bad, True)]
    assert again == clock.now() + FIRST_WAIT
    assert sweep(database, CONFIG, clock) == again
    clock.advance(5)
    assert sweep(database, CONFIG, clock) == clock.now() + FIRST_WAIT
    assert sweep(database, CONFIG, clock) == clock.now() + 2 * FIRST_WAIT
    assert alerts(database) == [("cut failed", 2, bad, True)]
    with database.write() as session:
        session.get_one(tables.Instance, broken.id).attributes = sound
    clock.advance(10)
    assert sweep(database, CONFIG, clock) is None
    assert [revision.series_id for revision in revisions(database)] == [good, bad]
    assert alerts(database) == [("cut failed", 2, bad, False)]


def test_an_unchanged_set_is_not_cut_again(database: Database, clock: FixedClock) -> None:
    series_id = Scanner(database, clock).push("1.2.3", 3)
    run_until_cut(database, clock)
    with database.write() as session:
        session.get_one(tables.Series, series_id).awaiting = True
    run_until_cut(database, clock)
    assert len(revisions(database)) == 1


def test_a_series_without_instances_in_force_is_not_cut(database: Database, clock: FixedClock) -> None:
    series_id = Scanner(database, clock).push("1.2.3", 1)
    withdraw(database, clock, series_id, 0)
    run_until_cut(database, clock)
    assert revisions(database) == []


def test_a_conflict_that_is_decided_cuts_again(database: Database, clock: FixedClock) -> None:
    series_id = Scanner(database, clock).push("1.2.3", 2)
    for conflict in (True, False):
        with database.write() as session:
            series = session.get_one(tables.Series, series_id)
            series.awaiting, series.conflict = True, conflict
        run_until_cut(database, clock)
    assert [revision.evidence["conflict"] for revision in revisions(database)] == [True, False]


class ClockThatInterrupts(FixedClock):
    """Lets something arrive when it is asked for the time of the cut."""

    def __init__(self, at: FixedClock, interrupt: object, asked: int) -> None:
        super().__init__(at.now())
        self._interrupt, self._asked = interrupt, asked

    def now(self):  # type: ignore[no-untyped-def]
        self._asked -= 1
        if self._asked == 0:
            self._interrupt()  # type: ignore[operator]
        return super().now()


@pytest.mark.parametrize("asked", [1, 2, 3, 4])
def test_an_instance_that_arrives_during_the_hand_over_is_in_a_cut(
    database: Database, clock: FixedClock, asked: int
) -> None:
    scanner = Scanner(database, clock)
    scanner.push("1.2.3", 3)
    clock.advance(60)

    def arrive() -> None:
        scanner.open()
        scanner.send("1.2.3", 3)

    sweep(database, CONFIG, ClockThatInterrupts(clock, arrive, asked))
    run_until_cut(database, clock)
    assert len(revisions(database)[-1].instance_ids) == 4


def job(session: object, revision: tables.Revision, pipeline: str, state: str, clock: FixedClock) -> tables.Job:
    row = tables.Job(
        revision_id=revision.id, series_id=revision.series_id, pipeline=pipeline, recipe={}, recipe_digest=pipeline,
        destinations=[], priority=50, release="review", state="queued", claim="token", worker="w",
        created_at=clock.now(),
    )  # fmt: skip
    begin(session, row, cause="planned", at=clock.now())  # type: ignore[arg-type]
    for cause in {"queued": (), "running": ("claimed",), "done": ("claimed", "published")}[state]:
        transition(session, tables.Job, row.id, cause, at=clock.now())  # type: ignore[arg-type]
    return row


def derived(session: object, row: tables.Job, state: str, clock: FixedClock) -> tables.DerivedSeries:
    series = tables.DerivedSeries(
        job_id=row.id, series_id=row.series_id, series_instance_uid=f"2.25.{row.id}", description="", number=1,
        folder="derived/x", digest="", state=state, created_at=clock.now(),
    )  # fmt: skip
    begin(session, series, cause="published", at=clock.now())  # type: ignore[arg-type]
    return series


def delivery(session: object, owner: tables.DerivedSeries, causes: tuple[str, ...], clock: FixedClock) -> None:
    row = tables.Delivery(
        destination="pacs", series_id=owner.series_id, derived_series_id=owner.id, state="waiting", total=1,
        not_before=clock.now(), created_at=clock.now(),
    )  # fmt: skip
    begin(session, row, cause="released", at=clock.now())  # type: ignore[arg-type]
    for cause in causes:
        transition(session, tables.Delivery, row.id, cause, at=clock.now())  # type: ignore[arg-type]


def test_a_second_cut_takes_back_what_is_not_out_yet_and_names_what_is(database: Database, clock: FixedClock) -> None:
    scanner = Scanner(database, clock)
    scanner.push("1.2.3", 3)
    run_until_cut(database, clock)
    (first,) = revisions(database)
    with database.write() as session:
        transition(session, tables.Revision, first.id, "decided", at=clock.now())
        job(session, first, "a", "queued", clock)
        job(session, first, "b", "running", clock)
        derived(session, job(session, first, "c", "done", clock), "pending", clock)
        out = derived(session, job(session, first, "d", "done", clock), "released", clock)
        delivery(session, out, ("claimed", "sent"), clock)
        waiting = derived(session, job(session, first, "e", "done", clock), "released", clock)
        delivery(session, waiting, (), clock)
    scanner.open()
    scanner.send("1.2.3", 3)
    run_until_cut(database, clock)
    with database.read() as session:
        jobs = {row.pipeline: row for row in session.scalars(select(tables.Job))}
        states = {name: row.state for name, row in jobs.items()}
        assert states == {"a": "cancelled", "b": "cancelled", "c": "done", "d": "done", "e": "done"}
        assert (jobs["b"].claim, jobs["b"].worker, jobs["b"].reason_code) == (None, None, "superseded")
        assert {name: row.reason_code for name, row in jobs.items() if name in "cde"} == {
            "c": "superseded", "d": "", "e": "",
        }  # fmt: skip
        assert session.scalars(select(tables.DerivedSeries.state).order_by(tables.DerivedSeries.id)).all() == [
            "rejected",
            "released",
            "released",
        ]
        assert session.scalars(select(tables.Delivery.state).order_by(tables.Delivery.id)).all() == [
            "delivered",
            "cancelled",
        ]
        alert = session.scalars(select(tables.Alert)).one()
        assert alert.kind == "replaced"
        assert "pacs" in alert.message
        assert session.get_one(tables.Revision, first.id).state == "closed"
