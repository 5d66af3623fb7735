"""Attempts at small series without a database, and pipelines that are wrong on purpose."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from dicom_node.complete.stacks import split
from dicom_node.domain.series import Instance, SopUid
from dicom_node.domain.work import Recipe
from dicom_node.restore.attempt import Made, attempt
from dicom_node.restore.derive.making import Making
from dicom_node.restore.source import SourceFile, SourceStack, read_source
from dicom_node.sandbox.client import Header, Sandbox
from restoration import registry
from restoration.card import Card, load_card
from restoration.restorer import Restorer
from restoration.volume import FloatArray, Volume
from tests.support.phantoms import write_series

JOB_TIME = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
UNIT = {"CT": "HU", "MR": "signal", "PT": "Bq/mL", "DX": "exposure"}
PIPELINE = {"CT": "ct-nlm", "MR": "mr-nlm", "PT": "pet-denoise", "DX": "xr-denoise"}


class ExactMean:
    """Weighted mean of a pixel and its four neighbours: exact in float32 for whole numbers, on every machine."""

    def __init__(self, card: Card, change: Callable[[FloatArray], FloatArray] | None = None) -> None:
        self.card = card
        self.provenance = {"device": "cpu", "precision": "fp32"}
        self._change = change or exact_mean

    def restore(self, volume: Volume, *, strength: float) -> Volume:
        array = self._change(volume.array)
        if volume.padding is not None:
            array = np.where(volume.padding, volume.array, array)
        return volume.with_array(array)


def exact_mean(array: FloatArray) -> FloatArray:
    padded = np.pad(array, ((0, 0), (1, 1), (1, 1)), mode="edge")
    beside = padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:] + padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1]
    return np.asarray((4 * array + beside) / 8, dtype=np.float32)


def pipeline(modality: str = "CT", change: Callable[[FloatArray], FloatArray] | None = None) -> Restorer:
    """The classical pipeline of a modality, or one that does something else to the values."""
    name = PIPELINE[modality]
    return registry.load(name) if change is None else ExactMean(load_card(name), change)


def recipe(modality: str = "CT", **changes: object) -> Recipe:
    card = load_card(PIPELINE[modality])
    made = Recipe(
        pipeline=card.name,
        version=card.version,
        weights_sha256=card.weights_sha256,
        strength=75.0,
        label="DLR {SeriesDescription}",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def making(modality: str = "CT", **changes: object) -> Making:
    made = Making(
        recipe=recipe(modality),
        operation="denoise",
        reach=load_card(PIPELINE[modality]).reach,
        revision_digest="d" * 64,
        at=JOB_TIME,
        series_number=3091,
        ae_title="RESTORE",
        installation_id="00000000-0000-0000-0000-000000000001",
        known={},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def instances_of(paths: list[Path], sandbox: Sandbox) -> list[Instance]:
    """Register files as far as stacks need it."""
    return [
        Instance(
            id=number,
            sop_instance_uid=SopUid(_value(header, "SOPInstanceUID")),
            sop_class_uid=_value(header, "SOPClassUID"),
            transfer_syntax_uid=header.transfer_syntax_uid,
            path=str(header.path),
            sha256="",
            pixel_digest=header.pixel_digest,
            received_at=JOB_TIME,
            association_id=1,
            attributes=header.attributes,
        )
        for number, header in enumerate(sandbox.headers(paths), start=1)
        if isinstance(header, Header)
    ]


def _value(header: Header, keyword: str) -> str:
    item = header.attributes.get(keyword)
    return "" if item is None else str(item["value"][0])


def sources_of(instances: list[Instance], sandbox: Sandbox, unit: str) -> tuple[SourceStack, ...]:
    files = {
        item.id: SourceFile(
            instance_id=item.id,
            path=Path(item.path),
            sop_instance_uid=item.sop_instance_uid,
            sop_class_uid=item.sop_class_uid,
        )
        for item in instances
    }
    return read_source(split(instances), files, sandbox=sandbox, unit=unit)


@dataclass(frozen=True, kw_only=True)
class Tried:
    """An attempt with all that it was made from."""

    folder: Path
    source_paths: list[Path]
    sources: tuple[SourceStack, ...]
    making: Making
    made: Made


def try_files(
    paths: list[Path],
    folder: Path,
    sandbox: Sandbox,
    *,
    modality: str,
    restorer: Restorer | None = None,
    made_by: Making | None = None,
    unit: str = "",
) -> Tried:
    folder.mkdir(parents=True)
    sources = sources_of(instances_of(paths, sandbox), sandbox, unit or UNIT[modality])
    wanted = made_by or making(modality)
    made = attempt(sources, restorer or pipeline(modality), wanted, folder=folder, sandbox=sandbox)
    return Tried(folder=folder, source_paths=paths, sources=sources, making=wanted, made=made)


def try_series(series: list[Dataset], root: Path, sandbox: Sandbox, **options: object) -> Tried:
    paths = write_series(series, root / "source")
    modality = str(series[0].Modality)
    return try_files(paths, root / "derived", sandbox, modality=modality, **options)  # type: ignore[arg-type]
