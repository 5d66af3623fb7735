"""What an evaluation fixes for a unit: window, noise, discs. Pure."""

from dataclasses import dataclass

from restoration.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Conditions of an evaluation.

    Attributes
    ----------
    modality
        Header word of the arrays that are evaluated.
    window
        Window of PSNR and SSIM [physical unit].
    tissue
        Truth values that count [physical unit].
    sigma
        Noise on phantoms, and the least noise added to real slices [physical unit].
    level, outside, contrast
        Disc phantom: body, surroundings, disc against body [physical unit].
    pixel_mm
        Pixel spacing of phantoms [mm].
    """

    modality: str
    window: tuple[float, float]
    tissue: tuple[float, float]
    sigma: float
    level: float
    outside: float
    contrast: float
    pixel_mm: float


SETTINGS = {
    "HU": Setting(
        modality="CT",
        window=(-160.0, 240.0),
        tissue=(-150.0, 250.0),
        sigma=25.0,
        level=50.0,
        outside=-1000.0,
        contrast=20.0,
        pixel_mm=0.7,
    ),
    "signal": Setting(
        modality="MR",
        window=(0.0, 1.2),
        tissue=(0.05, 1.5),
        sigma=0.06,
        level=0.6,
        outside=0.0,
        contrast=0.048,
        pixel_mm=1.0,
    ),
}
"""CT discs are ±20 HU; MR discs ±8 % of the body's signal. MR counts in shares of the 99.5 % signal."""


def setting_for(unit: str) -> Setting:
    """Return the conditions for a unit.

    Raises
    ------
    InputError
        No evaluation is defined for the unit.
    """
    if unit not in SETTINGS:
        raise InputError(
            happened=f"no evaluation is defined for the unit {unit}", subject="card", remedy="Evaluate HU or signal."
        )
    return SETTINGS[unit]
