import numpy as np
import pytest

from restoration.lowpass import lowpass
from tests.unit.restoration.restoration_volumes import noise


def test_a_constant_stays_right_up_to_padding() -> None:
    keep = np.ones((40, 50), bool)
    keep[:, 30:] = False
    image = np.where(keep, np.float32(80), np.float32(-2000))
    smooth = lowpass(image, sigma_mm=2, pixel_mm=(0.7, 0.7), keep=keep)
    np.testing.assert_allclose(smooth[keep], 80, rtol=1e-5)
    assert not smooth[~keep].any()


def test_the_size_is_in_millimetres() -> None:
    point = np.zeros((101, 101), np.float32)
    point[50, 50] = 1
    smooth = lowpass(point, sigma_mm=2, pixel_mm=(0.5, 1.0))
    y, x = np.mgrid[:101, :101] - 50.0
    assert np.sqrt((smooth * (y * 0.5) ** 2).sum()) == pytest.approx(2, rel=0.02)
    assert np.sqrt((smooth * x**2).sum()) == pytest.approx(2, rel=0.02)


def test_the_mean_stays() -> None:
    image = noise((64, 64), sigma=10) + 5
    assert lowpass(image, sigma_mm=3, pixel_mm=(1, 1)).mean() == pytest.approx(image.mean(), abs=1e-3)


def test_all_padding_is_all_zero() -> None:
    hidden = np.zeros((16, 16), bool)
    assert not lowpass(np.ones((16, 16), np.float32), sigma_mm=1, pixel_mm=(1, 1), keep=hidden).any()
