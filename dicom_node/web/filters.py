"""The series filter of a request's query string. Pure."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query

from dicom_node.views.series import SeriesFilter

PAGE_SIZE = 100

Word = Annotated[str, Query(max_length=128)]


def _wanted(
    state: Word = "",
    modality: Word = "",
    job: Word = "",
    q: Word = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> SeriesFilter:
    return SeriesFilter(
        state=state, modality=modality, job=job, text=q.strip(), limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE
    )


Wanted = Annotated[SeriesFilter, Depends(_wanted)]


def query_of(wanted: SeriesFilter, *, page: int) -> str:
    """Return the query string that asks the same on another page; empty for the plain board."""
    asked = {"state": wanted.state, "modality": wanted.modality, "job": wanted.job, "q": wanted.text}
    if page > 1:
        asked["page"] = str(page)
    return urlencode({key: value for key, value in asked.items() if value})
