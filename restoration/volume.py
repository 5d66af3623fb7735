"""A volume in physical units: all that a restoration ever sees of a series. Pure."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from restoration.errors import InputError

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Volume:
    """Slices in anatomical order with their spacing and unit.

    Attributes
    ----------
    array
        (slices, rows, columns) float32 [unit].
    pixel_mm
        Distance between rows and between columns [mm].
    positions_mm
        Position of each slice along the normal, increasing [mm]; need not be evenly spaced.
    thickness_mm
        Nominal slice thickness [mm]; None where unknown.
    unit
        ``HU`` or ``signal``.
    padding
        (slices, rows, columns) bool: True where the source holds padding, which is never changed; None if nowhere.
    """

    array: FloatArray
    pixel_mm: tuple[float, float]
    positions_mm: tuple[float, ...]
    thickness_mm: float | None
    unit: str
    padding: BoolArray | None = None

    def __post_init__(self) -> None:
        if self.array.ndim != 3 or self.array.shape[0] != len(self.positions_mm) or 0 in self.array.shape:
            raise InputError(
                happened=f"shape {self.array.shape} with {len(self.positions_mm)} positions",
                subject="volume",
                remedy="Give (slices, rows, columns) and one position per slice.",
            )

    def with_array(self, array: FloatArray) -> "Volume":
        """Return the same grid with other values."""
        return replace(self, array=np.ascontiguousarray(array, dtype=np.float32))
