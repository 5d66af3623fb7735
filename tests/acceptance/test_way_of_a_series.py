"""The whole way of a series: received, cut, decided, restored, derived, delivered, recorded."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from dicom_node.cli.demo.pacs import AE_TITLE, DemoPacs
from dicom_node.domain.marks import PROJECT
from tests.support.dcmtk import dcentvfy, dciodvfy, dcmsend
from tests.support.node import RunningNode, rule
from tests.support.peers import free_port, orthanc, storescp
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
        assert node.libtorch_users() == set()  # a classical pipeline needs no torch, not even in the worker


def test_to_orthanc_and_dcmtk_at_once(tmp_path: Path) -> None:
    source = write_series(make_series(3), tmp_path / "source")
    with orthanc(tmp_path / "orthanc") as orthanc_port, storescp(tmp_path / "storescp") as storescp_port:
        destinations = [
            {"name": "orthanc", "ae_title": "PACS", "host": "127.0.0.1", "port": orthanc_port, "confirm": True},
            {
                "name": "dcmtk",
                "ae_title": "PACS",
                "host": "127.0.0.1",
                "port": storescp_port,
                "verify_identity": False,
            },
            {"name": "down", "ae_title": "PACS", "host": "127.0.0.1", "port": free_port()},
        ]
        rules = [rule(to=["orthanc", "dcmtk", "down"], forward_originals_to=["orthanc"])]
        with RunningNode(tmp_path / "node", destinations=destinations, rules=rules) as node:
            dcmsend(node.dicom_port, tmp_path / "source")
            status = node.wait(lambda now: _ended(now, {"orthanc", "dcmtk"}), 90, "two of three destinations")
            states = {one["destination"]: one for one in job_of(status)["deliveries"]}
            down = _down(node.wait(lambda now: _down(now)["state"] == "waiting", 30, "a pause between two tries"))
    assert down["error"]
    assert down["sent"] == 0
    assert states["orthanc"]["state"] == "confirmed"
    assert states["dcmtk"]["state"] == "delivered"
    derived = [path for path in (tmp_path / "storescp").rglob("*") if path.is_file()]
    assert sum(_is_derived(path) for path in derived) == 3
    _no_new_line(source, [path for path in derived if _is_derived(path)])


def _down(status: dict) -> dict:
    return next(one for one in job_of(status)["deliveries"] if one["destination"] == "down")


def _ended(status: dict, names: set[str]) -> bool:
    jobs = [job for series in status["series"] for job in series["jobs"]]
    deliveries = [one for job in jobs for one in job["deliveries"] if one["destination"] in names]
    return (
        len(deliveries) == len(names)
        and all(one["state"] in {"delivered", "confirmed"} for one in deliveries)
        and ({one["state"] for one in deliveries if one["destination"] == "orthanc"} == {"confirmed"})
    )


def _is_derived(path: Path) -> bool:
    try:
        return dcmread(path, stop_before_pixels=True).ImageType[0] == "DERIVED"
    except (InvalidDicomError, AttributeError):
        return False


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
