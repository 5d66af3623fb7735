"""Turns a trained network into a bundle. Touches: the bundle folder (writes weights and configs, edits card).

The card's texts and ranges are kept by hand beside the bundle; the export sets what follows from the weights, a
calibration the bounds, an evaluation the figures.
"""

import hashlib
import inspect
import json
from importlib.metadata import version
from pathlib import Path

from safetensors.torch import save
from torch import nn

from restoration.networks.catalogue import build
from training.errors import DataError
from training.figures import Evaluation, card_figures
from training.recipe import Recipe

WEIGHTS = Path("models") / "model.safetensors"

_FORMATS = {"HU": "hounsfield", "signal": "magnitude", "Bq/mL": "raw", "exposure": "raw"}
"""Words of MONAI's metadata schema for the units of volumes."""


def export_bundle(recipe: Recipe, network: nn.Module, bundle: Path) -> str:
    """Write weights and MONAI's configurations, and their digest and parameters into the card.

    Parameters
    ----------
    recipe
        What was trained.
    network
        The trained network.
    bundle
        Bundle folder that holds ``card.json``.

    Returns
    -------
    str
        SHA-256 of the weights file.

    Raises
    ------
    DataError
        The bundle has no card yet.
    """
    card_path = bundle / "card.json"
    if not card_path.exists():
        raise DataError(happened="it has no card.json", subject=bundle.name, remedy="Write the card first.")
    weights = save({name: value.contiguous() for name, value in network.state_dict().items()})
    settings = recipe.model_dump(mode="json")["network"]
    for folder in ("models", "configs", "docs"):
        (bundle / folder).mkdir(parents=True, exist_ok=True)
    (bundle / WEIGHTS).write_bytes(weights)
    card = json.loads(card_path.read_text(encoding="utf-8"))
    card["weights_sha256"] = digest = hashlib.sha256(weights).hexdigest()
    card["parameters"] = card.get("parameters", {}) | {
        "network": settings,
        "scale": recipe.scale,
        "clamp": None if recipe.clamp is None else list(recipe.clamp),
        "recipe": recipe.digest,
    }
    _write_json(card_path, card)
    _write_json(bundle / "configs" / "inference.json", _inference(network, settings))
    _write_json(bundle / "configs" / "metadata.json", _metadata(recipe, network, card))
    return digest


def borrow_card(name: str, shipped: Path, bundle: Path) -> None:
    """Give a yardstick the card of the bundle that it is measured against, under its own name and without figures.

    Parameters
    ----------
    name
        The yardstick.
    shipped
        Bundle folder whose card is borrowed.
    bundle
        Bundle folder of the yardstick; a card that is there already is kept.

    Raises
    ------
    DataError
        There is no card to borrow, or the yardstick would stand among the shipped bundles.
    """
    if bundle.parent == shipped.parent:
        raise DataError(
            happened="a yardstick is no shipped bundle", subject=name, remedy="Name another folder with --bundles."
        )
    if (bundle / "card.json").exists():
        return
    if not (shipped / "card.json").exists():
        raise DataError(happened="it has no card.json to borrow", subject=shipped.name, remedy="Name a shipped bundle.")
    card = json.loads((shipped / "card.json").read_text(encoding="utf-8"))
    bundle.mkdir(parents=True, exist_ok=True)
    own = {"name": name, "title": f"Yardstick {name}", "release": "never", "parameters": {}, "figures": []}
    unbound = dict.fromkeys(("structure", "erased", "created", "stability"))
    _write_json(bundle / "card.json", card | own | {"calibration": {}, "bounds": card["bounds"] | unbound})


def write_figures(evaluation: Evaluation, bundle: Path) -> int:
    """Write an evaluation's figures into a bundle's card.

    Parameters
    ----------
    evaluation
        What ``python -m restoration evaluate NAME --json`` printed.
    bundle
        Bundle folder that holds ``card.json``.

    Returns
    -------
    int
        Number of figures.

    Raises
    ------
    DataError
        The evaluation is of other weights than the card's, or lacks a figure.
    """
    card = json.loads((bundle / "card.json").read_text(encoding="utf-8"))
    if evaluation.weights != card["weights_sha256"]:
        raise DataError(
            happened="the evaluation is of other weights", subject=bundle.name, remedy="Evaluate the bundle as it is."
        )
    card["figures"] = card_figures(evaluation, strength=card["default_strength"])
    _write_json(bundle / "card.json", card)
    return len(card["figures"])


def _metadata(recipe: Recipe, network: nn.Module, card: dict[str, object]) -> dict[str, object]:
    """Return the bundle's metadata in MONAI's schema."""
    return {
        "schema": "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/meta_schema_20240725.json",
        "version": card["version"],
        "changelog": {card["version"]: f"{recipe.schedule.steps:,} steps of training/recipes/{recipe.name}.yaml"},
        "monai_version": version("monai"),
        "pytorch_version": version("torch").partition("+")[0],
        "numpy_version": version("numpy"),
        "required_packages_version": {"safetensors": version("safetensors")},
        "task": card["title"],
        "description": (inspect.getdoc(type(network)) or "").partition("\n")[0],
        "authors": "The dicom-node authors",
        "copyright": "Apache-2.0",
        "intended_use": "Not a medical device.",
        "network_data_format": {
            "inputs": {
                "image": _channels(recipe, card, recipe.network.slices, "slice"),
                "sigma": _channels(recipe, card, 1, "noise standard deviation of the middle slice"),
            },
            "outputs": {"pred": _channels(recipe, card, 1, "restored middle slice")},
        },
    }


def _channels(recipe: Recipe, card: dict[str, object], count: int, what: str) -> dict[str, object]:
    side = build(recipe.network.model_dump()).multiple
    unit = f"{recipe.scale:g} {card['unit']}" if card["unit"] == "HU" else f"{recipe.scale:g} of the reference level"
    lowest, highest = recipe.clamp or (0.0, 2.0)
    return {
        "type": "image",
        "format": _FORMATS[str(card["unit"])],
        "num_channels": count,
        "spatial_shape": [f"{side}*n", f"{side}*n"],
        "dtype": "float32",
        "value_range": [lowest / recipe.scale, highest / recipe.scale],
        "is_patch_data": False,
        "channel_def": {str(index): f"{what} {index + 1} / {unit}" for index in range(count)},
    }


def _inference(network: nn.Module, settings: dict[str, object]) -> dict[str, object]:
    kind = type(network)
    definition = {"_target_": f"{kind.__module__}.{kind.__name__}", **settings}
    del definition["name"]
    return {
        "imports": ["$from safetensors.torch import load_file"],
        "bundle_root": ".",
        "network_def": definition,
        "weights": f"$@bundle_root + '/{WEIGHTS.as_posix()}'",
        "load": "$@network_def.load_state_dict(load_file(@weights))",
    }


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
