"""Bad input of every kind: a stated status or a named reason, nothing lost, nothing else blocked."""

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from pydicom import dcmread
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage

from tests.support.dcmtk import dcmsend
from tests.support.node import RunningNode, rule
from tests.support.peers import program
from tests.support.phantoms import encode, make_series, write_series
from tests.support.raw_scu import store

pytestmark = [pytest.mark.slow, pytest.mark.peer]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("bad")
    peers = [{"name": "ct1", "ae_title": "CT1", "may": ["echo", "store"]}]
    missing = {
        "name": "needs an attribute",
        "when": {"all": [{"field": "Modality", "equals": "CT"}, {"field": "ProtocolName", "equals": "X"}]},
    }
    settings = {"node": {"unknown_peers": "refuse"}, "peers": peers, "rules": [missing, rule()]}
    with RunningNode(folder / "node", **settings) as node:
        yield node


def send_one(node: RunningNode, folder: Path, slices: int = 2, **attributes: object) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of just what these tests want to send
        series = make_series(slices, **attributes)
        write_series(series, folder)
    assert dcmsend(node.dicom_port, folder).returncode == 0
    return str(series[0].SeriesInstanceUID)


def series_of(node: RunningNode, uid: str) -> dict:
    def ended(status: dict) -> bool:
        return any(one["series_instance_uid"] == uid and one["state"] == "closed" for one in status["series"])

    status = node.wait(ended, 60, f"series {uid} to end")
    return next(one for one in status["series"] if one["series_instance_uid"] == uid)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        pytest.param({"seed": 21, "ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "Orientation", id="bad orientation"),
        pytest.param({"seed": 22, "RescaleSlope": None}, "Rescale", id="CT without rescale"),
        pytest.param({"seed": 23, "SpecificCharacterSet": "ISO 2022 IR 999"}, "", id="unknown character set"),
        pytest.param({"seed": 24, "slices": 1}, "", id="a series of one slice"),
    ],
)
def test_odd_series_end_in_a_named_state(node: RunningNode, tmp_path: Path, attributes: dict, words: str) -> None:
    series = series_of(node, send_one(node, tmp_path / "source", **attributes))
    (job,) = series["jobs"]
    assert job["state"] in {"done", "refused"}
    assert words in job["reason"]


def test_mixed_orientation_is_refused_by_name(node: RunningNode, tmp_path: Path) -> None:
    series = make_series(4, seed=31)
    for index, ds in enumerate(series[2:]):
        ds.ImageOrientationPatient, ds.ImagePositionPatient = [0, 1, 0, 0, 0, -1], [2.0 * index, 0, 0]
    write_series(series, tmp_path / "source")
    dcmsend(node.dicom_port, tmp_path / "source")
    job = series_of(node, str(series[0].SeriesInstanceUID))["jobs"][0]
    assert job["state"] == "refused"
    assert "orientation" in job["reason"]


def test_a_missing_attribute_does_not_match_and_is_named(node: RunningNode, tmp_path: Path) -> None:
    uid = send_one(node, tmp_path / "source", seed=41)
    series_of(node, uid)
    explained = node.run("rules", "explain", uid).stdout
    assert "ProtocolName" in explained
    assert "missing" in explained


