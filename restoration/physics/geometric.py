"""Another pose of the same truth: flips, quarter turns, zoom, a small turn and shift. Pure.

To be applied before the noise: interpolation would change its spectrum, and the pose of a real scanner's noise does
not follow the patient's.
"""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from restoration.physics.degradation import require_range


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Flips, quarter turns, then about the middle of the picture zoom, turn and shift, in this order.

    Attributes
    ----------
    flip_rows, flip_columns
        Whether the order of rows and of columns is reversed.
    quarter_turns
        Quarter turns from rows to columns, any integer; an odd number exchanges rows and columns.
    zoom
        Enlargement along rows and along columns; 1 for none.
    degrees
        Turn from rows to columns [degrees].
    shift
        Shift along rows and columns as a share of their number.
    """

    flip_rows: bool = False
    flip_columns: bool = False
    quarter_turns: int = 0
    zoom: tuple[float, float] = (1.0, 1.0)
    degrees: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        require_range("zoom", min(self.zoom), 0.1)
        require_range("degrees", self.degrees, -180.0, 180.0)
        require_range("shift", min(self.shift), -1.0)
        require_range("shift", max(self.shift), -1.0, 1.0)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Take up the pose.

        Parameters
        ----------
        truth
            (..., rows, columns) float32.

        Returns
        -------
        torch.Tensor
            (..., rows, columns), exchanged after an odd number of quarter turns. Differentiable. Flips and quarter
            turns move values unchanged; what else is asked for interpolates (bicubic), repeats the border outside and
            stays within the range of the truth.
        """
        axes = [axis for axis, wanted in ((-2, self.flip_rows), (-1, self.flip_columns)) if wanted]
        posed = torch.rot90(truth.flip(axes), self.quarter_turns, (-2, -1))
        if (self.zoom, self.degrees, self.shift) == ((1.0, 1.0), 0.0, (0.0, 0.0)):
            return posed
        return self._resampled(posed)

    def _resampled(self, picture: torch.Tensor) -> torch.Tensor:
        rows, columns = picture.shape[-2:]
        flat = picture.reshape(-1, 1, rows, columns)
        grid = functional.affine_grid(self._matrix(rows, columns, picture), [1, 1, rows, columns], align_corners=False)
        sampled = functional.grid_sample(
            flat.transpose(0, 1), grid, mode="bicubic", padding_mode="border", align_corners=False
        ).transpose(0, 1)
        # Bicubic weights overshoot at edges; the least and largest of a picture bound what tissue it can show.
        lowest, highest = flat.amin((-2, -1), keepdim=True), flat.amax((-2, -1), keepdim=True)
        return torch.minimum(torch.maximum(sampled, lowest), highest).reshape(picture.shape)

    def _matrix(self, rows: int, columns: int, like: torch.Tensor) -> torch.Tensor:
        """Map places of the result to places of the truth, both counted from -1 to 1, x before y."""
        turn = math.radians(self.degrees)
        cosine, sine, ratio = math.cos(turn), -math.sin(turn), rows / columns
        down, right = 2 * self.shift[0], 2 * self.shift[1]
        x = [cosine / self.zoom[1], sine * ratio / self.zoom[1]]
        y = [-sine / ratio / self.zoom[0], cosine / self.zoom[0]]
        x.append(-x[0] * right - x[1] * down)
        y.append(-y[0] * right - y[1] * down)
        return torch.tensor([[x, y]], device=like.device, dtype=like.dtype)
