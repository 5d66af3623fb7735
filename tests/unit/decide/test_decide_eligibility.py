"""Which series a pipeline takes, and what a refusal is called."""

import dataclasses
import math

import pytest

from dicom_node.complete.stacks import split
from dicom_node.decide.eligibility import cards, refusal
from dicom_node.domain.series import Instance
from restoration.card import Card, load_card
from tests.support.cuts import MR, facts_of, instance

CT_CARD, MR_CARD = load_card("ct-nlm"), load_card("mr-nlm")
THROUGH_PLANE = load_card("mr-super-resolution-through-plane")


def series(count: int = 4, **changes: object) -> list[Instance]:
    return [instance(i, **changes) for i in range(count)]


def mr(count: int = 4, **changes: object) -> list[Instance]:
    base: dict[str, object] = {"SOPClassUID": MR, "Modality": "MR", "ImageType": ["ORIGINAL", "PRIMARY", "M"]}
    return series(count, **{**base, "RescaleSlope": None, "RescaleIntercept": None, **changes})


def refused(instances: list[Instance], card: Card) -> str:
    found = refusal(facts_of(instances), split(instances), card)
    return "" if found is None else found.code


def scoped(card: Card, scope: str) -> Card:
    return dataclasses.replace(card, scope=scope)


@pytest.mark.parametrize(
    ("instances", "card"),
    [
        (series(), CT_CARD),
        (series(1), CT_CARD),
        (series(RescaleType="HU"), CT_CARD),
        (series(BurnedInAnnotation="NO", LossyImageCompression="00"), CT_CARD),
        (mr(), MR_CARD),
        (mr(ImageType=["ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D"]), MR_CARD),
        (mr(ImageType=["ORIGINAL", "PRIMARY", "OTHER", "ND", "NORM", "MEAN"]), MR_CARD),
        (mr(_b_value=0), MR_CARD),
        (series(4, AcquisitionNumber="1"), scoped(CT_CARD, "volume")),
        ([instance(0, syntax="1.2.840.10008.1.2.1.99")], CT_CARD),
        ([instance(0, syntax="1.2.840.10008.1.2.4.201")], CT_CARD),
    ],
)
def test_accepted(instances: list[Instance], card: Card) -> None:
    assert refused(instances, card) == ""


CT_REFUSALS = [
    ("modality", series(Modality="MR")),
    ("modality", series(Modality=None)),
    ("modality", [instance(0), instance(1, Modality="SR")]),
    ("SOP class", series(SOPClassUID="1.2.840.10008.5.1.4.1.1.66")),
    ("capture", series(SOPClassUID="1.2.840.10008.5.1.4.1.1.7", ImageType=["DERIVED", "SECONDARY"])),
    ("multi-frame", series(1, SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1")),
    ("no pixels", series(_pixels="none")),
    ("localizer", series(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])),
    ("localizer", [*series(3), instance(3, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])]),
    ("derived", series(ImageType=["DERIVED", "PRIMARY", "MPR"])),
    ("derived", series(ImageType=["ORIGINAL", "SECONDARY"])),
    ("derived", [*series(3), instance(3, ImageType=["DERIVED ", "PRIMARY"])]),
    ("image type missing", series(ImageType=None)),
    ("colour", series(PhotometricInterpretation="RGB", SamplesPerPixel=3)),
    ("burned-in text", series(BurnedInAnnotation="YES")),
    ("lossy", series(LossyImageCompression="01")),
    ("lossy", [instance(0, syntax="1.2.840.10008.1.2.4.91")]),
    ("syntax not decodable", [instance(0, syntax="1.2.840.10008.1.2.4.100")]),
    ("encrypted", series(EncryptedAttributesSequence=[{"EncryptedContentTransferSyntaxUID": "1.2"}])),
    ("overlay", series(_overlay_in_pixels="6000")),
    ("pixel data too short", [*series(3), instance(3, _pixels_short="YES")]),
    ("pixel format", series(BitsStored=8)),
    ("pixel format", series(BitsStored=32)),
    ("rescale missing", series(RescaleSlope=None)),
    ("rescale missing", series(RescaleIntercept=None)),
    ("rescale missing", [instance(0), instance(1, RescaleSlope=None)]),
    ("rescale missing", series(RescaleSlope="0")),
    ("units", series(RescaleType="US")),
    ("geometry missing", series(ImagePositionPatient=None)),
    ("orientation invalid", series(ImageOrientationPatient=["1", "0", "0", "1", "0", "0"])),
    ("mixed patient", [instance(0), instance(1, PatientName="Other")]),
    ("mixed Frame of Reference", [instance(0), instance(1, FrameOfReferenceUID="1.9")]),
    ("mixed orientation", [*series(3), instance(3, Rows=256)]),
    ("mixed stacks", [*series(3), instance(3, ConvolutionKernel="BONE")]),
    ("several images at one position", [*series(2), *(instance(i + 2, ImagePositionPatient=["0", "0", str(2.0 * i)])
                                                      for i in range(2))]),
    ("incomplete time series", [*series(3), instance(3, ImagePositionPatient=["0", "0", "0"])]),
    ("multi-energy", series(SeriesDescription="MonoE 70 keV")),
    ("vendor-restored", series(SeriesDescription="STD BRAIN 1MM, iDose")),
    ("vendor-restored", series(ConvolutionKernel=["Br38f", "3"])),
    ("vendor-restored", series(ConvolutionKernel=["I30f"])),
    ("functional", series(SeriesDescription="Brain perfusion 4D")),
    ("spacing range", series(PixelSpacing=["3", "3"])),
    ("thickness range", series(SliceThickness="20")),
    ("thickness range", series(SliceThickness=None)),
    ("matrix range", series(Rows=4096, Columns=4096)),
]  # fmt: skip


