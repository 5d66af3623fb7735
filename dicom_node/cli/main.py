"""The command line. Touches: standard output and error; each command imports what it needs when it is called."""

import sys
import warnings
from collections.abc import Sequence

import typer
from sqlalchemy.exc import DBAPIError

from dicom_node.cli import (
    compare,
    degrade,
    deliveries,
    doctor,
    extract,
    jobs,
    network,
    restore,
    rules,
    series,
    serve,
    status,
    upkeep,
)
from dicom_node.cli.opened import ConfigOption
from dicom_node.domain.errors import NodeError

app = typer.Typer(
    name="dicom-node",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A DICOM node that restores series between scanner and PACS. Not a medical device.",
)


@app.callback()
def before(ctx: typer.Context, config: ConfigOption = None) -> None:
    """Take the options that stand before the sub-command."""
    ctx.obj = config


app.command()(serve.serve)
app.command()(serve.demo)
app.command()(status.status)
app.add_typer(series.app, name="series")
app.add_typer(rules.app, name="rules")
app.add_typer(jobs.app, name="jobs")
app.add_typer(deliveries.app, name="deliveries")
app.command()(network.echo)
app.command()(network.push)
app.command()(upkeep.verify)
app.command()(upkeep.reconcile)
app.command()(upkeep.backup)
app.add_typer(upkeep.database_app, name="db")
app.command()(doctor.doctor)
app.command()(restore.restore)
app.command()(degrade.degrade)
app.command()(compare.compare)
app.command()(extract.extract)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; an error is one sentence on standard error and exit status 1.

    Parameters
    ----------
    arguments
        Instead of the process's own.
    """
    # The library's warnings quote strangers' values; what matters of them the commands say themselves.
    warnings.filterwarnings("ignore", module=r"pydicom\.")
    try:
        app(args=arguments)
    except NodeError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}. Correct that and try again")
    except DBAPIError as error:
        _fail(f"the database answers: {error.orig}. Look at «dicom-node doctor» and at the node's log")


def _fail(sentence: str) -> None:
    print(f"dicom-node: {sentence}", file=sys.stderr)  # noqa: T201  standard error is where people look
    sys.exit(1)
