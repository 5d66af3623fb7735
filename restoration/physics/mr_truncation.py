"""Which part of k-space a scanner measures, and grids finer or coarser than that. Pure.

What lies outside stays zero: edges ring (Gibbs) unless a taper softens them. Finer grids come from zeros around what
was measured, coarser ones from cutting it, never from averaging pixels. On an even axis the Nyquist frequency is split
evenly between both of its places, so that real pictures stay real and cutting undoes enlarging exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from restoration.physics.degradation import require_range
from restoration.physics.kspace import last_axes


@dataclass(frozen=True, kw_only=True)
class Truncation:
    """A measurement of the middle of k-space. Linear, differentiable.

    Attributes
    ----------
    fill
        Measured share of k-space along each of the last axes, in (0, 1]; two numbers for slices, three for volumes.
    taper
        Strength of the roll-off towards the edge of what was measured, 0 (none) to 1 (down to zero).
    """

    fill: tuple[float, ...] = (1.0, 1.0)
    taper: float = 0.0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        ParameterError
            A share outside (0, 1], or a taper outside 0 to 1.
        """
        for share in self.fill:
            require_range("measured share of k-space", share, 1e-3, 1.0)
        require_range("taper of k-space", self.taper, 0.0, 1.0)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Measure pictures.

        Parameters
        ----------
        truth
            (..., rows, columns) float32 or complex64.

        Returns
        -------
        torch.Tensor
            Same shape, complex64; not shifted and not scaled, so means stay.
        """
        dims = last_axes(len(self.fill))
        weight = self.weight(truth.shape[-len(self.fill) :], truth.device)
        picture: torch.Tensor = torch.fft.ifftn(torch.fft.fftn(truth, dim=dims) * weight, dim=dims)
        return picture

    def weight(self, shape: Sequence[int], device: torch.device | str = "cpu") -> torch.Tensor:
        """Return the transmission of every spatial frequency (*shape) float32, frequency zero first."""
        return weights(shape, [self], device)[0]


def weights(
    shape: Sequence[int], truncations: Sequence[Truncation], device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Return the transmissions of several measurements.

    Parameters
    ----------
    shape
        Length of each measured axis.
    truncations
        The measurements, all of as many axes.
    device
        Where the answer is wanted.

    Returns
    -------
    torch.Tensor
        (measurements, *shape) float32, 0 to 1; frequency zero is the first along each axis.
    """
    fills = torch.tensor([how.fill for how in truncations], dtype=torch.float32, device=device)
    tapers = torch.tensor([how.taper for how in truncations], dtype=torch.float32, device=device)[:, None]
    answer = torch.ones(len(truncations), *(1,) * len(shape), device=device)
    for axis, length in enumerate(shape):
        # Half a thousandth of a line of slack: 0.7 * 200 measures line 70 in float32 too.
        place = torch.fft.fftfreq(length, device=device).abs() * 2 / fills[:, axis, None] - 1e-3 / length
        roll_off = 1 - tapers * torch.sin(torch.pi / 2 * place.clamp(0, 1)) ** 4
        places = (len(truncations), *(1,) * axis, length, *(1,) * (len(shape) - axis - 1))
        answer = answer * torch.where(place <= 1, roll_off, 0.0).reshape(places)
    return answer


def enlarged(picture: torch.Tensor, factors: tuple[int, ...]) -> torch.Tensor:
    """Interpolate pictures by zeros around their k-space. Linear, differentiable.

    Parameters
    ----------
    picture
        (..., rows, columns) float32 or complex64.
    factors
        Enlargement along each of the last axes: ``(2, 2)`` in plane, ``(2, 1, 1)`` through plane.

    Returns
    -------
    torch.Tensor
        Of the same kind (real stays real). Values and means stay; pixel i of the source is pixel factor · i.
    """
    answer = picture
    for axis, factor in zip(last_axes(len(factors)), factors, strict=True):
        answer = regridded(answer, axis, answer.shape[axis] * factor)
    return answer


def reduced(picture: torch.Tensor, factors: tuple[int, ...]) -> torch.Tensor:
    """Cut the middle of k-space out of pictures, as a scan of a coarser matrix does; undoes `enlarged`.

    Parameters
    ----------
    picture
        (..., rows, columns) float32 or complex64; each axis a multiple of its factor.
    factors
        Reduction along each of the last axes.

    Returns
    -------
    torch.Tensor
        Of the same kind, smaller. Means stay; edges may ring, unless a `Truncation` with a taper went before.

    Raises
    ------
    ParameterError
        An axis is no multiple of its factor.
    """
    answer = picture
    for axis, factor in zip(last_axes(len(factors)), factors, strict=True):
        require_range(f"pixels beyond a multiple of {factor}", answer.shape[axis] % factor, 0, 0)
        answer = regridded(answer, axis, answer.shape[axis] // factor)
    return answer


def regridded(picture: torch.Tensor, axis: int, length: int) -> torch.Tensor:
    """Bring one axis to another length [pixels], frequencies that both lengths know unchanged; real stays real."""
    before = picture.shape[axis]
    if before == length:
        return picture
    spectrum = torch.fft.fft(picture, dim=axis)
    least = min(before, length)
    positive, negative = (least + 1) // 2, (least - 1) // 2
    parts = [spectrum.narrow(axis, 0, positive)]
    if least % 2 == 0:
        parts += _nyquist(spectrum, axis, length, least // 2)
    else:
        parts.append(_zeros(spectrum, axis, length - least))
    parts.append(spectrum.narrow(axis, before - negative, negative))
    answer: torch.Tensor = torch.fft.ifft(torch.cat(parts, axis), dim=axis) * (length / before)
    return answer if picture.is_complex() else answer.real


def _nyquist(spectrum: torch.Tensor, axis: int, length: int, place: int) -> list[torch.Tensor]:
    """Lines between the positive and the negative frequencies, where the shorter axis is even."""
    before = spectrum.shape[axis]
    line = spectrum.narrow(axis, place, 1)
    if length < before:
        return [line + spectrum.narrow(axis, before - place, 1)]
    return [line / 2, _zeros(spectrum, axis, length - before - 1), line / 2]


def _zeros(spectrum: torch.Tensor, axis: int, count: int) -> torch.Tensor:
    """Lines of zeros."""
    shape = list(spectrum.shape)
    shape[axis] = count
    return spectrum.new_zeros(shape)
