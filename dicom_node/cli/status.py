"""``status``: the node at a glance. Touches: database (reads), processes.json, standard output."""

from typing import Annotated, Any

import typer

from dicom_node.cli import show
from dicom_node.cli.opened import ConfigOption, JsonOption, config_of, database_of

SHOWN = 30


def status(
    ctx: typer.Context,
    config: ConfigOption = None,
    json: JsonOption = False,
    everything: Annotated[bool, typer.Option("--all", help="All series instead of the newest 1,000.")] = False,
) -> None:
    """Show processes, counts, series and alerts; works with the node down."""
    from dicom_node.storage.layout import Layout
    from dicom_node.views import status as view

    settings = config_of(ctx, config)
    layout = Layout(settings.node.data_dir)
    with database_of(settings) as database:
        found = view.status(database, layout, settings, everything=everything)
    if json:
        show.as_json(found)
    else:
        _print(found, None if everything else SHOWN)


def _print(found: dict[str, Any], limit: int | None) -> None:
    node, counts = found["node"], found["counts"]
    state = "healthy" if node["healthy"] else ("not healthy" if found["processes"] else "not running")
    show.line(
        f"{node['ae_title']} {node['version']}: {state}, DICOM port {node['dicom_port']}, page port {node['web_port']}"
    )
    if found["processes"]:
        show.table(found["processes"], ("name", "pid", "state", "restarts"))
    for name in ("series", "jobs", "deliveries"):
        show.line(f"{name}: " + (", ".join(f"{n} {state}" for state, n in counts[name].items() if n) or "none"))
    rest = ("instances", "unregistered", "quarantined", "conflicts", "alerts")
    show.line(", ".join(f"{counts[name]} {name}" for name in rest))
    series = found["series"][:limit]
    if series:
        show.line("")
        show.table([_row(item) for item in series], ("series", "modality", "description", "state", "rule", "outcome"))
        if len(series) < len(found["series"]):
            show.line(f"… and {len(found['series']) - len(series)} more (--all)")
    if found["alerts"]:
        show.line("")
        show.table([{**alert, "at": alert["at"][:19]} for alert in found["alerts"]], ("at", "kind", "message", "count"))


def _row(item: dict[str, Any]) -> dict[str, Any]:
    jobs = [f"{job['pipeline']} {job['state']}{': ' + job['reason'] if job['reason'] else ''}" for job in item["jobs"]]
    return {**item, "series": item["series_instance_uid"], "outcome": "; ".join(jobs) or item["reason"]}
