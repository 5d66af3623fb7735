"""A network from a bundle, ready to denoise slices. Touches: the bundle folder (reads), the device."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import monai
import torch
from monai.bundle.config_parser import ConfigParser
from safetensors.torch import load_file
from torch import nn

from restoration.card import Card
from restoration.errors import BundleError
from restoration.inference import tiling
from restoration.inference.device import chosen_device
from restoration.inference.precision import Precision, precision_on
from restoration.networks.noise_map import noise_map
from restoration.volume import FloatArray

WEIGHTS = Path("models") / "model.safetensors"
CONFIGURATION = Path("configs") / "inference.json"
NETWORK_KEY = "network_def"


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkDenoiser:
    """A network with its device and precision.

    Attributes
    ----------
    network
        Maps (1, 1, rows, columns) picture and noise map to the denoised picture.
    device, precision
        Where and how it runs.
    """

    network: nn.Module
    device: torch.device
    precision: Precision

    @property
    def provenance(self) -> dict[str, str]:
        """Return device, precision and the versions that the pixels depend on."""
        if self.device.type == "cuda":
            device = torch.cuda.get_device_name(self.device)
        else:
            device = f"cpu {torch.backends.cpu.get_cpu_capability()}"
        return {
            "device": device,
            "precision": self.precision.value,
            "torch": torch.__version__,
            "monai": monai.__version__,
        }

    def __call__(self, image: FloatArray) -> FloatArray:
        """Denoise one slice.

        Parameters
        ----------
        image
            (rows, columns) float32 [network units].
        """
        with torch.inference_mode():
            picture = torch.from_numpy(image)[None, None].to(self.device, memory_format=torch.channels_last)
            denoised = tiling.run(self._forward, picture, noise_map(picture))
            return cast(FloatArray, denoised[0, 0].float().cpu().numpy())

    def _forward(self, image: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        fast = self.precision is Precision.BFLOAT16
        with torch.autocast(self.device.type, torch.bfloat16, enabled=fast):
            return cast(torch.Tensor, self.network(image, sigma)).float()


def load_network(card: Card, folder: Path, *, device: str) -> NetworkDenoiser:
    """Check a bundle's weights, then build its network.

    Parameters
    ----------
    card
        The bundle's card.
    folder
        The bundle.
    device
        ``auto``, ``cpu``, ``cuda`` or ``cuda:<n>``.

    Raises
    ------
    BundleError
        Weights or configuration are missing, not those of the card, or do not fit each other.
    DeviceError
        The device is unknown or not there.
    """
    chosen = chosen_device(device)
    _check_weights(card, folder / WEIGHTS)
    network = _built(card, folder)
    network = network.eval().requires_grad_(False).to(chosen)
    # torch's signature of Module.to does not know this keyword beside a device.
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return NetworkDenoiser(network=network, device=chosen, precision=precision_on(chosen))


def _check_weights(card: Card, path: Path) -> None:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _broken(card, f"the weights cannot be read ({error})") from error
    if digest != card.weights_sha256:
        raise _broken(card, f"the weights' SHA-256 is {digest[:12]}…, the card names {card.digest_label}…")


def _built(card: Card, folder: Path) -> nn.Module:
    try:
        parser = ConfigParser()
        parser.read_config(folder / CONFIGURATION)
        network = parser.get_parsed_content(NETWORK_KEY)
        if not isinstance(network, nn.Module):
            raise _broken(card, f"{CONFIGURATION} names no network under {NETWORK_KEY}")
        network.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError, AttributeError) as error:
        raise _broken(card, f"the network cannot be built ({error})") from error
    return network


def _broken(card: Card, happened: str) -> BundleError:
    return BundleError(happened=happened, subject=card.name, remedy="Install the bundle again.")
