"""A calibration's findings for people and for the card. Touches: standard output."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

Row = Mapping[str, object]

_ALPHAS = "share of clean series that each gate may withhold"
_SPARED = "share of clean series with a place beyond the blob gates"
_PROOF = ("proved on", "withheld", "share", "interval", "with spared places", "spared places")
_BROKEN = "calibrating series that break a promise"


def summary(report: Row) -> dict[str, object]:
    """Return what the card keeps: enough to judge the bounds by, without the lists of single series.

    Parameters
    ----------
    report
        The whole report.
    """
    proof, found = _mapping(report["clean series withheld"]), _mapping(report["planted lesions"])
    listed = report["real series"]
    real = listed if isinstance(listed, list) else []
    return {
        "tier": "simulated series; lesions in simulated and real noise",
        "seeds": report["seeds"],
        "calibrated on": report["calibrated on"],
        _ALPHAS: report[_ALPHAS],
        "margin": report["margin"],
        _BROKEN: report[_BROKEN],
        _SPARED: report[_SPARED],
        "clean series withheld": {key: proof[key] for key in _PROOF},
        "planted lesions": dict(found),
        "wrong inputs": report["wrong inputs"],
        "real series": {
            outcome: sum(row["outcome"] == outcome for row in real)
            for outcome in ("within bounds", "refused", "withheld")
        },
    }


def print_report(console: Console, report: Row) -> None:
    """Print the findings as tables.

    Parameters
    ----------
    console
        Where to.
    report
        The whole report.
    """
    console.print(_bounds(_mapping(report["bounds"])))
    console.print(f"{_BROKEN}: {report[_BROKEN]} of {report['calibrated on']}")
    proof = _mapping(report["clean series withheld"])
    console.print(
        f"clean series withheld: {proof['withheld']} of {proof['proved on']}, 95 % interval {proof['interval']}"
    )
    console.print(f"with spared places: {proof['with spared places']}, {proof['spared places']} places in all")
    for row in _rows(proof["series"]):
        console.print(f"  {row['series']}: {row['why']}")
    found = _mapping(report["planted lesions"])
    console.print(f"lesions planted: {found['planted']}; seen clearly: {_said(found['clearly seen in the source'])}")
    for key in ("by tier", "by kind", "by diameter", "by one gate alone"):
        for name, share in _mapping(found[key]).items():
            console.print(f"  {name}: {_said(share)}")
    console.print(_table("caught by signal-to-noise ratio", _rows(found["by signal-to-noise ratio"])))
    curve = _rows(found["ROC of the blob gates alone"])
    console.print(_table("share caught by the blob gates alone, by false alarms", curve))
    wrong: list[Row] = [{"input": name, **_mapping(row)} for name, row in _mapping(report["wrong inputs"]).items()]
    console.print(_table("wrong inputs", wrong))
    console.print(_table("real series", _rows(report["real series"])))


def _bounds(bounds: Row) -> Table:
    return _table("bounds", [{"gate": name, **_mapping(row)} for name, row in bounds.items()])


def _table(title: str, rows: list[Row]) -> Table:
    table = Table(*(rows[0] if rows else ("none",)), title=title)
    for row in rows:
        table.add_row(*("–" if value is None else str(value) for value in row.values()))
    return table


def _said(row: object) -> str:
    values = _mapping(row)
    return f"{values['caught']} of {values['n']}, 95 % interval {values['interval']}"


def _mapping(value: object) -> Row:
    return value if isinstance(value, Mapping) else {}


def _rows(value: object) -> list[Row]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