@pytest.mark.parametrize(("code", "instances"), CT_REFUSALS)
def test_ct_is_refused_by_name(code: str, instances: list[Instance]) -> None:
    assert refused(instances, CT_CARD) == code


MR_REFUSALS = [
    ("phase", mr(ImageType=["ORIGINAL", "PRIMARY", "P", "ND"])),
    ("phase", mr(ImageType=["ORIGINAL", "PRIMARY", "R", "ND"])),
    ("phase", mr(ComplexImageComponent="MIXED")),
    ("parametric map", mr(ImageType=["ORIGINAL", "PRIMARY", "T2 MAP"])),
    ("diffusion", mr(_b_value=1500)),
    ("diffusion", mr(SequenceName="ep2d_diff")),
    ("diffusion", mr(ImageType=["ORIGINAL", "PRIMARY", "DIFFUSION"])),
    ("mosaic", mr(_mosaic=36)),
    ("functional", mr(SeriesDescription="ax EPI-FMRI")),
    ("functional", mr(ImageType=["ORIGINAL", "PRIMARY", "ASL"])),
    ("functional", mr(NumberOfTemporalPositions="10")),
    ("vendor-restored", mr(SeriesDescription="Sag T1 AIR Recon DL")),
    ("mixed stacks", [*mr(2), instance(2, **{"SOPClassUID": MR, "Modality": "MR", "EchoNumbers": "2",
                                              "ImageType": ["ORIGINAL", "PRIMARY", "M"]})]),
]  # fmt: skip


@pytest.mark.parametrize(("code", "instances"), MR_REFUSALS)
def test_mr_is_refused_by_name(code: str, instances: list[Instance]) -> None:
    assert refused(instances, MR_CARD) == code


def tilted() -> list[Instance]:
    shear = math.tan(math.radians(18.5))
    return [instance(i, ImagePositionPatient=["0", str(shear * 2 * i), str(2.0 * i)]) for i in range(4)]


VOLUME = [
    ("gantry tilt 18.5° needs a slice-wise pipeline", tilted()),
    ("a slice is missing at 4.0 mm: only slice-wise pipelines", [instance(i) for i in (0, 1, 3, 4)]),
    ("the slices are not evenly spaced (2.0 to 3.3 mm): only slice-wise pipelines",
     [*series(3), instance(3, ImagePositionPatient=["0", "0", "7.3"])]),
    ("the slices are 4.0 mm apart, 2 mm thick: only slice-wise pipelines", [instance(2 * i) for i in range(4)]),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "instances"), VOLUME)
def test_what_only_slice_wise_pipelines_take(sentence: str, instances: list[Instance]) -> None:
    assert refused(instances, CT_CARD) == ""
    for scope in ("slab", "volume"):
        found = refusal(facts_of(instances), split(instances), scoped(CT_CARD, scope))
        assert found is not None
        assert found.sentence == sentence


def test_too_few_slices() -> None:
    eligibility = dataclasses.replace(CT_CARD.eligibility, min_slices=12)
    card = dataclasses.replace(CT_CARD, eligibility=eligibility)
    assert refused(series(11), card) == "too few slices"
    assert refused(series(12), card) == ""


def test_a_card_that_does_not_refuse_by_name_takes_it() -> None:
    eligibility = dataclasses.replace(CT_CARD.eligibility, refuse=())
    assert refused(series(SeriesDescription="iDose"), dataclasses.replace(CT_CARD, eligibility=eligibility)) == ""


def test_every_installed_bundle_has_a_card() -> None:
    assert {"ct-nlm", "mr-nlm"} <= cards().keys()
    assert all(isinstance(card, Card) for card in cards().values())


def mr_3d(count: int = 40, **changes: object) -> list[Instance]:
    base: dict[str, object] = {"MRAcquisitionType": "3D", "PixelSpacing": ["1", "1"], "Rows": 256, "Columns": 256}
    return mr(count, **{**base, **changes})


