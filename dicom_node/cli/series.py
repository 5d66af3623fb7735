"""``series list`` and ``series show``. Touches: database (reads), standard output."""

from typing import Annotated, Any

import typer

from dicom_node.cli import show
from dicom_node.cli.opened import ConfigOption, JsonOption, opened

SHOWN = 200

app = typer.Typer(no_args_is_help=True, help="Received series.")


@app.command("list")
def list_series(
    ctx: typer.Context,
    config: ConfigOption = None,
    state: Annotated[str, typer.Option(help="open, cut, working or closed.")] = "",
    job: Annotated[str, typer.Option(help="State of a job, or attention: waits for a person.")] = "",
    text: Annotated[str, typer.Option(help="Part of patient, accession number, description or UID.")] = "",
    json: JsonOption = False,
) -> None:
    """List series, the newest 200 that match."""
    from dicom_node.views.series import SeriesFilter, find

    wanted = SeriesFilter(state=state, job=job, text=text, limit=SHOWN)
    with opened(ctx, config) as node, node.database.read() as session:
        found, total = find(session, wanted)
    if json:
        show.as_json(found)
        return
    columns = ("id", "modality", "description", "patient", "instances", "state", "rule", "outcome")
    show.table([_row(item) for item in found], columns)
    if len(found) < total:
        show.line(f"… and {total - len(found)} more: narrow it down, or «status --all --json»")


@app.command("show")
def show_series(
    ctx: typer.Context,
    series: Annotated[str, typer.Argument(metavar="SERIES", help="Its number here or its Series Instance UID.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show one series: objects, cuts, decision, jobs with guard figures, deliveries, timeline."""
    from dicom_node.views.series import identify, whole

    with opened(ctx, config) as node, node.database.read() as session:
        found = whole(session, identify(session, series))
    if json:
        show.as_json(found)
    else:
        _print(found)


def _row(item: dict[str, Any]) -> dict[str, Any]:
    jobs = [f"{job['pipeline']} {job['state']}" for job in item["jobs"]]
    return {**item, "patient": item["patient"]["id"], "outcome": "; ".join(jobs) or item["reason"]}


def _print(item: dict[str, Any]) -> None:
    show.line(f"{item['modality']} {item['description']}  {item['state']}  {item['instances']} objects")
    show.line(f"{item['series_instance_uid']}  patient {item['patient']['id']}")
    for revision in item["revisions"]:
        decision = revision["decision"]
        said = f"rule {decision['rule'] or 'none'}. {decision['reason']}" if decision else "not decided yet"
        show.line(f"cut {revision['number']}: {revision['instances']} objects, because {revision['why']}; {said}")
    for job in item["jobs"]:
        show.line(f"job {job['id']} {job['pipeline']}: {job['state']} {job['reason']}")
        show.table(job["figures"], ("gate", "name", "value", "unit", "low", "high", "passed"))
    for delivery in [*item["deliveries"], *(entry for job in item["jobs"] for entry in job["deliveries"])]:
        error = delivery["error"] or ""
        show.line(f"→ {delivery['destination']} {delivery['state']} {delivery['sent']}/{delivery['total']} {error}")
    show.line("")
    told = [{**line, "at": line["at"][:19]} for line in item["timeline"]]
    show.table(told, ("at", "subject", "text", "state"))
