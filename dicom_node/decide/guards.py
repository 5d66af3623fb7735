"""The guards before all rules: nothing a node derived is restored again, and no old study is routed unasked. Pure."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from dicom_node.decide.headers import Headers
from dicom_node.domain.marks import MODEL_NAME, PROJECT
from dicom_node.domain.reasons import Reason, reason
from dicom_node.domain.series import Facts

_OUR_STEP: Final = re.compile(r"\S+ \S+, strength \S+ %, weights (none|[0-9a-f]{12})( \||$)")
"""Pipeline, version, strength and weights, as a derived object tells them."""


def own_result(facts: Facts) -> Reason | None:
    """Recognise what this or another such node derived (loop guard).

    The node stands in Contributing Equipment of all it derives, and as the equipment itself where a rule does not say
    otherwise (PS3.3 C.12.1.1.5); its step leads the Derivation Description, which is still there where equipment varies
    too much to stand among the facts.
    """
    headers = Headers(facts)
    if any(_OUR_STEP.match(value[0]) for value in headers.present("DerivationDescription")):
        return reason("own result")
    items = [item for value in headers.raw("ContributingEquipmentSequence") for item in value]
    pairs = [(_inner(item, "Manufacturer"), _inner(item, "ManufacturerModelName")) for item in items]
    for maker in headers.present("Manufacturer"):
        pairs += [(maker[0], model[0]) for model in headers.present("ManufacturerModelName")]
    ours = any(maker.casefold() == PROJECT.casefold() and model == MODEL_NAME for maker, model in pairs)
    return reason("own result") if ours else None


def prior(facts: Facts, *, cut_at: datetime, max_age_days: int) -> Reason | None:
    """Recognise a study older than the site routes (prior guard).

    Parameters
    ----------
    cut_at
        The age is counted to this day, so that the same facts always give the same answer.
    max_age_days
        0: the guard is off.

    Returns
    -------
    Reason | None
        None also where no Study Date can be read.
    """
    days = study_dates(facts)
    if not days or not max_age_days or (cut_at.date() - min(days)).days <= max_age_days:
        return None
    return reason("prior", date=min(days).isoformat(), days=max_age_days)


def study_dates(facts: Facts) -> tuple[date, ...]:
    """Return the Study Dates that can be read."""
    days = (read_date(value[0]) for value in Headers(facts).present("StudyDate"))
    return tuple(day for day in days if day is not None)


def read_date(text: str) -> date | None:
    """Read a DICOM date (PS3.5 6.2, DA); None if it is none."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _inner(item: Mapping[str, Any], keyword: str) -> str:
    values = item.get(keyword, {}).get("value", [])
    return str(values[0]).strip() if values else ""
