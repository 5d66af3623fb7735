import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from restoration.card import BUNDLES, Bounds, Card, Eligibility, load_card, names
from restoration.errors import BundleError, InputError
from restoration.levels import reference_level
from restoration.volume import Volume

PARTS = {"bounds": Bounds, "eligibility": Eligibility}
KEYS = [field.name for field in dataclasses.fields(Card)] + [
    f"{part}.{field.name}" for part, kind in PARTS.items() for field in dataclasses.fields(kind)
]


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    """A folder with the card `small`."""
    (tmp_path / "small").mkdir()
    fields = json.loads((BUNDLES / "ct-nlm" / "card.json").read_text(encoding="utf-8"))
    (tmp_path / "small" / "card.json").write_text(json.dumps({**fields, "name": "small"}), encoding="utf-8")
    return tmp_path


def edit(bundles: Path, key: str, *value: object) -> None:
    """Set a dotted key of the card, or take it away where no value is given."""
    path = bundles / "small" / "card.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    *way, last = key.split(".")
    part: dict[str, Any] = fields[way[0]] if way else fields
    part.pop(last, None)
    if value:
        part[last] = value[0]
    path.write_text(json.dumps(fields), encoding="utf-8")


def test_a_whole_card_is_read(bundles: Path) -> None:
    card = load_card("small", bundles=bundles)
    assert (card.name, card.release, card.factors, card.slab) == ("small", "automatic", (1, 1, 1), 1)
    assert card.eligibility.pixel_mm == (0.2, 1.5)


@pytest.mark.parametrize("key", KEYS)
def test_a_missing_key_is_named(bundles: Path, key: str) -> None:
    edit(bundles, key)
    with pytest.raises(BundleError, match=f"lacks '{key}'") as raised:
        load_card("small", bundles=bundles)
    assert raised.value.subject == "small"


@pytest.mark.parametrize("key", ["slott", "bounds.peek", "eligibility.colour"])
def test_an_unknown_key_is_named(bundles: Path, key: str) -> None:
    edit(bundles, key, 1)
    with pytest.raises(BundleError, match=f"unknown key '{key}'"):
        load_card("small", bundles=bundles)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("operation", "segment"),
        ("unit", "Bq"),
        ("scope", "hypervolume"),
        ("kind", "magic"),
        ("release", "immediately"),
        ("slot", 0),
        ("slab", 0),
        ("factors", [1, 1.5, 1.5]),
        ("factors", [1, 1, 2]),
        ("factors", [2, 2, 2]),
        ("full_share", 1.5),
        ("anchor_mm", "1.4"),
        ("change_limit", 0),
        ("generative", "no"),
        ("bounds.bias", True),
        ("bounds.noise", [1.0, "2"]),
        ("bounds.peak", None),
        ("parameters", []),
        ("eligibility", None),
    ],
)
def test_an_unknown_word_or_value_is_named(bundles: Path, key: str, value: object) -> None:
    edit(bundles, key, value)
    with pytest.raises(BundleError, match=f"the card's '{key}") as raised:
        load_card("small", bundles=bundles)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("ratio", [None, 1.2, [0.75], [0.75, "2"], [1, 2, 3]], ids=repr)
def test_a_card_that_adds_slices_says_how_far_apart_they_may_lie(bundles: Path, ratio: object) -> None:
    edit(bundles, "factors", [2, 1, 1])
    edit(bundles, "parameters.step_ratio", ratio)
    with pytest.raises(BundleError, match="step_ratio"):
        load_card("small", bundles=bundles)
    edit(bundles, "parameters.step_ratio", [0.75, 1.35])
    assert load_card("small", bundles=bundles).step_ratio == (0.75, 1.35)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": NaN}', "\x00"], ids=repr)
def test_what_is_no_card_is_refused(bundles: Path, text: str) -> None:
    (bundles / "small" / "card.json").write_text(text)
    with pytest.raises(BundleError):
        load_card("small", bundles=bundles)


def test_a_number_that_is_none_is_refused(bundles: Path) -> None:
    path = bundles / "small" / "card.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"anchor_mm": 1.4', '"anchor_mm": Infinity'))
    with pytest.raises(BundleError):
        load_card("small", bundles=bundles)


def test_the_card_of_another_bundle_is_refused(bundles: Path) -> None:
    (bundles / "small").rename(bundles / "other")
    with pytest.raises(BundleError, match="the card is of 'small'"):
        load_card("other", bundles=bundles)


def test_a_card_that_is_a_link_to_elsewhere_is_refused(bundles: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    (bundles / "small" / "card.json").rename(outside)
    (bundles / "small" / "card.json").symlink_to(outside)
    with pytest.raises(BundleError, match=r"card\.json is a link to elsewhere"):
        load_card("small", bundles=bundles)


@pytest.mark.parametrize("name", ["../small", "small/../small", "", ".", "none"])
def test_only_names_of_bundles_are_looked_up(bundles: Path, name: str) -> None:
    with pytest.raises(BundleError, match="no such pipeline"):
        load_card(name, bundles=bundles)


def test_shipped_cards_are_whole_and_their_slots_differ() -> None:
    cards = [load_card(name) for name in names()]
    assert {"ct-nlm", "mr-nlm"} <= {card.name for card in cards}
    slots = [card.slot for card in cards]
    assert len(slots) == len(set(slots))


def volume(values: list[float], unit: str, padding: list[bool] | None = None) -> Volume:
    array = np.array(values, np.float32)[None, None]
    hidden = None if padding is None else np.array(padding)[None, None]
    return Volume(array=array, pixel_mm=(1, 1), positions_mm=(0,), thickness_mm=1, unit=unit, padding=hidden)


@pytest.mark.parametrize(
    ("unit", "level"),
    [("HU", 1.0), ("signal", 99.5), ("Bq/mL", 95.05), ("exposure", 50.0)],
    ids=lambda value: str(value),
)
def test_every_unit_has_its_level(unit: str, level: float) -> None:
    assert reference_level(volume([float(value) for value in range(101)], unit)) == pytest.approx(level)


def test_air_does_not_lower_the_level_of_an_emission_picture() -> None:
    active = [float(value) for value in range(1, 101)]
    assert reference_level(volume(active + [0.0] * 900, "Bq/mL")) == reference_level(volume(active, "Bq/mL"))


@pytest.mark.parametrize("unit", ["signal", "Bq/mL", "exposure"])
def test_padding_and_emptiness_have_no_level(unit: str) -> None:
    assert reference_level(volume([3.0, 5000.0], unit, [False, True])) == pytest.approx(3.0)
    assert reference_level(volume([3.0, 5.0], unit, [True, True])) == 1
    assert reference_level(volume([0.0, 0.0], unit)) == 1


def test_an_unknown_unit_is_named() -> None:
    with pytest.raises(InputError, match="'grey'"):
        reference_level(volume([1.0], "grey"))
