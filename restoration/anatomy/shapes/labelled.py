"""Pictures whose every voxel has a name: parts laid over parts, with a label map beside the picture. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from restoration.anatomy.shapes.grid import BoolArray, FloatArray, Grid, Triple, layers_for, thick
from restoration.anatomy.shapes.leaves import texture_volume
from restoration.anatomy.shapes.solids import Ellipsoid, Tube

LabelArray = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled:
    """A picture or volume, and what each of its voxels is.

    Attributes
    ----------
    picture
        (rows, columns) or (slices, rows, columns) float32, with partial volume.
    labels
        The same shape, uint8: the tissue at each voxel's centre.
    names, values
        Name and mean value of each label [unit of the picture].
    """

    picture: FloatArray
    labels: LabelArray
    names: tuple[str, ...]
    values: tuple[float, ...]

    def mask(self, name: str) -> BoolArray:
        """Return the voxels of a tissue."""
        return np.asarray(self.labels == self.names.index(name), bool)

    def slice(self, index: int) -> "Labelled":
        """Return one slice of a volume."""
        return Labelled(picture=self.picture[index], labels=self.labels[index], names=self.names, values=self.values)


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """A solid and what it consists of.

    Attributes
    ----------
    name
        Tissue.
    solid
        Where it is.
    only_in
        Tissue that it replaces; everything if empty.
    """

    name: str
    solid: Ellipsoid | Tube
    only_in: str = ""


@dataclass(frozen=True, kw_only=True)
class Tissues:
    """The names of a label map and their values.

    Attributes
    ----------
    values
        Mean value of each name, in the order of the labels [unit of the picture]; the first is the background.
    grain
        Standard deviation of the smooth texture over all but the background [unit of the picture].
    """

    values: dict[str, float]
    grain: float


def painted(
    parts: Sequence[Part], tissues: Tissues, shape: tuple[int, int, int], spacing_mm: Triple, rng: np.random.Generator
) -> Labelled:
    """Lay parts over parts.

    Parameters
    ----------
    parts
        From the first to the last laid.
    tissues
        Names and values.
    shape, spacing_mm
        Slices, rows, columns and their distances [mm]; slices are as thick as they are apart.
    rng
        Source of chance, for the texture only.

    Returns
    -------
    Labelled
        The labels are taken at the voxels' centres; the picture averages over the slice thickness.
    """
    grid, layers = Grid(shape=shape, spacing_mm=spacing_mm), layers_for(spacing_mm)
    fine, names = grid.layered(layers), tuple(tissues.values)
    values = np.array(list(tissues.values.values()), np.float32)
    labels = _labels(parts, names, fine)
    picture = values[labels] + np.float32(tissues.grain) * texture_volume(fine, 2.2, rng) * (labels > 0)
    return Labelled(
        picture=np.asarray(ndimage.gaussian_filter(thick(picture, layers), (0.0, 0.6, 0.6)), np.float32),
        labels=labels if layers == 1 else _labels(parts, names, grid),
        names=names,
        values=tuple(tissues.values.values()),
    )


def _labels(parts: Sequence[Part], names: tuple[str, ...], grid: Grid) -> LabelArray:
    labels = np.zeros(grid.shape, np.uint8)
    for part in parts:
        cuts = part.solid.crossings(grid) if isinstance(part.solid, Tube) else [part.solid.inside(grid)]
        for where, mask in cuts:
            if part.only_in:
                mask = mask & (labels[where] == names.index(part.only_in))
            labels[where][mask] = names.index(part.name)
    return labels