THROUGH_PLANE_REFUSALS = [
    ("this node does not write derived series of a finer grid yet; finer takes volumes only",
     mr_3d()),
    ("finer adds slices, which only a 3D acquisition holds; MR Acquisition Type is 2D",
     mr_3d(MRAcquisitionType="2D", SliceThickness="1")),
    ("finer adds slices, which only a 3D acquisition holds; MR Acquisition Type is missing",
     mr_3d(MRAcquisitionType=None)),
    ("finer adds slices, which only a 3D acquisition holds; MR Acquisition Type is 3D, missing",
     [*mr_3d(39), *mr_3d(40, MRAcquisitionType=None)[39:]]),
    ("the slices are 2.0 mm apart, 1 mm thick: only slice-wise pipelines", mr_3d(SliceThickness="1")),
    ("the slices are 2.0 mm apart, 1.6 mm thick: only slice-wise pipelines", mr_3d(SliceThickness="1.6")),
    ("a slice is missing at 2.0 mm: only slice-wise pipelines", [item for item in mr_3d(41) if item.id != 2]),
    ("31 slices, finer needs 32", mr_3d(31)),
    ("slices of 4.0 mm every 2.0 mm were interpolated by the scanner", mr_3d(SliceThickness="4")),
    ("new slices would lie 2.0 pixels apart, outside 0.75 to 1.35 of finer",
     mr_3d(PixelSpacing=["0.5", "0.5"])),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "instances"), THROUGH_PLANE_REFUSALS)
def test_slices_are_added_only_where_the_acquisition_holds_them(sentence: str, instances: list[Instance]) -> None:
    wide = dataclasses.replace(THROUGH_PLANE.eligibility, thickness_mm=(0.7, 8.0))
    card = dataclasses.replace(THROUGH_PLANE, name="finer", eligibility=wide)
    found = refusal(facts_of(instances), split(instances), card)
    assert found is not None
    assert found.sentence == sentence


def test_what_cannot_be_derived_yet_is_refused_by_name() -> None:
    assert refused(mr(), dataclasses.replace(MR_CARD, factors=(1, 2, 2))) == "not derived yet"
    assert refused(mr(), dataclasses.replace(MR_CARD, operation="motion-correction")) == "not derived yet"


def pet(count: int = 7, **changes: object) -> list[Instance]:
    base: dict[str, object] = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.128", "Modality": "PT", "ImageType": ["ORIGINAL", "PRIMARY"],
        "Units": "BQML", "SeriesType": ["WHOLE BODY", "IMAGE"], "PixelSpacing": ["4", "4"], "Rows": 128,
        "Columns": 128, "BitsStored": 16, "RescaleIntercept": "0",
    }  # fmt: skip
    return series(count, **{**base, **changes})


@pytest.mark.parametrize(
    ("code", "instances"),
    [
        ("", pet()),
        ("", [*pet(6), *pet(7, RescaleSlope="3.5")[6:]]),
        ("units", pet(Units="PROPCPS")),
        ("units", pet(Units=None)),
        ("rescale missing", pet(RescaleSlope=None)),
        ("reprojection", pet(SeriesType=["WHOLE BODY", "REPROJECTION"])),
        ("SOP class", pet(SOPClassUID=MR)),
        ("too few slices", pet(3)),
        ("slice missing", [item for item in pet() if item.id != 3]),
        ("mixed stacks", [
            *pet(7, NumberOfTimeSlices=2, NumberOfSlices=7, ImageIndex=1),
            *[dataclasses.replace(item, id=item.id + 7)
              for item in pet(7, NumberOfTimeSlices=2, NumberOfSlices=7, ImageIndex=8)],
        ]),
    ],
)  # fmt: skip
def test_pet(code: str, instances: list[Instance]) -> None:
    assert refused(instances, load_card("pet-denoise")) == code


def dx(count: int = 2, **changes: object) -> list[Instance]:
    base: dict[str, object] = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1.1", "Modality": "DX", "ImageType": ["ORIGINAL", "PRIMARY", ""],
        "PresentationIntentType": "FOR PROCESSING", "PixelIntensityRelationship": "LIN",
        "PixelIntensityRelationshipSign": 1, "RescaleIntercept": "0",
        "ImagerPixelSpacing": ["0.2", "0.2"], "Rows": 2000, "Columns": 1500,
    }  # fmt: skip
    gone = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "FrameOfReferenceUID")
    return series(count, **{**base, **dict.fromkeys(gone), **changes})


@pytest.mark.parametrize(
    ("code", "instances"),
    [
        ("", dx()),
        ("", [*dx(1), *dx(2, Rows=1500, Columns=2000)[1:]]),
        ("units", dx(PresentationIntentType="FOR PRESENTATION")),
        ("units", dx(PixelIntensityRelationship="LOG")),
        ("units", dx(PixelIntensityRelationshipSign=-1)),
        ("units", dx(PresentationIntentType=None, SOPClassUID="1.2.840.10008.5.1.4.1.1.1.1")),
        ("units", [*dx(1), *dx(2, RescaleIntercept="300")[1:]]),
        ("units", dx(ModalityLUTSequence=[{"LUTExplanation": "x"}])),
        ("geometry missing", dx(ImagerPixelSpacing=None)),
        ("spacing range", dx(ImagerPixelSpacing=["0.6", "0.6"])),
        ("matrix range", dx(Rows=100)),
        ("modality", dx(Modality="CR")),
    ],
)
def test_x_ray(code: str, instances: list[Instance]) -> None:
    assert refused(instances, load_card("xr-denoise")) == code
