"""How each pipeline did in the last week. Touches: database (reads)."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dicom_node.database.tables import Job

PERIOD = timedelta(days=7)


def last_week(session: Session, now: datetime) -> list[dict[str, Any]]:
    """Return jobs ended in the last week by pipeline and state.

    Returns
    -------
    list
        ``{"pipeline", "states": {state: count}, "withheld_share"}``; the share is of the results the guard judged, None
        without any.
    """
    rows = session.execute(
        select(Job.pipeline, Job.state, func.count())
        .where(Job.ended_at >= now - PERIOD)
        .group_by(Job.pipeline, Job.state)
    )
    states: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for pipeline, state, count in rows:
        states[pipeline][state] = count
    return [
        {"pipeline": pipeline, "states": found, "withheld_share": _share(found)}
        for pipeline, found in sorted(states.items())
    ]


def _share(states: dict[str, int]) -> float | None:
    withheld = states.get("withheld", 0)
    judged = withheld + states.get("done", 0)
    return withheld / judged if judged else None
