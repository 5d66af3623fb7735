"""A pipeline's card: what it is, where it may be used, what it promises. Touches: the bundle folder (reads)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restoration.errors import BundleError

BUNDLES = Path(__file__).parent / "bundles"


@dataclass(frozen=True, kw_only=True)
class Eligibility:
    """Header facts that a series must have; the node's words are DICOM's, the ranges are the model's.

    Attributes
    ----------
    modality
        DICOM Modality.
    pixel_mm
        Smallest and largest pixel spacing [mm].
    thickness_mm
        Smallest and largest slice thickness [mm].
    matrix
        Smallest and largest number of rows and columns.
    min_slices
        Fewest slices.
    refuse
        Kinds of series refused by name (for example ``phase``, ``diffusion``, ``vendor-restored``).
    """

    modality: str
    pixel_mm: tuple[float, float]
    thickness_mm: tuple[float, float]
    matrix: tuple[int, int]
    min_slices: int
    refuse: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Bounds of the domain check and of the gates; figures are described at `restoration.guard`.

    Attributes
    ----------
    noise
        Smallest and largest noise standard deviation of the input (HU in CT; MR: share of the 99.5 % signal).
    spectrum
        Smallest and largest mean frequency of the input's noise, as a share of Nyquist.
    bias
        Largest mean change per tissue band (HU in CT; MR: share of the band's mean).
    amplitude
        Smallest and largest standard deviation of the change against the input's noise.
    peak
        Largest single change in units of the local noise.
    anchor
        Largest change below the anchor frequency (HU in CT; MR: share of the 99.5 % signal).
    values
        Smallest and largest value of nearly all pixels of the input (HU in CT; MR: shares of the 99.5 % signal);
        None: not checked.
    fill
        Smallest and largest filled share of k-space; None: not checked (CT).
    """

    noise: tuple[float, float]
    spectrum: tuple[float, float]
    bias: float
    amplitude: tuple[float, float]
    peak: float
    anchor: float
    values: tuple[float, float] | None = None
    fill: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Card:
    """Everything the node may know of a pipeline without loading it.

    Attributes
    ----------
    name, version, title
        Bundle folder name, version, and a sentence for people.
    kind
        ``network`` or ``classical``.
    operation
        ``denoise`` (others come with their pipelines).
    scope
        ``slice``, ``slab`` or ``volume``.
    unit
        Unit of the volumes it takes: ``HU`` or ``signal``.
    slot
        Two-digit slot in derived series numbers (1 to 99), unique among bundles.
    generative
        Whether output can hold structure that was drawn, not measured.
    anchor_mm
        Sigma of the low-pass below which the input is kept [mm].
    default_strength
        Default operating point [percent].
    full_share
        Share of the anchored result at strength 100 (0 to 1].
    weights_sha256
        Digest of the weights file; empty for classical pipelines.
    parameters
        What the pipeline itself reads (network name, widths, filter settings).
    eligibility, bounds
        See there.
    figures
        Measured figures for people, each with its tier of evidence and n.
    """

    name: str
    version: str
    title: str
    kind: str
    operation: str
    scope: str
    unit: str
    slot: int
    generative: bool
    anchor_mm: float
    default_strength: float
    full_share: float
    weights_sha256: str
    parameters: dict[str, object]
    eligibility: Eligibility
    bounds: Bounds
    figures: tuple[dict[str, object], ...]

    @property
    def digest_label(self) -> str:
        """First twelve digits of the weights' digest, or ``classical``."""
        return self.weights_sha256[:12] or "classical"


def names(*, bundles: Path = BUNDLES) -> tuple[str, ...]:
    """Names of all shipped bundles, sorted."""
    return tuple(sorted(path.parent.name for path in bundles.glob("*/card.json")))


def load_card(name: str, *, bundles: Path = BUNDLES) -> Card:
    """Read one card.

    Raises
    ------
    BundleError
        No such bundle, or its card is not readable or not complete.
    """
    path = bundles / name / "card.json"
    if name not in names(bundles=bundles):
        raise BundleError(
            happened="there is no such pipeline",
            subject=name,
            remedy=f"There are: {', '.join(names(bundles=bundles)) or 'none'}.",
        )
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        parts: dict[str, Any] = {
            "bounds": Bounds(**_with_tuples(fields["bounds"])),
            "eligibility": Eligibility(**_with_tuples(fields["eligibility"])),
            "figures": tuple(fields["figures"]),
        }
        return Card(**{**fields, **parts})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(
            happened=f"the card cannot be read ({error})", subject=name, remedy="Install the bundle again."
        ) from error


def _with_tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
