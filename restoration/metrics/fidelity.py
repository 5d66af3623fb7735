"""Distance of a picture from the truth in a stated window. Pure."""

import numpy as np
from skimage.metrics import structural_similarity

from restoration.volume import BoolArray, FloatArray


def psnr(answer: FloatArray, truth: FloatArray, window: tuple[float, float], where: BoolArray) -> float:
    """Peak signal-to-noise ratio [dB] with the window's width as peak.

    Parameters
    ----------
    answer, truth
        (rows, columns) float32 [physical unit]; both are clipped to the window.
    window
        Lowest and highest value that counts [physical unit].
    where
        (rows, columns) bool: pixels that count; at least one.

    Returns
    -------
    float
        Infinite where both are equal.
    """
    error = (np.clip(answer, *window) - np.clip(truth, *window))[where].astype(np.float64)
    power = float(np.mean(error**2))
    return float(10 * np.log10((window[1] - window[0]) ** 2 / power)) if power > 0 else float("inf")


def ssim(answer: FloatArray, truth: FloatArray, window: tuple[float, float], where: BoolArray) -> float:
    """Structural similarity in the window (7 × 7 pixels, Wang et al., doi:10.1109/TIP.2003.819861), mean over `where`.

    Parameters
    ----------
    answer, truth
        (rows, columns) float32 [physical unit], at least 7 × 7; both are clipped to the window.
    window
        Lowest and highest value that counts [physical unit].
    where
        (rows, columns) bool: pixels that count; at least one.
    """
    clipped = (np.clip(picture, *window).astype(np.float64) for picture in (answer, truth))
    width = window[1] - window[0]
    # scikit-image has no types.
    _, places = structural_similarity(*clipped, data_range=width, full=True)  # type: ignore[no-untyped-call]
    return float(places[where].mean())


def bias(answer: FloatArray, truth: FloatArray, where: BoolArray) -> float:
    """Mean difference over `where` [physical unit]."""
    return float(np.mean((answer - truth)[where], dtype=np.float64))
