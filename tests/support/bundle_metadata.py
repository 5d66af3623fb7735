"""What MONAI demands of a bundle's ``metadata.json``, to check it without a network.

Written down from the MONAI Bundle Specification (docs.monai.io, «metadata.json File»): mandatory keys, and the keys of
a tensor's format. Keys beyond these are allowed, as there.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(min_length=1)]
Version = Annotated[str, Field(pattern=r"^\d+\.\d+(\.\d+)?([.+-]\w+)*$")]
Side = Annotated[int, Field(ge=1)] | Annotated[str, Field(pattern=r"^[\d\s*+n-z()-]+$")]
"""A size, or an expression in unknown numbers that it must be."""


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class TensorFormat(_Open):
    """What a tensor means."""

    type: Literal["image", "series", "tuples", "probabilities"]
    format: Text
    modality: Text = "n/a"
    num_channels: Annotated[int, Field(ge=1)]
    spatial_shape: Annotated[list[Side], Field(min_length=1, max_length=3)]
    dtype: Literal["float16", "float32", "float64", "int32", "int64", "uint8"]
    value_range: Annotated[list[float], Field(max_length=2)]
    is_patch_data: bool
    channel_def: dict[str, Text]


class DataFormat(_Open):
    """Tensors by name."""

    inputs: Annotated[dict[str, TensorFormat], Field(min_length=1)]
    outputs: Annotated[dict[str, TensorFormat], Field(min_length=1)]


class Metadata(_Open):
    """The file."""

    schema_url: Annotated[str, Field(alias="schema", pattern=r"^https://")]
    version: Version
    changelog: dict[Version, Text]
    monai_version: Version
    pytorch_version: Version
    numpy_version: Version
    required_packages_version: dict[str, Version]
    task: Text
    description: Text
    authors: Text
    copyright: Text
    intended_use: Text
    network_data_format: DataFormat
