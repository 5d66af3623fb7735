"""The real series beside the checkout through a whole node: each comes back derived, or is kept with its reason."""

import warnings
from contextlib import suppress
from pathlib import Path

import pytest

from dicom_node.cli.demo.pacs import AE_TITLE, DemoPacs
from dicom_node.config.model import DestinationSection
from dicom_node.deliver.send import push
from dicom_node.domain.errors import NodeError
from tests.support.dcmtk import dcmsend
from tests.support.node import RunningNode, rule
from tests.support.shared import shared_root

pytestmark = [
    pytest.mark.slow,
    pytest.mark.peer,
    # The PACS lives in this process, and a de-identified birth date («***») must not make it refuse an object.
    pytest.mark.filterwarnings("ignore:Invalid value for VR:UserWarning"),
]

RESTORED = {
    "01-ge-ct-head-tilt", "03-philips-ct-tilted-stereotaxis", "06-ge-ct-thorax-3-slices",
    "08-siemens-mr-t1-2d-sagittal", "16-siemens-mr-memprage", "30-pet-cps-wholebody-fdg", "38-uih-mr-t1-3d",
    "52-ge-mr-3d-watermelon",
}  # fmt: skip
"""Folders whose one series the pipelines take (a refusal by the pixels, with its figure, is right for some of them)."""

NEVER = {
    "04-philips-ct-localizer", "05-philips-ct-exam-summary", "07-seg-of-06", "09-siemens-mr-diffusion-mosaic",
    "10-siemens-mr-fmri-mosaic", "11-ge-mr-fmri-volumes", "12-toshiba-mr-dti", "13-siemens-enhanced-mr-perfusion",
    "14-siemens-xa30-enhanced-mr-trace", "15-philips-enhanced-mr-b0", "17-pet-flt-breast-slice",
    "18-siemens-mr-mosaic-codecs", "20-cr-nm-us-nema-samples", "21-ge-mg-mammogram", "23-us-xa-rf-never-restored",
    "24-sr-seg-rwv-headneck", "27-sr-text-and-measurements", "29-nifti2dicom-t1-derived-secondary",
    "35-ct-dose-pages", "36-siemens-mr-dual-echo-pd-t2", "37-siemens-mr-phase",
    "39-philips-mr-raw-data", "41-presentation-states", "42-encapsulated-pdf", "44-dx-chest-nih",
    "45-dx-monochrome1-dog", "46-ge-pet-jpeg-lossless", "48-float-pixel-data", "53-slide-microscopy",
}  # fmt: skip
"""Folders of which no series is ever restored."""

MIXED = {
    "02-philips-ct-head-phantom-1mm", "19-ge-ct-chest-16-syntaxes", "22-rt-ct-slice-struct-plan-dose", "25-deflated",
    "26-odd-hostile-names", "28-odd-broken-files", "31-siemens-petct-ct-body-j2k", "32-siemens-ct-fruit-study",
    "33-siemens-mr-fruit-study", "34-toshiba-ct-body-and-mpr", "40-enhanced-ct-and-mr-small", "43-character-sets",
    "47-htj2k-rgb", "49-mr-odd-headers", "50-malformed", "51-small-ct-mr-syntaxes", "54-ct-blank-uids",
}  # fmt: skip
"""Folders that must end in a named state whatever they hold; some of their series come back, some never."""

ON_THE_WIRE = {"25-deflated"}
"""Refused before a byte of it is sent: deflated objects are not negotiated."""

BYTE_BY_BYTE = MIXED | {"18-siemens-mr-mosaic-codecs", "20-cr-nm-us-nema-samples", "23-us-xa-rf-never-restored",
                        "35-ct-dose-pages", "45-dx-monochrome1-dog", "48-float-pixel-data"}  # fmt: skip
