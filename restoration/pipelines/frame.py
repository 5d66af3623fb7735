"""How values are handed to a denoiser: shift-free scaling, and the range it knows. Pure."""

from dataclasses import dataclass

import numpy as np

from restoration.volume import FloatArray


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A linear scale with a range.

    Attributes
    ----------
    scale
        Physical units per network unit.
    lowest, highest
        Range that the denoiser sees [physical units]; what lies outside keeps its distance to the range.
    """

    scale: float
    lowest: float
    highest: float

    def into_network(self, image: FloatArray) -> FloatArray:
        """Clamp and scale a (rows, columns) picture [physical units]."""
        clamped: FloatArray = np.clip(image, self.lowest, self.highest) / np.float32(self.scale)
        return clamped.astype(np.float32)

    def change(self, entered: FloatArray, left: FloatArray) -> FloatArray:
        """Return what the denoiser changed [physical units]; both pictures in network units."""
        return np.asarray((left - entered) * np.float32(self.scale), dtype=np.float32)
