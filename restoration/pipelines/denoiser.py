"""What a pipeline asks of the thing that answers slices: a classical filter or a network. Pure."""

from typing import Protocol

from restoration.volume import FloatArray


class Denoiser(Protocol):
    """Answers the middle slice of every slab, in network units."""

    @property
    def provenance(self) -> dict[str, str]:
        """Device, precision and versions that the pixels depend on."""
        ...

    def __call__(self, images: FloatArray) -> FloatArray:
        """Answer (batch, slices, rows, columns) float32 slabs with (batch, rows, columns) float32 in the same unit."""
        ...
