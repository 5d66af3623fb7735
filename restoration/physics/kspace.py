"""k-space of a picture, and the slow fields that a receive chain lays over it. Pure.

Transforms are orthonormal, so energy is the same on both sides, and centred: frequency zero and the middle of the
picture lie at index ``length // 2``.
"""

from collections.abc import Sequence

import numpy as np
import torch

from restoration.physics.degradation import generator_for

_WAVES = 4
_SLOPE = 1.5


def to_kspace(picture: torch.Tensor, axes: int = 2) -> torch.Tensor:
    """Transform pictures to k-space.

    Parameters
    ----------
    picture
        (..., rows, columns), real or complex.
    axes
        How many of the last axes are transformed.

    Returns
    -------
    torch.Tensor
        Same shape, complex64.
    """
    dims = last_axes(axes)
    spectrum: torch.Tensor = torch.fft.fftn(torch.fft.ifftshift(picture, dims), dim=dims, norm="ortho")
    centred: torch.Tensor = torch.fft.fftshift(spectrum, dims)
    return centred


def to_picture(kspace: torch.Tensor, axes: int = 2) -> torch.Tensor:
    """Transform k-space back to pictures; the inverse and the adjoint of `to_kspace`.

    Parameters
    ----------
    kspace
        (..., rows, columns) complex.
    axes
        How many of the last axes are transformed.

    Returns
    -------
    torch.Tensor
        Same shape, complex64.
    """
    dims = last_axes(axes)
    picture: torch.Tensor = torch.fft.ifftn(torch.fft.ifftshift(kspace, dims), dim=dims, norm="ortho")
    centred: torch.Tensor = torch.fft.fftshift(picture, dims)
    return centred


def magnitude(picture: torch.Tensor) -> torch.Tensor:
    """Show the magnitude of complex pictures (float32), which ends a chain of degradations."""
    return picture.abs()


def last_axes(axes: int) -> tuple[int, ...]:
    """Return the last axes as negative numbers: ``(-2, -1)`` for two."""
    return tuple(range(-axes, 0))


def along(profile: torch.Tensor, axis: int) -> torch.Tensor:
    """Shape a profile so that it multiplies along an axis, given as a negative number, of any picture."""
    return profile.reshape(profile.shape + (1,) * (-axis - 1))


def complex_noise(seed: int, shape: Sequence[int], device: torch.device | str = "cpu") -> torch.Tensor:
    """Draw complex white noise (*shape) complex64 of unit variance in each part; orthonormal transforms keep it so."""
    parts = torch.randn(*shape, 2, generator=generator_for(seed, device), device=device)
    return torch.view_as_complex(parts)


def smooth_fields(
    shape: Sequence[int], seeds: Sequence[tuple[int, ...]], device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Draw fields of a few slow waves, between -1 and 1: for phases, for the gain of noise, for shading.

    Parameters
    ----------
    shape
        Last axes of the pictures they are laid over.
    seeds
        What each field is drawn from: words of chance, never negative. A field is the same on every device.
    device
        Where the fields are wanted.

    Returns
    -------
    torch.Tensor
        (seeds, *shape) float32; the largest absolute value of each field is 1.
    """
    drawn = np.stack([_waves(len(shape), seed) for seed in seeds])
    numbers = torch.from_numpy(drawn).to(device)
    waves = torch.polar(numbers[:, :, 0], numbers[:, :, 1])
    for axis, length in enumerate(shape):
        turns = numbers[:, :, 2 + axis, None] * torch.linspace(-1, 1, length, device=device)
        wave = torch.polar(torch.ones_like(turns), turns)
        if axis < len(shape) - 1:
            waves = (waves[..., None] * wave.reshape(wave.shape[:2] + (1,) * axis + (length,))).contiguous()
        else:
            waves = (waves.flatten(2).transpose(1, 2) @ wave).real
    fields = waves.reshape(len(seeds), *shape)
    largest = fields.flatten(1).abs().amax(1).clamp_min(1e-6)
    return fields / largest.reshape(-1, *(1,) * len(shape))


def _waves(axes: int, seed: tuple[int, ...]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Height, phase and slope along each axis of every wave."""
    rng = np.random.default_rng(seed)
    heights = rng.normal(size=(_WAVES, 1))
    phases = rng.uniform(0, 2 * np.pi, (_WAVES, 1))
    slopes = rng.normal(0, _SLOPE, (_WAVES, axes))
    return np.concatenate([np.abs(heights), phases + np.pi * (heights < 0), slopes], axis=1).astype(np.float32)
