"""Restores the series of a folder into another one: the same attempt as a job, without a database.

Touches: files, sandbox, device.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from dicom_node.complete.facts import Circumstances, build_facts
from dicom_node.complete.stacks import split
from dicom_node.decide.eligibility import refusal
from dicom_node.decide.guards import own_result
from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import NodeError, NotFound
from dicom_node.domain.reasons import reason
from dicom_node.domain.series import Instance
from dicom_node.domain.work import Recipe, digest_of
from dicom_node.folder.reading import read_folder, series_by_study, source_file
from dicom_node.restore.attempt import Made, attempt
from dicom_node.restore.derive.making import Making
from dicom_node.restore.derive.numbers import series_number
from dicom_node.restore.judge import judge_sources
from dicom_node.restore.pipelines import Restorers
from dicom_node.restore.source import Refused, read_source
from dicom_node.sandbox.client import Sandbox, Unreadable
from restoration.card import Card
from restoration.restorer import Restorer

LABEL: Final = "DLR {SeriesDescription}"
NO_INSTALLATION: Final = "folder"
"""Device Serial Number of objects that no installation of a node made."""

ATTEMPT: Final = ".attempt"
"""Folder of files that are not yet judged; nothing of a withheld series stays."""


class Ended(StrEnum):
    """How a series of the folder ended."""

    RESTORED = "restored"
    REFUSED = "refused"
    WITHHELD = "withheld"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one series.

    Attributes
    ----------
    series_instance_uid, description
        Of the source.
    ended
        How it ended.
    reason
        Why it was not restored; empty where it was.
    note
        What a reader of a restored series must know; empty where there is nothing.
    folder
        Where the derived files lie; None where there are none.
    instances
        Number of derived files.
    """

    series_instance_uid: str
    description: str
    ended: Ended
    reason: str
    note: str
    folder: Path | None
    instances: int


Report = Callable[[int, int, Outcome], None]
"""Told after each series: how many are done, of how many, and what became of the last one."""


def silent(_done: int, _total: int, _last: Outcome) -> None:
    """Tell nobody."""


