import pytest
import torch

from restoration.networks.redcnn import SMALLEST_SIDE, RedCnn


@pytest.fixture
def network() -> RedCnn:
    torch.manual_seed(0)
    return RedCnn(channels=8).eval()


@pytest.mark.parametrize("shape", [(1, 1, 21, 21), (2, 1, 30, 47)], ids=str)
def test_the_picture_keeps_its_shape(network: RedCnn, shape: tuple[int, ...]) -> None:
    picture = torch.randn(shape)
    with torch.no_grad():
        assert network(picture, picture).shape == shape


def test_it_has_the_layers_of_the_paper() -> None:
    kernels = [tuple(layer.weight.shape) for layer in (*RedCnn(96).downs, *RedCnn(96).ups)]
    assert kernels == [(96, 1, 5, 5), *[(96, 96, 5, 5)] * 8, (96, 1, 5, 5)]


def test_it_is_blind_to_the_noise_map(network: RedCnn) -> None:
    picture = torch.randn(1, 1, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(network(picture, picture), network(picture, 0 * picture), rtol=0, atol=0)


def test_without_weights_the_picture_comes_back_signs_and_all(network: RedCnn) -> None:
    for value in network.parameters():
        torch.nn.init.zeros_(value)
    picture = torch.randn(1, 1, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(network(picture, picture), picture, rtol=0, atol=0)


def test_it_can_be_trained(network: RedCnn) -> None:
    picture = torch.randn(1, 1, 32, 32)
    network(picture, picture).square().mean().backward()
    assert all(value.grad is not None for value in network.parameters())


def test_a_picture_that_is_too_small_is_an_error(network: RedCnn) -> None:
    picture = torch.randn(1, 1, SMALLEST_SIDE - 1, 64)
    with pytest.raises(RuntimeError):
        network(picture, picture)
