"""Batches for motion correction: the same object with the same noise, still and moving. Pure."""

from dataclasses import dataclass

import numpy as np
import torch

from restoration.physics.kspace import magnitude
from restoration.physics.mr_motion import drawn_motion
from restoration.physics.mr_noise import SmoothPhase, ThermalNoise
from restoration.physics.mr_trajectory import Course, Movement, Order, PhaseEncoding
from restoration.physics.mr_truncation import Truncation
from training.batch import SEEDS, Batch
from training.crops.pictures import Pictures
from training.recipe import MrMotion, Recipe

_FIELD_MM = (180.0, 260.0)
_SPARED = (0.0, 0.15)
_INTERLEAVES = (1, 2, 4, 8)


@dataclass(frozen=True, kw_only=True, eq=False)
class MotionCrops:
    """Draws whole heads, because a ghost reaches across the field of view, and moves them while lines are measured.

    Attributes
    ----------
    recipe, how
        The recipe and its motion.
    pictures
        Truth to cut from.
    """

    recipe: Recipe
    how: MrMotion
    pictures: Pictures

    def batch(self, step: int) -> Batch:
        """Return the batch of one step; the truth keeps its noise, so that a still picture is to stay as it is."""
        rng = np.random.default_rng((self.recipe.seed, 1, step))
        pairs = [self._pair(rng) for _ in range(self.recipe.schedule.batch)]
        moving, still = (torch.stack(column)[:, None] / self.recipe.scale for column in zip(*pairs, strict=True))
        return Batch(noisy=moving, clean=still, planted_noisy=moving[:0], planted_clean=still[:0])

    def _pair(self, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        size = self.recipe.schedule.crop
        truth = torch.from_numpy(self.pictures.whole(size, rng) * np.float32(rng.uniform(0.5, 1.2)))
        pixel_mm = float(rng.uniform(*_FIELD_MM)) / size
        moved = drawn_motion(self._movement(rng), rng, pixel_mm=(pixel_mm, pixel_mm), phase_axis=int(rng.integers(2)))
        seed, sigma = int(rng.integers(SEEDS)), float(rng.uniform(*self.how.sigma))
        noise = ThermalNoise(seed=seed, sigma=sigma, measured=Truncation(), swing=0.0)
        signal = SmoothPhase(seed=seed, amplitude=float(rng.uniform(0, 2.5)))(truth)
        return magnitude(noise(moved(signal))), magnitude(noise(signal))

    def _movement(self, rng: np.random.Generator) -> Movement:
        encoding = PhaseEncoding(
            order=Order.CENTRIC if rng.random() < 0.3 else Order.LINEAR,
            interleaves=int(rng.choice(_INTERLEAVES)),
            spared=float(rng.uniform(*_SPARED)),
        )
        severity = 0.0 if rng.random() < self.how.still else float(rng.uniform(*self.how.severity))
        return Movement(severity_mm=severity, course=list(Course)[rng.integers(len(Course))], encoding=encoding)
