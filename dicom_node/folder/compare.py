"""Compares two series of one acquisition, slice on slice: figures and pictures. Touches: files, sandbox."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import NodeError, NotFound
from dicom_node.domain.series import Instance
from dicom_node.folder.figures import Figures, measure
from dicom_node.folder.originals import each_once, not_measurable, stacks_of, unit_of
from dicom_node.folder.pairing import NoMatch, Pair, pairs, plane_of
from dicom_node.folder.picture import DIFFERENCE_SIGMAS, Panels, side_by_side, window_of
from dicom_node.folder.reading import read_folder
from dicom_node.restore.source import Slice
from dicom_node.sandbox.client import Sandbox
from restoration.volume import FloatArray, Volume


class NotComparable(NodeError):
    """A folder that holds no series, several, or one whose values have no unit."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two series."""

    series_instance_uid: str
    description: str
    slices: int


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What was found.

    Attributes
    ----------
    before, after
        The two series.
    matched
        Slices at one place.
    factor
        How many times finer the second grid is; its pixels are averaged onto the first one.
    figures
        Of the matched slices.
    largest_at
        Position of the slice of the largest difference along the normal [mm].
    pictures
        Written files; empty if none were asked for.
    """

    before: Side
    after: Side
    matched: int
    factor: int
    figures: Figures
    largest_at: float
    pictures: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Series:
    """A series as read: each slice with its picture and what is padding."""

    side: Side
    unit: str
    slices: tuple[Slice, ...]
    volumes: tuple[Volume, ...]
    """One slice each."""


def compare_folders(before: Path, after: Path, *, pictures: Path | None, clock: Clock) -> Compared:
    """Compare two folders that hold one series each.

    Parameters
    ----------
    before, after
        Folders.
    pictures
        Folder for pictures, made where it is missing; None for none.
    clock
        Stands for the time of receipt.

    Raises
    ------
    NotFound
        There is no DICOM file in a folder.
    NotComparable
        A folder holds several series, or one that cannot be read as values with a unit.
    NoMatch
        The series do not show the same places, or not in one unit.
    """
    with closing(Sandbox()) as sandbox:
        first, second = (_read(folder, clock, sandbox) for folder in (before, after))
    if first.unit != second.unit:
        raise NoMatch(f"one is in {first.unit}, the other in {second.unit}")
    found = _pairs(first, second)
    matched = [(first.volumes[pair.before], _onto(second.volumes[pair.after], pair.factor)) for pair in found]
    both = [_without_padding(*pair) for pair in matched]
    figures = measure(both)
    written = [] if pictures is None else _draw(both, [first.slices[pair.before] for pair in found], figures, pictures)
    return Compared(
        before=first.side,
        after=second.side,
        matched=len(found),
        factor=found[0].factor,
        figures=figures,
        largest_at=both[figures.largest.pair][0].positions_mm[0],
        pictures=tuple(written),
    )


def _read(folder: Path, clock: Clock, sandbox: Sandbox) -> _Series:
    found = read_folder(folder, sandbox=sandbox, at=clock.now())
    if not found.series:
        raise NotFound(happened="there is no DICOM file in it", subject=str(folder), remedy="Name another folder.")
    if len(found.series) > 1:
        raise NotComparable(
            happened=f"it holds {len(found.series)} series",
            subject=str(folder),
            remedy="Name a folder with one series.",
        )
    members = each_once(found.series[0])
    why = not_measurable(members[0])
    if why:
        raise NotComparable(happened=why, subject=str(folder), remedy="Name a folder with another series.")
    return _as_read(folder, members, sandbox)


def _as_read(folder: Path, members: Sequence[Instance], sandbox: Sandbox) -> _Series:
    slices: list[Slice] = []
    volumes: list[Volume] = []
    for read in stacks_of(members, sandbox):
        if read.source is None:
            raise NotComparable(happened=read.reason, subject=str(folder), remedy="Name a folder with another series.")
        slices += read.source.slices
        volumes += _one_by_one(read.source.volume)
    first = members[0]
    side = Side(
        series_instance_uid=first.text("SeriesInstanceUID"),
        description=first.text("SeriesDescription"),
        slices=len(slices),
    )
    return _Series(side=side, unit=unit_of(first), slices=tuple(slices), volumes=tuple(volumes))


def _one_by_one(volume: Volume) -> list[Volume]:
    return [
        replace(
            volume,
            array=volume.array[index : index + 1],
            positions_mm=(position,),
            padding=None if volume.padding is None else volume.padding[index : index + 1],
        )
        for index, position in enumerate(volume.positions_mm)
    ]


def _pairs(first: _Series, second: _Series) -> tuple[Pair, ...]:
    if first.unit == "exposure":
        return _projections(first, second)
    planes = ([plane_of(item.header) for item in series.slices] for series in (first, second))
    return pairs(*planes)


def _projections(first: _Series, second: _Series) -> tuple[Pair, ...]:
    """Pair two single projection images of one grid: they have no place in the patient."""
    if len(first.slices) != 1 or len(second.slices) != 1:
        raise NoMatch("nothing tells which projection images belong together; compare one with one")
    shapes = [series.volumes[0].array.shape[1:] for series in (first, second)]
    if shapes[0] != shapes[1]:
        raise NoMatch(f"their pixel grids differ ({shapes[0][0]}×{shapes[0][1]} and {shapes[1][0]}×{shapes[1][1]})")
    return (Pair(before=0, after=0, factor=1),)


def _onto(volume: Volume, factor: int) -> Volume:
    """Average pixels of a finer grid whose outer corners are those of the coarser one."""
    if factor == 1:
        return volume
    _, rows, columns = volume.array.shape
    blocks: FloatArray = volume.array.reshape(1, rows // factor, factor, columns // factor, factor)
    padding = None
    if volume.padding is not None:
        padding = np.asarray(volume.padding.reshape(blocks.shape).any(axis=(2, 4)))
    pixel_mm = (volume.pixel_mm[0] * factor, volume.pixel_mm[1] * factor)
    return replace(volume, array=blocks.mean(axis=(2, 4), dtype=np.float32), pixel_mm=pixel_mm, padding=padding)


def _without_padding(before: Volume, after: Volume) -> tuple[Volume, Volume]:
    padding = after.padding
    if before.padding is not None:
        padding = before.padding if padding is None else np.asarray(before.padding | padding)
    return replace(before, padding=padding), after


def _draw(both: Sequence[tuple[Volume, Volume]], slices: Sequence[Slice], figures: Figures, folder: Path) -> list[Path]:
    """Draw the middle slice and the one of the largest difference."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {"middle": len(both) // 2, "largest-difference": figures.largest.pair}
    written = []
    for name, index in wanted.items():
        before, after = both[index]
        panels = Panels(
            before=before.array[0],
            after=after.array[0],
            pixel_mm=before.pixel_mm,
            window=window_of(slices[index].header, before.array[0]),
            reach=_reach(figures, name),
            unit=figures.unit,
        )
        path = folder / f"{name}.png"
        side_by_side(panels, path)
        written.append(path)
    return written


def _reach(figures: Figures, name: str) -> float:
    """Return the difference shown black and white: what noise has, or the largest one there is."""
    smallest = 1e-6 * figures.level
    if name == "middle":
        return max(DIFFERENCE_SIGMAS * max(figures.spread, figures.noise[0] / 2), smallest)
    return max(abs(figures.largest.value), smallest)
