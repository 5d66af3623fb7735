"""A network from a bundle, ready to denoise slices and slabs. Touches: the bundle folder (reads), the device."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from restoration.card import Card
from restoration.errors import BundleError, InputError
from restoration.inference import memory, tiling
from restoration.inference.backoff import Portion
from restoration.inference.compiled import compiled
from restoration.inference.device import chosen_device
from restoration.inference.precision import Precision, chosen_precision
from restoration.inference.threads import keep_to_quota
from restoration.inference.weights import fill, read_weights
from restoration.networks.catalogue import Built, build
from restoration.networks.noise_map import limited, noise_map
from restoration.volume import FloatArray

_SMALLEST_SIDE = 4
"""What the noise map needs [pixels]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkDenoiser:
    """A network with its device and precision.

    Attributes
    ----------
    built
        The network with the facts of its design, its weights on the device.
    run
        What is called: the network, or what the compiler made of it.
    mode
        ``eager`` or ``compiled``.
    device, precision
        Where and how it runs.
    noise_limit
        Largest local noise that the network is told, in multiples of the slice's typical noise; None for any.
    """

    built: Built
    run: Callable[..., torch.Tensor]
    mode: str
    device: torch.device
    precision: Precision
    noise_limit: float | None = None

    @property
    def provenance(self) -> dict[str, str]:
        """Return device, precision and the versions that the pixels depend on."""
        if self.device.type == "cuda":
            device = torch.cuda.get_device_name(self.device)
        else:
            device = f"cpu {torch.backends.cpu.get_cpu_capability()}"
        return {"device": device, "precision": self.precision.value, "mode": self.mode, "torch": torch.__version__}

    def __call__(self, images: FloatArray) -> FloatArray:
        """Denoise pictures, each between its neighbours: batches and tiles as memory allows.

        Parameters
        ----------
        images
            (batch, slices, rows, columns) float32 [network units], in any strides: windows over a volume may overlap.

        Returns
        -------
        FloatArray
            (batch, rows, columns) float32 [network units]: each slab's middle slice.

        Raises
        ------
        InputError
            The network sees another number of slices, or pictures are too small for it.
        OutOfMemory
            Not even the smallest tile fits into the memory.
        """
        self._check(images)
        grid = tiling.Grid(multiple=self.built.multiple, reach=self.built.reach)
        longest = max(images.shape[-2:])
        side = min(longest, tiling.LARGEST_SIDE)
        at_once = memory.slices_at_once(side * side, features=self.built.features, device=self.device)
        portion = Portion(slices=min(at_once, len(images)), side=tiling.LARGEST_SIDE)
        answer = np.empty((len(images), *images.shape[-2:]), np.float32)
        done = 0
        while done < len(images):
            part = self._tried(images[done : done + portion.slices], grid, portion.side)
            if part is None:
                memory.release(self.device)
                portion = portion.smaller(longest=longest, grid=grid)
                continue
            answer[done : done + len(part)] = part
            done += len(part)
        return answer

    def _check(self, images: FloatArray) -> None:
        smallest = max(self.built.smallest, _SMALLEST_SIDE)
        if images.ndim != 4 or images.shape[1] != self.built.slices or min(images.shape[-2:]) < smallest:
            raise InputError(
                happened=f"their shape is {images.shape}; the network sees {self.built.slices} slices",
                subject="pictures",
                remedy=f"Give (batch, slices, rows, columns) with sides of at least {smallest} pixels.",
            )

    def _tried(self, images: FloatArray, grid: tiling.Grid, side: int) -> FloatArray | None:
        """Return the denoised pictures; None if the memory did not suffice."""
        try:
            with torch.inference_mode():
                pictures = torch.from_numpy(np.require(images, np.float32, ["C", "W"])).to(self.device)
                middle = pictures[:, self.built.slices // 2, None]
                denoised = tiling.run(self._forward, pictures, self._sigma(middle), grid=grid, side=side)
                answer: FloatArray = denoised[:, 0].cpu().numpy()
                return answer
        except (RuntimeError, MemoryError) as error:
            if memory.is_out_of_memory(error):
                return None
            raise

    def _sigma(self, middle: torch.Tensor) -> torch.Tensor:
        sigma = noise_map(middle)
        return sigma if self.noise_limit is None else limited(sigma, self.noise_limit)

    def _forward(self, image: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        return _in_precision(self.run, image, sigma, self.precision)


def load_network(card: Card, folder: Path, *, device: str) -> NetworkDenoiser:
    """Check a bundle's weights, then build its network.

    Nothing in the bundle is executed: the card names the network, the weights are numbers, and the configuration is for
    other programs.

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
        The network is unknown, the weights are missing or not those of the card, or they do not fit each other.
    DeviceError
        The device is unknown or not there.
    """
    chosen = chosen_device(device)
    weights = read_weights(card, folder)
    built = _built(card)
    fill(card, built.network, weights)
    _prepare(built, chosen)

    def trial(run: Callable[..., torch.Tensor]) -> None:
        side = 2 * built.reach
        run(torch.zeros(1, built.slices, side, side, device=chosen), torch.zeros(1, 1, side, side, device=chosen))

    with torch.inference_mode():
        run, mode = compiled(built.network, chosen, trial=trial)
        precision = chosen_precision(card, partial(_in_precision, run), slices=built.slices, device=chosen)
    return NetworkDenoiser(
        built=built, run=run, mode=mode, device=chosen, precision=precision, noise_limit=_noise_limit(card)
    )


def _noise_limit(card: Card) -> float | None:
    limit = card.parameters.get("noise_limit")
    if limit is not None and (not isinstance(limit, int | float) or not limit >= 1):
        raise BundleError(
            happened=f"its noise limit is {limit!r}; it is a number from 1 up",
            subject=card.name,
            remedy="Install the bundle again.",
        )
    return limit


def _prepare(built: Built, device: torch.device) -> None:
    built.network.eval().requires_grad_(False)
    # torch's signature of Module.to does not know this keyword beside a device.
    built.network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if device.type == "cpu":
        keep_to_quota()
    else:
        # TF32 would round what is meant to be exact to ten bits.
        torch.backends.cudnn.allow_tf32 = False


def _built(card: Card) -> Built:
    try:
        built = build(card.parameters.get("network"))
    except BundleError as error:
        raise BundleError(happened=error.happened, subject=card.name, remedy=error.remedy) from error
    if built.slices != card.slab:
        raise BundleError(
            happened=f"the card's slab is {card.slab}, its network sees {built.slices} slices",
            subject=card.name,
            remedy="Install the bundle again.",
        )
    return built


def _in_precision(
    run: Callable[..., torch.Tensor], image: torch.Tensor, sigma: torch.Tensor, precision: Precision
) -> torch.Tensor:
    with torch.autocast(image.device.type, torch.bfloat16, enabled=precision is Precision.BFLOAT16):
        return run(image.contiguous(memory_format=torch.channels_last), sigma).float()
