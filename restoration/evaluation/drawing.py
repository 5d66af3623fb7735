"""Draws curves and pictures of an evaluation as PNG. Touches: a folder (writes), matplotlib where it is installed."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from restoration.errors import InputError
from restoration.evaluation.report import Plot, Section, Sight
from restoration.volume import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FEW_POINTS = 20
_WIDTH, _HEIGHT = 4.2, 4.6
_DIFFERENCE_PERCENTILE = 99.5


def can_draw() -> bool:
    """Whether matplotlib, the only thing that is needed for pictures alone, is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def draw(sections: Sequence[Section], folder: Path) -> list[str]:
    """Write the plots and pictures of all sections.

    Returns
    -------
    list[str]
        Names of the files.

    Raises
    ------
    InputError
        Pictures need a package that is not installed.
    """
    if not can_draw():
        raise InputError(
            happened="pictures need the package matplotlib",
            subject="pictures",
            remedy="Install the extra: pip install 'dicom-node[evaluation]'.",
        )
    names = []
    for section in sections:
        for plot in section.plots:
            names.append(_curves(plot, folder))
        for sight in section.sights:
            names.append(_pictures(sight, folder))
    return names


def _curves(plot: Plot, folder: Path) -> str:
    # Only pictures need matplotlib: tables and JSON come without it.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 5), layout="constrained")
    axes = figure.add_subplot()
    for curve in plot.curves:
        axes.plot(curve.x, curve.y, marker="o" if len(curve.x) <= _FEW_POINTS else "", label=curve.label)
    axes.set(title=plot.title, xlabel=plot.x_label, ylabel=plot.y_label)
    axes.grid(alpha=0.3)
    if plot.curves:
        axes.legend(fontsize="small")
    figure.savefig(folder / f"{plot.name}.png", dpi=110)
    return f"{plot.name}.png"


def _pictures(sight: Sight, folder: Path) -> str:
    from matplotlib.figure import Figure

    shown = [("before", sight.before), ("after", sight.after)]
    if sight.truth is not None:
        shown.append(("truth", sight.truth))
    changes = [("after − before", sight.after - sight.before)]
    if sight.truth is not None:
        changes.append(("after − truth", sight.after - sight.truth))
    figure = Figure(figsize=(_WIDTH * (len(shown) + len(changes)), _HEIGHT), layout="constrained")
    places = iter(np.atleast_1d(figure.subplots(1, len(shown) + len(changes))).ravel())
    for title, picture in shown:
        _picture(next(places), title, picture, sight.window, "gray", sight.unit)
    for title, change in changes:
        reach = float(np.percentile(np.abs(change), _DIFFERENCE_PERCENTILE)) or 1.0
        _picture(next(places), title, change, (-reach, reach), "RdBu_r", sight.unit)
    figure.suptitle(sight.title)
    figure.savefig(folder / f"{sight.name}.png", dpi=110)
    return f"{sight.name}.png"


def _picture(
    axes: "Axes", title: str, picture: FloatArray, window: tuple[float, float], colours: str, unit: str
) -> None:
    image = axes.imshow(picture, cmap=colours, vmin=window[0], vmax=window[1], interpolation="nearest")
    axes.set_title(title)
    axes.set_axis_off()
    axes.figure.colorbar(image, ax=axes, shrink=0.75, label=unit)
