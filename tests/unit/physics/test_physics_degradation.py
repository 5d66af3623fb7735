"""Degradations are written down and come out of their record again."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from restoration.physics.degradation import ParameterError, generator_for, record, require_range
from restoration.physics.xray_quantum import XrayQuantum


@dataclass(frozen=True, kw_only=True)
class Inner:
    size: int


@dataclass(frozen=True, kw_only=True)
class Outer:
    inner: Inner
    spacing: tuple[float, float]
    path: Path | None = None


def test_a_record_is_ready_for_json_and_names_its_class() -> None:
    written = record(Outer(inner=Inner(size=3), spacing=(0.5, 1.0)))
    assert json.loads(json.dumps(written)) == {
        "degradation": "Outer",
        "inner": {"size": 3},
        "spacing": [0.5, 1.0],
        "path": None,
    }


def test_a_degradation_made_from_its_record_gives_the_same_picture() -> None:
    first = XrayQuantum(dose=0.4, quanta_at_unit=900.0, seed=7)
    again = XrayQuantum(**{key: value for key, value in record(first).items() if key != "degradation"})
    picture = torch.ones(16, 16)
    assert torch.equal(first(picture), again(picture))


@pytest.mark.parametrize(
    "what", [3, Outer, Outer(inner=Inner(size=1), spacing=(1.0, 1.0), path=Path("x"))], ids=["number", "class", "path"]
)
def test_what_json_does_not_know_cannot_be_recorded(what: object) -> None:
    with pytest.raises(TypeError):
        record(what)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")], ids=["below", "above", "no number"])
def test_a_parameter_outside_its_range_is_named(value: float) -> None:
    with pytest.raises(ParameterError, match="dose"):
        require_range("dose", value, 0.0, 1.0)


def test_equal_seeds_draw_equally() -> None:
    draws = [torch.randn(4, generator=generator_for(3, "cpu")) for _ in range(2)]
    assert torch.equal(*draws)
