"""What a pipeline asks of the thing that denoises one slice: a classical filter or a network. Pure."""

from typing import Protocol

from restoration.volume import FloatArray


class Denoiser(Protocol):
    """Denoises slice after slice in network units."""

    @property
    def provenance(self) -> dict[str, str]:
        """Device, precision and versions that the pixels depend on."""
        ...

    def __call__(self, image: FloatArray) -> FloatArray:
        """Return the denoised (rows, columns) float32 picture in the same unit."""
        ...
