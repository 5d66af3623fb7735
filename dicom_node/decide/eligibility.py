"""May this pipeline take this series, as far as headers tell? Pure but for `cards`, which reads the bundles' cards.

The checks stand in the order in which a person would name them; the first that refuses gives the reason. What pixels
tell (noise, spectrum) is the domain check of the restoration itself. The whole series is taken or refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from dicom_node.decide import hints
from dicom_node.decide.headers import Headers
from dicom_node.domain.geometry import missing_positions, steps_of
from dicom_node.domain.iods import PROJECTIONS, Exposed, classes_of, not_proportional
from dicom_node.domain.reasons import Reason, reason
from dicom_node.domain.series import Facts, Stack
from dicom_node.domain.syntaxes import LOSSLESS, LOSSY
from restoration.card import Card as Card
from restoration.card import load_card, names
from restoration.errors import RestorationError

_SORTED_OUT = ("capture", "no pixels", "localizer", "mosaic", "multi-frame")
_GEOMETRY = ("geometry missing", "orientation invalid")
_SLICE_WISE_ONLY = ("gantry tilt", "slice missing", "irregular spacing", "gaps")
_OVERLAPPING = 1.5
"""Largest slice thickness, in slice distances, of a stack as measured; the scanner's own new slices make it 2 or 4."""

_TOUCHING = 1.1
"""Largest slice distance, in slice thicknesses, of a stack measured in three dimensions."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A series and a pipeline that may take it."""

    headers: Headers
    stacks: tuple[Stack, ...]
    card: Card

    @property
    def projections(self) -> bool:
        """Whether each image stands alone."""
        return self.card.eligibility.modality in PROJECTIONS

    def problem(self, *codes: str) -> str:
        """Return the first of these problems that a stack has; empty if none has one."""
        return next((code for code in codes if any(code in stack.problems for stack in self.stacks)), "")


def cards() -> dict[str, Card | Reason]:
    """Read the card of every installed bundle; a broken one is its reason."""
    found: dict[str, Card | Reason] = {}
    for name in names():
        try:
            found[name] = load_card(name)
        except RestorationError as error:
            found[name] = reason("bundle broken", detail=str(error))
    return found


def refusal(facts: Facts, stacks: tuple[Stack, ...], card: Card) -> Reason | None:
    """Return why a pipeline does not take a series; None if it takes it."""
    candidate = Candidate(headers=Headers(facts), stacks=stacks, card=card)
    return next((found for check in _CHECKS if (found := check(candidate)) is not None), None)


def _modality(candidate: Candidate) -> Reason | None:
    wanted, found = candidate.card.eligibility.modality, candidate.headers.words("Modality")
    if found == {wanted} and not candidate.headers.lacks("Modality"):
        return None
    return reason("modality", pipeline=candidate.card.name, wanted=wanted, found=", ".join(sorted(found)) or "unknown")


def _sop_class(candidate: Candidate) -> Reason | None:
    code = candidate.problem(*_SORTED_OUT[:1], *_SORTED_OUT[2:])
    if code:
        return reason(code)
    card = candidate.card
    found = candidate.headers.words("SOPClassUID") - classes_of(card.eligibility.modality)
    if found:
        return reason("SOP class", pipeline=card.name, found=min(found))
    return reason("no pixels") if candidate.problem("no pixels") else None


def _image_type(candidate: Candidate) -> Reason | None:
    headers = candidate.headers
    for value in headers.every("ImageType"):
        words = [part.upper() for part in value]
        if words[:1] == ["DERIVED"] or words[1:2] == ["SECONDARY"]:
            return reason("derived", image_type="\\".join(value))
        if words[:1] != ["ORIGINAL"]:
            return reason("image type missing")
    return None


def _named_kinds(*names: str) -> Callable[[Candidate], Reason | None]:
    def check(candidate: Candidate) -> Reason | None:
        asked = [hints.BY_NAME[name] for name in names if name in candidate.card.eligibility.refuse]
        return next((found for hint in asked if (found := hint(candidate.headers)) is not None), None)

    return check


