"""Jobs from claim to publication, and every other end they may come to."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from sqlalchemy import event, update

from dicom_node.database import tables
from dicom_node.database.engine import Database
from dicom_node.domain.errors import NotFound
from dicom_node.domain.states import IllegalTransition
from dicom_node.provenance.record import begin, transition
from dicom_node.provenance.verify_chains import Replay
from dicom_node.restore import actions, queue, rows
from dicom_node.restore.attempt import DerivedFile, Made
from dicom_node.restore.job import give_up, in_zone, run_job
from dicom_node.restore.pipelines import Loader, Restorers
from dicom_node.restore.publish import Result, publish
from dicom_node.restore.queue import Death
from dicom_node.restore.read_back import ReadBack
from dicom_node.sandbox.client import Sandbox
from restoration.card import load_card
from restoration.errors import BundleError, InputError
from restoration.restorer import Restorer
from restoration.volume import FloatArray, Volume
from tests.integration.restore_support import Bench, make_bench
from tests.support.database import make_database
from tests.support.phantoms import make_series
from tests.unit.restore.kit import ExactMean, pipeline, recipe


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def bench(tmp_path: Path, database: Database, sandbox: Sandbox) -> Bench:
    return make_bench(tmp_path / "var", database, sandbox)


def bench_with(tmp_path: Path, database: Database, sandbox: Sandbox, restorer: Restorer) -> Bench:
    return make_bench(tmp_path / "var", database, sandbox, loader=lambda _name, _device: restorer)


def brighter(array: FloatArray) -> FloatArray:
    return array + np.float32(20)


def test_a_series_is_restored_and_published(bench: Bench) -> None:
    revision_id = bench.add_series()
    job = bench.add_job(revision_id)
    done = bench.run()
    assert (done.id, done.state, done.reason, done.series_number) == (job, "done", "", 3091)
    assert {figure["gate"] for figure in done.figures} >= {
        "domain",
        "stored file",
        "bias",
        "anchor",
        "amplitude",
    }
    assert all(figure["passed"] for figure in done.figures)
    assert done.execution["pixels"]
    [derived] = bench.all(tables.DerivedSeries)
    assert (derived.state, derived.number, derived.description) == ("released", 3091, "DLR CT phantom low-dose")
    instances = bench.all(tables.DerivedInstance)
    assert [item.rank for item in instances] == [0, 1, 2, 3]
    for item in instances:
        made = dcmread(bench.context.layout.absolute(item.path))
        assert made.SOPInstanceUID == item.sop_instance_uid
        assert made.SeriesInstanceUID == derived.series_instance_uid
    [delivery] = bench.all(tables.Delivery)
    assert (delivery.destination, delivery.state, delivery.total) == ("pacs", "waiting", 4)
    assert bench.revision(revision_id).state == "working"
    events = [event.cause for event in bench.all(tables.ProvenanceEvent)]
    assert events.count("published") == 1 + 1 + 4


def test_pictures_are_made(bench: Bench) -> None:
    job_id = bench.add_job(bench.add_series())
    bench.run()
    folder = bench.context.layout.previews / str(job_id)
    index = json.loads((folder / "index.json").read_text())
    assert index["slice"] == 3
    assert index["window"][1] > 0
    assert index["difference_window"] > 0
    pictures = {name: np.asarray(Image.open(folder / f"{name}.png")) for name in ("before", "after", "difference")}
    assert {picture.shape for picture in pictures.values()} == {(64, 64)}
    assert pictures["after"].std() < pictures["before"].std()
    assert abs(float(pictures["difference"].mean()) - 128) < 10


def test_the_next_series_number_is_free_in_the_study(bench: Bench) -> None:
    bench.add_job(bench.add_series())
    first = bench.run()
    other = make_series(4, seed=2)
    one = make_series(1, seed=1)[0]
    for ds in other:
        ds.StudyInstanceUID = one.StudyInstanceUID
    bench.add_job(bench.add_series(other, seed=2))
    assert (first.series_number, bench.run().series_number) == (3091, 3092)


def test_a_later_attempt_at_the_same_job_makes_the_same_bytes(tmp_path: Path, sandbox: Sandbox) -> None:
    made = []
    for name, seconds in (("early", 0.0), ("late", 7200.0)):
        (tmp_path / name).mkdir()
        database = make_database(tmp_path / name)
        bench = make_bench(tmp_path / name / "var", database, sandbox)
        bench.add_job(bench.add_series())
        bench.clock.advance(seconds)
        assert bench.run().state == "done"
        made.append({path.name: path.read_bytes() for folder in bench.folders() for path in folder.iterdir()})
        database.close()
    assert len(made[0]) == 4
    assert made[0] == made[1]


def test_a_source_outside_the_card_is_refused_with_its_figure(bench: Bench) -> None:
    revision_id = bench.add_series(make_series(3, noise=150.0))
    bench.add_job(revision_id)
    job = bench.run()
    assert (job.state, job.reason_code) == ("refused", "domain")
    assert "noise" in job.reason
    assert job.figures
    assert bench.revision(revision_id).state == "closed"
    assert bench.folders() == []


@pytest.mark.parametrize(
    ("change", "state", "code"),
    [
        ({"RescaleType": "US"}, "refused", "units"),
        ({"BurnedInAnnotation": "YES"}, "refused", "burned-in text"),
        ({"LossyImageCompression": "01"}, "refused", "lossy"),
        ({"PixelSpacing": None}, "refused", "geometry missing"),
        ({"RescaleSlope": None}, "refused", "rescale missing"),
        ({"PixelData": b"\0\0"}, "failed", "source gone"),
    ],
)
def test_a_source_that_cannot_be_restored_is_named(
    bench: Bench, change: dict[str, object], state: str, code: str
) -> None:
    bench.add_job(bench.add_series(make_series(2, **change)))
    job = bench.run()
    assert (job.state, job.reason_code) == (state, code)
    assert bench.folders() == []


def test_a_missing_source_file_fails_the_job_with_an_alert(bench: Bench) -> None:
    bench.add_job(bench.add_series())
    with bench.database.read() as session:
        path = session.get_one(tables.Instance, 2).path
    bench.context.layout.absolute(path).unlink()
    job = bench.run()
    assert (job.state, job.reason_code) == ("failed", "source gone")
    assert [alert.kind for alert in bench.all(tables.Alert)] == ["job failed"]


def test_a_wrong_result_is_withheld_and_can_be_released(tmp_path: Path, database: Database, sandbox: Sandbox) -> None:
    bench = bench_with(tmp_path, database, sandbox, pipeline("CT", brighter))
    revision_id = bench.add_series()
    bench.add_job(revision_id)
    job = bench.run()
    assert (job.state, job.reason_code) == ("withheld", "withheld")
    assert "HU" in job.reason
    [derived] = bench.all(tables.DerivedSeries)
    assert derived.state == "pending"
    assert len(bench.folders()) == 1
    assert bench.all(tables.Delivery) == []
    assert bench.revision(revision_id).state == "closed"
    actions.release(bench.database, job.id, "Dr Roe", "checked by eye", bench.clock)
    assert (bench.job(job.id).state, bench.job(job.id).reason) == ("done", "released by Dr Roe: checked by eye")
    assert bench.all(tables.DerivedSeries)[0].state == "released"
    assert len(bench.all(tables.Delivery)) == 1
    assert bench.revision(revision_id).state == "working"
    with pytest.raises(IllegalTransition):
        actions.release(bench.database, job.id, "Dr Roe", "again", bench.clock)


@pytest.mark.parametrize(
    ("act", "job_state", "derived_state"),
    [(actions.reject, "cancelled", "rejected"), (actions.cancel, "cancelled", "rejected")],
    ids=["reject", "cancel"],
)
def test_a_withheld_result_can_be_thrown_away(
    act: object, job_state: str, derived_state: str, tmp_path: Path, database: Database, sandbox: Sandbox
) -> None:
    bench = bench_with(tmp_path, database, sandbox, pipeline("CT", brighter))
    bench.add_job(bench.add_series())
    job = bench.run()
    act(bench.database, job.id, "Dr Roe", "not good", bench.clock)  # type: ignore[operator]
    assert bench.job(job.id).state == job_state
    assert bench.job(job.id).reason == "cancelled by Dr Roe: not good"
    assert bench.all(tables.DerivedSeries)[0].state == derived_state


@pytest.mark.parametrize(("release", "born"), [("review", "pending"), ("never", "shadow")])
def test_a_result_that_is_not_automatic_brings_no_delivery(bench: Bench, release: str, born: str) -> None:
    revision_id = bench.add_series()
    bench.add_job(revision_id, release=release)
    job = bench.run()
    assert job.state == "done"
    assert job.reason_code == ("review" if release == "review" else "")
    assert bench.all(tables.DerivedSeries)[0].state == born
    assert bench.all(tables.Delivery) == []
    assert bench.revision(revision_id).state == "closed"


def test_who_retries_a_failed_job_has_seen_the_alert(tmp_path: Path, database: Database, sandbox: Sandbox) -> None:
    class NoNumbers(ExactMean):
        def restore(self, volume: Volume, *, strength: float) -> Volume:
            return volume.with_array(volume.array * np.nan)

    bench = bench_with(tmp_path, database, sandbox, NoNumbers(load_card("ct-nlm")))
    job_id = bench.add_job(bench.add_series())
    assert bench.run().state == "failed"
    actions.retry(bench.database, job_id, "Dr Roe", "once more", bench.clock)
    [alert] = bench.all(tables.Alert)
    assert (bench.job(job_id).state, alert.ended_at) == ("queued", bench.clock.now())


def test_a_reviewed_result_is_released_or_rejected_once(bench: Bench) -> None:
    job_id = bench.add_job(bench.add_series(), release="review")
    bench.run()
    actions.reject(bench.database, job_id, "Dr Roe", "artefact", bench.clock)
    assert (bench.job(job_id).state, bench.all(tables.DerivedSeries)[0].state) == ("done", "rejected")
    assert bench.job(job_id).reason == "the result was rejected by Dr Roe: artefact"
    with pytest.raises(IllegalTransition):
        actions.release(bench.database, job_id, "Dr Roe", "after all", bench.clock)


def test_a_released_result_no_longer_says_that_it_waits(bench: Bench) -> None:
    job_id = bench.add_job(bench.add_series(), release="review")
    bench.run()
    actions.release(bench.database, job_id, "Dr Roe", "good", bench.clock)
    assert (bench.job(job_id).state, bench.job(job_id).reason) == ("done", "released by Dr Roe: good")


def test_a_person_says_why(bench: Bench) -> None:
    job_id = bench.add_job(bench.add_series())
    with pytest.raises(actions.ReasonMissing):
        actions.cancel(bench.database, job_id, "Dr Roe", " ", bench.clock)
    with pytest.raises(NotFound):
        actions.cancel(bench.database, 99, "Dr Roe", "why", bench.clock)
    with pytest.raises(NotFound):
        actions.release(bench.database, job_id, "Dr Roe", "why", bench.clock)
    actions.cancel(bench.database, job_id, "Dr Roe", "no need", bench.clock)
    assert bench.job(job_id).state == "cancelled"
    assert queue.claim_next(bench.database, start_id="w1", clock=bench.clock) is None


def test_deliveries_wait_until_the_series_is_settled_and_expire(bench: Bench) -> None:
    settled, late = bench.clock.now() + timedelta(minutes=2), bench.clock.now() + timedelta(hours=4)
    bench.add_job(bench.add_series(), settle_until=settled, expires_at=late)
    bench.run()
    [delivery] = bench.all(tables.Delivery)
    assert (delivery.not_before, delivery.expires_at) == (settled, late)


def test_a_pipeline_that_changed_is_planned_anew(bench: Bench) -> None:
    revision_id = bench.add_series()
    old = bench.add_job(revision_id, wanted=recipe(version="0.9.0"), priority=70)
    job = bench.run()
    assert (job.id, job.state, job.reason_code) == (old, "cancelled", "recipe gone")
    assert bench.revision(revision_id).state == "working"
    done = bench.run()
    assert (done.state, done.priority, done.recipe) == ("done", 70, recipe().as_json())


def installed_one_after_the_other(*versions: str) -> Loader:
    following = iter(versions)
    return lambda name, _device: ExactMean(replace(load_card(name), version=next(following)))


def test_a_pipeline_that_was_changed_back_and_forth_is_not_lost_in_silence(
    tmp_path: Path, database: Database, sandbox: Sandbox
) -> None:
    version = load_card("ct-nlm").version
    loader = installed_one_after_the_other("0.9.0", version)
    bench = make_bench(tmp_path / "var", database, sandbox, loader=loader)
    bench.add_job(bench.add_series())
    assert [bench.run().reason_code, bench.run().reason_code] == ["recipe gone", "failed"]
    assert [item.kind for item in bench.all(tables.Alert)] == ["job failed"]


def test_a_bundle_that_changed_is_loaded_again() -> None:
    version = load_card("ct-nlm").version
    restorers = Restorers({}, loader=installed_one_after_the_other("0.9.0", version))
    assert [restorers.get("ct-nlm").card.version for _ in range(3)] == ["0.9.0", version, version]


def test_a_later_cut_says_which_number_it_replaces(bench: Bench) -> None:
    bench.add_job(bench.add_series())
    bench.run()
    [delivery] = bench.all(tables.Delivery)
    with bench.database.write() as session:
        session.execute(update(tables.Delivery).values(sent=1))
    bench.add_job(bench.add_later_cut(delivery.series_id))
    bench.run()
    labels = [item.description for item in bench.all(tables.DerivedSeries)]
    assert labels == ["DLR CT phantom low-dose", "DLR CT phantom low-dose (replaces 3091)"]


def test_a_broken_bundle_fails_by_name(tmp_path: Path, database: Database, sandbox: Sandbox) -> None:
    def broken(name: str, device: str) -> Restorer:
        raise BundleError(happened="the weights are not those of the card", subject=name, remedy="Install it again.")

    bench = make_bench(tmp_path / "var", database, sandbox, loader=broken)
    bench.add_job(bench.add_series())
    job = bench.run()
    assert (job.state, job.reason_code) == ("failed", "bundle broken")
    assert "weights" in job.reason


class Refusing(ExactMean):
    def restore(self, volume: Volume, *, strength: float) -> Volume:
        raise InputError(happened="too strange", subject="volume", remedy="None.")


def test_a_pipeline_that_gives_up_fails_the_job_which_can_be_retried(
    tmp_path: Path, database: Database, sandbox: Sandbox
) -> None:
    bench = bench_with(tmp_path, database, sandbox, Refusing(pipeline().card))
    revision_id = bench.add_series()
    bench.add_job(revision_id)
    job = bench.run()
    assert (job.state, job.reason) == ("failed", "the attempt failed: too strange")
    assert bench.folders() == []
    assert bench.revision(revision_id).state == "closed"
    actions.retry(bench.database, job.id, "Dr Roe", "disk was full", bench.clock)
    assert (bench.job(job.id).state, bench.job(job.id).claim) == ("queued", None)
    assert bench.revision(revision_id).state == "working"


def test_values_that_are_no_numbers_fail_the_job(tmp_path: Path, database: Database, sandbox: Sandbox) -> None:
    bench = bench_with(tmp_path, database, sandbox, pipeline("CT", lambda array: array * np.float32("nan")))
    bench.add_job(bench.add_series())
    assert bench.run().reason == "the attempt failed: the pipeline gave values that are no numbers"


def test_an_unforeseen_error_ends_the_job(bench: Bench) -> None:
    bench.add_job(bench.add_series())
    claim = bench.claim()
    assert give_up(claim, ZeroDivisionError("division by zero"), context=bench.context)
    assert bench.job(claim.job_id).reason == "the attempt failed: ZeroDivisionError: division by zero"


def test_the_most_urgent_job_is_next(bench: Bench) -> None:
    older = make_series(1, seed=3, StudyDate="20260101")
    low = bench.add_job(bench.add_series(older, seed=3))
    newer = bench.add_job(bench.add_series(make_series(1, seed=4, StudyDate="20260301"), seed=4))
    urgent = bench.add_job(bench.add_series(make_series(1, seed=5, StudyDate="20250101"), seed=5), priority=90)
    assert [bench.claim().job_id for _ in range(3)] == [urgent, newer, low]
    assert queue.claim_next(bench.database, start_id="w1", clock=bench.clock) is None


def test_a_job_whose_worker_died_comes_back_until_three_have_died(bench: Bench) -> None:
    revision_id = bench.add_series()
    job_id = bench.add_job(revision_id)
    for attempts in (1, 2):
        bench.claim(f"w{attempts}")
        assert queue.return_lost(bench.database, living=["other"], clock=bench.clock) == 1
        assert (bench.job(job_id).state, bench.job(job_id).attempts) == ("queued", attempts)
    bench.claim("node stops")
    assert queue.return_lost(bench.database, living=[], clock=bench.clock, death=Death.NODE) == 1
    assert (bench.job(job_id).state, bench.job(job_id).attempts) == ("queued", 2)
    bench.claim("w3")
    assert queue.return_lost(bench.database, living=["w3"], clock=bench.clock) == 0
    assert queue.return_lost(bench.database, living=[], clock=bench.clock) == 1
    job = bench.job(job_id)
    assert (job.state, job.reason_code, job.claim) == ("failed", "worker lost", None)
    assert bench.revision(revision_id).state == "closed"


def test_an_attempt_that_lost_its_claim_leaves_nothing(bench: Bench) -> None:
    bench.add_job(bench.add_series())
    slow = bench.claim("w1")
    queue.return_lost(bench.database, living=[], clock=bench.clock)
    fast = bench.claim("w2")
    assert not run_job(slow, context=bench.context)
    assert run_job(fast, context=bench.context)
    assert [folder.name for folder in bench.folders()] == [fast.token]
    assert len(bench.all(tables.DerivedSeries)) == 1


def test_a_claim_lost_while_restoring_publishes_nothing(tmp_path: Path, database: Database, sandbox: Sandbox) -> None:
    def superseded_meanwhile(array: FloatArray) -> FloatArray:
        with database.write() as session:
            transition(session, tables.Job, 1, "superseded", at=bench.clock.now())
        return array

    bench = bench_with(tmp_path, database, sandbox, pipeline("CT", superseded_meanwhile))
    bench.add_job(bench.add_series())
    claim = bench.claim()
    assert not run_job(claim, context=bench.context)
    assert bench.job(1).state == "cancelled"
    assert bench.folders() == []
    assert bench.all(tables.DerivedSeries) == []


def test_giving_a_job_back_is_no_attempt(bench: Bench) -> None:
    job_id = bench.add_job(bench.add_series())
    claim = bench.claim()
    assert queue.give_back(bench.database, claim, clock=bench.clock)
    assert (bench.job(job_id).state, bench.job(job_id).attempts) == ("queued", 0)
    assert not queue.give_back(bench.database, claim, clock=bench.clock)


def test_abandoned_folders_go_and_others_stay(bench: Bench) -> None:
    bench.add_job(bench.add_series())
    bench.run()
    bench.add_job(bench.add_series(make_series(2, seed=2), seed=2))
    running = bench.context.layout.derived / bench.claim().token
    abandoned = bench.context.layout.derived / "00000000"
    for folder in (running, abandoned):
        folder.mkdir()
    assert queue.remove_abandoned(bench.database, bench.context.layout) == 1
    assert running.is_dir()
    assert not abandoned.exists()
    assert len(bench.folders()) == 2


def test_references_to_known_images_of_the_study_stay(bench: Bench) -> None:
    localizer = make_series(1, seed=7)
    series = make_series(3, seed=8)
    item = Dataset()
    item.ReferencedSOPClassUID = localizer[0].SOPClassUID
    item.ReferencedSOPInstanceUID = localizer[0].SOPInstanceUID
    for ds in series:
        ds.StudyInstanceUID = localizer[0].StudyInstanceUID
        ds.ReferencedImageSequence = Sequence([item])
    bench.add_series(localizer, seed=7)
    bench.add_job(bench.add_series(series, seed=8))
    assert bench.run().state == "done"
    first = bench.all(tables.DerivedInstance)[0]
    made = dcmread(bench.context.layout.absolute(first.path))
    assert made.ReferencedImageSequence[0].ReferencedSOPInstanceUID == localizer[0].SOPInstanceUID
    assert len(made.ReferencedSeriesSequence) == 2


def test_the_zone_of_the_node(bench: Bench) -> None:
    at = bench.clock.now()
    assert in_zone(at, "Europe/Berlin").hour == at.hour + 1
    assert in_zone(at, "system") == at


def test_an_error_after_publication_leaves_the_published_files(bench: Bench) -> None:
    bench.add_job(bench.add_series())
    claim = bench.claim()
    assert run_job(claim, context=bench.context)
    assert not give_up(claim, RuntimeError("too late"), context=bench.context)
    assert bench.job(claim.job_id).state == "done"
    assert [folder.name for folder in bench.folders()] == [claim.token]


def test_a_large_series_is_published_in_one_piece(bench: Bench) -> None:
    revision_id = bench.add_series()
    bench.add_job(revision_id)
    work = rows.load(bench.database, bench.context.layout, bench.claim())
    assert work is not None
    [source, *_] = bench.all(tables.Instance)
    files = tuple(
        DerivedFile(
            path=bench.context.layout.derived / "x" / f"{rank:05d}.dcm", sop_instance_uid=f"2.25.{rank}",
            sop_class_uid="1.2.840.10008.5.1.4.1.1.2", source_instance_id=source.id, rank=rank, size=1, sha256="s",
            pixel_digest="p",
        )
        for rank in range(500)
    )  # fmt: skip
    made = Made(
        series_instance_uid="2.25.1", description="DLR", digest="d", files=files,
        found=ReadBack(checks=(), volumes=()), judgement=None,
    )  # fmt: skip
    result = Result(number=1, folder="derived/x", made=made, figures=[], execution={}, withheld=None)
    statements: list[str] = []
    event.listen(bench.database.writer, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert publish(bench.database, work, result, layout=bench.context.layout, clock=bench.clock)
    assert sum(not statement.startswith("INSERT") for statement in statements) < 30
    with bench.database.read() as session:
        replayed = Replay(session=session, sealed={}, uids={})
        assert list(replayed.findings()) == []
        assert len(replayed.seen["derived_instance"]) == 500


def test_objects_that_are_published_already_fail_the_job(bench: Bench) -> None:
    bench.add_job(bench.add_series())
    assert bench.run().state == "done"
    [first, *_] = bench.all(tables.DerivedInstance)
    with bench.database.write() as session:
        old = session.get_one(tables.Job, 1)
        series = session.get_one(tables.Series, old.series_id)
        twin = tables.Revision(
            series_id=series.id, number=2, state="cut", instance_ids=bench.revision(old.revision_id).instance_ids,
            digest=bench.revision(old.revision_id).digest, facts={}, facts_digest="", evidence={}, complete=True,
            stacks=bench.revision(old.revision_id).stacks, why="quiet", cut_at=bench.clock.now(),
        )  # fmt: skip
        begin(session, twin, cause="cut", at=bench.clock.now())
    bench.add_job(twin.id)
    job = bench.run()
    assert (job.state, job.reason) == ("failed", "the attempt failed: objects of the same UIDs are published already")
    assert bench.context.layout.absolute(first.path).is_file()
    assert len(bench.folders()) == 1
