"""Splits the instances of a series into geometric stacks and names what is wrong with each (PS3.3 C.7.6.2). Pure.

Only positions and orientations decide about geometry: Slice Location and stated spacings differ from the planes by
millimetres in real files, and Acquisition Number or Content Time change within one good stack.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from dicom_node.domain.geometry import (
    SAME_PLACE_MM,
    UNIT_TOLERANCE,
    Vector,
    angle_deg,
    distinct_positions,
    dot,
    is_regular,
    median_step,
    missing_positions,
    normal_of,
    steps_of,
)
from dicom_node.domain.series import Instance, Stack

TILT_DEG = 0.1
GAP_SHARE = 1.5
_SPACING_SHARE = 1e-3
_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_ENHANCED = {f"1.2.840.10008.5.1.4.1.1.{tail}" for tail in ("2.1", "2.2", "4.1", "4.2", "4.3", "4.4", "128.1", "130")}
_CAPTURE_WORDS = {"SCREEN SAVE", "DOSEINFO", "SCREENSHOT"}
_CONTRAST = {"M", "P", "R", "I", "PHASE MAP", "REAL", "IMAGINARY", "ADC", "TRACEW", "FA", "ISO", "DIFFUSION", "MIXED"}
_WITHOUT_PLANE = {"CR", "DX", "MG", "IO", "PX", "XA", "RF"}


@dataclass(frozen=True, kw_only=True)
class _Placed:
    instance: Instance
    normal: Vector
    corner: tuple[float, ...]

    @property
    def position(self) -> float:
        return dot(self.corner, self.normal)


def split(instances: Sequence[Instance]) -> tuple[Stack, ...]:
    """Split a series; every instance lands in exactly one stack.

    Returns
    -------
    tuple[Stack, ...]
        In an order that does not depend on the order of arrival; problems are codes of `domain.reasons`.
    """
    kinds: dict[str, list[Instance]] = {}
    for instance in sorted(instances, key=_file_order):
        kinds.setdefault(sorted_out(instance), []).append(instance)
    good = kinds.pop("", [])
    stacks = [_plain(code, members, (code,)) for code, members in kinds.items()]
    stacks += _projections([item for item in good if _is_projection(item)])
    stacks += _geometric([item for item in good if not _is_projection(item)])
    return tuple(sorted(stacks, key=lambda stack: (stack.key, stack.positions_mm[:1], stack.instance_ids)))


def sorted_out(instance: Instance) -> str:
    """Return the reason why an object is no image to be stacked, or an empty text."""
    image_type = {value.strip().upper() for value in instance.values("ImageType")}
    stored = instance.text("_pixels")
    mosaic = any(number > 1 for number in instance.numbers("_mosaic"))
    checks = (
        ("capture", _is_capture(instance.sop_class_uid) or bool(image_type & _CAPTURE_WORDS)),
        ("no pixels", stored != "pixel"),
        ("localizer", "LOCALIZER" in image_type),
        ("mosaic", "MOSAIC" in image_type or mosaic),
        ("multi-frame", any(number > 1 for number in instance.numbers("NumberOfFrames")) or _is_enhanced(instance)),
    )
    return next((code for code, holds in checks if holds), "")


def _is_capture(sop_class_uid: str) -> bool:
    return sop_class_uid == _CAPTURE or sop_class_uid.startswith(f"{_CAPTURE}.")


def _is_enhanced(instance: Instance) -> bool:
    return instance.sop_class_uid in _ENHANCED


def _is_projection(instance: Instance) -> bool:
    return instance.text("Modality") in _WITHOUT_PLANE and not instance.values("ImageOrientationPatient")


def _projections(instances: Sequence[Instance]) -> list[Stack]:
    ordered = sorted(instances, key=_matrix)
    return [_plain(f"matrix {matrix}", list(members), ()) for matrix, members in groupby(ordered, _matrix)]


def _matrix(instance: Instance) -> str:
    return f"{instance.text('Columns')}x{instance.text('Rows')}"


def _plain(key: str, instances: Iterable[Instance], problems: tuple[str, ...]) -> Stack:
    return Stack(
        key=key,
        instance_ids=tuple(item.id for item in instances),
        positions_mm=(),
        step_mm=(),
        spacing_mm=None,
        regular=False,
        gantry_tilt_deg=0.0,
        problems=problems,
    )


def _geometric(instances: Sequence[Instance]) -> list[Stack]:
    placed: list[_Placed] = []
    bad: dict[str, list[Instance]] = {}
    for item in instances:
        orientation, corner = item.numbers("ImageOrientationPatient"), item.numbers("ImagePositionPatient")
        normal = normal_of(orientation)
        if len(orientation) != 6 or len(corner) != 3 or len(item.numbers("PixelSpacing")) != 2:
            bad.setdefault("geometry missing", []).append(item)
        elif normal is None:
            bad.setdefault("orientation invalid", []).append(item)
        else:
            placed.append(_Placed(instance=item, normal=normal, corner=corner))
    stacks = [_plain(code, members, (code,)) for code, members in bad.items()]
    groups = _group(placed)
    for index, (_key, members) in enumerate(groups):
        stacks += _untangle(_name(groups, index), members)
    return stacks


def _group(placed: Sequence[_Placed]) -> list[tuple[tuple[str, ...], list[_Placed]]]:
    orientations: list[tuple[float, ...]] = []
    spacings: list[tuple[float, ...]] = []
    groups: dict[tuple[str, ...], list[_Placed]] = {}
    for item in placed:
        header = item.instance
        orientation = _nearest(header.numbers("ImageOrientationPatient"), orientations, UNIT_TOLERANCE, relative=False)
        spacing = _nearest(header.numbers("PixelSpacing"), spacings, _SPACING_SHARE, relative=True)
        key = (f"orientation {orientation + 1}", f"spacing {spacing + 1}", *_contrast(header))
        groups.setdefault(key, []).append(item)
    return [part for key, members in groups.items() for part in _by_trigger(key, members)]


def _by_trigger(key: tuple[str, ...], members: list[_Placed]) -> list[tuple[tuple[str, ...], list[_Placed]]]:
    """Split by Trigger Time only where positions repeat: in ungated series it may change from slice to slice."""
    if len(_positions(members)) == len(members):
        return [(key, members)]
    parts: dict[tuple[str, ...], list[_Placed]] = {}
    for item in members:
        parts.setdefault((*key, f"trigger {item.instance.text('TriggerTime')}"), []).append(item)
    return list(parts.items())


def _contrast(header: Instance) -> tuple[str, ...]:
    """Return what sets images of one geometry apart."""
    words = [value.strip().upper() for value in header.values("ImageType")[2:]]
    echo = header.text("EchoNumbers") or header.text("EchoTime")
    return (
        f"class {header.sop_class_uid}",
        f"frame of reference {header.text('FrameOfReferenceUID')}",
        f"matrix {_matrix(header)}",
        f"image type {' '.join(word for word in words if word in _CONTRAST)}",
        f"echo {echo}",
        f"b-value {header.text('_b_value') or header.text('DiffusionBValue')}",
        f"direction {header.text('DiffusionGradientOrientation')}",
        f"inversion time {header.text('InversionTime')}",
        f"flip angle {header.text('FlipAngle')}",
        f"kernel {header.text('ConvolutionKernel')}",
        f"temporal position {header.text('TemporalPositionIdentifier')}",
        f"time slice {_time_slice(header)}",
        f"stack {header.text('StackID')}",
        f"concatenation {header.text('ConcatenationUID')}",
    )


def _time_slice(header: Instance) -> str:
    """Return the number of a dynamic PET image's time slice (PS3.3 C.8.9.4.1.9); empty outside dynamic series."""
    index, slices = header.numbers("ImageIndex"), header.numbers("NumberOfSlices")
    times = header.numbers("NumberOfTimeSlices")
    if not (index and slices and times) or times[0] <= 1 or slices[0] < 1:
        return ""
    return str(int((index[0] - 1) // slices[0]) + 1)


def _nearest(value: tuple[float, ...], known: list[tuple[float, ...]], tolerance: float, *, relative: bool) -> int:
    for index, other in enumerate(known):
        scale = max(map(abs, other)) if relative else 1.0
        if all(abs(a - b) <= tolerance * scale for a, b in zip(value, other, strict=True)):
            return index
    known.append(value)
    return len(known) - 1


def _name(groups: Sequence[tuple[tuple[str, ...], list[_Placed]]], index: int) -> str:
    """Name a stack by what differs from its sisters."""
    width = max(len(other) for other, _ in groups)
    padded = [(*other, *[""] * (width - len(other))) for other, _ in groups]
    differing = [column for column in range(width) if len({other[column] for other in padded}) > 1]
    words = [padded[index][column].strip() for column in differing if padded[index][column]]
    return ", ".join(words) or "whole series"


def _untangle(key: str, members: list[_Placed]) -> list[Stack]:
    """Give several images at one position a stack each, where every position occurs equally often."""
    ordered = sorted(members, key=lambda item: item.position)
    places: list[list[_Placed]] = []
    for item in ordered:
        if places and item.position - places[-1][0].position < SAME_PLACE_MM:
            places[-1].append(item)
        else:
            places.append([item])
    repeats = {len(place) for place in places}
    if repeats == {1}:
        return [_stack(key, ordered, ())]
    if len(repeats) > 1:
        return [_stack(key, ordered, ("incomplete time series",))]
    turns = zip(*(sorted(place, key=lambda item: _time_order(item.instance)) for place in places), strict=True)
    return [
        _stack(f"{key}, turn {turn}", list(items), ("several images at one position",))
        for turn, items in enumerate(turns, start=1)
    ]


def _stack(key: str, ordered: list[_Placed], problems: tuple[str, ...]) -> Stack:
    positions = tuple(round(item.position, 6) for item in ordered)
    step = median_step([item.corner for item in ordered])
    tilt = angle_deg(step, ordered[0].normal) if step else 0.0
    spacing = median(steps_of(positions)) if len(positions) > 1 else None
    if not problems:
        problems = _problems(positions, spacing, tilt, _thickness(ordered))
    return Stack(
        key=key,
        instance_ids=tuple(item.instance.id for item in ordered),
        positions_mm=positions,
        step_mm=tuple(round(component, 6) for component in step),
        spacing_mm=None if spacing is None else round(spacing, 6),
        regular=is_regular(positions),
        gantry_tilt_deg=round(tilt, 3),
        problems=problems,
    )


def _problems(
    positions: tuple[float, ...], spacing: float | None, tilt_deg: float, thickness_mm: float | None
) -> tuple[str, ...]:
    found = []
    if tilt_deg > TILT_DEG:
        found.append("gantry tilt")
    if not is_regular(positions):
        found.append("slice missing" if missing_positions(positions) else "irregular spacing")
    if spacing is not None and thickness_mm and spacing > GAP_SHARE * thickness_mm:
        found.append("gaps")
    return tuple(found)


def _thickness(ordered: Iterable[_Placed]) -> float | None:
    values = [number for item in ordered for number in item.instance.numbers("SliceThickness")]
    return median(values) if values else None


def _positions(members: Iterable[_Placed]) -> tuple[float, ...]:
    return distinct_positions([item.position for item in members])


def _time_order(header: Instance) -> tuple[str, float, str]:
    return (header.text("AcquisitionTime"), _instance_number(header), header.sop_instance_uid)


def _file_order(header: Instance) -> tuple[float, str]:
    return (_instance_number(header), header.sop_instance_uid)


def _instance_number(header: Instance) -> float:
    return next(iter(header.numbers("InstanceNumber")), 0.0)