@dataclass(frozen=True, kw_only=True)
class _Bench:
    """What all series of one call share."""

    restorer: Restorer
    recipe: Recipe
    sandbox: Sandbox
    at: datetime
    target: Path
    known: Mapping[str, Mapping[str, str]]
    taken: Mapping[str, set[int]]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a person asks for.

    Attributes
    ----------
    pipeline
        Name of an installed bundle.
    strength
        0 to 100 [percent]; the card's default if None.
    """

    pipeline: str
    strength: float | None = None


def restore_folder(
    source: Path,
    target: Path,
    *,
    asked: Asked,
    restorers: Restorers,
    clock: Clock,
    report: Report = silent,
) -> list[Outcome]:
    """Restore every series of a folder that the pipeline takes.

    Parameters
    ----------
    source
        Folder with DICOM files, at any depth; files that are none are left alone.
    target
        Made where it is missing; each derived series gets a folder named by its UID.
    asked
        Pipeline and strength.
    restorers
        Ready pipelines.
    clock
        Gives the time that the derived objects carry.
    report
        Told after each series.

    Returns
    -------
    list[Outcome]
        One for each series, in the order of their first file.

    Raises
    ------
    NotFound
        There is no DICOM file in the folder.
    dicom_node.restore.pipelines.BundleBroken
        The pipeline cannot be loaded.
    """
    restorer = restorers.get(asked.pipeline)
    at = clock.now().astimezone()
    target.mkdir(parents=True, exist_ok=True)
    with closing(Sandbox()) as sandbox:
        found = read_folder(source, sandbox=sandbox, at=at)
        if not found.series:
            raise NotFound(happened="there is no DICOM file in it", subject=str(source), remedy="Name another folder.")
        bench = _Bench(
            restorer=restorer,
            recipe=_recipe(restorer.card, asked.strength),
            sandbox=sandbox,
            at=at,
            target=target,
            known=series_by_study(found.series),
            taken=_numbers_by_study(found.series),
        )
        outcomes: list[Outcome] = []
        total = len(found.series) + len(found.unreadable)
        for members in found.series:
            outcomes.append(_outcome(members, bench))
            report(len(outcomes), total, outcomes[-1])
        for file in found.unreadable:
            outcomes.append(_broken(file))
            report(len(outcomes), total, outcomes[-1])
        return outcomes


def _outcome(members: Sequence[Instance], bench: _Bench) -> Outcome:
    ended, why, folder, count = Ended.RESTORED, "", None, 0
    attempted = bench.target / ATTEMPT
    try:
        made = _attempt(members, bench, attempted)
    except Refused as error:
        ended, why = Ended.REFUSED, error.why.sentence
    except (NodeError, OSError, MemoryError) as error:
        ended, why = Ended.FAILED, error.happened if isinstance(error, NodeError) else str(error)
    else:
        ended, why = _verdict(made)
        if ended is Ended.RESTORED:
            folder, count = bench.target / made.series_instance_uid, len(made.files)
            shutil.rmtree(folder, ignore_errors=True)
            attempted.rename(folder)
    shutil.rmtree(attempted, ignore_errors=True)
    return Outcome(
        series_instance_uid=members[0].text("SeriesInstanceUID"),
        description=members[0].text("SeriesDescription"),
        ended=ended,
        reason=why,
        note=_note(bench.restorer.card) if ended is Ended.RESTORED else "",
        folder=folder,
        instances=count,
    )


def _note(card: Card) -> str:
    """Say how strict a node would be with the result: here the person who calls is all there is."""
    if card.release == "never":
        return f"for looking at alone: a node never delivers results of {card.name}"
    return "a node waits for a person to release it" if card.release == "review" else ""


def _broken(file: Unreadable) -> Outcome:
    """Name a file that nobody can say the series of."""
    return Outcome(
        series_instance_uid="",
        description=file.path.name,
        ended=Ended.FAILED,
        reason=reason("unreadable", detail=file.detail).sentence,
        note="",
        folder=None,
        instances=0,
    )


def _attempt(members: Sequence[Instance], bench: _Bench, folder: Path) -> Made:
    stacks, card = split(members), bench.restorer.card
    facts = build_facts(members, stacks, _circumstances(bench))
    why = own_result(facts) or refusal(facts, stacks, card)
    if why is not None:
        raise Refused(why, members[0].text("SeriesInstanceUID"))
    files = {item.id: source_file(item) for item in members}
    sources = read_source(stacks, files, sandbox=bench.sandbox, unit=card.unit)
    judgement = judge_sources([stack.volume for stack in sources], card)
    if not judgement.passed:
        raise Refused(reason("domain", figures=judgement.sentence), members[0].text("SeriesInstanceUID"))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return attempt(sources, bench.restorer, _making(members, bench), folder=folder, sandbox=bench.sandbox)


def _verdict(made: Made) -> tuple[Ended, str]:
    if made.judgement is None:
        detail = "; ".join(check.sentence() for check in made.found.failures)
        return Ended.FAILED, reason("not read back", detail=detail).sentence
    if not made.judgement.passed:
        return Ended.WITHHELD, reason("withheld", figures=made.judgement.sentence).sentence
    return Ended.RESTORED, ""


def _making(members: Sequence[Instance], bench: _Bench) -> Making:
    first, card = members[0], bench.restorer.card
    study = first.text("StudyInstanceUID")
    number = series_number(first.text("SeriesNumber"), slot=card.slot, taken=bench.taken[study])
    bench.taken[study].add(number)
    return Making(
        recipe=bench.recipe,
        operation=card.operation,
        reach=card.reach,
        revision_digest=digest_of(sorted([item.sop_instance_uid, item.sha256] for item in members)),
        at=bench.at,
        series_number=number,
        ae_title=NO_INSTALLATION.upper(),
        installation_id=NO_INSTALLATION,
        known=bench.known[study],
    )


def _recipe(card: Card, strength: float | None) -> Recipe:
    return Recipe(
        pipeline=card.name,
        version=card.version,
        weights_sha256=card.weights_sha256,
        strength=card.default_strength if strength is None else strength,
        label=LABEL,
    )


def _circumstances(bench: _Bench) -> Circumstances:
    return Circumstances(calling_ae="", called_ae="", peer="", complete=True, holes=0, received_local=bench.at)


def _numbers_by_study(series: Sequence[Sequence[Instance]]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for item in (item for members in series for item in members):
        numbers = found.setdefault(item.text("StudyInstanceUID"), set())
        numbers.update(int(number) for number in item.numbers("SeriesNumber"))
    return found