def _pixels(candidate: Candidate) -> Reason | None:
    headers = candidate.headers
    photometric = headers.words("PhotometricInterpretation")
    if photometric - {"MONOCHROME1", "MONOCHROME2"} or any(
        number != 1 for number in headers.numbers("SamplesPerPixel")
    ):
        return reason("colour")
    if "YES" in headers.words("BurnedInAnnotation"):
        return reason("burned-in text")
    syntaxes = headers.words("_transfer_syntax")
    if "01" in headers.words("LossyImageCompression") or syntaxes & LOSSY:
        return reason("lossy")
    if syntaxes - LOSSLESS:
        return reason("syntax not decodable", syntax=min(syntaxes - LOSSLESS))
    if any(headers.raw("EncryptedAttributesSequence")):
        return reason("encrypted")
    if headers.present("_pixels_short"):
        return reason("pixel data too short")
    return reason("overlay") if headers.present("_overlay_in_pixels") else _pixel_format(headers)


def _pixel_format(headers: Headers) -> Reason | None:
    stored = headers.numbers("BitsStored")
    if not stored or min(stored) <= 8 or max(stored) > 16:
        return reason("pixel format", detail=f"{headers.text('BitsStored') or 'unknown'} bits stored")
    return None


def _units(candidate: Candidate) -> Reason | None:
    check = _UNIT_CHECKS.get(candidate.card.unit)
    return check(candidate.headers) if check is not None else None


def _not_in_hu(headers: Headers) -> Reason | None:
    other = headers.words("RescaleType") - {"HU"}
    return _not_rescaled(headers) or (
        reason("units", wanted="HU", detail=f"Rescale Type {min(other)}") if other else None
    )


def _not_in_activity(headers: Headers) -> Reason | None:
    """Refuse PET that is not in Bq/mL, and views that were made from slices."""
    other = (headers.words("Units") | ({"missing"} if headers.lacks("Units") else set())) - {"BQML"}
    if other:
        return reason("units", wanted="Bq/mL", detail=f"Units is {min(other)}")
    if any("REPROJECTION" in value for value in headers.every("SeriesType")):
        return reason("reprojection")
    return _not_rescaled(headers)


def _not_exposure(headers: Headers) -> Reason | None:
    for sop_class_uid in sorted(headers.words("SOPClassUID")):
        why = not_proportional(
            Exposed(
                sop_class_uid=sop_class_uid,
                intent=headers.text("PresentationIntentType"),
                relation=headers.text("PixelIntensityRelationship"),
                sign=headers.text("PixelIntensityRelationshipSign"),
                intercept=headers.text("RescaleIntercept"),
                has_table=any(headers.raw("ModalityLUTSequence")),
            )
        )
        if why:
            return reason("units", wanted="exposure", detail=why)
    return None


def _not_rescaled(headers: Headers) -> Reason | None:
    rescale = ("RescaleSlope", "RescaleIntercept")
    if any(headers.lacks(key) or not headers.numbers(key) for key in rescale) or 0 in headers.numbers("RescaleSlope"):
        return reason("rescale missing")
    return None


_UNIT_CHECKS: Final[Mapping[str, Callable[[Headers], Reason | None]]] = {
    "HU": _not_in_hu,
    "Bq/mL": _not_in_activity,
    "exposure": _not_exposure,
}


