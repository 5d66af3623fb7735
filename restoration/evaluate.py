"""Measures a pipeline beside its input and classical filters. Touches: bundles and arrays (reads), standard output.

Two tables: PSNR and SSIM on noise-free phantoms and on real slices whose added noise is at least twice their own, and
the frontier: noise left at equal recovery of low-contrast discs. PSNR alone rewards erasing what is small.
"""

import json
from pathlib import Path

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from restoration.metrics.arrays import stored_slices
from restoration.metrics.cases import SEED, Case, DiscCase, disc_cases, phantom_cases, real_cases
from restoration.metrics.contrast import noise_at, noise_left, recovery
from restoration.metrics.fidelity import bias, psnr, ssim
from restoration.metrics.methods import INPUT, Method, methods
from restoration.metrics.nps import radial_spectrum
from restoration.metrics.setting import Setting, setting_for
from restoration.physics.phantoms import DiscPhantom
from restoration.registry import load
from restoration.volume import FloatArray

PHANTOMS = 4
DISC_PHANTOMS = 3
REFERENCE_MM = 6.0
RECOVERIES = (0.7, 0.8, 0.9, 0.92, 0.94, 0.96)
STRIDE = 4

Row = dict[str, object]

_HEADINGS = {
    "recovery_4mm": "4 mm",
    "recovery_6mm": "6 mm",
    "recovery_8mm": "8 mm",
    "recovery_12mm": "12 mm",
    "nps_mean_frequency_per_mm": "NPS 1/mm",
    "psnr_db": "PSNR dB",
    "ssim": "SSIM",
}


def run(name: str, data: Path | None, as_json: bool) -> None:
    """Print the evaluation of a pipeline.

    Parameters
    ----------
    name
        Name of the bundle.
    data
        Folder of arrays (`restoration.metrics.arrays`); None for phantoms only.
    as_json
        Print JSON instead of tables.

    Raises
    ------
    BundleError
        The pipeline cannot be loaded.
    InputError
        The folder holds nothing that can be evaluated.
    """
    outcome = evaluated(name, data)
    if as_json:
        typer.echo(json.dumps(outcome, ensure_ascii=False, indent=2))
    else:
        _print(outcome)


def evaluated(name: str, data: Path | None) -> dict[str, object]:
    """Measure a pipeline and return all figures as plain values."""
    restorer = load(name)
    setting = setting_for(restorer.card.unit)
    ways = list(methods(restorer))
    cases = phantom_cases(setting, PHANTOMS)
    if data is not None:
        cases += real_cases(setting, stored_slices(data, setting.modality, stride=STRIDE))
    points = frontier(ways, disc_cases(setting, DISC_PHANTOMS))
    fidelity = [row for case in cases for row in _fidelity(case, ways, setting)]
    return {
        "pipeline": name,
        "version": restorer.card.version,
        "weights": restorer.card.weights_sha256,
        "unit": restorer.card.unit,
        "window": list(setting.window),
        "seed": SEED,
        "fidelity": fidelity,
        "summary": summary(fidelity),
        "frontier": {
            "disc_mm": REFERENCE_MM,
            "disc_contrast": setting.contrast,
            "n": DISC_PHANTOMS,
            "points": points,
            "noise_at_recovery": at_recovery(points),
        },
    }


def frontier(ways: list[Method], cases: list[DiscCase]) -> list[Row]:
    """Measure recovery by size, noise left and its mean frequency for each way; means over the phantoms."""
    return [_mean(point) for way in ways for point in _points(way, cases)]


def at_recovery(points: list[Row]) -> dict[str, dict[str, float | None]]:
    """Interpolate the noise left at the recoveries of `RECOVERIES`, per method; the input is everybody's strength 0."""
    start = next(point for point in points if point["method"] == INPUT)
    names = list(dict.fromkeys(str(point["method"]) for point in points if point is not start))
    table: dict[str, dict[str, float | None]] = {}
    for name in names:
        mine = [start, *(point for point in points if point["method"] == name)]
        recovered = [_number(point[f"recovery_{REFERENCE_MM:g}mm"]) for point in mine]
        noises = [_number(point["noise"]) for point in mine]
        table[name] = {f"{target:g}": noise_at(target, recovered, noises) for target in RECOVERIES}
    return table


def _points(way: Method, cases: list[DiscCase]) -> list[list[Row]]:
    """Return, for each name under which a way answers, its figures on every phantom."""
    found: dict[str, list[Row]] = {}
    for case in cases:
        full, bare = (way.run(picture, case.sigma, case.phantom.pixel_mm) for picture in (case.full, case.bare))
        for name in full:
            row = {"method": name, "strength": way.strength, **_disc_figures(full[name], bare[name], case.phantom)}
            found.setdefault(name, []).append(row)
    return list(found.values())


def _disc_figures(full: FloatArray, bare: FloatArray, phantom: DiscPhantom) -> Row:
    spectrum = radial_spectrum(bare - phantom.bare, phantom.body, phantom.pixel_mm)
    return {
        **{f"recovery_{mm:g}mm": share for mm, share in recovery(full, bare, phantom).items()},
        "noise": noise_left(bare, phantom),
        "nps_mean_frequency_per_mm": spectrum.mean_frequency if spectrum is not None else float("nan"),
    }


def _mean(rows: list[Row]) -> Row:
    """Mean of all figures over rows of the same method and strength."""
    first = rows[0]
    return {
        key: value if isinstance(value, str) else float(np.mean([_number(row[key]) for row in rows]))
        for key, value in first.items()
    }


def _fidelity(case: Case, ways: list[Method], setting: Setting) -> list[Row]:
    rows: list[Row] = []
    for way in ways:
        for name, answer in way.run(case.noisy, case.added_sigma, case.pixel_mm).items():
            rows.append(
                {
                    "group": case.group,
                    "case": case.name,
                    "added_sigma": case.added_sigma,
                    "own_sigma": case.own_sigma,
                    "method": name,
                    "strength": way.strength,
                    "psnr_db": psnr(answer, case.truth, setting.window, case.where),
                    "ssim": ssim(answer, case.truth, setting.window, case.where),
                    "bias": bias(answer, case.truth, case.where),
                }
            )
    return rows


def summary(fidelity: list[Row]) -> list[Row]:
    """Mean over the cases of each group, per method and strength."""
    keys = list(dict.fromkeys((str(row["group"]), str(row["method"]), _number(row["strength"])) for row in fidelity))
    rows: list[Row] = []
    for group, method, strength in keys:
        mine = [r for r in fidelity if (r["group"], r["method"], r["strength"]) == (group, method, strength)]
        means = {key: float(np.mean([_number(row[key]) for row in mine])) for key in ("psnr_db", "ssim", "bias")}
        rows.append({"group": group, "method": method, "strength": strength, "n": len(mine), **means})
    return rows


def _print(outcome: dict[str, object]) -> None:
    console = Console()
    means, border = outcome["summary"], outcome["frontier"]
    if not isinstance(means, list) or not isinstance(border, dict):
        return
    console.print(f"{outcome['pipeline']} {outcome['version']}, window {outcome['window']} {outcome['unit']}")
    console.print(_table("PSNR and SSIM, means", means))
    console.print(_table("Contrast against noise", border["points"]))
    rows = [{"method": name, **values} for name, values in border["noise_at_recovery"].items()]
    console.print(_table(f"Noise left at equal recovery of {border['disc_mm']:g} mm discs", rows))


def _table(title: str, rows: list[Row]) -> Table:
    table = Table(*(_HEADINGS.get(key, key) for key in rows[0]), title=title)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
