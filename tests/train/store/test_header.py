"""Equal weights with equal metadata are equal bytes, whoever writes them."""

import json
import subprocess
import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from archspec.train.store.header import order_metadata
from archspec.train.store.run_folder import RunFolder

METADATA = {"spec": 'name: "Ä" \\ \b\f\n\r\t\x00\x1f \u2028', "format": "pt", "a": "1", "b": "2", "c": "3"}
TENSORS = {"x": torch.arange(6.0).view(2, 3), "é": torch.tensor([True])}


def test_the_order_is_that_of_the_names_and_nothing_else_changes(tmp_path):
    save_file(TENSORS, tmp_path / "file", METADATA)
    order_metadata(tmp_path / "file")
    length = int.from_bytes((tmp_path / "file").read_bytes()[:8], "little")
    header = json.loads((tmp_path / "file").read_bytes()[8 : 8 + length])
    assert list(header["__metadata__"]) == sorted(METADATA)
    with safe_open(tmp_path / "file", "pt") as file:
        assert file.metadata() == METADATA
    loaded = load_file(tmp_path / "file")
    assert all(torch.equal(loaded[name], tensor) for name, tensor in TENSORS.items())


def test_another_process_writes_the_same_bytes(tmp_path):
    RunFolder(tmp_path, METADATA).save_weights("here", {"x": TENSORS["x"]})
    code = (
        "import torch, pathlib, sys\nfrom archspec.train.store.run_folder import RunFolder\n"
        f"folder = RunFolder(pathlib.Path(sys.argv[1]), {METADATA!r})\n"
        "folder.save_weights('there', {'x': torch.arange(6.0).view(2, 3)})"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)
    assert (tmp_path / "here").read_bytes() == (tmp_path / "there").read_bytes()
