"""The way from source to derived pixels: a changed result needs another `PIXEL_CODE`, for recipes must differ then.

The values are drawn without a random generator and averaged exactly, so the digests are the same on every machine.
"""

from pathlib import Path

import numpy as np
import pytest

from dicom_node.domain.marks import PIXEL_CODE
from dicom_node.sandbox.client import Sandbox
from tests.support.phantoms import make_series
from tests.unit.restore.kit import exact_mean, making, pipeline, try_series

GOLDEN = {
    1: {
        "unsigned": "eeb1952591ba1683d7e5015495b0ca163767c7718b877595a033457c7fd009d5",
        "signed": "012e9c00e9ec488ba1ca1bee1dba10ec1fcaff70e3f30748d19819c01032cc8a",
    }
}
"""By PIXEL_CODE: digest of the middle slice."""


@pytest.mark.parametrize("kind", ["unsigned", "signed"])
def test_the_pixels_move_only_with_the_code(kind: str, tmp_path: Path, sandbox: Sandbox) -> None:
    series = make_series(3)
    for number, ds in enumerate(series):
        y, x = np.mgrid[: ds.Rows, : ds.Columns]
        values = (7 * x + 13 * y * y + 31 * x * y + 500 * number) % 4096
        values[:4] = 0
        if kind == "signed":
            values = values - 1024
            ds.PixelRepresentation, ds.BitsStored, ds.HighBit = 1, 16, 15
            ds.RescaleIntercept, ds.RescaleSlope = 3, 0.5
            ds.add_new("PixelPaddingValue", "SS", -1024)
        else:
            ds.RescaleIntercept, ds.RescaleSlope = -1024, 1
            ds.add_new("PixelPaddingValue", "US", 0)
        ds.PixelData = values.astype("<i2").tobytes()
    tried = try_series(series, tmp_path, sandbox, restorer=pipeline("CT", exact_mean), made_by=making())
    assert {check.name for check in tried.made.found.failures} <= {"alignment"}
    assert tried.made.files[1].pixel_digest == GOLDEN[PIXEL_CODE][kind]
