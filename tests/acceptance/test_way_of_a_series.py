"""The whole way of a series: received, cut, decided, restored, derived, delivered, recorded."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from dicom_node.cli.demo.pacs import AE_TITLE, DemoPacs
from dicom_node.domain.marks import PROJECT
from tests.support.dcmtk import dcentvfy, dciodvfy, dcmsend
from tests.support.node import RunningNode, rule
from tests.support.phantoms import make_series, write_series

pytestmark = [pytest.mark.slow, pytest.mark.peer]


@pytest.fixture
def pacs(tmp_path: Path):
    pacs = DemoPacs(tmp_path / "pacs")
    yield pacs
    pacs.stop()


def destination(pacs: DemoPacs) -> dict:
    return {"name": "pacs", "ae_title": AE_TITLE, "host": "127.0.0.1", "port": pacs.port}


def job_of(status: dict) -> dict:
    return next(job for series in status["series"] for job in series["jobs"])


def test_from_scanner_to_pacs(tmp_path: Path, pacs: DemoPacs) -> None:
    source = write_series(make_series(4, size=96), tmp_path / "source")
    rules = [rule(to=["pacs"], forward_originals_to=["pacs"])]
    with RunningNode(tmp_path / "node", destinations=[destination(pacs)], rules=rules) as node:
        sent = dcmsend(node.dicom_port, tmp_path / "source")
        assert sent.returncode == 0, sent.stdout + sent.stderr
        status = node.wait_closed(1)
        series = status["series"][0]
        job = job_of(status)
        assert (series["rule"], series["complete"], series["instances"]) == ("CT", True, 4)
        assert (job["state"], job["release"]) == ("done", "automatic"), node.tail()
        assert [item["state"] for item in job["deliveries"] + series["deliveries"]] == ["delivered", "delivered"]
        assert job["turnaround_s"] is not None
        derived = pacs.files(job["derived_series_instance_uid"])
        originals = pacs.files(series["series_instance_uid"])
        assert len(derived) == len(originals) == 4
        _same_geometry_and_order(source, derived)
        _marked(derived)
        _no_new_line(source, derived)
        explained = node.run("rules", "explain", series["series_instance_uid"]).stdout
        assert "Modality" in explained
        assert node.run("verify").returncode == 0
        assert _libtorch_users(node) <= {"worker-1"}


def test_originals_arrive_byte_for_byte(tmp_path: Path, pacs: DemoPacs) -> None:
    source = write_series(make_series(2), tmp_path / "source")
    rules = [{"name": "all", "when": {"field": "Modality", "exists": True}, "forward_originals_to": ["pacs"]}]
    with RunningNode(tmp_path / "node", destinations=[destination(pacs)], rules=rules) as node:
        dcmsend(node.dicom_port, tmp_path / "source")
        status = node.wait_closed(1)
        assert status["series"][0]["deliveries"][0]["state"] == "delivered"
        arrived = pacs.files(status["series"][0]["series_instance_uid"])
    assert [dcmread(path).PixelData for path in source] == [dcmread(path).PixelData for path in arrived]


def test_what_no_rule_wants_is_kept_and_says_so(tmp_path: Path) -> None:
    write_series(make_series(2, modality="MR"), tmp_path / "source")
    with RunningNode(tmp_path / "node", rules=[rule()]) as node:
        dcmsend(node.dicom_port, tmp_path / "source")
        series = node.wait_closed(1)["series"][0]
    assert series["rule"] is None
    assert series["reason"]
    assert series["jobs"] == []


def test_rules_change_without_restart(tmp_path: Path) -> None:
    write_series(make_series(2), tmp_path / "first")
    write_series(make_series(2, seed=7), tmp_path / "second")
    with RunningNode(tmp_path / "node", rules=[]) as node:
        dcmsend(node.dicom_port, tmp_path / "first")
        assert node.wait_closed(1)["series"][0]["rule"] is None
        (tmp_path / "rules.yaml").write_text(
            "rules:\n"
            "  - name: new\n"
            "    when: {field: Modality, equals: CT}\n"
            "    restore: [{pipeline: ct-nlm, release: never}]\n"
        )
        wrong = node.run("rules", "import", str(_broken(tmp_path)), "--why", "try", check=False)
        assert wrong.returncode == 1
        assert "line 3" in wrong.stderr
        node.run("rules", "import", str(tmp_path / "rules.yaml"), "--why", "a first rule")
        dcmsend(node.dicom_port, tmp_path / "second")
        status = node.wait_closed(2)
        by_rule = {series["rule"]: series for series in status["series"]}
        assert by_rule["new"]["jobs"][0]["state"] == "done"
        history = node.run("rules", "history").stdout
        assert "a first rule" in history
        (tmp_path / "rules.yaml").write_text("rules:\n  - name: third\n    when: {field: Modality, equals: MR}\n")
        node.run("rules", "import", str(tmp_path / "rules.yaml"), "--why", "another")
        assert "third" in node.run("rules", "export").stdout
        node.run("rules", "revert", "1", "--why", "back")
        assert "third" not in node.run("rules", "export").stdout


def _broken(folder: Path) -> Path:
    path = folder / "broken.yaml"
    path.write_text("rules:\n  - name: x\n    when: {field: Modality, eqals: CT}\n")
    return path


def _same_geometry_and_order(source: list[Path], derived: list[Path]) -> None:
    before = {int(ds.InstanceNumber): ds for ds in map(dcmread, source)}
    after = {int(ds.InstanceNumber): ds for ds in map(dcmread, derived)}
    assert before.keys() == after.keys()
    for number, ds in before.items():
        other = after[number]
        for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
            assert np.allclose(ds[keyword].value, other[keyword].value, atol=1e-6)
        for keyword in ("FrameOfReferenceUID", "StudyInstanceUID", "PatientID", "RescaleSlope", "RescaleIntercept"):
            assert ds[keyword].value == other[keyword].value
        assert ds.SeriesInstanceUID != other.SeriesInstanceUID


def _marked(derived: list[Path]) -> None:
    for ds in map(dcmread, derived):
        assert ds.SeriesDescription.startswith("DLR ")
        assert ds.ImageType[0] == "DERIVED"
        assert any(item.Manufacturer == PROJECT for item in ds.ContributingEquipmentSequence)


def _no_new_line(source: list[Path], derived: list[Path]) -> None:
    before, after = (
        sum(map(dciodvfy, paths), start=dciodvfy(paths[0]) - dciodvfy(paths[0])) for paths in (source, derived)
    )
    assert not after - before
    assert dcentvfy([*source, *derived]) == []


def _libtorch_users(node: RunningNode) -> set[str]:
    return {
        item["name"]
        for item in node.processes()["processes"]
        if "libtorch" in Path(f"/proc/{item['pid']}/maps").read_text()
    }
