"""Odd volumes get a verdict, never an exception."""

import json

import numpy as np
import pytest

from restoration.guard.judge import judge, judge_domain
from restoration.volume import Volume
from tests.unit.restoration.restoration_volumes import card_for, constant, make_ct, make_mr

ODD = {
    "constant CT": constant(40),
    "constant MR": constant(300, unit="signal"),
    "empty MR": constant(0, unit="signal"),
    "all air": constant(-1000, slices=2),
    "one small slice": make_ct(slices=1, size=64),
    "tiny": constant(1, size=4),
    "odd sizes": make_mr(slices=1, size=67),
    "all padding": make_ct(slices=2, size=64, padding=np.ones((2, 64, 64), bool)),
    "one padded slice": make_ct(slices=2, size=64, padding=np.arange(2)[:, None, None] * np.ones((2, 64, 64)) > 0),
}


@pytest.mark.parametrize("volume", ODD.values(), ids=ODD.keys())
def test_odd_volumes_are_judged(volume: Volume) -> None:
    card = card_for(volume)
    for verdict in (judge_domain(volume, card), judge(volume, volume, card=card, strength=0)):
        json.dumps(verdict.as_json(), allow_nan=False)
        assert verdict.sentence()


@pytest.mark.parametrize("volume", ODD.values(), ids=ODD.keys())
def test_an_unchanged_volume_passes_at_strength_0(volume: Volume) -> None:
    verdict = judge(volume, volume, card=card_for(volume), strength=0)
    assert verdict.passed, verdict.sentence()


@pytest.mark.parametrize("name", ["constant CT", "constant MR", "empty MR", "all air", "all padding"])
def test_volumes_without_noise_are_refused(name: str) -> None:
    failures = judge_domain(ODD[name], card_for(ODD[name])).failures
    assert "the noise of the source" in {failure.name for failure in failures}
