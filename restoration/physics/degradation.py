"""What every degradation is: drawn parameters that make one result, and their record. Pure.

A degradation is a frozen keyword-only dataclass of plain numbers, words, tuples and a seed. The same object gives the
same result on the same kind of device, so its record is enough to make a degraded picture again.
"""

import dataclasses
import math
from typing import Protocol

import torch

from restoration.errors import RestorationError

RecordValue = str | int | float | bool | None | list["RecordValue"] | dict[str, "RecordValue"]
"""What a record holds: what JSON knows."""


class Degradation(Protocol):
    """Turns truth into what a worse acquisition would have shown."""

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Degrade pictures.

        Parameters
        ----------
        truth
            (..., rows, columns) float32, any leading axes, on any device.

        Returns
        -------
        torch.Tensor
            The degraded pictures on the same device, complex where a chain of MR operations goes on.
        """
        ...


class ParameterError(RestorationError):
    """A parameter of a degradation lies outside its physical range."""


def require_range(subject: str, value: float, least: float, most: float = math.inf) -> None:
    """Check a parameter.

    Raises
    ------
    ParameterError
        The value is no number of ``least`` to ``most``.
    """
    if not least <= value <= most:
        raise ParameterError(
            happened=f"{value!r} is not allowed", subject=subject, remedy=f"Give a value of {least} to {most}."
        )


def record(degradation: object) -> dict[str, object]:
    """Write a degradation down, ready for JSON.

    Parameters
    ----------
    degradation
        A dataclass of plain values; dataclasses among its fields are written as dictionaries, tuples as lists.

    Returns
    -------
    dict[str, object]
        ``{"degradation": class name, field: value, ...}``.

    Raises
    ------
    TypeError
        It is no dataclass, or a field holds what JSON does not know.
    """
    written = _plain(degradation)
    if not isinstance(written, dict):
        raise TypeError(f"{type(degradation).__name__} is no dataclass: it has no parameters to write down")
    return {"degradation": type(degradation).__name__, **written}


def generator_for(seed: int, device: torch.device | str) -> torch.Generator:
    """Return a source of chance on a device, set to a seed.

    Parameters
    ----------
    seed
        Any integer; equal seeds give equal draws on the same kind of device, not across kinds.
    device
        Where the tensors are that it will fill.
    """
    return torch.Generator(device=device).manual_seed(seed)


def _plain(value: object) -> RecordValue:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} cannot be written into a record")