def test_a_truncated_object_is_quarantined_and_the_rest_goes_on(node: RunningNode, tmp_path: Path) -> None:
    before = node.status()["counts"]["quarantined"]
    good = make_series(2, seed=51)
    ae = AE("CT1")
    ae.add_requested_context(CTImageStorage, "1.2.840.10008.1.2.1")
    path = write_series(good[:1], tmp_path / "cut")[0]
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) - 7000])
    with_marks = subprocess.run(
        [program("storescu"), "-aec", "RESTORE", "-aet", "CT1", "127.0.0.1", str(node.dicom_port), str(path)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert with_marks.returncode in {0, 1}
    write_series(good[1:], tmp_path / "good")
    assert dcmsend(node.dicom_port, tmp_path / "good").returncode == 0
    series_of(node, str(good[0].SeriesInstanceUID))
    assert node.status()["counts"]["quarantined"] >= before


def test_garbage_is_acknowledged_kept_and_named(node: RunningNode) -> None:
    before = node.status()["counts"]["quarantined"]
    assert _raw_store(node, b"this is no data set at all" * 40, "1.2.3.4") == 0
    status = node.wait(lambda now: now["counts"]["quarantined"] == before + 1, 30, "the quarantine")
    newest = status["quarantined"][0]
    assert newest["reason"]
    assert node.layout.absolute(newest["path"]).is_file()


@pytest.mark.parametrize(
    ("uid", "seed"),
    [
        pytest.param("../../../etc/passwd", 61, id="traversal"),
        pytest.param("1." + "2" * 63, 62, id="65 characters"),
        pytest.param("1.2/../../x", 63, id="slashes"),
    ],
)
def test_hostile_uids_never_reach_a_path(node: RunningNode, uid: str, seed: int) -> None:
    before = node.status()["counts"]
    ds = make_series(1, seed=seed)[0]  # a series each: a peer that pauses within one teaches the node to wait longer
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds.SOPInstanceUID = uid
        status = _raw_store(node, encode(ds), uid)
    assert status == 0

    def ended(now: dict) -> bool:
        counts = now["counts"]
        return counts["instances"] + counts["quarantined"] > before["instances"] + before["quarantined"]

    node.wait(ended, 30, "the object to be registered or quarantined")
    inside = node.layout.data_dir.resolve()
    assert all(path.resolve().is_relative_to(inside) for path in inside.rglob("*"))
    assert not list(inside.rglob("*passwd*"))


def test_rejected_associations(node: RunningNode) -> None:
    wrong_called = AE("CT1")
    wrong_called.add_requested_context(CTImageStorage)
    association = wrong_called.associate("127.0.0.1", node.dicom_port, ae_title="NOBODY")
    assert association.is_rejected
    assert association.acceptor.primitive.diagnostic == 7
    unknown = AE("STRANGER")
    unknown.add_requested_context(CTImageStorage)
    association = unknown.associate("127.0.0.1", node.dicom_port, ae_title="RESTORE")
    assert association.is_rejected
    assert association.acceptor.primitive.diagnostic == 3


def test_a_config_error_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("node:\n  ae_title: A\n  prot: 11112\n")
    done = subprocess.run(
        [sys.executable, "-m", "dicom_node", "--config", str(path), "serve"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "line 3" in done.stderr
    assert "port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_refuses_new_associations_and_says_so(tmp_path: Path) -> None:
    write_series(make_series(1), tmp_path / "source")
    with RunningNode(tmp_path / "node", storage={"min_free_gb": 1e6}, rules=[]) as node:
        assert dcmsend(node.dicom_port, tmp_path / "source").returncode != 0
        status = node.wait(lambda now: bool(now["alerts"]), 30, "an alert")
        assert any("disk" in alert["kind"] for alert in status["alerts"])


def test_two_nodes_on_one_machine_and_a_taken_port(tmp_path: Path) -> None:
    with RunningNode(tmp_path / "a", rules=[]) as first, RunningNode(tmp_path / "b", rules=[]) as second:
        assert first.dicom_port != second.dicom_port
        again = first.run("serve", check=False)
        assert again.returncode == 1
        assert "another node runs" in again.stderr
        assert second.status()["node"]["healthy"]


def _raw_store(node: RunningNode, data_set: bytes, uid: str) -> int:
    """Send one C-STORE whose command carries a UID that no library would send."""
    return store(node.dicom_port, data_set, sop_class=CTImageStorage, sop_instance=uid, calling="CT1", called="RESTORE")


def test_what_was_stored_reads_as_part_10(node: RunningNode, tmp_path: Path) -> None:
    uid = send_one(node, tmp_path / "source", seed=71)
    series_of(node, uid)
    stored = [path for path in node.layout.store.rglob("*.dcm") if uid.encode() in path.read_bytes()]
    assert [dcmread(path).SeriesInstanceUID for path in stored] == [uid, uid]
