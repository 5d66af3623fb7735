"""Makes a ready pipeline from a bundle, after checking it. Touches: the bundle folder (reads), torch for networks."""

from pathlib import Path
from typing import Final

from restoration.card import BUNDLES, Card, load_card
from restoration.classical.nlm import NonLocalMeans
from restoration.errors import BundleError
from restoration.pipelines.denoiser import Denoiser
from restoration.pipelines.denoising import Denoising
from restoration.pipelines.enlargement import Enlargement
from restoration.pipelines.motion import MotionCorrection
from restoration.restorer import Restorer

_OPERATIONS: Final[dict[str, type[Denoising] | type[Enlargement] | type[MotionCorrection]]] = {
    "denoise": Denoising,
    "super-resolution": Enlargement,
    "motion-correction": MotionCorrection,
}


def load(name: str, *, device: str = "auto", bundles: Path = BUNDLES) -> Restorer:
    """Load a pipeline by the name of its bundle.

    Parameters
    ----------
    name
        Name of the bundle's folder.
    device
        ``auto``, ``cpu``, ``cuda`` or ``cuda:<n>``; classical pipelines run on the CPU whatever it says.
    bundles
        Folder of bundles.

    Raises
    ------
    BundleError
        The bundle is missing or incomplete, or its weights are not those that its card names.
    DeviceError
        The device is unknown or not there.
    """
    card = load_card(name, bundles=bundles)
    denoiser = _filter(card) if card.kind == "classical" else _network(card, bundles / name, device)
    return _OPERATIONS[card.operation](card=card, denoiser=denoiser)


def _filter(card: Card) -> Denoiser:
    settings = card.parameters.get("nlm")
    if not isinstance(settings, dict):
        raise _incomplete(card, "the card names no filter")
    try:
        return NonLocalMeans(
            patch=int(settings["patch"]), reach=int(settings["reach"]), h_per_sigma=float(settings["h_per_sigma"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _incomplete(card, f"the filter's settings cannot be read ({error})") from error


def _network(card: Card, folder: Path, device: str) -> Denoiser:
    # Only networks need torch: a classical pipeline, and whoever only reads cards, starts without it.
    from restoration.inference.network import load_network

    return load_network(card, folder, device=device)


def _incomplete(card: Card, happened: str) -> BundleError:
    return BundleError(happened=happened, subject=card.name, remedy="Install the bundle again.")
