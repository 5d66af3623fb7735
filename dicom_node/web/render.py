"""Templates and how values are written in them. Touches: template files. Everything is escaped."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

SHORT_UID = 16
SHA256_DIGITS = 64


def page(template: str, values: Mapping[str, Any], *, zone: str, status: int = 200) -> HTMLResponse:
    """Return a page.

    Parameters
    ----------
    template
        File below ``templates/``.
    values
        For the template.
    zone
        Time zone of the times shown: ``system`` or a name of the IANA database.
    status
        HTTP status.
    """
    return HTMLResponse(_ENVIRONMENT.get_template(template).render(values, zone=zone), status_code=status)


def when(iso: str | None, zone: str, *, short: bool = False) -> str:
    """Write a time in the node's zone."""
    if not iso:
        return ""
    chosen: tzinfo | None = None if zone == "system" else ZoneInfo(zone)
    return datetime.fromisoformat(iso).astimezone(chosen).strftime("%H:%M:%S" if short else "%Y-%m-%d %H:%M:%S")


def person(name: str) -> str:
    """Write a Person Name for people: its first group, components parted by a comma (PS3.5 6.2.1)."""
    parts = [part.strip() for part in name.split("=")[0].split("^")]
    family, given = parts[0], " ".join(part for part in parts[1:3] if part)
    return ", ".join(part for part in (family, given) if part)


def printable(text: object) -> str:
    """Replace control and direction signs, which would garble the text around them."""
    return "".join(sign if sign.isprintable() else "�" for sign in str(text))


def day(date: str) -> str:
    """Write a DICOM date with hyphens; anything else stays as it is."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date


def short_uid(uid: str) -> str:
    """Keep the end of a long UID, which tells neighbours apart."""
    return uid if len(uid) <= SHORT_UID else f"…{uid[-SHORT_UID:]}"


def digest(value: object) -> str:
    """Keep the beginning of a digest; anything else stays as it is."""
    text = str(value)
    return f"{text[:12]}…" if len(text) == SHA256_DIGITS and set(text) <= set("0123456789abcdef") else text


def duration(seconds: float | None) -> str:
    """Write a duration in the unit people would use."""
    if seconds is None:
        return ""
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def size(count: int) -> str:
    """Write a number of bytes."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def number(value: float | None) -> str:
    """Write a figure with three digits, thousands whole."""
    if value is None:
        return "–"
    return (f"{value:,.0f}".replace(",", " ") if abs(value) >= 1000 else f"{value:.3g}").replace("-", "−")


def allowed(figure: dict[str, Any]) -> str:
    """Write a figure's bounds."""
    low, high = figure.get("low"), figure.get("high")
    if low is not None and high is not None:
        return number(low) if low == high else f"{number(low)} to {number(high)}"
    if high is not None:
        return f"at most {number(high)}"
    return f"at least {number(low)}" if low is not None else "any"


def place(where: dict[str, Any] | None) -> str:
    """Write a figure's place."""
    if not where:
        return ""
    words = f"slice {where['slice']}"
    return words if where.get("row") is None else f"{words}, row {where['row']}, column {where.get('column')}"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("dicom_node.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in (when, person, printable, day, short_uid, duration, size, number, allowed, place, digest):
        environment.filters[name.__name__] = name
    return environment


_ENVIRONMENT = _environment()
