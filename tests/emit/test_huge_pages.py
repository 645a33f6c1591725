"""Memory of large tensors is asked for in huge pages; Linux itself is asked whether it heard."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

import archspec

_MAPS = Path("/proc/self/smaps")
_WIDE = "archspec: 1\ninput: [1024]\nlayers: {wide: {Linear: 4096}, narrow: {Linear: 8}}\n"


def _flags(tensor: torch.Tensor) -> list[str]:
    """The kernel's flags of the memory in the middle of a tensor."""
    middle = tensor.data_ptr() + tensor.nbytes // 2
    inside = False
    for line in _MAPS.read_text().splitlines():
        if bounds := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            inside = int(bounds[1], 16) <= middle < int(bounds[2], 16)
        elif inside and line.startswith("VmFlags:"):
            return line.split()[1:]
    raise LookupError(hex(middle))


@pytest.mark.skipif(not Path("/sys/kernel/mm/transparent_hugepage").exists(), reason="this kernel has no huge pages")
@pytest.mark.parametrize("loaded", [False, True])
def test_of_a_large_parameter(loaded: bool, tmp_path: Path) -> None:
    architecture = archspec.load(_WIDE)
    module = architecture.build()
    if loaded:
        architecture.save_weights(module, tmp_path / "wide.safetensors")
        module = archspec.from_file(tmp_path / "wide.safetensors")
    assert "hg" in _flags(module.wide.weight)