"""Folders that hold files which DCMTK reads before sending, and then does not send."""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict]]:
    """Folder to the series the node made of it, after everything was sent to one node."""
    data = shared_root() / "data"
    if not data.is_dir():
        pytest.skip("the real series are not beside this checkout")
    tmp = tmp_path_factory.mktemp("real")
    pacs = DemoPacs(tmp / "pacs")
    rules = [
        rule("ct-denoise", name="CT", to=["pacs"], forward_originals_to=["pacs"]),
        rule("mr-denoise", name="MR", modality="MR", to=["pacs"], forward_originals_to=["pacs"]),
        rule("pet-denoise", name="PET", modality="PT", to=["pacs"], forward_originals_to=["pacs"]),
    ]
    destinations = [{"name": "pacs", "ae_title": AE_TITLE, "host": "127.0.0.1", "port": pacs.port}]
    seen: dict[str, list[dict]] = {}
    try:
        # So much at once keeps the originals waiting longer than one series would.
        patience = {"originals_first": 45}
        with RunningNode(tmp / "node", destinations=destinations, rules=rules, deliver=patience) as node:
            for folder in sorted(RESTORED | NEVER | MIXED):
                # One calling AE title each, so that what came from where can be told.
                if folder in BYTE_BY_BYTE:
                    taken = _push(node.dicom_port, data / folder, folder[:16])
                    assert (taken == 0) == (folder in ON_THE_WIRE), folder
                else:
                    sent = dcmsend(node.dicom_port, data / folder, calling=folder[:16])
                    assert sent.returncode == 0, (folder, sent.stdout)
            status = node.wait(_still, 600, "every series to end")
            for series in status["series"]:
                seen.setdefault(series["calling_ae"], []).append(series)
            seen["status"] = [status]
            seen["libtorch"] = [{"users": node.libtorch_users()}]
            seen["verify"] = [{"code": node.run("verify", check=False).returncode}]
    finally:
        pacs.stop()
    return seen


def _push(port: int, folder: Path, calling: str) -> int:
    """Send every file as it stands, as far as an association for it can be had; returns how many were taken."""
    node = DestinationSection(name="node", ae_title="RESTORE", host="127.0.0.1", port=port)
    taken = 0
    for path in sorted(folder.rglob("*.dcm")):
        with suppress(NodeError), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the files' odd values
            taken += sum(one.sent for one in push([path], node, calling))
    return taken


def _still(status: dict) -> bool:
    counts = status["counts"]
    return not (
        counts["unregistered"] + counts["series"]["open"] + counts["series"]["cut"] + counts["series"]["working"]
    )


def test_every_folder_has_its_expectation() -> None:
    data = shared_root() / "data"
    if not data.is_dir():
        pytest.skip("the real series are not beside this checkout")
    assert {path.name for path in data.iterdir() if path.is_dir()} == RESTORED | NEVER | MIXED


@pytest.mark.parametrize("folder", sorted(RESTORED))
def test_comes_back_derived_or_is_refused_by_its_pixels(outcome: dict[str, list[dict]], folder: str) -> None:
    (series,) = outcome[folder[:16]]
    (job,) = series["jobs"]
    assert job["state"] in {"done", "refused", "withheld"}, job
    assert job["state"] == "done" or job["reason"]
    if job["state"] == "done":
        assert [item["state"] for item in job["deliveries"]] == ["delivered"]
        assert job["instances"] == series["instances"]


def test_most_of_them_do_come_back(outcome: dict[str, list[dict]]) -> None:
    done = [folder for folder in RESTORED if outcome[folder[:16]][0]["jobs"][0]["state"] == "done"]
    assert len(done) >= len(RESTORED) - 2, {f: outcome[f[:16]][0]["jobs"][0]["reason"] for f in RESTORED - set(done)}


@pytest.mark.parametrize("folder", sorted(NEVER))
def test_is_kept_with_its_reason(outcome: dict[str, list[dict]], folder: str) -> None:
    for series in outcome[folder[:16]]:
        newest = [job for job in series["jobs"] if job["revision"] == series["revision"]]
        older = [job for job in series["jobs"] if job["revision"] != series["revision"]]
        assert all(job["state"] == "refused" and job["reason"] for job in newest), series
        # What comes on several associations can be cut more than once: the earlier refusals are then superseded.
        assert all(job["state"] == "cancelled" and "later cut" in job["reason"] for job in older), series
        assert all(job["derived_series_instance_uid"] is None for job in series["jobs"])
        assert newest or series["reason"]


@pytest.mark.parametrize("folder", sorted(MIXED - ON_THE_WIRE))
def test_ends_in_a_named_state_whatever_it_holds(outcome: dict[str, list[dict]], folder: str) -> None:
    (status,) = outcome["status"]
    known = outcome.get(folder[:16], [])
    assert known or status["counts"]["quarantined"]
    for series in known:
        assert series["state"] == "closed"
        assert series["jobs"] or series["reason"]
        assert all(job["state"] == "done" or job["reason"] for job in series["jobs"])


def test_nothing_is_left_without_a_state(outcome: dict[str, list[dict]]) -> None:
    (status,) = outcome["status"]
    assert status["node"]["healthy"]
    assert [item["restarts"] for item in status["processes"]] == [0] * len(status["processes"])
    assert outcome["verify"] == [{"code": 0}]


def test_only_the_worker_ever_loads_torch(outcome: dict[str, list[dict]]) -> None:
    assert outcome["libtorch"] == [{"users": {"worker-1"}}]
