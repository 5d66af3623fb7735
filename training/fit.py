"""Runs a recipe step by step. Touches: the run folder (writes checkpoint.pt and curve.csv, reads the checkpoint).

Steps, not seconds, decide when to stop, and every step's batch follows from the seed and its number: a training that
was interrupted and resumed ends at the same weights.
"""

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import nn

from restoration.networks.measured import measured_kept
from restoration.networks.noise_map import noise_map
from restoration.networks.redcnn import RedCnn
from restoration.networks.unet import RestorationUNet
from training.batch import Batch, BatchSource
from training.errors import CheckpointError
from training.losses.pixel import energy_left, evened, l1
from training.losses.transfer import contrast_transfer
from training.recipe import Recipe, Schedule

CHECKPOINT = "checkpoint.pt"
CURVE = "curve.csv"
EVERY = 100
"""Steps between two rows of the curve and between two checkpoints."""

NETWORKS: dict[str, type[nn.Module]] = {"RestorationUNet": RestorationUNet, "RedCnn": RedCnn}
"""By the names that recipes and cards use."""

_GRADIENT_NORM = 1.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """Mean loss terms since the row before: step reached, pixel term, transfer term [network units]."""

    step: int
    pixel: float
    transfer: float


def build_network(recipe: Recipe) -> nn.Module:
    """Return the recipe's network with its seeded first weights."""
    torch.manual_seed(recipe.seed)
    return NETWORKS[recipe.network.name](**recipe.network.model_dump(exclude={"name"}))


def learning_rate(schedule: Schedule, step: int) -> float:
    """Linear warm-up, then a cosine that reaches zero at the last step."""
    warm = min(1.0, (step + 1) / (schedule.warmup + 1))
    return schedule.learning_rate * warm * (0.5 + 0.5 * math.cos(math.pi * step / schedule.steps))


def loss_terms(recipe: Recipe, network: nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the pixel term and the transfer term of one batch.

    Parameters
    ----------
    recipe
        Says which pixel term, and the precision.
    network
        In training or evaluation.
    batch
        Crops, and some of them again with planted structures.

    Returns
    -------
    tuple[torch.Tensor, torch.Tensor]
        Scalars [network units], not yet weighted; the transfer term is 0 where nothing was planted.
    """
    both = torch.cat((batch.noisy, batch.planted_noisy)).to(memory_format=torch.channels_last)
    centre = recipe.network.slices // 2
    middle = both[:, centre : centre + 1]
    with torch.autocast("cpu", torch.bfloat16, enabled=recipe.schedule.precision == "bfloat16"):
        answers = network(both, noise_map(middle))
    answers = measured_kept(answers.float(), middle, batch.factors)
    answer, planted = answers[: len(batch.noisy)], answers[len(batch.noisy) :]
    given = middle[: len(batch.noisy)]
    weights = evened(batch.clean, given) if recipe.evened else torch.ones(len(given))
    pixel = l1(answer, batch.clean, weights) if recipe.fidelity == "l1" else energy_left(answer, batch.clean, given)
    if not len(planted):
        return pixel, torch.zeros(())
    alone, truth = answer[: len(planted)], batch.clean[: len(planted)]
    return pixel, contrast_transfer(alone, planted, truth, batch.planted_clean, weights[: len(planted)])


def fit(
    recipe: Recipe,
    source: BatchSource,
    run: Path,
    *,
    stop_after: int | None = None,
    report: Callable[[Row], None] = lambda row: None,
) -> nn.Module:
    """Train, or go on where the run folder's checkpoint stands.

    Parameters
    ----------
    recipe
        What to train.
    source
        Yields the batch of each step.
    run
        Folder for the checkpoint and the curve.
    stop_after
        Stop at this step although the schedule is longer; None for the whole schedule.
    report
        Called with each row of the curve.

    Returns
    -------
    nn.Module
        The trained network.

    Raises
    ------
    CheckpointError
        The checkpoint in the folder belongs to another recipe.
    """
    run.mkdir(parents=True, exist_ok=True)
    network = build_network(recipe)
    # torch's signature of Module.to does not know this keyword alone.
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=recipe.schedule.weight_decay)
    first = _resumed(recipe, network, optimizer, run / CHECKPOINT)
    last = min(recipe.schedule.steps, stop_after or recipe.schedule.steps)
    sums, since = [0.0, 0.0], 0
    for step in range(first, last):
        terms = _step(recipe, network, optimizer, source.batch(step), learning_rate(recipe.schedule, step))
        sums, since = [old + new for old, new in zip(sums, terms, strict=True)], since + 1
        if (step + 1) % EVERY == 0 or step + 1 == last:
            row = Row(step=step + 1, pixel=sums[0] / since, transfer=sums[1] / since)
            _keep(recipe, network, optimizer, row, run)
            report(row)
            sums, since = [0.0, 0.0], 0
    return network


def load_checkpoint(recipe: Recipe, path: Path) -> tuple[nn.Module, int]:
    """Return the network of a checkpoint and the step it stands at.

    Raises
    ------
    CheckpointError
        Not readable, or of another recipe.
    """
    network = build_network(recipe)
    if not path.exists():
        raise CheckpointError(happened="there is no checkpoint", subject=path.name, remedy="Train first.")
    return network, _resumed(recipe, network, None, path)


def _step(
    recipe: Recipe, network: nn.Module, optimizer: torch.optim.Optimizer, batch: Batch, rate: float
) -> tuple[float, float]:
    for group in optimizer.param_groups:
        group["lr"] = rate
    pixel, transfer = loss_terms(recipe, network, batch)
    optimizer.zero_grad(set_to_none=True)
    (pixel + recipe.transfer_weight * transfer).backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), _GRADIENT_NORM)
    optimizer.step()
    return pixel.item(), transfer.item()


def _keep(recipe: Recipe, network: nn.Module, optimizer: torch.optim.Optimizer, row: Row, run: Path) -> None:
    """Write the checkpoint beside its place and move it there, then add the curve's row."""
    state = {
        "recipe": recipe.digest,
        "step": row.step,
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    part = run / f"{CHECKPOINT}.part"
    torch.save(state, part)
    part.replace(run / CHECKPOINT)
    rows = [*_curve_before(run / CURVE, row.step), [str(row.step), f"{row.pixel:.6f}", f"{row.transfer:.6f}"]]
    with (run / CURVE).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["step", "pixel", "transfer"], *rows])


def _curve_before(path: Path, step: int) -> list[list[str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in list(csv.reader(file))[1:] if int(row[0]) < step]


def _resumed(recipe: Recipe, network: nn.Module, optimizer: torch.optim.Optimizer | None, path: Path) -> int:
    """Load a checkpoint if there is one and return the step to go on with."""
    if not path.exists():
        return 0
    try:
        state = torch.load(path, weights_only=True)
        same = state["recipe"] == recipe.digest
    except (OSError, RuntimeError, KeyError, ValueError, EOFError, UnpicklingError) as error:
        raise CheckpointError(
            happened=f"the checkpoint is not readable ({error})", subject=path.name, remedy="Delete it and train again."
        ) from error
    if not same:
        raise CheckpointError(
            happened="the checkpoint was written by another recipe",
            subject=path.name,
            remedy="Give another run folder, or delete it.",
        )
    network.load_state_dict(state["network"])
    if optimizer is not None:
        optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])
