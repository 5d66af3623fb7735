"""Poses of any picture: nothing invented, symmetries form a group, determinism from the record."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from restoration.physics.degradation import record
from restoration.physics.geometric import Pose

SEEDS = st.integers(0, 2**31 - 1)


@st.composite
def poses(draw: st.DrawFn) -> Pose:
    return Pose(
        flip_rows=draw(st.booleans()),
        flip_columns=draw(st.booleans()),
        quarter_turns=draw(st.integers(-4, 4)),
        zoom=(draw(st.floats(0.7, 1.5)), draw(st.floats(0.7, 1.5))),
        degrees=draw(st.floats(-20, 20)),
        shift=(draw(st.floats(-0.1, 0.1)), draw(st.floats(-0.1, 0.1))),
    )


@settings(max_examples=40, deadline=None)
@given(pose=poses(), rows=st.integers(1, 20), columns=st.integers(1, 20), seed=SEEDS)
def test_a_pose_invents_no_value_and_comes_out_of_its_record(pose: Pose, rows: int, columns: int, seed: int) -> None:
    pictures = torch.randn(2, rows, columns, generator=torch.Generator().manual_seed(seed))
    posed = pose(pictures)
    exchanged = pose.quarter_turns % 2 == 1
    assert posed.shape == ((2, columns, rows) if exchanged else (2, rows, columns))
    for before, after in zip(pictures, posed, strict=True):
        assert before.min() <= after.min()
        assert after.max() <= before.max()
    written = record(pose)
    pair = {"zoom": tuple(written["zoom"]), "shift": tuple(written["shift"])}
    del written["degradation"]
    assert torch.equal(Pose(**{**written, **pair})(pictures), posed)


@settings(max_examples=30, deadline=None)
@given(flips=st.tuples(st.booleans(), st.booleans()), turns=st.integers(-4, 4), seed=SEEDS)
def test_flips_and_quarter_turns_can_be_undone(flips: tuple[bool, bool], turns: int, seed: int) -> None:
    picture = torch.randn(5, 7, generator=torch.Generator().manual_seed(seed))
    posed = Pose(flip_rows=flips[0], flip_columns=flips[1], quarter_turns=turns)(picture)
    back = Pose(quarter_turns=-turns)(posed)
    assert torch.equal(Pose(flip_rows=flips[0], flip_columns=flips[1])(back), picture)
    assert torch.equal(posed.flatten().sort().values, picture.flatten().sort().values)


@settings(max_examples=30, deadline=None)
@given(pose=poses(), level=st.floats(-1000, 3000, width=32))
def test_a_constant_stays_constant(pose: Pose, level: float) -> None:
    posed = pose(torch.full((9, 12), level))
    assert bool((posed == level).all())