def _one_frame_of_reference(candidate: Candidate) -> Reason | None:
    headers = candidate.headers
    code = candidate.problem(*_GEOMETRY)
    if code:
        return reason(code)
    if any(headers.varies(key) for key in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex")):
        return reason("mixed patient")
    return reason("mixed Frame of Reference") if headers.varies("FrameOfReferenceUID") else None


def _one_stack(candidate: Candidate) -> Reason | None:
    stacks = candidate.stacks
    code = candidate.problem("incomplete time series", "several images at one position")
    if code:
        images = sum(len(stack.instance_ids) for stack in stacks)
        positions = len({round(position, 2) for stack in stacks for position in stack.positions_mm})
        return reason(code, images=images, positions=positions)
    if len(stacks) == 1 or candidate.projections:
        return None
    keys = "; ".join(stack.key for stack in stacks[:3]) + ("; …" if len(stacks) > 3 else "")
    if "orientation" in keys or "matrix" in keys:
        return reason("mixed orientation", count=len(stacks))
    return reason("mixed stacks", count=len(stacks), keys=keys)


def _volume(candidate: Candidate) -> Reason | None:
    """Refuse what only slice-wise pipelines can take."""
    if candidate.card.scope == "slice":
        return None
    code = candidate.problem(*_SLICE_WISE_ONLY)
    stack = candidate.stacks[0]
    steps = steps_of(stack.positions_mm)
    values: dict[str, dict[str, object]] = {
        "gantry tilt": {"degrees": round(stack.gantry_tilt_deg, 1)},
        "slice missing": {"position": _first(missing_positions(stack.positions_mm))},
        "irregular spacing": {"low": round(min(steps, default=0.0), 2), "high": round(max(steps, default=0.0), 2)},
        "gaps": {"spacing": stack.spacing_mm, "thickness": candidate.headers.text("SliceThickness")},
    }
    return reason(code, **values[code]) if code else None


def _acquired_in_3d(candidate: Candidate) -> Reason | None:
    """Refuse to add slices to a stack of slices that were each measured alone: nothing is known between them."""
    card, headers = candidate.card, candidate.headers
    types = headers.words("MRAcquisitionType") | ({"missing"} if headers.lacks("MRAcquisitionType") else set())
    if card.factors[0] == 1 or types == {"3D"}:
        return None
    return reason("two-dimensional", pipeline=card.name, found=", ".join(sorted(types)))


def _slices_as_measured(candidate: Candidate) -> Reason | None:
    """Refuse to add slices where the scanner has done so, where it left gaps, or where voxels would be no cubes."""
    card, stack = candidate.card, candidate.stacks[0]
    thickness, spacing = candidate.headers.numbers("SliceThickness"), stack.spacing_mm
    if card.step_ratio is None or spacing is None or not thickness:
        return None
    if max(thickness) > _OVERLAPPING * spacing:
        return reason("interpolated slices", thickness=max(thickness), spacing=round(spacing, 2))
    if spacing > _TOUCHING * min(thickness):
        return reason("gaps", spacing=round(spacing, 2), thickness=min(thickness))
    low, high = card.step_ratio
    for pixel in candidate.headers.numbers("PixelSpacing"):
        ratio = spacing / card.factors[0] / pixel if pixel > 0 else 0.0
        if not low <= ratio <= high:
            return reason("slice distance", found=round(ratio, 2), low=low, high=high, pipeline=card.name)
    return None


def _first(positions: tuple[float, ...]) -> float:
    return round(positions[0], 2) if positions else 0.0


def _ranges(candidate: Candidate) -> Reason | None:
    wanted, headers, name = candidate.card.eligibility, candidate.headers, candidate.card.name
    slices = len(candidate.stacks[0].instance_ids)
    if slices < wanted.min_slices:
        return reason("too few slices", found=slices, pipeline=name, wanted=wanted.min_slices)
    matrix = (("matrix range", "Rows", wanted.matrix), ("matrix range", "Columns", wanted.matrix))
    if candidate.projections and headers.lacks("ImagerPixelSpacing"):
        return reason("geometry missing")
    size = (
        (("spacing range", "ImagerPixelSpacing", wanted.pixel_mm),)
        if candidate.projections
        else (
            ("spacing range", "PixelSpacing", wanted.pixel_mm),
            ("thickness range", "SliceThickness", wanted.thickness_mm),
        )
    )
    for code, keyword, (low, high) in (*size, *matrix):
        numbers = headers.numbers(keyword)
        if not numbers or min(numbers) < low or max(numbers) > high:
            return reason(code, found=headers.text(keyword) or "unknown", low=low, high=high, pipeline=name)
    return None


def _derivable(candidate: Candidate) -> Reason | None:
    card = candidate.card
    if card.factors != (1, 1, 1):
        return reason("not derived yet", what="a finer grid", pipeline=card.name)
    if card.operation == "motion-correction":
        return reason("not derived yet", what="a motion correction", pipeline=card.name)
    return None


_CHECKS: Final = (
    _modality,
    _sop_class,
    _image_type,
    _named_kinds("phase", "map", "diffusion"),
    _pixels,
    _units,
    _one_frame_of_reference,
    _one_stack,
    _named_kinds("functional", "perfusion", "multi-energy", "vendor-restored"),
    _acquired_in_3d,
    _volume,
    _ranges,
    _slices_as_measured,
    _derivable,
)
