"""A whole flat-panel picture, larger than any tile, comes out as its parts do."""

import numpy as np
import pytest

from restoration.registry import load
from restoration.volume import FloatArray, Volume

ROWS, COLUMNS = 3064, 4664


def exposure(array: FloatArray) -> Volume:
    return Volume(array=array[None], pixel_mm=(0.15, 0.15), positions_mm=(0.0,), thickness_mm=None, unit="exposure")


def test_a_whole_detector_is_restored_as_its_parts_are() -> None:
    restorer = load("xr-denoise")
    rng = np.random.default_rng(5)
    rows, columns = np.ogrid[:ROWS, :COLUMNS]
    truth = (1000 + 300 * np.sin(rows / 400) * np.cos(columns / 500)).astype(np.float32)
    noisy = truth + (40 * rng.standard_normal((ROWS, COLUMNS), dtype=np.float32))
    restored = restorer.restore(exposure(noisy), strength=100).array[0]
    assert restored.shape == (ROWS, COLUMNS)
    assert (restored - truth).std() < 0.6 * (noisy - truth).std()
    assert float((restored - truth).mean()) == pytest.approx(0, abs=1)
    # Across the tiles' seams at 1024 and far from the part's own rim.
    part, inside = np.s_[824:1224, 824:1224], np.s_[180:220, 180:220]
    alone = restorer.restore(exposure(noisy[part]), strength=100).array[0]
    assert np.abs(alone[inside] - restored[part][inside]).max() < 0.01 * 40 + 1
