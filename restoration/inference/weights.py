"""Reads a bundle's weights: numbers the card vouches for, nothing that could be code. Touches: the bundle (reads)."""

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import nn

from restoration.card import Card, file_inside
from restoration.errors import BundleError

WEIGHTS = Path("models") / "model.safetensors"


def read_weights(card: Card, folder: Path) -> dict[str, torch.Tensor]:
    """Read tensors by name, after checking the file against the card.

    The bytes that were checked are the bytes that are parsed, so that no other file can be put in between.

    Raises
    ------
    BundleError
        The file is missing, lies outside the bundle, is not the card's, is no safetensors file, or holds values that
        are no numbers.
    """
    try:
        content = file_inside(folder, WEIGHTS).read_bytes()
    except OSError as error:
        raise _broken(card, f"the weights cannot be read ({error})") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != card.weights_sha256:
        raise _broken(card, f"the weights' SHA-256 is {digest[:12]}…, the card names {card.digest_label}…")
    try:
        weights: dict[str, torch.Tensor] = load(content)
    except SafetensorError as error:
        raise _broken(card, f"the weights are no safetensors file ({error})") from error
    if not all(bool(torch.isfinite(value).all()) for value in weights.values()):
        raise _broken(card, "the weights hold values that are no numbers")
    return weights


def fill(card: Card, network: nn.Module, weights: dict[str, torch.Tensor]) -> None:
    """Give a network its weights in float32.

    Raises
    ------
    BundleError
        Names or shapes are not the network's.
    """
    try:
        network.load_state_dict({name: value.float() for name, value in weights.items()}, assign=True)
    except RuntimeError as error:
        first = " ".join(str(error).split("\n")[1:2]).strip()
        raise _broken(card, f"the weights do not fit the network ({first})") from error


def _broken(card: Card, happened: str) -> BundleError:
    return BundleError(happened=happened, subject=card.name, remedy="Install the bundle again.")
