"""``deliveries``: list, retry, release, cancel, pause, resume. Touches: database (moves delivery)."""

from datetime import timedelta
from typing import Annotated

import typer

from dicom_node.cli import show
from dicom_node.cli.opened import ConfigOption, JsonOption, WhyOption, destination_of, one_of, opened, who
from dicom_node.domain.states import DELIVERY

app = typer.Typer(no_args_is_help=True, help="Sending results and originals.")
DeliveryArgument = Annotated[int, typer.Argument(metavar="DELIVERY", help="Its number, see «deliveries list».")]
DestinationArgument = Annotated[str, typer.Argument(metavar="DEST", help="Name of a destination.")]


@app.command("list")
def list_deliveries(
    ctx: typer.Context,
    config: ConfigOption = None,
    state: Annotated[str, typer.Option(help="Only deliveries in this state.", callback=one_of(DELIVERY.states))] = "",
    destination: Annotated[str, typer.Option(help="Only deliveries to it.")] = "",
    limit: Annotated[int, typer.Option(min=1)] = 100,
    json: JsonOption = False,
) -> None:
    """List deliveries, the newest first, and paused destinations."""
    from dicom_node.views import work

    with opened(ctx, config) as node, node.database.read() as session:
        found = work.deliveries(session, state=state, destination=destination, limit=limit)
        paused = work.pauses(session)
    if json:
        show.as_json({"deliveries": found, "paused": paused})
        return
    show.table(
        found, ("id", "state", "destination", "what", "sent", "total", "attempts", "error", "series_instance_uid")
    )
    for pause in paused:
        until = f" until {pause['until']}" if pause["until"] else ""
        show.line(f"{pause['destination']} is paused{until} by {pause['who']}: {pause['why']}")


@app.command()
def retry(ctx: typer.Context, delivery: DeliveryArgument, why: WhyOption, config: ConfigOption = None) -> None:
    """Try a failed delivery again, from the first object that has not arrived."""
    from dicom_node.deliver import actions

    with opened(ctx, config) as node:
        actions.retry(node.database, delivery, who(), why, node.clock)
    show.line(f"delivery {delivery} waits to be sent")


@app.command()
def release(ctx: typer.Context, delivery: DeliveryArgument, why: WhyOption, config: ConfigOption = None) -> None:
    """Let a held delivery go; what held it is asked anew."""
    from dicom_node.deliver import actions

    with opened(ctx, config) as node:
        actions.release(node.database, delivery, who(), why, node.clock)
    show.line(f"delivery {delivery} waits to be sent")


@app.command()
def cancel(ctx: typer.Context, delivery: DeliveryArgument, why: WhyOption, config: ConfigOption = None) -> None:
    """Give a delivery up."""
    from dicom_node.deliver import actions

    with opened(ctx, config) as node:
        actions.cancel(node.database, delivery, who(), why, node.clock)
    show.line(f"delivery {delivery} is cancelled")


@app.command()
def pause(
    ctx: typer.Context,
    destination: DestinationArgument,
    why: WhyOption,
    config: ConfigOption = None,
    hours: Annotated[float | None, typer.Option("--for", metavar="HOURS", min=0, help="End by itself after.")] = None,
) -> None:
    """Send nothing more to a destination until resumed, or for some hours."""
    from dicom_node.deliver import actions

    with opened(ctx, config) as node:
        destination_of(node.config, destination)
        until = node.clock.now() + timedelta(hours=hours) if hours is not None else None
        actions.pause(node.database, destination, who(), why, node.clock, until=until)
    show.line(f"{destination} is paused")


@app.command()
def resume(ctx: typer.Context, destination: DestinationArgument, config: ConfigOption = None) -> None:
    """Send to a paused destination again."""
    from dicom_node.deliver import actions

    with opened(ctx, config) as node:
        actions.resume(node.database, destination, who(), node.clock)
    show.line(f"{destination} is sent to again")
