"""Every protocol from its first step to its last, small, with a pipeline that only smooths."""

import json
from dataclasses import replace

import pytest

from restoration.errors import InputError
from restoration.evaluation.bench import Bench, Task
from restoration.evaluation.catalogue import task_for
from restoration.evaluation.run import as_plain, bench_for, measured
from tests.support.shared import training_file
from tests.unit.evaluation.evaluation_pipelines import KINDS, smoothing


@pytest.mark.parametrize("name", KINDS)
def test_a_protocol_runs_and_holds_the_pipeline_to_bars(name: str) -> None:
    bench = Bench(restorer=smoothing(name), quick=True)
    sections = measured(bench, task_for(bench.restorer.card))
    plain = json.loads(json.dumps(as_plain(bench, sections), allow_nan=False))
    assert plain["quick"] is True
    assert all(section["rows"] and section["n"] >= 1 for section in plain["sections"])
    bars = [bar for section in plain["sections"] for bar in section["bars"]]
    assert bars
    assert all(bar["tier"] and bar["interval"] for bar in bars)
    compared = [section for section in plain["sections"] if "PSNR dB" in section["rows"][0]]
    assert all(str(section["rows"][0]["method"]).startswith("input") for section in compared)


def test_volumes_of_the_training_split_are_never_measured() -> None:
    folder = training_file("ct-body-sbu-A002304.npz").parent
    restorer = smoothing("ct-denoise")
    bench = bench_for(restorer, Task(modality="CT", steps=()), folder, quick=True)
    sources = {item.source for item in bench.validate}
    assert {"ct-body-sbu-A062055", "ct-body-sbu-A072894"} <= sources
    assert "ct-body-sbu-A002304" not in sources
    assert bench.test == ()
    assert bench.volumes == ()


def test_an_operation_without_a_protocol_is_refused() -> None:
    card = replace(smoothing("pet-denoise").card, operation="motion-correction")
    with pytest.raises(InputError, match="no evaluation is defined"):
        task_for(card)
