"""What the validators of another maker say of files."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest


def said(program: str, paths: list[Path], *, together: bool = False) -> Counter[str]:
    """Lines of a validator without the names of files."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} of dicom3tools is not installed")
    lines: list[str] = []
    for group in [paths] if together else [[path] for path in paths]:
        done = subprocess.run([found, *map(str, group)], capture_output=True, timeout=120, check=False)
        lines += done.stderr.decode(errors="replace").splitlines()
    return Counter(re.sub(r" for file <.*", "", line) for line in lines)
