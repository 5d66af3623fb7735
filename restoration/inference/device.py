"""Which device a network runs on. Touches: torch (asks for GPUs)."""

import re

import torch

from restoration.errors import DeviceError


def chosen_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda`` or ``cuda:<n>`` into a device that is there.

    Raises
    ------
    DeviceError
        The name is unknown, or this machine has no such device.
    """
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    if not re.fullmatch(r"cuda(:\d+)?", name):
        raise DeviceError(happened="unknown device", subject=name, remedy="Give auto, cpu, cuda or cuda:<n>.")
    device = torch.device(name if ":" in name else "cuda:0")
    if (device.index or 0) >= torch.cuda.device_count():
        raise DeviceError(
            happened=f"this machine has {torch.cuda.device_count()} GPUs",
            subject=name,
            remedy="Give cpu or auto, or install a torch build for the GPU.",
        )
    return device
