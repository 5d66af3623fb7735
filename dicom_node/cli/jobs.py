"""``jobs``: list, retry, release, reject, cancel. Touches: database (moves job, derived_series)."""

from typing import Annotated

import typer

from dicom_node.cli import show
from dicom_node.cli.opened import ConfigOption, JsonOption, WhyOption, one_of, opened, who
from dicom_node.domain.states import JOB

app = typer.Typer(no_args_is_help=True, help="Restorations.")
JobArgument = Annotated[int, typer.Argument(metavar="JOB", help="Its number, see «jobs list».")]


@app.command("list")
def list_jobs(
    ctx: typer.Context,
    config: ConfigOption = None,
    state: Annotated[str, typer.Option(help="Only jobs in this state.", callback=one_of(JOB.states))] = "",
    limit: Annotated[int, typer.Option(min=1)] = 100,
    json: JsonOption = False,
) -> None:
    """List jobs, the newest first."""
    from dicom_node.views.work import jobs

    with opened(ctx, config) as node, node.database.read() as session:
        found = jobs(session, state=state, limit=limit)
    if json:
        show.as_json(found)
    else:
        show.table(
            found, ("id", "state", "pipeline", "reason", "result", "attempts", "created_at", "series_instance_uid")
        )


@app.command()
def retry(ctx: typer.Context, job: JobArgument, why: WhyOption, config: ConfigOption = None) -> None:
    """Queue a job again that failed, or was refused because its pipeline could not be used."""
    from dicom_node.restore import actions

    with opened(ctx, config) as node:
        actions.retry(node.database, job, who(), why, node.clock)
    show.line(f"job {job} is queued")


@app.command()
def release(ctx: typer.Context, job: JobArgument, why: WhyOption, config: ConfigOption = None) -> None:
    """Let out a result that was withheld or waits for review."""
    from dicom_node.restore import actions

    with opened(ctx, config) as node:
        actions.release(node.database, job, who(), why, node.clock)
    show.line(f"the result of job {job} is released")


@app.command()
def reject(ctx: typer.Context, job: JobArgument, why: WhyOption, config: ConfigOption = None) -> None:
    """Throw away a result that was withheld or waits for review."""
    from dicom_node.restore import actions

    with opened(ctx, config) as node:
        actions.reject(node.database, job, who(), why, node.clock)
    show.line(f"the result of job {job} is rejected")


@app.command()
def cancel(ctx: typer.Context, job: JobArgument, why: WhyOption, config: ConfigOption = None) -> None:
    """Cancel a job that has not begun, has failed, was refused or withheld."""
    from dicom_node.restore import actions

    with opened(ctx, config) as node:
        actions.cancel(node.database, job, who(), why, node.clock)
    show.line(f"job {job} is cancelled")
