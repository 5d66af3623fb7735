"""Which pipeline takes which of the real series: one reason per series, as headers tell it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dicom_node.complete.stacks import split
from dicom_node.decide.eligibility import refusal
from dicom_node.domain.series import Instance, SopUid
from dicom_node.sandbox.client import Header, Sandbox
from restoration.card import Card, load_card
from tests.support.cuts import START, facts_of
from tests.support.shared import series_folder

CARDS = {"CT": load_card("ct-nlm"), "MR": load_card("mr-nlm")}

EXPECTED = """
01-ge-ct-head-tilt                  | CT | taken
02-philips-ct-head-phantom-1mm      | CT | vendor-restored
03-philips-ct-tilted-stereotaxis    | CT | taken
04-philips-ct-localizer             | CT | localizer
05-philips-ct-exam-summary          | CT | capture
06-ge-ct-thorax-3-slices            | CT | taken
07-seg-of-06                        | CT | modality
08-siemens-mr-t1-2d-sagittal        | MR | taken
09-siemens-mr-diffusion-mosaic      | MR | mosaic
10-siemens-mr-fmri-mosaic           | MR | mosaic
11-ge-mr-fmri-volumes               | MR | incomplete time series
12-toshiba-mr-dti                   | MR | diffusion
13-siemens-enhanced-mr-perfusion    | MR | multi-frame
14-siemens-xa30-enhanced-mr-trace   | MR | multi-frame
15-philips-enhanced-mr-b0           | MR | multi-frame
16-siemens-mr-memprage              | MR | taken
17-pet-flt-breast-slice             | CT | modality
18-siemens-mr-mosaic-codecs         | MR | mosaic
19-ge-ct-chest-16-syntaxes          | CT | derived
20-cr-nm-us-nema-samples            | CT | modality
21-ge-mg-mammogram                  | CT | modality
22-rt-ct-slice-struct-plan-dose     | CT | taken, modality
23-us-xa-rf-never-restored          | CT | modality
24-sr-seg-rwv-headneck              | MR | modality
25-deflated                         | CT | modality
26-odd-hostile-names                | CT | taken
27-sr-text-and-measurements         | CT | modality
29-nifti2dicom-t1-derived-secondary | MR | derived
30-pet-cps-wholebody-fdg            | CT | modality
31-siemens-petct-ct-body-j2k        | CT | vendor-restored
33-siemens-mr-fruit-study           | MR | taken, modality
34-toshiba-ct-body-and-mpr          | CT | taken, derived
35-ct-dose-pages                    | CT | capture
36-siemens-mr-dual-echo-pd-t2       | MR | mixed stacks
37-siemens-mr-phase                 | MR | phase
38-uih-mr-t1-3d                     | MR | taken
39-philips-mr-raw-data              | MR | SOP class
40-enhanced-ct-and-mr-small         | MR | multi-frame, modality
41-presentation-states              | CT | modality
42-encapsulated-pdf                 | CT | modality
43-character-sets                   | CT | modality
44-dx-chest-nih                     | CT | modality
45-dx-monochrome1-dog               | CT | modality
46-ge-pet-jpeg-lossless             | CT | modality
47-htj2k-rgb                        | CT | modality
48-float-pixel-data                 | CT | modality
49-mr-odd-headers                   | MR | phase, no pixels, mosaic, derived
51-small-ct-mr-syntaxes             | MR | derived, modality
52-ge-mr-3d-watermelon              | MR | taken
53-slide-microscopy                 | CT | modality
"""
ROWS = [tuple(part.strip() for part in line.split("|")) for line in EXPECTED.strip().splitlines()]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


def series_in(folder: Path, sandbox: Sandbox) -> dict[str, list[Instance]]:
    found: dict[str, list[Instance]] = {}
    headers = sandbox.headers(sorted(path for path in folder.rglob("*") if path.is_file()))
    for index, read in enumerate(header for header in headers if isinstance(header, Header)):
        made = Instance(
            id=index + 1,
            sop_instance_uid=SopUid(read.announced_instance_uid or str(index)),
            sop_class_uid=read.announced_class_uid,
            transfer_syntax_uid=read.transfer_syntax_uid,
            path=read.path.name,
            sha256="",
            pixel_digest=read.pixel_digest,
            received_at=START,
            association_id=1,
            attributes=read.attributes,
        )
        found.setdefault(made.text("SeriesInstanceUID"), []).append(made)
    return found


def outcomes(folder: str, sandbox: Sandbox, card: Card) -> set[str]:
    result = set()
    for instances in series_in(series_folder(folder), sandbox).values():
        found = refusal(facts_of(instances), split(instances), card)
        result.add("taken" if found is None else found.code)
    return result


@pytest.mark.parametrize(("folder", "modality", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_real_series(folder: str, modality: str, expected: str, sandbox: Sandbox) -> None:
    assert outcomes(folder, sandbox, CARDS[modality]) == set(expected.split(", "))


@pytest.mark.parametrize("folder", ["28-odd-broken-files", "32-siemens-ct-fruit-study", "50-malformed"])
def test_odd_series_are_judged_without_a_crash(folder: str, sandbox: Sandbox) -> None:
    assert outcomes(folder, sandbox, CARDS["CT"])


def test_a_tilted_series_is_one_stack_of_all_its_slices(sandbox: Sandbox) -> None:
    (instances,) = series_in(series_folder("01-ge-ct-head-tilt"), sandbox).values()
    (stack,) = split(instances)
    assert stack.gantry_tilt_deg == pytest.approx(18.5, abs=0.1)
    assert stack.problems == ("gantry tilt", "irregular spacing")
    assert len(stack.instance_ids) == 12
