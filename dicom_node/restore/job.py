"""One attempt at a claimed job, from its row to a published series or a named reason.

Touches: database (through rows and publish), store (reads), derived and previews (writes), sandbox, device.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import NodeError
from dicom_node.domain.marks import PIXEL_CODE
from dicom_node.domain.reasons import Reason, reason
from dicom_node.domain.work import Recipe
from dicom_node.restore import rows
from dicom_node.restore.attempt import Made, attempt
from dicom_node.restore.derive.making import Making
from dicom_node.restore.derive.references import referred
from dicom_node.restore.judge import judge_sources
from dicom_node.restore.pipelines import BundleBroken, Restorers
from dicom_node.restore.preview import write_previews
from dicom_node.restore.publish import Result, end_failed, end_refused, plan_anew, publish
from dicom_node.restore.read_back import NotReadBack
from dicom_node.restore.rows import Claim, Work
from dicom_node.restore.source import Refused, SourceStack, read_source
from dicom_node.sandbox.client import Sandbox
from dicom_node.storage.durable import make_folder, sync_folder
from dicom_node.storage.layout import Layout
from restoration.card import Card
from restoration.restorer import Restorer

_OUR_FAULT = ("source gone", "no identity")
"""Refusals that are no property of an acquisition: the job failed, and a person should look."""


@dataclass(frozen=True, kw_only=True)
class JobContext:
    """What a worker hands to each job."""

    database: Database
    layout: Layout
    clock: Clock
    sandbox: Sandbox
    config: Config
    restorers: Restorers


def run_job(claim: Claim, *, context: JobContext) -> bool:
    """Do one claimed job; every foreseen outcome ends in the job's row.

    Returns
    -------
    bool
        False if the claim was lost on the way: nothing is left of the attempt.
    """
    work = rows.load(context.database, context.layout, claim)
    if work is None:
        return False
    folder = context.layout.derived / claim.token
    try:
        ended = _run(work, folder, context)
    except Refused as error:
        ended = _end_without_result(work, error.why, context)
    except BundleBroken as error:
        ended = _fail(claim, reason("bundle broken", detail=error.happened), context)
    except NotReadBack as error:
        ended = _fail(claim, reason("not read back", detail=error.happened), context)
    except IntegrityError:
        ended = _fail(claim, reason("failed", detail="objects of the same UIDs are published already"), context)
    except (NodeError, OSError, MemoryError) as error:
        ended = give_up(claim, error, context=context)
    _clear(claim, context)
    return ended


def give_up(claim: Claim, error: BaseException, *, context: JobContext) -> bool:
    """End a job that met an error nobody foresaw; False if the claim is lost."""
    detail = error.happened if isinstance(error, NodeError) else f"{type(error).__name__}: {error}"
    ended = _fail(claim, reason("failed", detail=detail[:500]), context)
    _clear(claim, context)
    return ended


def _run(work: Work, folder: Path, context: JobContext) -> bool:
    restorer = context.restorers.get(work.recipe.pipeline)
    present = present_recipe(work.recipe, restorer.card)
    if present != work.recipe:
        return plan_anew(context.database, work, present, clock=context.clock)
    sources = read_source(work.stacks, work.files, sandbox=context.sandbox, unit=restorer.card.unit)
    judgement = judge_sources([stack.volume for stack in sources], restorer.card)
    if not judgement.passed:
        why = reason("domain", figures=judgement.sentence)
        return end_refused(context.database, work, why, figures=judgement.figures, clock=context.clock)
    making = _making(work, sources, restorer, context)
    make_folder(folder, root=context.layout.data_dir)
    made = attempt(sources, restorer, making, folder=folder, sandbox=context.sandbox)
    figures = [*judgement.figures, *_figures(made)]
    if made.judgement is None:
        detail = "; ".join(check.sentence() for check in made.found.failures)
        why = reason("not read back", detail=detail)
        return end_failed(context.database, work.claim, why, figures=figures, clock=context.clock)
    write_previews(context.layout.previews / str(work.claim.job_id), sources, made.found.volumes)
    sync_folder(folder)
    result = Result(
        number=making.series_number,
        folder=context.layout.relative(folder),
        made=made,
        figures=figures,
        execution={**restorer.provenance, "pixels": made.digest},
        withheld=None if made.judgement.passed else reason("withheld", figures=made.judgement.sentence),
    )
    return publish(context.database, work, result, layout=context.layout, clock=context.clock)


def present_recipe(recipe: Recipe, card: Card) -> Recipe:
    """Return the recipe as the installed bundle and program would do it."""
    return replace(recipe, version=card.version, weights_sha256=card.weights_sha256, pixel_code=PIXEL_CODE)


def in_zone(at: datetime, timezone: str) -> datetime:
    """Return a time in the node's zone: ``system`` or a name of the IANA time zone database."""
    return at.astimezone(None if timezone == "system" else ZoneInfo(timezone))


def _making(work: Work, sources: Sequence[SourceStack], restorer: Restorer, context: JobContext) -> Making:
    targets = {uid for stack in sources for item in stack.slices for uid in referred(item.header)}
    card = restorer.card
    return Making(
        recipe=work.recipe,
        operation=card.operation,
        reach=card.reach,
        revision_digest=work.revision_digest,
        at=in_zone(work.created_at, context.config.node.timezone),
        series_number=rows.reserve_series_number(context.database, work, slot=card.slot),
        ae_title=context.config.node.ae_title,
        installation_id=work.installation_id,
        known=rows.series_of(context.database, work.study_id, targets),
        replaces=rows.replaced_number(context.database, work),
    )


def _figures(made: Made) -> list[dict[str, Any]]:
    found = [check.as_json() for check in made.found.checks]
    return found if made.judgement is None else [*found, *made.judgement.figures]


def _end_without_result(work: Work, why: Reason, context: JobContext) -> bool:
    if why.code in _OUR_FAULT:
        return _fail(work.claim, why, context)
    return end_refused(context.database, work, why, figures=(), clock=context.clock)


def _clear(claim: Claim, context: JobContext) -> None:
    """Delete an attempt's files unless they are published."""
    folder = context.layout.derived / claim.token
    if not rows.is_published(context.database, context.layout.relative(folder)):
        shutil.rmtree(folder, ignore_errors=True)


def _fail(claim: Claim, why: Reason, context: JobContext) -> bool:
    return end_failed(context.database, claim, why, clock=context.clock)
