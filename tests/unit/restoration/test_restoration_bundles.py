"""Shipped network bundles are MONAI bundles: their metadata are whole, and MONAI itself runs them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser

from restoration.card import BUNDLES, load_card, names
from restoration.inference.network import load_network
from restoration.inference.precision import Precision
from restoration.networks.noise_map import noise_map
from tests.support.bundle_metadata import Metadata

NETWORKS = [name for name in names() if load_card(name).kind == "network"]
EVERY = pytest.mark.parametrize("name", NETWORKS)


def read(name: str, file: str) -> Any:
    return json.loads((BUNDLES / name / "configs" / file).read_text(encoding="utf-8"))


def test_there_are_network_bundles() -> None:
    assert {"ct-denoise", "mr-denoise"} <= set(NETWORKS)


@EVERY
def test_a_bundle_has_the_files_of_the_specification_and_is_small(name: str) -> None:
    bundle = BUNDLES / name
    wanted = {Path("configs/metadata.json"), Path("configs/inference.json"), Path("docs/README.md")}
    weights = {Path("models/model.safetensors")}
    files = {path.relative_to(bundle) for path in bundle.rglob("*") if path.is_file()}
    assert wanted | weights | {Path("card.json")} == files
    assert (bundle / "models" / "model.safetensors").stat().st_size <= 5_000_000


@EVERY
def test_the_metadata_are_whole(name: str) -> None:
    metadata = Metadata.model_validate(read(name, "metadata.json"))
    card = load_card(name)
    assert metadata.version == card.version
    assert card.version in metadata.changelog
    image, sigma = (metadata.network_data_format.inputs[key] for key in ("image", "sigma"))
    answer = metadata.network_data_format.outputs["pred"]
    assert (image.num_channels, sigma.num_channels, answer.num_channels) == (card.slab, 1, 1)
    for tensor in (image, sigma, answer):
        assert [int(index) for index in tensor.channel_def] == list(range(tensor.num_channels))


@EVERY
def test_card_and_configuration_name_the_same_network(name: str) -> None:
    definition = dict(read(name, "inference.json")["network_def"])
    definition["name"] = definition.pop("_target_").rpartition(".")[2]
    assert definition == load_card(name).parameters["network"]


@EVERY
def test_monai_runs_it_and_sees_what_we_see(name: str) -> None:
    card = load_card(name)
    parser = ConfigParser()
    parser.read_config(BUNDLES / name / "configs" / "inference.json")
    parser["bundle_root"] = str(BUNDLES / name)
    parser.get_parsed_content("load")
    network = parser.get_parsed_content("network_def").eval()
    images = np.random.default_rng(0).normal(0.5, 0.25, (2, card.slab, 64, 72)).astype(np.float32)
    middle = torch.from_numpy(images[:, card.slab // 2, None])
    with torch.no_grad():
        theirs = network(torch.from_numpy(images), noise_map(middle))[:, 0].numpy()
    ours = replace(load_network(card, BUNDLES / name, device="cpu"), precision=Precision.FLOAT32)(images)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
