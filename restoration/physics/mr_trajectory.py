"""How an object moves while its k-space is measured line by line, and how severe that is. Pure.

Poses follow each other in time; the order in which lines are measured says which line saw which pose. Severity is the
root mean square displacement of a head-sized object over all lines: one number [mm] for translations and rotations.
"""

import bisect
import math
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np

from restoration.physics.degradation import ParameterError, require_range

HEAD_MM = 80.0
"""Radius of a head-sized object [mm]."""

_LINES = 256
_LEAST_MM = 1e-6
_DRAWS = 8
_SCALINGS = 6
_SEGMENTS = 32
_TURNS = 8
_BACK = 0.2
"""How often a sudden move leads back to the first pose."""

TURNED: Final = MappingProxyType({2: ((0, 1),), 3: ((0, 1), (0, 2), (1, 2))})
"""Pairs of axes that the turns of a pose move, in their order, for slices and for volumes."""

FloatMatrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]


class Order(StrEnum):
    """Order in which lines are measured: from edge to edge, or from the centre outwards."""

    LINEAR = "linear"
    CENTRIC = "centric"


class Course(StrEnum):
    """Kind of movement: sudden moves with rest between, a slow drift, or breathing-like to and fro."""

    SUDDEN = "sudden"
    DRIFT = "drift"
    PERIODIC = "periodic"


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """Poses over the time of a scan.

    Attributes
    ----------
    starts
        When each pose is taken, share of the scan's time, increasing from 0.
    poses
        For slices ``(row, column [mm], turn [degrees])``; for volumes ``(slice, row, column [mm], turns [degrees] from
        slice to row, from slice to column, from row to column axis)``, turned in this order, then shifted. Positive
        shifts go to larger indices; a positive turn moves the first axis towards the second.
    """

    starts: tuple[float, ...]
    poses: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        ParameterError
            Starts that do not match the poses or do not increase from 0, or a turn beyond 45 degrees.
        """
        require_range("starts for as many poses", len(self.starts) - len(self.poses), 0, 0)
        require_range("first start", self.starts[0], 0.0, 0.0)
        for before, after in zip(self.starts, self.starts[1:], strict=False):
            require_range("start of a pose", after, before, 1.0)
        for pose in self.poses:
            for turn in pose[{3: 2, 6: 3}[len(pose)] :]:
                require_range("turn of a pose", turn, -45.0, 45.0)

    def scaled(self, factor: float) -> "Trajectory":
        """Return the same course with every shift and turn multiplied."""
        return replace(self, poses=tuple(tuple(number * factor for number in pose) for pose in self.poses))


@dataclass(frozen=True, kw_only=True)
class PhaseEncoding:
    """When each line of k-space is measured.

    Attributes
    ----------
    order
        From edge to edge or from the centre outwards.
    interleaves
        Every how many-th line is measured before the next pass; 1 for one pass (spin echo), the number of shots for
        echo trains.
    spared
        Share of the lines, around the centre, that saw no movement, 0 to 0.8.
    """

    order: Order = Order.LINEAR
    interleaves: int = 1
    spared: float = 0.0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        ParameterError
            No interleave at all, or more than 80 % spared.
        """
        require_range("interleaves", self.interleaves, 1)
        require_range("spared share of lines", self.spared, 0.0, 0.8)

    def poses(self, trajectory: Trajectory, lines: int) -> list[tuple[float, ...]]:
        """Return the pose of each line, frequency zero at index ``lines // 2``."""
        places = range(lines)
        if self.order is Order.CENTRIC:
            places_in_order = sorted(places, key=lambda line: (abs(line - lines // 2), line))
        else:
            places_in_order = list(places)
        passes = [line for first in range(self.interleaves) for line in places_in_order[first :: self.interleaves]]
        answer: list[tuple[float, ...]] = [(0.0,) * len(trajectory.poses[0])] * lines
        for rank, line in enumerate(passes):
            if abs(line - lines // 2) >= self.spared * lines / 2 or self.spared == 0:
                segment = bisect.bisect_right(trajectory.starts, (rank + 0.5) / lines) - 1
                answer[line] = trajectory.poses[segment]
        return answer


_ONE_PASS = PhaseEncoding()


@dataclass(frozen=True, kw_only=True)
class Movement:
    """What is drawn: how severe, of which kind, in which order of lines.

    Attributes
    ----------
    severity_mm
        Root mean square displacement of a head-sized object over all lines [mm].
    course
        Kind of movement.
    encoding
        When each line is measured.
    """

    severity_mm: float
    course: Course = Course.SUDDEN
    encoding: PhaseEncoding = _ONE_PASS

    def __post_init__(self) -> None:
        """Check the range.

        Raises
        ------
        ParameterError
            A severity outside 0 to 10 mm.
        """
        require_range("severity of a movement", self.severity_mm, 0.0, 10.0)


def severity_mm(trajectory: Trajectory, encoding: PhaseEncoding) -> float:
    """Return the root mean square displacement of a head-sized disc or ball over all lines [mm]."""
    lines = Counter(encoding.poses(trajectory, _LINES))
    return math.sqrt(sum(count * _square_displacement(pose) for pose, count in lines.items()) / _LINES)


def drawn_trajectory(movement: Movement, rng: np.random.Generator, axes: int = 2) -> Trajectory:
    """Draw a trajectory of a wanted severity whose central line saw no movement, so that the truth stays aligned.

    Parameters
    ----------
    movement
        What is wanted.
    rng
        Chance.
    axes
        2 for slices, 3 for volumes.

    Returns
    -------
    Trajectory
        At most 32 poses with at most 8 different turns.
    """
    for _ in range(_DRAWS):
        starts, course = _course(movement.course, axes, rng)
        try:
            return _of_severity(movement, starts, course)
        except ParameterError:
            # A head that rests nearly all the time would have to turn too far: another course.
            continue
    course[:, axes:] = 0
    return _of_severity(movement, starts, course)


def _of_severity(movement: Movement, starts: tuple[float, ...], course: FloatMatrix) -> Trajectory:
    """Scale a course until it is as severe as wanted, at rest on the central line."""
    drawn = Trajectory(starts=starts, poses=_rows(course))
    all_lines = replace(movement.encoding, spared=0.0).poses(drawn, _LINES)
    drawn = Trajectory(starts=starts, poses=_rows(course - np.array(all_lines[_LINES // 2])))
    if movement.severity_mm < _LEAST_MM:
        return drawn.scaled(0.0)
    for _ in range(_SCALINGS):
        drawn = drawn.scaled(movement.severity_mm / severity_mm(drawn, movement.encoding))
    return drawn


def turned_points(pose: tuple[float, ...]) -> FloatMatrix:
    """Return the matrix (axes, axes) by which the turns of a pose move points."""
    axes = {3: 2, 6: 3}[len(pose)]
    answer = np.eye(axes)
    for (first, second), turn in zip(TURNED[axes], pose[axes:], strict=True):
        step, angle = np.eye(axes), math.radians(turn)
        step[first, first] = step[second, second] = math.cos(angle)
        step[first, second], step[second, first] = -math.sin(angle), math.sin(angle)
        answer = step @ answer
    return answer


def _course(course: Course, axes: int, rng: np.random.Generator) -> tuple[tuple[float, ...], FloatMatrix]:
    """Draw starts and unscaled poses (poses, numbers of a pose): a millimetre counts as much as a degree."""
    numbers = axes + len(TURNED[axes])
    direction = rng.normal(size=numbers)
    if course is Course.SUDDEN:
        moves = int(rng.integers(1, _TURNS))
        poses = rng.normal(size=(moves + 1, numbers)) * (rng.random((moves + 1, 1)) > _BACK)
        # The first and the last pose differ, and each lasts a tenth of the scan: no draw is without movement.
        poses[0], poses[-1] = 0.0, direction
        return (0.0, *np.sort(rng.uniform(0.1, 0.9, moves)).tolist()), poses
    time = np.linspace(0, 1, _SEGMENTS, endpoint=False)
    if course is Course.DRIFT:
        walk = np.cumsum(rng.normal(size=(_SEGMENTS, numbers)), axis=0) / _SEGMENTS
        poses = time[:, None] * direction + walk
        poses[:, axes:] = np.repeat(poses[:: _SEGMENTS // _TURNS, axes:], _SEGMENTS // _TURNS, axis=0)
    else:
        wave = np.sin(2 * np.pi * (rng.uniform(1.5, 8) * time + rng.random()))[:, None]
        poses = wave * direction
        poses[:, axes:] = (np.round((wave + 1) / 2 * (_TURNS - 1)) / (_TURNS - 1) * 2 - 1) * direction[axes:]
    return tuple(time.tolist()), poses


def _rows(poses: FloatMatrix) -> tuple[tuple[float, ...], ...]:
    """Poses as plain numbers."""
    return tuple(tuple(map(float, pose)) for pose in poses)


def _square_displacement(pose: tuple[float, ...]) -> float:
    """Mean square displacement of the points of a disc or ball around the centre of the turn [mm²]."""
    turns = turned_points(pose)
    axes = len(turns)
    moments = HEAD_MM**2 / (axes + 2)
    return sum(number**2 for number in pose[:axes]) + moments * float(np.square(turns - np.eye(axes)).sum())
