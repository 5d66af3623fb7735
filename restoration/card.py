"""A pipeline's card: what it is, where it may be used, what it promises. Touches: the bundle folder (reads)."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from restoration.errors import BundleError

BUNDLES = Path(__file__).parent / "bundles"

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
"""No key more or less than the classes below name, and no value of another kind."""

Factor = Annotated[int, Field(ge=1)]


def _one_way(factors: tuple[int, int, int]) -> tuple[int, int, int]:
    """Refuse what no pipeline does: rows and columns apart, or slices and pixels at once."""
    if factors[1] != factors[2] or (factors[0] > 1 and factors[1] > 1):
        raise ValueError("rows and columns are enlarged alike, or slices alone")
    return factors


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

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    modality: str
    pixel_mm: tuple[float, float]
    thickness_mm: tuple[float, float]
    matrix: tuple[int, int]
    min_slices: int
    refuse: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Bounds of the domain check and of the gates; figures are described at `restoration.guard`.

    Amounts are in HU in CT and elsewhere shares of the volume's reference level (`restoration.levels`). None: not
    checked, or computed and shown but never a gate.

    Attributes
    ----------
    noise
        Smallest and largest noise standard deviation of the input.
    spectrum
        Smallest and largest mean frequency of the input's noise, as a share of Nyquist.
    bias
        Largest mean change per tissue band (outside CT: share of the band's mean).
    amplitude
        Smallest and largest standard deviation of the change against the input's noise.
    peak
        Largest single change in units of the local noise.
    anchor
        Largest change below the anchor frequency.
    structure
        Largest share of the source's structure that the change may hold.
    erased, created
        Largest blob that may go missing from, or appear in, the result [robust standard deviations].
    stability
        Largest difference between the results for the volume and for its mirrored or shifted twin.
    kept
        Largest change of measured k-space, as a share of the reference level (super-resolution).
    values
        Smallest and largest value of nearly all pixels of the input.
    fill
        Smallest and largest filled share of k-space.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    noise: tuple[float, float]
    spectrum: tuple[float, float]
    bias: float
    amplitude: tuple[float, float]
    peak: float
    anchor: float
    structure: float | None
    erased: float | None
    created: float | None
    stability: float | None
    kept: float | None
    values: tuple[float, float] | None
    fill: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class Card:
    """Everything the node may know of a pipeline without loading it.

    Attributes
    ----------
    name, version, title
        Bundle folder name, version, and a sentence for people.
    kind
        Whether it is a network or a filter.
    operation
        What it does to a volume.
    scope
        How much of a volume it looks at: ``slab`` and ``volume`` need evenly spaced slices.
    unit
        Unit of the volumes it takes (`restoration.volume`).
    release
        The least strict release that its results may have; a rule can only be stricter.
    factors
        Enlargement of slices, rows and columns: all 1, in super-resolution 2 in plane or through plane.
    slab
        Slices that the network sees for each slice it answers.
    slot
        Two-digit slot in derived series numbers (1 to 99), unique among bundles.
    generative
        Whether output can hold structure that was drawn, not measured.
    anchor_mm
        Sigma of the low-pass below which the input is kept [mm].
    change_limit
        Largest change of a pixel before anchoring, in units of its local noise; None for no limit.
    default_strength
        Default operating point [percent].
    default_share, full_share
        Share of the anchored result at the default strength and at strength 100 (0 to 1]; linear between, see
        `share_at`.
    weights_sha256
        Digest of the weights file; empty for classical pipelines.
    parameters
        What the pipeline itself reads (network and its settings, filter settings, scale).
    eligibility, bounds
        See there.
    calibration
        What ``calibrate`` measured when it set the bounds; empty if it never did.
    figures
        Measured figures for people, each with its tier of evidence and n.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    name: str
    version: str
    title: str
    kind: Literal["network", "classical"]
    operation: Literal["denoise", "super-resolution", "motion-correction"]
    scope: Literal["slice", "slab", "volume"]
    unit: Literal["HU", "signal", "Bq/mL", "exposure"]
    release: Literal["automatic", "review", "never"]
    factors: Annotated[tuple[Factor, Factor, Factor], AfterValidator(_one_way)]
    slab: Annotated[int, Field(ge=1)]
    slot: Annotated[int, Field(ge=1, le=99)]
    generative: bool
    anchor_mm: Annotated[float, Field(ge=0)]
    change_limit: Annotated[float, Field(gt=0)] | None
    default_strength: Annotated[float, Field(ge=0, le=100)]
    default_share: Annotated[float, Field(gt=0, le=1)]
    full_share: Annotated[float, Field(gt=0, le=1)]
    weights_sha256: str
    parameters: dict[str, object]
    eligibility: Eligibility
    bounds: Bounds
    calibration: dict[str, object]
    figures: tuple[dict[str, object], ...]

    def share_at(self, strength: float) -> float:
        """Return the share of the anchored result that a strength of 0 to 100 [percent] stands for."""
        default = self.default_strength
        if strength <= default or default == 100:
            return strength / default * self.default_share if default else strength / 100 * self.full_share
        return self.default_share + (strength - default) / (100 - default) * (self.full_share - self.default_share)

    @property
    def step_ratio(self) -> tuple[float, float] | None:
        """Smallest and largest distance of the result's slices in its pixels; None where no slices are added.

        Raises
        ------
        BundleError
            Slices are added and ``parameters.step_ratio`` is not two numbers; `load_card` has made sure that it is.
        """
        if self.factors[0] == 1:
            return None
        found = self.parameters.get("step_ratio")
        if not isinstance(found, list | tuple) or not all(isinstance(one, int | float) for one in found):
            raise _unusable(self.name, "the card's parameters lack 'step_ratio'")
        if len(found) != 2:
            raise _unusable(self.name, f"the card's 'parameters.step_ratio' is {found!r}: two numbers are wanted")
        return float(found[0]), float(found[1])

    @property
    def reach(self) -> int:
        """Slices on either side of a slice that the pipeline looks at."""
        return self.slab // 2

    @property
    def digest_label(self) -> str:
        """First twelve digits of the weights' digest, or ``classical``."""
        return self.weights_sha256[:12] or "classical"


