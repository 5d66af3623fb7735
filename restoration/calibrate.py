"""Sets the bounds of a pipeline's gates and says what they are worth: ``python -m restoration calibrate``.

Touches: the bundle folder (reads; writes the card where asked), arrays (reads), a report in the working directory.
"""

import json
import time
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.progress import track

from restoration.calibration.report import print_report, summary
from restoration.calibration.study import Plan, Study, Watch, studied
from restoration.card import BUNDLES, Card
from restoration.errors import InputError
from restoration.registry import load


def run(name: str, *, data: Path | None, series: int, prove: int, lesions: int, write: bool) -> None:
    """Calibrate a pipeline, print what was found, and write it as JSON.

    Parameters
    ----------
    name
        Name of the bundle.
    data
        Folder of real arrays (`restoration.metrics.arrays`); None for simulated series only.
    series
        Simulated clean series that set the bounds; gates that withhold 1 in 800 need as many.
    prove
        Further ones that show how many are withheld.
    lesions
        Lesions planted in results and sources.
    write
        Whether the card gets the bounds and the summary.

    Raises
    ------
    BundleError
        The pipeline cannot be loaded.
    InputError
        A number is below 1, or the card's domain accepts no simulated series.
    """
    if min(series, prove) < 1 or lesions < 0:
        raise InputError(
            happened="there is nothing to calibrate on",
            subject=name,
            remedy="Ask for at least one series of each kind.",
        )
    console, start = Console(), time.perf_counter()
    restorer = load(name)
    study = studied(restorer, Plan(series=series, prove=prove, lesions=lesions, data=data), _watched(console))
    wall = time.perf_counter() - start
    print_report(console, study.report)
    console.print(f"wall time {wall / 60:.1f} minutes")
    report = Path(f"calibration-{name}.json")
    report.write_text(json.dumps({**study.report, "wall seconds": round(wall)}, ensure_ascii=False, indent=2) + "\n")
    console.print(f"report: {report}")
    if write:
        write_card(study, BUNDLES / name / "card.json")
        console.print(f"card of {name}: bounds and calibration written")


def write_card(study: Study, path: Path) -> None:
    """Put the calibrated bounds and the summary into a card, leaving everything else as it stands.

    Parameters
    ----------
    study
        What was found.
    path
        The card's file.
    """
    fields = json.loads(path.read_text(encoding="utf-8"))
    fields["bounds"] |= _calibrated(study.card)
    fields["calibration"] = summary(study.report)
    path.write_text(json.dumps(fields, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _calibrated(card: Card) -> dict[str, object]:
    names = ("bias", "peak", "anchor", "structure", "erased", "created", "stability", "kept")
    return {"amplitude": list(card.bounds.amplitude), **{name: getattr(card.bounds, name) for name in names}}


def _watched(console: Console) -> Watch:
    def watch(numbers: Iterable[int], words: str) -> Iterable[int]:
        return track(list(numbers), description=words, console=console)

    return watch
