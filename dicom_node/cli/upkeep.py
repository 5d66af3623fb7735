"""``verify``, ``reconcile``, ``backup``, ``db upgrade``. Touches: database, store, files named, standard output."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dicom_node.cli import show
from dicom_node.cli.opened import ConfigOption, JsonOption, config_of, opened

database_app = typer.Typer(no_args_is_help=True, help="The database's schema.")


def verify(ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Check every event chain, state, digest and stored file; exit status 1 if anything is not as recorded."""
    from dicom_node.provenance import verify as check

    with opened(ctx, config) as node:
        found = check.verify(node.database, node.layout, copies=node.config.provenance.checkpoint_to)
        unsealed = check.unsealed(node.database, node.layout)
    if json:
        show.as_json({"findings": [asdict(finding) for finding in found], "unsealed": unsealed})
    else:
        for finding in found:
            show.line(str(finding))
        show.line(f"{len(found)} findings" if found else "Everything is as recorded.")
        if unsealed:
            show.line(
                f"{unsealed} events are younger than the last checkpoint. Who owns this machine could have altered a "
                "chain together with its head since then; that cannot be seen from here."
            )
    if found:
        raise typer.Exit(1)


def reconcile(ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Compare the whole store with the database, register what has no row, list what has no file."""
    from dicom_node.register.arrivals import Registrar
    from dicom_node.register.reconcile import reconcile as compare
    from dicom_node.sandbox.client import Sandbox
    from dicom_node.views.processes import running

    with opened(ctx, config) as node:
        now = running(node.layout)
        started_at = now.started if now else node.clock.now()
        sandbox = Sandbox()
        try:
            registrar = Registrar(node.database, node.layout, sandbox, node.clock, node.config)
            report = compare(
                registrar, database=node.database, layout=node.layout, clock=node.clock, started_at=started_at
            )
        finally:
            sandbox.close()
    if json:
        show.as_json(asdict(report))
        return
    show.line(
        f"{report.registered} files registered, {len(report.adopted)} parts adopted, {len(report.removed)} removed"
    )
    for path in report.damaged:
        show.line(f"damaged: {path}")
    for path in report.missing:
        show.line(f"missing: {path}")


def backup(
    ctx: typer.Context,
    target: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that does not exist yet.")],
    config: ConfigOption = None,
) -> None:
    """Copy the database, then the files it speaks of; the node may run. After a restore: dicom-node reconcile."""
    from dicom_node.cli.copying import copy_node

    with opened(ctx, config) as node:
        copied = copy_node(node.layout, node.database.path, target)
    show.line(f"{copied} files and the database are in {target}")


@database_app.command()
def upgrade(ctx: typer.Context, config: ConfigOption = None) -> None:
    """Bring the database to this program's schema; an older one is backed up beside itself first."""
    from dicom_node.database.engine import Database
    from dicom_node.database.migrate import upgrade as migrate

    settings = config_of(ctx, config)
    database = Database(settings.database.url)
    try:
        changed = migrate(database)
    finally:
        database.close()
    show.line("The database was upgraded." if changed else "The database is up to date.")
