"""Non-local means with blindly estimated noise. Pure.

A. Buades, B. Coll, J.-M. Morel, «A review of image denoising algorithms, with a new one», doi:10.1137/040616024; in
scikit-image's fast form with patches compared against the noise's own distance.
"""

from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from skimage.restoration import denoise_nl_means

from restoration.guard.noise import noise_map
from restoration.volume import FloatArray

_LEAST_SIGNAL = 0.02
"""Pixels below this share of the slice's range do not count for its noise: they are background."""


@dataclass(frozen=True, kw_only=True)
class NonLocalMeans:
    """Settings of the filter.

    Attributes
    ----------
    patch
        Side of the patches that are compared [pixels].
    reach
        Largest distance between compared patches [pixels].
    h_per_sigma
        Filter strength per noise standard deviation.
    """

    patch: int
    reach: int
    h_per_sigma: float

    @property
    def provenance(self) -> dict[str, str]:
        """Return device, precision and the versions that the pixels depend on."""
        return {
            "device": "cpu",
            "precision": "float32",
            "scikit-image": version("scikit-image"),
            "numpy": np.__version__,
        }

    def __call__(self, images: FloatArray) -> FloatArray:
        """Denoise slices.

        Parameters
        ----------
        images
            (batch, slices, rows, columns) float32 [any unit]; of each slab the middle slice.

        Returns
        -------
        FloatArray
            (batch, rows, columns) float32 [unit of the images]; a slice itself where it holds no noise.
        """
        middle = images.shape[1] // 2
        return np.stack([self._denoised(slab[middle]) for slab in images])

    def _denoised(self, image: FloatArray) -> FloatArray:
        sigma = self._sigma(image)
        if sigma <= 0:
            return image
        denoised: FloatArray = denoise_nl_means(
            image,
            patch_size=self.patch,
            patch_distance=self.reach,
            h=self.h_per_sigma * sigma,
            sigma=sigma,
            fast_mode=True,
        ).astype(np.float32)
        return denoised

    def _sigma(self, image: FloatArray) -> float:
        """Median noise outside the background."""
        bright = image > image.min() + _LEAST_SIGNAL * (image.max() - image.min())
        return float(np.median(noise_map(image)[bright])) if bright.any() else 0.0