def names(*, bundles: Path = BUNDLES) -> tuple[str, ...]:
    """Names of all shipped bundles, sorted."""
    return tuple(sorted(path.parent.name for path in bundles.glob("*/card.json")))


def file_inside(folder: Path, part: Path) -> Path:
    """Return the path of a bundle's file, if it really lies in the bundle.

    Raises
    ------
    BundleError
        A symbolic link on the way leads elsewhere.
    """
    path = folder / part
    if path.resolve() != folder.resolve() / part:
        raise _unusable(folder.name, f"{part.as_posix()} is a link to elsewhere")
    return path


def load_card(name: str, *, bundles: Path = BUNDLES) -> Card:
    """Read one card.

    Raises
    ------
    BundleError
        No such bundle, or its card is not readable, lacks a key, or holds an unknown key or word.
    """
    if name not in names(bundles=bundles):
        raise BundleError(
            happened="there is no such pipeline",
            subject=name,
            remedy=f"There are: {', '.join(names(bundles=bundles)) or 'none'}.",
        )
    try:
        card = _reader().validate_json(file_inside(bundles / name, Path("card.json")).read_bytes())
    except OSError as error:
        raise _unusable(name, f"the card cannot be read ({error})") from error
    except ValidationError as error:
        raise _unusable(name, "; ".join(map(_sentence, error.errors()[:3]))) from error
    if card.name != name:
        raise _unusable(name, f"the card is of {card.name!r}")
    card.step_ratio  # noqa: B018  a card that lacks it is refused here, not in the middle of a job
    return card


@functools.cache
def _reader() -> TypeAdapter[Card]:
    return TypeAdapter(Card)


def _sentence(error: ErrorDetails) -> str:
    key = ".".join(map(str, error["loc"]))
    if error["type"] in ("missing", "missing_argument"):
        return f"the card lacks {key!r}"
    if error["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"the card has an unknown key {key!r}"
    if not key:
        return f"the card cannot be read ({error['msg']})"
    return f"the card's {key!r} is {error['input']!r}: {error['msg'][0].lower()}{error['msg'][1:]}"


def _unusable(name: str, happened: str) -> BundleError:
    return BundleError(happened=happened, subject=name, remedy="Install the bundle again.")
