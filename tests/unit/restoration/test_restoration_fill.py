import numpy as np
import pytest

from restoration.guard.fill import kspace_fill
from restoration.volume import FloatArray
from tests.unit.restoration.restoration_volumes import body, noise


def measured(size: int = 128) -> FloatArray:
    outline, organ, _ = body(size)
    return (np.where(outline, 500.0, 0.0) - 200 * organ + noise((size, size), sigma=10, blur=0)).astype(np.float32)


def interpolated(picture: FloatArray, rows: int, columns: int) -> FloatArray:
    """Zeros around measured k-space, as scanners interpolate."""
    spectrum = np.fft.fftshift(np.fft.fft2(picture))
    more = ((rows - picture.shape[0]) // 2, (columns - picture.shape[1]) // 2)
    padded = np.pad(spectrum, ((more[0],) * 2, (more[1],) * 2))
    return np.abs(np.fft.ifft2(np.fft.ifftshift(padded))).astype(np.float32)


@pytest.mark.parametrize(
    ("rows", "columns", "fill"),
    [(128, 128, 1.0), (256, 256, 0.5), (184, 184, 0.7), (128, 256, 0.5)],
    ids=["as measured", "twice", "0.7", "twice in one direction"],
)
def test_the_fill_is_the_measured_share(rows: int, columns: int, fill: float) -> None:
    assert kspace_fill(interpolated(measured(), rows, columns)) == pytest.approx(fill, abs=0.06)


def test_a_constant_counts_as_filled() -> None:
    assert kspace_fill(np.full((64, 64), 7, np.float32)) == 1.0
