"""``compare``: two series of one acquisition in figures and pictures. Touches: files named, standard output."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dicom_node.cli import show
from dicom_node.cli.opened import JsonOption

if TYPE_CHECKING:
    from dicom_node.folder.compare import Compared


def compare(
    before: Annotated[Path, typer.Argument(metavar="A", help="Folder with one series: before.", exists=True)],
    after: Annotated[Path, typer.Argument(metavar="B", help="Folder with one series: after.", exists=True)],
    pictures: Annotated[Path | None, typer.Argument(metavar="[OUT]", help="Folder for pictures and figures.")] = None,
    json: JsonOption = False,
) -> None:
    """Compare two series slice on slice: change per tissue, noise left, its grain, the largest difference."""
    from dicom_node.domain.clock import SystemClock
    from dicom_node.folder.compare import compare_folders

    found = compare_folders(before, after, pictures=pictures, clock=SystemClock())
    figures = as_json(found)
    if pictures is not None:
        from json import dumps

        (pictures / "figures.json").write_text(dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if json:
        show.as_json(figures)
    else:
        show.table(_rows(found), ("figure", "value"))


def as_json(found: "Compared") -> dict[str, Any]:
    """Return a comparison as plain values; amounts are in its unit, absent figures are null."""
    figures = found.figures
    sides = (("before", found.before), ("after", found.after))
    return {
        "unit": figures.unit,
        **{
            name: {"series_instance_uid": one.series_instance_uid, "description": one.description}
            for name, one in sides
        },
        "slices": {
            "matched": found.matched,
            "only_before": found.before.slices - found.matched,
            "only_after": found.after.slices - found.matched,
            "finer": found.factor,
        },
        "mean_difference": [{"band": band.name, "pixels": band.pixels, "mean": band.mean} for band in figures.bands],
        "noise": {"before": figures.noise[0], "after": figures.noise[1], "left": figures.noise_left},
        "difference": {
            "deviation_in_tissue": figures.spread,
            "mean_frequency_per_mm": figures.mean_frequency,
            "largest": {
                "value": figures.largest.value,
                "position_mm": found.largest_at,
                "row": figures.largest.row,
                "column": figures.largest.column,
            },
        },
        "psnr": {"window": list(figures.window), "db": figures.psnr},
        "pictures": [str(path) for path in found.pictures],
    }


def _rows(found: "Compared") -> list[dict[str, str]]:
    figures, unit = found.figures, found.figures.unit
    largest = figures.largest
    left, low, high = figures.noise_left, *figures.window
    grain = "none" if figures.mean_frequency is None else f"{figures.mean_frequency:.3f} / mm"
    listed = {
        "before": f"{found.before.description} ({found.before.slices} slices)",
        "after": f"{found.after.description} ({found.after.slices} slices)",
        "slices at one place": f"{found.matched}" + (f", {found.factor}× finer after" if found.factor > 1 else ""),
        **{
            f"mean difference, {band.name}": f"{band.mean:+.3g} {unit} ({band.pixels} pixels)" for band in figures.bands
        },
        "noise in tissue": f"{figures.noise[0]:.3g} → {figures.noise[1]:.3g} {unit}"
        + ("" if left is None else f" ({100 * left:.0f} % left)"),
        "deviation of the difference in tissue": f"{figures.spread:.3g} {unit}",
        "mean frequency of the difference": grain,
        "largest difference": f"{largest.value:+.4g} {unit} at {found.largest_at:.2f} mm, "
        f"row {largest.row}, column {largest.column}",
        f"PSNR in {low:g} to {high:.4g} {unit}": "equal" if figures.psnr is None else f"{figures.psnr:.2f} dB",
    }
    rows = [{"figure": figure, "value": value} for figure, value in listed.items()]
    return rows + [{"figure": "picture", "value": str(path)} for path in found.pictures]
