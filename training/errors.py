"""The error tree of the training package. Pure.

TrainingError
├── RecipeError        a recipe cannot be read or asks for what does not exist
├── DataError          the folder of training volumes is missing or holds nothing usable
└── CheckpointError    a checkpoint belongs to another recipe or is not readable
"""

from restoration.errors import RestorationError


class TrainingError(RestorationError):
    """What went wrong in a training: what happened, to which recipe, folder or file, and what to do about it."""


class RecipeError(TrainingError):
    """A recipe that cannot be read, has unknown fields, or values outside their range."""


class DataError(TrainingError):
    """A data folder that is missing or holds no volume of the recipe's modality."""


class CheckpointError(TrainingError):
    """A checkpoint that is not readable or was written by another recipe."""
