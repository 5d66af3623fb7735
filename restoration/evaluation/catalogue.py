"""Which protocol measures which pipeline: chosen by what the card says it does. Pure."""

from restoration.card import Card
from restoration.errors import InputError
from restoration.evaluation.bench import Task
from restoration.evaluation.tasks import ct, motion, mr, pet, super_resolution, xray

_TASKS = {
    ("denoise", "HU"): ct.task,
    ("denoise", "signal"): mr.task,
    ("denoise", "Bq/mL"): pet.task,
    ("denoise", "exposure"): xray.task,
    ("super-resolution", "signal"): super_resolution.task,
    ("motion-correction", "signal"): motion.task,
}


def task_for(card: Card) -> Task:
    """Return the protocol for a pipeline.

    Raises
    ------
    InputError
        No evaluation is defined for what the card says.
    """
    make = _TASKS.get((card.operation, card.unit))
    if make is None:
        known = ", ".join(f"{operation} of {unit}" for operation, unit in sorted(_TASKS))
        raise InputError(
            happened=f"no evaluation is defined for {card.operation} of {card.unit}",
            subject=card.name,
            remedy=f"There are: {known}.",
        )
    return make(card)
