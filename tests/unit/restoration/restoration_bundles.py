"""Network bundles of random weights, as factories. Pure but for the folder given."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import nn

from restoration.card import BUNDLES
from restoration.networks.unet import RestorationUNet

SETTINGS: dict[str, Any] = {"widths": [8, 8, 8], "blocks": 1, "fold": 2}


def random_network(**settings: Any) -> RestorationUNet:
    torch.manual_seed(0)
    return RestorationUNet(**{**SETTINGS, **settings})


def write_bundle(folder: Path, *, network: nn.Module | None = None, **changes: object) -> Path:
    """Write a whole bundle; `changes` go to the card."""
    for part in ("configs", "models"):
        (folder / part).mkdir(parents=True)
    definition = {"network_def": {"_target_": "restoration.networks.unet.RestorationUNet", **SETTINGS}}
    (folder / "configs" / "inference.json").write_text(json.dumps(definition), encoding="utf-8")
    fields = json.loads((BUNDLES / "ct-nlm" / "card.json").read_text(encoding="utf-8"))
    own = {
        "name": folder.name,
        "kind": "network",
        "parameters": {"network": {"name": "RestorationUNet", **SETTINGS}, "scale": 100.0, "clamp": [-1000, 1500]},
    }
    (folder / "card.json").write_text(json.dumps({**fields, **own, **changes}), encoding="utf-8")
    put_weights(folder, save((network or random_network()).state_dict()))
    return folder


def put_weights(folder: Path, content: bytes) -> None:
    """Put a weights file into a bundle, and its digest on the card."""
    (folder / "models" / "model.safetensors").write_bytes(content)
    change_card(folder, weights_sha256=hashlib.sha256(content).hexdigest())


def change_card(folder: Path, **changes: object) -> None:
    path = folder / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")
