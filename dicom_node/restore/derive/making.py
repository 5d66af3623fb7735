"""What is the same for all objects of one attempt: recipe, time, number, who makes them. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dicom_node import VERSION
from dicom_node.domain.marks import MODEL_NAME
from dicom_node.domain.work import Recipe
from dicom_node.restore.derive.label import replacing
from dicom_node.restore.derive.references import SeriesOf

STEPS: Final = {"denoise": ("113087", "DCM", "Smoothing")}
"""Operation of a card to its code of CID 7203, which knows no learned denoising."""


@dataclass(frozen=True, kw_only=True)
class Making:
    """What all objects of one attempt share.

    Attributes
    ----------
    recipe
        Pipeline, strength, label, equipment, qualification.
    operation
        Of the card; a key of `STEPS`.
    reach
        Slices on either side that the pipeline looks at.
    revision_digest
        Of the cut that is restored.
    at
        Time of the job's row, aware, in the node's zone: the same at every attempt.
    series_number
        Of the derived series.
    replaces
        Series Number of an earlier result that a destination already holds, and that this one replaces.
    ae_title, installation_id
        Of the node.
    known
        Series of the study's instances that the sources refer to.
    """

    recipe: Recipe
    operation: str
    reach: int
    revision_digest: str
    at: datetime
    series_number: int
    ae_title: str
    installation_id: str
    known: SeriesOf
    replaces: int | None = None

    @property
    def label(self) -> str:
        """Template of Series Description (0008,103E)."""
        return replacing(self.recipe.label, self.replaces)

    @property
    def versions(self) -> tuple[str, ...]:
        """Software Versions (0018,1020): node, pipeline, weights."""
        return (
            f"{MODEL_NAME} {VERSION}",
            f"{self.recipe.pipeline} {self.recipe.version}",
            f"weights {self.recipe.weights_sha256[:12] or 'none'}",
        )

    @property
    def description(self) -> str:
        """Derivation Description (0008,2111) of this step alone."""
        weights = self.recipe.weights_sha256[:12] or "none"
        return f"{self.recipe.pipeline} {self.recipe.version}, strength {self.recipe.strength:g} %, weights {weights}"
