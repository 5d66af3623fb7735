"""A recipe: everything that decides what a training yields, read from YAML. Touches: the recipe file (reads)."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from training.errors import RecipeError


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UNet(_Part):
    """The default network and its size."""

    name: Literal["RestorationUNet"]
    widths: tuple[int, ...] = Field(min_length=2)
    blocks: int = Field(ge=1)
    fold: int = Field(ge=1)
    slices: Literal[1, 3, 5] = 1


class RedCnn(_Part):
    """The published residual encoder-decoder, a yardstick, and its size."""

    slices: ClassVar[int] = 1
    name: Literal["RedCnn"]
    channels: int = Field(ge=1)


Network = Annotated[UNet | RedCnn, Field(discriminator="name")]


class Schedule(_Part):
    """How long and how fast: steps, batch [crops], crop [pixels], warm-up [steps], then a cosine down to zero."""

    precision: Literal["bfloat16", "float32"]

    steps: int = Field(ge=1)
    batch: int = Field(ge=1)
    crop: int = Field(ge=32, multiple_of=8)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    warmup: int = Field(ge=0)


class Sheets(_Part):
    """Thin bent sheets: how many, how thick [pixels], contrast [standard deviations of the crop's noise]."""

    count: int = Field(ge=1)
    width: tuple[float, float]
    contrast: tuple[float, float]


class Planted(_Part):
    """Soft discs or balls planted in the truth: share of crops, count, radius [pixels], contrast [unit of the data]."""

    share: float = Field(ge=0, le=1)
    count: int = Field(ge=1)
    radius: tuple[float, float]
    contrast: tuple[float, float]
    sheets: Sheets | None = None


class CtNoise(_Part):
    """Inserted CT noise: standard deviation in soft tissue [HU], kernels, scans per slice, scaling per crop.

    A scan is one dose and one kernel with `realisations` of its noise. `least_ratio` is the least added noise on a real
    slice against that slice's own: below it the slice is no truth. `heads` of the phantoms are heads.
    """

    kind: Literal["ct"]
    sigma: tuple[float, float]
    cutoff: tuple[float, float]
    boost: tuple[float, ...]
    scans: int = Field(ge=1)
    realisations: int = Field(ge=1)
    jitter: tuple[float, float]
    least_ratio: float = Field(ge=0)
    heads: int = Field(default=0, ge=0)


class CtSlab(CtNoise):
    """CT noise in thin neighbouring slices.

    `slice_mm` is the distance of slices, `correlation` what a slice shares with each neighbour's noise (interpolation
    and overlap), `bend` how far real slices are bent from neighbour to neighbour [pixels].
    """

    kind: Literal["ct-slab"]  # type: ignore[assignment]
    slice_mm: tuple[float, float]
    correlation: tuple[float, float]
    bend: tuple[float, float]
    heads: Literal[0] = 0


class MrNoise(_Part):
    """Complex MR noise: sigma [share of the 99.5 % signal], k-space fill, roll-off, range of the gain's swing.

    `least_ratio` as for CT.
    """

    kind: Literal["mr"]
    sigma: tuple[float, float]
    fill: tuple[float, ...]
    taper: tuple[float, float]
    gain: tuple[float, float]
    least_ratio: float = Field(ge=0)


class MrEnlargement(_Part):
    """Half the k-space along both axes, in a share of steps along one, with a roll-off and a little noise."""

    kind: Literal["mr-enlargement"]
    sigma: tuple[float, float]
    taper: tuple[float, float]
    one_axis: float = Field(ge=0, le=1)


class MrMotion(_Part):
    """Line-wise rigid motion of a severity [mm], a share of crops without any, and noise."""

    kind: Literal["mr-motion"]
    severity: tuple[float, float]
    still: float = Field(ge=0, le=1)
    sigma: tuple[float, float]


class PetCounting(_Part):
    """Counts per unit of activity and voxel, resolution [mm], voxel and slice distance [mm]."""

    kind: Literal["pet"]
    counts: tuple[float, float]
    resolution_mm: tuple[float, float]
    pixel_mm: tuple[float, float]
    slice_mm: tuple[float, float]


class XrayDose(_Part):
    """Quanta per pixel at unit exposure, blur of the detector [pixels], electronic noise [quanta]."""

    kind: Literal["xray"]
    quanta: tuple[float, float]
    blur: tuple[float, float]
    electronic: tuple[float, float]


Simulation = CtNoise | CtSlab | MrNoise | MrEnlargement | MrMotion | PetCounting | XrayDose


class Recipe(_Part):
    """One training.

    Attributes
    ----------
    name
        Bundle it trains.
    seed
        Decides every draw.
    network, schedule, planted, simulation
        See there.
    phantoms
        Procedural slices beside the real ones.
    real_share
        Share of crops taken from real slices, where there are any.
    scale
        Physical units per network unit.
    clamp
        Range the network sees [physical unit]; None for all.
    fidelity
        Pixel term: mean absolute difference, or the share that is left of the energy of what was done to the crop.
    transfer_weight
        Weight of the contrast-transfer term.
    evened
        Whether every crop counts as if it had the batch's mean noise, in the absolute difference and the transfer term.
    """

    name: str
    seed: int
    network: Network
    schedule: Schedule
    planted: Planted
    simulation: Simulation = Field(discriminator="kind")
    phantoms: int = Field(ge=1)
    real_share: float = Field(ge=0, le=1)
    scale: float = Field(gt=0)
    clamp: tuple[float, float] | None
    fidelity: Literal["l1", "energy left"] = "l1"
    transfer_weight: float = Field(ge=0)
    evened: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of the recipe's values; one that stands at its default counts as absent."""
        values = self.model_dump(exclude_defaults=True)
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def load_recipe(path: Path) -> Recipe:
    """Read and validate a recipe.

    Raises
    ------
    RecipeError
        The file is not readable, is no YAML, or has unknown or impossible values.
    """
    try:
        return Recipe.model_validate(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))
    except (OSError, YAMLError, ValidationError) as error:
        raise RecipeError(
            happened=f"the recipe cannot be used ({error})", subject=path.name, remedy="Correct the named field."
        ) from error
