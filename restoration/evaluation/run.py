"""Measures a pipeline by its task's protocol. Touches: bundles and arrays (reads), a folder (writes), standard output.

Nothing here decides what is measured: that is written in `restoration.evaluation.tasks`, a file per kind of pipeline.
"""

import json
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from restoration.errors import InputError
from restoration.evaluation.bench import SEED, Bench, Task
from restoration.evaluation.catalogue import task_for
from restoration.evaluation.drawing import can_draw, draw
from restoration.evaluation.report import Section
from restoration.evaluation.show import console_for, show, verdicts
from restoration.evaluation.split import Role
from restoration.metrics.arrays import StoredSlice, StoredVolume, stored_slices, stored_volumes
from restoration.registry import load
from restoration.restorer import Restorer

_STRIDE = 4


def run(name: str, *, data: Path | None, out: Path | None, as_json: bool, quick: bool) -> None:
    """Measure a pipeline, print the tables, and write JSON and pictures where a folder is given.

    Parameters
    ----------
    name
        Name of the bundle.
    data
        Folder of arrays (`restoration.metrics.arrays`); None for phantoms only.
    out
        Folder for ``evaluation.json`` and pictures; made where it does not exist; None: nothing is written.
    as_json
        Print JSON instead of tables.
    quick
        Small n, to see that everything runs.

    Raises
    ------
    BundleError
        The pipeline cannot be loaded.
    InputError
        The folder cannot be read, or no evaluation is defined for the pipeline.
    """
    restorer = load(name)
    task = task_for(restorer.card)
    bench = bench_for(restorer, task, data, quick=quick)
    sections = measured(bench, task)
    outcome = as_plain(bench, sections)
    text = json.dumps(outcome, ensure_ascii=False, indent=1)
    if as_json:
        typer.echo(text)
    else:
        show(console_for(), _headline(bench), sections)
    if out is not None:
        _write(out, text, sections, as_json)


def measured(bench: Bench, task: Task) -> list[Section]:
    """Run every step, with its progress on standard error."""
    found = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(bench.name, total=len(task.steps))
        for step in task.steps:
            progress.update(bar, description=f"{bench.name}: {step.title}")
            section = step.measure(bench)
            if section is not None:
                found.append(section)
            progress.advance(bar)
    return found


def as_plain(bench: Bench, sections: list[Section]) -> dict[str, object]:
    """Return everything but the pictures as plain values."""
    card = bench.restorer.card
    return {
        "pipeline": card.name,
        "version": card.version,
        "weights": card.weights_sha256,
        "unit": card.unit,
        "anchor_mm": card.anchor_mm,
        "default_strength": card.default_strength,
        "seed": SEED,
        "quick": bench.quick,
        "provenance": bench.restorer.provenance,
        "series": sorted({*(item.source for item in bench.test), *(item.source for item in bench.volumes)}),
        "summary": verdicts([bar for section in sections for bar in section.bars]),
        "sections": [section.as_json() for section in sections],
    }


def bench_for(restorer: Restorer, task: Task, data: Path | None, *, quick: bool) -> Bench:
    """Read what the task needs.

    Raises
    ------
    InputError
        The folder holds nothing that may be measured or tuned on.
    """
    if data is None:
        return Bench(restorer=restorer, quick=quick)
    validate, test = (_slices(data, task.modality, role) for role in ("validate", "test"))
    volumes = _volumes(data, task.modality)
    if not (validate or test or volumes):
        raise InputError(
            happened=f"it holds no {task.modality} volume that may be measured or tuned on",
            subject=data.name,
            remedy="Give a folder of arrays, or leave it away for phantoms only.",
        )
    return Bench(restorer=restorer, quick=quick, validate=validate, test=test, volumes=volumes)


def _slices(data: Path, modality: str, role: Role) -> tuple[StoredSlice, ...]:
    try:
        return tuple(stored_slices(data, modality, stride=_STRIDE, role=role))
    except InputError as error:
        return _none_of(error, data)


def _volumes(data: Path, modality: str) -> tuple[StoredVolume, ...]:
    try:
        return tuple(stored_volumes(data, modality, role="test"))
    except InputError as error:
        return _none_of(error, data)


def _none_of(error: InputError, data: Path) -> tuple[()]:
    """Nothing of one role is no fault of the folder; an array that cannot be read is."""
    if error.subject != data.name:
        raise error
    return ()


def _headline(bench: Bench) -> str:
    card = bench.restorer.card
    kind = ", QUICK: figures stand on no card" if bench.quick else ""
    return f"{card.name} {card.version} ({card.digest_label}), anchor {card.anchor_mm:g} mm, seed {SEED}{kind}"


def _write(out: Path, text: str, sections: list[Section], as_json: bool) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "evaluation.json").write_text(text + "\n", encoding="utf-8")
    if can_draw():
        written = draw(sections, out)
        said = f"evaluation.json and {len(written)} pictures"
    else:
        said = "evaluation.json; pictures need the extra «evaluation» (matplotlib)"
    typer.echo(f"written to {out}: {said}", err=as_json)
