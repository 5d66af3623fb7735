"""Turns a trained network into a bundle's weights. Touches: the bundle folder (writes weights and configs, edits card).

The card's texts and ranges are kept by hand beside the bundle; the export sets what follows from the weights, an
evaluation the figures.
"""

import hashlib
import json
from pathlib import Path

from safetensors.torch import save

from restoration.networks.unet import RestorationUNet
from training.errors import DataError
from training.figures import Evaluation, card_figures
from training.recipe import Recipe

NETWORK_TARGET = "restoration.networks.unet.RestorationUNet"
WEIGHTS = Path("models") / "model.safetensors"


def export_bundle(recipe: Recipe, network: RestorationUNet, bundle: Path) -> str:
    """Write weights and inference configuration, and their digest and parameters into the card.

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
    definition = {"_target_": NETWORK_TARGET, **recipe.model_dump(mode="json")["network"]}
    for folder in ("models", "configs", "docs"):
        (bundle / folder).mkdir(parents=True, exist_ok=True)
    (bundle / WEIGHTS).write_bytes(weights)
    _write_json(bundle / "configs" / "inference.json", _inference(definition))
    digest = hashlib.sha256(weights).hexdigest()
    card = json.loads(card_path.read_text(encoding="utf-8"))
    card["weights_sha256"] = digest
    card["parameters"] = {
        "network": definition,
        "scale": recipe.scale,
        "clamp": None if recipe.clamp is None else list(recipe.clamp),
        "recipe": recipe.digest,
    }
    _write_json(card_path, card)
    return digest


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


def _inference(definition: dict[str, object]) -> dict[str, object]:
    return {
        "imports": ["$import safetensors.torch"],
        "bundle_root": ".",
        "network_def": definition,
        "weights": f"$@bundle_root + '/{WEIGHTS.as_posix()}'",
        "load": "$@network_def.load_state_dict(safetensors.torch.load_file(@weights))",
    }


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
