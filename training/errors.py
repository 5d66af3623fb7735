"""The error tree of the training package. Pure.

TrainingError
├── RecipeError        a recipe cannot be read or asks for what does not exist
├── DataError          the folder of training volumes is missing or holds nothing usable
└── CheckpointError    a checkpoint belongs to another recipe or is not readable
"""


class TrainingError(Exception):
    """What happened, to which object, and what to do about it.

    Parameters
    ----------
    happened
        One sentence without the subject.
    subject
        The recipe, folder or file it happened to.
    remedy
        What a person can do.
    """

    def __init__(self, *, happened: str, subject: str, remedy: str) -> None:
        super().__init__(f"{subject}: {happened}. {remedy}")
        self.happened = happened
        self.subject = subject
        self.remedy = remedy


class RecipeError(TrainingError):
    """A recipe that cannot be read, has unknown fields, or values outside their range."""


class DataError(TrainingError):
    """A data folder that is missing or holds no volume of the recipe's modality."""


class CheckpointError(TrainingError):
    """A checkpoint that is not readable or was written by another recipe."""
