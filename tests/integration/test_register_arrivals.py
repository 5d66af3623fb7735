"""What the registrar writes of what associations brought."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from sqlalchemy import func, select

from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.database.tables import (
    Alert,
    Association,
    Delivery,
    DerivedSeries,
    Instance,
    Job,
    ProvenanceEvent,
    Reception,
    Revision,
    Series,
    Study,
)
from dicom_node.provenance.record import begin
from dicom_node.provenance.verify import verify
from dicom_node.register.reconcile import reconcile
from dicom_node.sandbox.client import Sandbox
from dicom_node.storage.journal import Journal, Opening
from dicom_node.upkeep import retention
from tests.integration.register_support import Sent, Station, sent
from tests.support.clock import FixedClock
from tests.support.phantoms import make_series

KO = "1.2.840.10008.5.1.4.1.1.88.59"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def station(tmp_path: Path, database: Database, sandbox: Sandbox, clock: FixedClock) -> Station:
    return Station(tmp_path, database, sandbox, clock)


def outcomes(station: Station) -> list[tuple[str, str]]:
    with station.database.read() as session:
        rows = session.execute(select(Reception.outcome, Reception.reason_code).order_by(Reception.id))
        return [(outcome, code) for outcome, code in rows]


def in_force(station: Station) -> list[bool]:
    with station.database.read() as session:
        return list(session.scalars(select(Instance.in_force).order_by(Instance.id)))


def alerts(station: Station) -> dict[str, int]:
    with station.database.read() as session:
        return {kind: count for kind, count in session.execute(select(Alert.kind, Alert.count).order_by(Alert.id))}


def contents(station: Station) -> list[tuple[object, ...]]:
    """All rows that registering writes."""
    with station.database.read() as session:
        return [
            tuple(row)
            for table in (Association, Study, Series, Instance, Reception, ProvenanceEvent, Alert)
            for row in session.execute(select(*table.__table__.columns))
        ]


def test_a_series_is_registered_with_its_rows_and_events(station: Station) -> None:
    paths = station.receive([sent(ds) for ds in make_series(3)])
    with station.database.read() as session:
        association = session.scalars(select(Association)).one()
        study, series = session.scalars(select(Study)).one(), session.scalars(select(Series)).one()
        instances = session.scalars(select(Instance).order_by(Instance.id)).all()
        chain = session.scalars(select(ProvenanceEvent.cause).order_by(ProvenanceEvent.id)).all()
    assert (association.calling_ae, association.outcome) == ("CT1", "released")
    ds = make_series(1)[0]
    assert (study.patient_id, study.patient_name, study.accession_number) == (
        ds.PatientID,
        str(ds.PatientName),
        ds.AccessionNumber,
    )
    assert (series.modality, series.description, series.number) == ("CT", ds.SeriesDescription, str(ds.SeriesNumber))
    assert (series.awaiting, series.conflict) == (True, False)
    assert (series.first_received_at, series.last_received_at) == (instances[0].received_at, instances[2].received_at)
    assert [station.layout.absolute(instance.path) for instance in instances] == paths
    assert [instance.attributes["InstanceNumber"]["value"] for instance in instances] == [["1"], ["2"], ["3"]]
    assert chain == ["first instance", *["registered"] * 6]
    assert series.chain_count == 7


def test_registering_again_changes_nothing(station: Station) -> None:
    ds = make_series(2)
    station.receive([sent(one) for one in [*ds, ds[0]]])
    folders = station.registrar.recent_folders()
    before = contents(station)
    assert station.registrar.register(folders) == 0
    assert station.restarted().register(folders) == 0
    assert contents(station) == before


def test_objects_that_come_while_the_association_is_open_are_added(station: Station) -> None:
    first, second = make_series(2)
    folder = station.associate(end=None)
    station.put(folder, [sent(first)])
    assert station.registrar.register([folder]) == 1
    station.put(folder, [sent(second)])
    assert station.registrar.register([folder]) == 1
    with station.database.read() as session:
        assert session.scalars(select(Association.outcome)).all() == ["open"]


def test_a_file_that_appears_in_a_finished_folder_is_found(station: Station) -> None:
    first, second = make_series(2)
    folder = station.associate()
    station.put(folder, [sent(first)])
    assert [station.registrar.register([folder]) for _ in range(2)] == [1, 0]
    station.put(folder, [sent(second)])
    assert station.registrar.register([folder]) == 1


def test_a_duplicate_is_noted_and_its_file_deleted(station: Station) -> None:
    (ds,) = make_series(1)
    (first,) = station.receive([sent(ds)])
    (again,) = station.receive([sent(ds, syntax=ImplicitVRLittleEndian)])
    assert outcomes(station) == [("registered", ""), ("duplicate", "")]
    assert first.exists()
    assert not again.exists()
    with station.database.read() as session:
        assert session.scalar(select(func.count(Instance.id))) == 1


def test_a_duplicate_left_by_a_crash_is_deleted_later(station: Station) -> None:
    (ds,) = make_series(1)
    station.receive([sent(ds)])
    (again,) = station.receive([sent(ds)])
    again.write_bytes(b"still here")
    assert station.restarted().register(station.registrar.recent_folders()) == 0
    assert not again.exists()


def test_a_duplicate_of_a_file_that_is_gone_is_stored_again(station: Station) -> None:
    (ds,) = make_series(1)
    (first,) = station.receive([sent(ds)])
    first.unlink()
    (again,) = station.receive([sent(ds)])
    assert station.restarted().register(station.registrar.recent_folders()) == 0
    assert again.exists()
    with station.database.read() as session:
        assert session.scalars(select(Instance.path)).one() == station.layout.relative(again)


def test_what_retention_deleted_and_a_peer_sends_again_is_kept_as_long_as_any_other(station: Station) -> None:
    (ds,) = make_series(1)
    (first,) = station.receive([sent(ds)])
    settle(station)
    station.clock.advance(40 * 86400)
    assert retention.sweep(station.database, station.layout, Config(), station.clock) == 1
    assert not first.exists()
    (again,) = station.receive([sent(ds)])
    assert retention.sweep(station.database, station.layout, Config(), station.clock) == 0
    assert again.exists()
    assert verify(station.database, station.layout) == []
    again.unlink()
    assert [found.table for found in verify(station.database, station.layout)] == ["instance"]


def test_a_file_that_retention_is_about_to_delete_makes_no_duplicate_superfluous(station: Station) -> None:
    (ds,) = make_series(1)
    station.receive([sent(ds)])
    with station.database.write() as session:
        session.scalars(select(Instance)).one().file_deleted_at = station.clock.now()
    (again,) = station.receive([sent(ds)])
    assert again.exists()


def settle(station: Station) -> None:
    """As if the series had been cut."""
    with station.database.write() as session:
        session.scalars(select(Series)).one().awaiting = False


def test_a_correction_comes_into_force(station: Station) -> None:
    station.receive([sent(ds) for ds in make_series(2)])
    station.receive([sent(ds) for ds in make_series(2, PatientName="Right^Name", AccessionNumber="A2")])
    assert [outcome for outcome, _ in outcomes(station)] == ["registered"] * 2 + ["correction"] * 2
    assert in_force(station) == [False, False, True, True]
    with station.database.read() as session:
        study = session.scalars(select(Study)).one()
        assert (study.patient_name, study.accession_number) == ("Right^Name", "A2")
    assert alerts(station) == {}


def other_pixels() -> Dataset:
    (ds,) = make_series(1)
    ds.PixelData = bytes(len(ds.PixelData))
    return ds


CONFLICTS = [
    ("pixels", other_pixels, "conflict pixels", [True, False]),
    ("patient", lambda: make_series(1, PatientID="PH2")[0], "conflict identity", [True, True]),
    ("study", lambda: make_series(1, StudyInstanceUID="1.2.3")[0], "conflict identity", [True, True]),
    ("position", lambda: make_series(1, ImagePositionPatient=[0, 0, 9])[0], "conflict geometry", [True, False]),
]


@pytest.mark.parametrize(("other", "code", "force"), [row[1:] for row in CONFLICTS], ids=[row[0] for row in CONFLICTS])
def test_a_conflict_keeps_both_and_raises_an_alert(station: Station, other, code: str, force: list[bool]) -> None:
    paths = station.receive([sent(make_series(1)[0])]) + station.receive([sent(other())])
    assert outcomes(station) == [("registered", ""), ("conflict", code)]
    assert in_force(station) == force
    assert all(path.exists() for path in paths)
    with station.database.read() as session:
        assert set(session.scalars(select(Series.conflict))) == {True}
    assert alerts(station)["conflict"] >= 1


def test_two_patients_in_one_study_raise_an_alert(station: Station) -> None:
    station.receive([sent(make_series(1)[0])])
    (ds,) = make_series(1, PatientID="PH2", SOPInstanceUID="1.2.3.4", SeriesInstanceUID="1.2.3")
    station.receive([sent(ds)])
    assert alerts(station) == {"two patients": 1}


def test_one_series_uid_in_two_studies_raises_an_alert(station: Station) -> None:
    station.receive([sent(make_series(1)[0])])
    (ds,) = make_series(1, StudyInstanceUID="1.2.3", SOPInstanceUID="1.2.3.4")
    station.receive([sent(ds)])
    assert alerts(station) == {"two studies": 1}
    with station.database.read() as session:
        assert session.scalar(select(func.count(Series.id))) == 2


def broken(ds: Dataset) -> Sent:
    return Sent(data_set=sent(ds).data_set[:300], sop_class=ds.SOPClassUID, sop_instance=ds.SOPInstanceUID)


def named(**changed: object) -> Sent:
    return sent(make_series(1, **changed)[0])


QUARANTINED = [
    ("cut data set", lambda: broken(make_series(1)[0]), "unreadable"),
    ("no study", lambda: named(StudyInstanceUID=""), "no identity"),
    ("another UID than announced", lambda: sent(make_series(1)[0], sop_instance="1.2.3"), "command differs"),
]


@pytest.mark.parametrize(("make", "code"), [row[1:] for row in QUARANTINED], ids=[row[0] for row in QUARANTINED])
def test_what_has_no_identity_is_quarantined_and_kept(station: Station, make, code: str) -> None:
    good = sent(make_series(1, seed=9)[0])
    paths = station.receive([make(), good])
    assert sorted(outcomes(station)) == [("quarantined", code), ("registered", "")]
    assert all(path.exists() for path in paths)
    assert alerts(station) == {"quarantined": 1}
    with station.database.read() as session:
        events = session.scalars(select(ProvenanceEvent.cause).where(ProvenanceEvent.chain == "node")).all()
    assert events == ["quarantined"]


def test_an_over_long_uid_is_quarantined(station: Station) -> None:
    uid = "1." + "2" * 63
    content = sent(make_series(1)[0]).data_set
    old = make_series(1)[0].SeriesInstanceUID
    field = b"\x20\x00\x0e\x00UI" + len(old + "\0" * (len(old) % 2)).to_bytes(2, "little")
    start = content.index(field)
    end = start + len(field) + len(old) + len(old) % 2
    longer = field[:6] + (66).to_bytes(2, "little") + uid.encode() + b"\0"
    ds = make_series(1)[0]
    station.receive(
        [
            Sent(
                data_set=content[:start] + longer + content[end:],
                sop_class=ds.SOPClassUID,
                sop_instance=ds.SOPInstanceUID,
            )
        ]
    )
    assert outcomes(station) == [("quarantined", "uid invalid")]


def test_uids_of_the_command_count_where_the_data_set_has_none(station: Station) -> None:
    (ds,) = make_series(1)
    uid = str(ds.SOPInstanceUID)
    ds.SOPInstanceUID = ""
    station.receive([sent(ds, sop_instance=uid)])
    with station.database.read() as session:
        instance = session.scalars(select(Instance)).one()
    assert instance.sop_instance_uid == uid
    assert instance.flags == ["SOP Instance UID from the command"]


def test_a_missing_patient_id_is_flagged(station: Station) -> None:
    station.receive([named(PatientID="")])
    with station.database.read() as session:
        assert session.scalars(select(Instance.flags)).one() == ["Patient ID missing"]
        assert session.scalars(select(Study.patient_id)).one() == ""


def note(code: str, referenced: list[Dataset], *, uid: str = "1.2.3.99") -> Sent:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = KO, uid
    ds.StudyInstanceUID, ds.SeriesInstanceUID = referenced[0].StudyInstanceUID, "1.2.3.98"
    ds.PatientID, ds.PatientName, ds.Modality = referenced[0].PatientID, referenced[0].PatientName, "KO"
    title = Dataset()
    title.CodeValue, title.CodingSchemeDesignator, title.CodeMeaning = code, "DCM", "x"
    ds.ConceptNameCodeSequence = [title]
    evidence, series = Dataset(), Dataset()
    evidence.StudyInstanceUID, series.SeriesInstanceUID = ds.StudyInstanceUID, referenced[0].SeriesInstanceUID
    series.ReferencedSOPSequence = []
    for one in referenced:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = one.SOPClassUID, one.SOPInstanceUID
        series.ReferencedSOPSequence.append(item)
    evidence.ReferencedSeriesSequence = [series]
    ds.CurrentRequestedProcedureEvidenceSequence = [evidence]
    return sent(ds)


def plan_work(station: Station) -> int:
    """A revision with a queued job, a withheld one with its pending series, and a delivered and a waiting delivery."""
    at = station.clock.now()
    with station.database.write() as session:
        series = session.scalars(select(Series)).one()
        series.awaiting = False
        ids = list(session.scalars(select(Instance.id)))
        revision = Revision(
            series_id=series.id, number=1, state="cut", instance_ids=ids, digest="d", facts={}, facts_digest="f",
            stacks=[], complete=True, why="quiet", evidence={}, cut_at=at,
        )  # fmt: skip
        begin(session, revision, cause="quiet", at=at)
        revision.state = "working"
        for state, pipeline in (("queued", "a"), ("queued", "b")):
            job = Job(
                revision_id=revision.id, series_id=series.id, pipeline=pipeline, recipe={}, recipe_digest=pipeline,
                destinations=[], priority=50, release="review", state=state, created_at=at, claim="token", worker="w",
            )  # fmt: skip
            begin(session, job, cause="decided", at=at)
        job.state = "withheld"
        derived = DerivedSeries(
            job_id=job.id, series_id=series.id, series_instance_uid="2.25.1", description="", number=1, folder="f",
            digest="d", state="pending", created_at=at,
        )  # fmt: skip
        begin(session, derived, cause="published", at=at)
        for destination in ("pacs", "archive"):
            delivery = Delivery(
                destination=destination, series_id=series.id, revision_id=revision.id, state="waiting", total=2,
                not_before=at, created_at=at,
            )  # fmt: skip
            begin(session, delivery, cause="decided", at=at)
        delivery.state = "delivered"
        return revision.id


@pytest.mark.parametrize("code", ["113001", "113037", "113038"])
def test_a_rejection_note_ends_what_was_made_of_its_instances(station: Station, code: str) -> None:
    ds = make_series(2)
    station.receive([sent(one) for one in ds])
    plan_work(station)
    station.receive([note(code, ds[:1])])
    assert in_force(station) == [False, True, True]
    with station.database.read() as session:
        jobs = session.execute(select(Job.state, Job.reason_code, Job.claim)).all()
        assert [tuple(row) for row in jobs] == [("cancelled", "rejected", None)] * 2
        assert session.scalars(select(DerivedSeries.state)).all() == ["rejected"]
        assert session.scalars(select(Delivery.state).order_by(Delivery.id)).all() == ["cancelled", "delivered"]
        assert session.scalars(select(Revision.state)).one() == "closed"
        assert session.scalars(select(Series.awaiting).order_by(Series.id)).first() is True
    assert alerts(station) == {"rejected after delivery": 1}


def test_a_result_under_review_that_a_note_rejects_waits_for_nobody(station: Station) -> None:
    ds = make_series(2)
    station.receive([sent(one) for one in ds])
    plan_work(station)
    with station.database.write() as session:
        job = session.scalars(select(Job).where(Job.state == "withheld")).one()
        job.state, job.reason_code = "done", "review"
    station.receive([note("113001", ds[:1])])
    with station.database.read() as session:
        row = session.get_one(Job, job.id)
        assert (row.state, row.reason_code) == ("done", "rejected")


def test_a_series_of_which_all_is_rejected_awaits_nothing(station: Station) -> None:
    ds = make_series(2)
    station.receive([sent(one) for one in ds])
    station.receive([note("113001", ds)])
    with station.database.read() as session:
        assert session.scalars(select(Series.awaiting).order_by(Series.id)).first() is False


@pytest.mark.parametrize("code", ["113039", "113000"])
def test_other_notes_change_nothing(station: Station, code: str) -> None:
    ds = make_series(2)
    station.receive([sent(one) for one in ds])
    plan_work(station)
    station.receive([note(code, ds)])
    assert in_force(station) == [True, True, True]
    with station.database.read() as session:
        assert set(session.scalars(select(Job.state))) == {"queued", "withheld"}


def test_a_note_also_counts_for_what_comes_after_it(station: Station) -> None:
    first, second = make_series(2)
    station.receive([sent(first)])
    station.receive([note("113001", [second])])
    station.receive([sent(second)])
    assert in_force(station) == [True, True, False]


def test_disk_faults_of_a_journal_become_one_alert_each_once(station: Station) -> None:
    folder = station.layout.association(station.clock.now(), "faulty")
    folder.mkdir(parents=True)
    opening = Opening(at=station.clock.now(), calling_ae="CT1", called_ae="R", address="", peer="")
    journal = Journal(folder, opening)
    journal.fault(station.clock.now(), "No space left on device")
    journal.fault(station.clock.advance(1), "No space left on device")
    name = station.layout.relative(folder)
    for _ in range(2):
        station.registrar.register([name])
    station.restarted().register([name])
    assert alerts(station) == {"disk fault": 2}


def test_a_file_shorter_than_its_receipt_is_quarantined(station: Station) -> None:
    folder = station.associate()
    (path,) = station.put(folder, [sent(make_series(1)[0])])
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 10)
    station.registrar.register([folder])
    assert outcomes(station) == [("quarantined", "receipt wrong")]


HOSTILE = [
    "",
    "..",
    "store",
    "store/../../etc",
    "/etc",
    "store/2026/03/02/none",
    "store/2026/03/02/x/../../../../../etc",
]


def test_names_that_are_no_association_are_passed_over(station: Station) -> None:
    assert station.registrar.register(HOSTILE) == 0
    assert contents(station) == []


def test_recent_folders_are_those_of_the_last_days_that_had_any(station: Station) -> None:
    names = []
    for days in (40, 30, 20):
        folder = station.layout.association(station.clock.now() - timedelta(days=days), "a")
        folder.mkdir(parents=True)
        names.append(station.layout.relative(folder))
    today = station.associate()
    assert station.registrar.recent_folders() == sorted([names[2], today])
    assert station.registrar.recent_folders(days=30) == sorted([*names[1:], today])


def test_parts_of_an_earlier_run_are_settled(station: Station) -> None:
    folder = station.associate(end=None)
    ds = make_series(4)
    whole, wrong, empty = station.put(folder, [sent(one) for one in ds[:3]], suffix=".part")
    with wrong.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xff")
    empty.write_bytes(empty.read_bytes()[:100])
    started_at = station.clock.advance(10**8)  # far behind the files' times
    assert station.registrar.adopt(started_at) == 1
    station.registrar.register([folder])
    assert not whole.exists()
    assert whole.with_suffix(".dcm").exists()
    assert wrong.exists()
    assert not empty.exists()
    assert sorted(outcomes(station)) == [("quarantined", "receipt wrong"), ("registered", "")]
    with station.database.read() as session:
        assert session.scalars(select(Association.outcome)).one() == "aborted"
    assert station.restarted().adopt(started_at) == 0


def test_an_association_whose_receiver_died_is_aborted_without_a_new_start_of_the_node(station: Station) -> None:
    folder = station.associate(end=None)
    station.put(folder, [sent(make_series(1)[0])])
    station.registrar.adopt(station.clock.now() - timedelta(hours=1))
    station.registrar.register([folder])
    station.registrar.adopt(station.clock.advance(1))
    station.registrar.register([folder])
    with station.database.read() as session:
        assert session.scalars(select(Association.outcome)).one() == "aborted"


def test_a_stop_is_heeded_between_two_batches(station: Station) -> None:
    folder = station.associate()
    station.put(folder, [sent(make_series(1)[0])])
    stop = threading.Event()
    stop.set()
    assert station.registrar.register([folder], stop=stop) == 0
    assert station.registrar.register([folder]) == 1


def test_a_part_of_a_living_receiver_is_left_alone(station: Station) -> None:
    folder = station.associate(end=None)
    (part,) = station.put(folder, [sent(make_series(1)[0])], suffix=".part")
    assert station.registrar.adopt(station.clock.now() - timedelta(days=365 * 20)) == 0
    station.registrar.register([folder])
    assert part.exists()
    with station.database.read() as session:
        assert session.scalars(select(Association.outcome)).one() == "open"


def test_reconcile_finds_files_without_rows_and_rows_without_files(station: Station) -> None:
    gone, _ = station.receive([sent(ds) for ds in make_series(2)])
    gone.unlink()
    old = station.layout.association(station.clock.now() - timedelta(days=400), "old")
    old.mkdir(parents=True)
    station.put(station.layout.relative(old), [sent(make_series(1, seed=5)[0])])
    report = reconcile(
        station.restarted(),
        database=station.database,
        layout=station.layout,
        clock=station.clock,
        started_at=station.clock.now(),
    )
    assert report.registered == 1
    assert report.missing == (station.layout.relative(gone),)
    assert alerts(station) == {"files missing": 1}


def test_two_registrars_at_once_register_once(station: Station) -> None:
    folder = station.associate(end=None)
    other = station.restarted()
    assert other.register([folder]) == 0
    station.put(folder, [sent(ds) for ds in make_series(2)])
    assert station.registrar.register([folder]) == 2
    assert other.register([folder]) == 0
    assert len(outcomes(station)) == 2


def test_syntaxes_of_one_object_are_duplicates_by_their_values(station: Station) -> None:
    (ds,) = make_series(1)
    padded = make_series(1)[0]
    padded.PixelData = ds.PixelData + b"\0\0"
    station.receive([sent(ds, syntax=ExplicitVRLittleEndian)])
    station.receive([sent(padded, syntax=ImplicitVRLittleEndian)])
    assert [outcome for outcome, _ in outcomes(station)] == ["registered", "duplicate"]
