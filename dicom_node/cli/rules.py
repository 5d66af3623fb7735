"""``rules``: the rule book of a running node. Touches: database (writes rule_set), files named."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dicom_node.cli import show
from dicom_node.cli.opened import ConfigOption, JsonOption, Opened, WhyOption, opened, who

if TYPE_CHECKING:
    from dicom_node.decide.rulebook import Names
    from dicom_node.rules.ruleset import Rule

app = typer.Typer(no_args_is_help=True, help="Rules: versioned, effective without restart.")


def _names(node: Opened) -> "Names":
    from dicom_node.decide.eligibility import cards
    from dicom_node.decide.rulebook import Names

    return Names(pipelines=list(cards()), destinations=[item.name for item in node.config.destinations])


@app.command("list")
def list_rules(ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False) -> None:
    """List the rules in force."""
    from dicom_node.decide import rulebook
    from dicom_node.rules.grammar import parse

    with opened(ctx, config) as node:
        version = rulebook.current(node.database)
    rows = [_row(rule) for rule in parse(version.text).rules] if version else []
    if json:
        show.as_json({"version": version.version if version else None, "rules": rows})
    elif version:
        show.line(f"version {version.version} by {version.author}: {version.why}")
        show.table(rows, ("name", "pipelines", "deliver_to", "originals_to", "priority", "then"))
    else:
        show.line("There are no rules yet: dicom-node rules import FILE --why TEXT.")


def _row(rule: "Rule") -> dict[str, object]:
    return {
        "name": rule.name,
        "pipelines": [item.pipeline for item in rule.restore],
        "deliver_to": list(rule.deliver_to),
        "originals_to": list(rule.forward_originals_to),
        "priority": rule.priority,
        "then": str(rule.then),
    }


@app.command()
def explain(
    ctx: typer.Context,
    series: Annotated[str, typer.Argument(metavar="SERIES", help="Its number here or its Series Instance UID.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Explain the newest decision on a series, clause by clause."""
    from dicom_node.decide import act
    from dicom_node.views.series import identify, uid_of

    with opened(ctx, config) as node:
        with node.database.read() as session:
            uid = uid_of(session, identify(session, series))
        found = act.explain(node.database, uid)
    if json:
        told = {"series_instance_uid": found.series_instance_uid, "revision": found.revision, "rule": found.rule}
        rest = {"reason": found.reason, "rule_set_version": found.rule_set_version, "tree": dict(found.tree)}
        show.as_json({**told, **rest})
        return
    show.line(f"cut {found.revision}, rule set {found.rule_set_version}: rule {found.rule or 'none'}. {found.reason}")
    for line in found.lines:
        show.line(line)


@app.command("dry-run")
def dry_run(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A draft; - reads standard input.")],
    config: ConfigOption = None,
    last: Annotated[int, typer.Option(min=1, help="How many of the last series.")] = 200,
    json: JsonOption = False,
) -> None:
    """Show what a draft would decide otherwise on the last series."""
    from dataclasses import asdict

    from dicom_node.decide import dry_run as dry

    with opened(ctx, config) as node:
        found = dry.dry_run(node.database, node.config, _text(file), names=_names(node), last=last)
    changed = [item for item in found if item.changed]
    if json:
        show.as_json([{**asdict(item), "changed": item.changed} for item in found])
        return
    show.line(f"{len(changed)} of {len(found)} series would be decided otherwise")
    rows = [
        {
            "series": item.series_instance_uid,
            "now": item.before.in_words,
            "then": item.after.in_words,
        }
        for item in changed
    ]
    if rows:
        show.table(rows, ("series", "now", "then"))


@app.command()
def export(
    ctx: typer.Context,
    config: ConfigOption = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Instead of standard output.")] = None,
) -> None:
    """Write the rules in force as YAML."""
    from dicom_node.decide import rulebook

    with opened(ctx, config) as node:
        version = rulebook.current(node.database)
    text = version.text if version else "rules: []\n"
    if to is None:
        show.raw(text)
    else:
        to.write_text(text, encoding="utf-8")


@app.command("import")
def import_rules(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML; - reads standard input.")],
    why: WhyOption,
    config: ConfigOption = None,
) -> None:
    """Check rules and put them into force as a new version."""
    from dicom_node.decide import rulebook

    with opened(ctx, config) as node:
        version = rulebook.import_text(
            node.database, _text(file), author=who(), why=why, clock=node.clock, names=_names(node)
        )
    show.line(f"version {version.version} is in force")


@app.command()
def history(
    ctx: typer.Context,
    config: ConfigOption = None,
    diff: Annotated[int | None, typer.Option(metavar="N", help="What version N changed.")] = None,
    json: JsonOption = False,
) -> None:
    """List all versions, the newest first."""
    from dicom_node.decide import rulebook

    with opened(ctx, config) as node:
        if diff is not None:
            show.raw(rulebook.diff(node.database, diff).rstrip("\n") + "\n")
            return
        rows = [
            {
                "version": item.version,
                "created_at": item.created_at.isoformat(timespec="seconds"),
                "author": item.author,
                "why": item.why,
            }
            for item in rulebook.history(node.database)
        ]
    if json:
        show.as_json(rows)
    else:
        show.table(rows, ("version", "created_at", "author", "why"))


@app.command()
def revert(
    ctx: typer.Context,
    version: Annotated[int, typer.Argument(metavar="N", help="The version whose text comes back.")],
    why: WhyOption,
    config: ConfigOption = None,
) -> None:
    """Put an older version's text into force again, as a new version."""
    from dicom_node.decide import rulebook

    with opened(ctx, config) as node:
        made = rulebook.revert(node.database, version, author=who(), why=why, clock=node.clock, names=_names(node))
    show.line(f"version {made.version} is in force, with the text of version {version}")


def _text(file: Path) -> str:
    from dicom_node.domain.errors import RuleError

    try:
        return typer.get_text_stream("stdin").read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(
            happened=f"the file cannot be read ({error})", subject=str(file), remedy="Name a UTF-8 file."
        ) from None
