"""``series list`` and ``series show``. Touches: database (reads), standard output."""

from typing import Annotated, Any

import typer

from dicom_node.cli import show
from dicom_node.cli.opened import ConfigOption, JsonOption, one_of, opened
from dicom_node.domain.states import JOB, SERIES_STATES

SHOWN = 200

app = typer.Typer(no_args_is_help=True, help="Received series.")


@app.command("list")
def list_series(
    ctx: typer.Context,
    config: ConfigOption = None,
    state: Annotated[str, typer.Option(help="open, cut, working or closed.", callback=one_of(SERIES_STATES))] = "",
    job: Annotated[
        str,
        typer.Option(
            help="State of a job, or attention: waits for a person.", callback=one_of(("attention", *JOB.states))
        ),
    ] = "",
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
        figures = [{**figure, **_rounded(figure)} for figure in job["figures"]]
        show.table(figures, ("gate", "name", "value", "unit", "low", "high", "passed"))
        _print_deliveries("result", job["deliveries"])
    _print_deliveries("originals", item["deliveries"])
    show.line("")
    told = [{**line, "at (UTC)": line["at"][:19]} for line in item["timeline"]]
    show.table(told, ("at (UTC)", "subject", "text", "state"))


def _print_deliveries(what: str, deliveries: list[dict[str, Any]]) -> None:
    for one in deliveries:
        show.line(f"{what} → {one['destination']} {one['state']} {one['sent']}/{one['total']} {one['error'] or ''}")


def _rounded(figure: dict[str, Any]) -> dict[str, str]:
    """Write a figure and its bounds for people: four digits."""
    bounds = {key: figure.get(key) for key in ("value", "low", "high")}
    return {key: "" if value is None else f"{value:.4g}" for key, value in bounds.items()}
