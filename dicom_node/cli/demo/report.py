"""What the demonstration shows: progress, the closing table, a picture per restored series. Touches: output, files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from dicom_node.cli.demo.pacs import DemoPacs
from dicom_node.cli.demo.scanner import Sending
from dicom_node.folder.picture import compare, draw


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One line of the closing table.

    Attributes
    ----------
    series
        Description and number of instances.
    rule, pipeline
        What decided; empty where nothing matched.
    state
        How it ended, with the reason.
    turnaround_s
        From the last instance's receipt to the last delivered derived instance [s].
    noise
        Before and after, with unit; empty where nothing was restored.
    where
        Folder of the derived series; empty likewise.
    failed
        Whether a step failed (a refusal with its reason is no failure).
    """

    series: str
    rule: str
    pipeline: str
    state: str
    turnaround_s: float | None
    noise: str
    where: str
    failed: bool


def outcome(sending: Sending, told: Mapping[str, Any] | None, pacs: DemoPacs, folder: Path) -> list[Outcome]:
    """Return the lines of one series: one per job, or one that says why there is none.

    Parameters
    ----------
    sending
        What was sent.
    told
        The series in the node's status; None if the node does not know it.
    pacs
        Where results were delivered.
    folder
        Pictures are written here.
    """
    name = _name(sending)
    if told is None or not told["jobs"]:
        reason = "the node does not show this series" if told is None else told["reason"]
        rule = (told or {}).get("rule") or ""
        failed = told is None or told["state"] != "closed"
        return [_line(name, rule, "", reason, None, failed=failed)]
    return [_job_outcome(name, sending, told, job, pacs, folder) for job in told["jobs"]]


def unsent(sending: Sending, why: str) -> Outcome:
    """Return the line of a series that the node did not get."""
    return _line(_name(sending), "", "", f"not sent: {why}", None, failed=True)


def show(outcomes: list[Outcome], console: Console) -> None:
    """Print the table on a terminal, plain untruncated lines elsewhere."""
    if not console.is_terminal:
        for line in outcomes:
            parts = (line.series, line.rule, line.pipeline, line.state, _seconds(line), line.noise, line.where)
            console.print(" | ".join(part for part in parts if part), soft_wrap=True, markup=False, highlight=False)
        return
    table = Table(title="What came back")
    for heading in ("Series in", "Rule", "Pipeline", "Outcome", "Turnaround", "Noise", "Derived series"):
        table.add_column(heading, overflow="fold")
    for line in outcomes:
        table.add_row(line.series, line.rule, line.pipeline, line.state, _seconds(line), line.noise, line.where)
    console.print(table)


def _job_outcome(
    name: str, sending: Sending, told: Mapping[str, Any], job: Mapping[str, Any], pacs: DemoPacs, folder: Path
) -> Outcome:
    undelivered = [item for item in job["deliveries"] if item["state"] not in {"delivered", "confirmed"}]
    failed = job["state"] in {"failed", "queued", "running", "cancelled"} or bool(undelivered)
    state = job["state"] if not job["reason"] else f"{job['state']}: {job['reason']}"
    if undelivered:
        state = f"{undelivered[0]['state']}: {undelivered[0]['error'] or 'not delivered'}"
    files = pacs.files(job["derived_series_instance_uid"]) if job["derived_series_instance_uid"] else []
    if job["state"] != "done" or not files:
        return _line(name, told["rule"] or "", job["pipeline"], state, job["turnaround_s"], failed=failed)
    measured = compare(sending.files, files)
    draw(measured, folder / f"{told['modality'].lower()}-{job['id']}-before-after-difference.png")
    noise = f"{measured.before:.1f} → {measured.after:.1f} {measured.unit}"
    if measured.before:
        noise += f" ({100 * (1 - measured.after / measured.before):.0f} % less)"
    where = str(pacs.series_folder(job["derived_series_instance_uid"]))
    return Outcome(
        series=name,
        rule=told["rule"] or "",
        pipeline=job["pipeline"],
        state=state,
        turnaround_s=job["turnaround_s"],
        noise=noise,
        where=where,
        failed=failed or len(files) != len(sending.files),
    )


def _name(sending: Sending) -> str:
    return f"{sending.name} ({len(sending.files)})"


def _line(name: str, rule: str, pipeline: str, state: str, turnaround_s: float | None, *, failed: bool) -> Outcome:
    return Outcome(
        series=name,
        rule=rule,
        pipeline=pipeline,
        state=state,
        turnaround_s=turnaround_s,
        noise="",
        where="",
        failed=failed,
    )


def _seconds(line: Outcome) -> str:
    return "" if line.turnaround_s is None else f"{line.turnaround_s:.1f} s"
