"""Faulty specs that a document cannot hold: other bytes, other kinds of files, and very large ones.

Each function writes into the current folder and returns the path of the spec.
"""

from __future__ import annotations

import json
import os
import struct
import zipfile
from pathlib import Path

import torch

SPEC = "archspec: 1\nname: Net\ninput: [3, 8, 8]\nlayers: {flatten: Flatten, fc: {Linear: 10}}\n"
_HEAD = "archspec: 1\ninput: [3]\nlayers:\n"


def _bytes(content: bytes, name: str = "net.yaml") -> str:
    Path(name).write_bytes(content)
    return name


def _text(content: str) -> str:
    return _bytes(content.encode())


def _expression(text: str) -> str:
    return _text(f"{_HEAD}  fc: {{Linear: $({text})}}\n")


def utf_16() -> str:
    return _bytes(SPEC.encode("utf-16"))


def utf_16_without_mark() -> str:
    return _bytes(SPEC.encode("utf-16-le"))


def latin_1() -> str:
    return _bytes(SPEC.replace("Net", "Réseau").encode("latin-1"))


def bell() -> str:
    return _text(SPEC.replace("Net", "N\x07et"))


def directory() -> str:
    os.mkdir("nets")
    Path("nets/resnet.yaml").write_text(SPEC)
    return "nets"


def pipe() -> str:
    os.mkfifo("net.yaml")
    return "net.yaml"


def endless_device() -> str:
    return "/dev/zero"


def three_gigabytes() -> str:
    with open("net.yaml", "wb") as file:
        file.truncate(3 * 2**30)  # no block of it is stored
    return "net.yaml"


def two_hundred_thousand_minuses() -> str:
    return _expression("-" * 200_000 + "1")


def hundred_thousand_sums() -> str:
    return _expression("1" + "+1" * 100_000)


def three_hundred_minuses() -> str:
    return _expression("-" * 300 + "1")


def deep_parentheses() -> str:
    return _expression("(" * 40 + "1" + ")" * 40)


def thousand_blocks_in_each_other() -> str:
    blocks = "".join(f"  b{depth}: {{layers: [b{depth + 1}]}}\n" for depth in range(1000))
    return _text(f"archspec: 1\ninput: [3]\nblocks:\n{blocks}  b1000: {{layers: [ReLU]}}\nlayers: [b0]\n")


def thousand_brackets() -> str:
    return _text("archspec: 1\ninput: [3]\nlayers: " + "[" * 1000 + "ReLU" + "]" * 1000 + "\n")


def doubling_blocks() -> str:
    blocks = "".join(f"  b{depth}: {{layers: [b{depth + 1}, b{depth + 1}]}}\n" for depth in range(40))
    return _text(f"archspec: 1\ninput: [3]\nblocks:\n{blocks}  b40: {{layers: [ReLU]}}\nlayers: [b0]\n")


def fifty_kilobyte_name() -> str:
    return _text(f"{_HEAD}  {'a' * 50_000}: ReLU\n")


def million_character_key() -> str:
    return _text(f"archspec: 1\n{'k' * 1_000_000}: 3\ninput: [3]\nlayers: [ReLU]\n")


def thousand_character_argument() -> str:
    return _text(f"{_HEAD}  fc: {{Linear: {{out_features: 3, {'k' * 1000}: 3}}}}\n")


def forty_uses_of_nothing() -> str:
    return _text(_HEAD + "".join(f"  l{index}: {{add: [input, ghost]}}\n" for index in range(40)))


def forty_uses_of_a_missing_block() -> str:
    return _text(_HEAD + "".join(f"  l{index}: {{BasicBlock: {{width: 3}}}}\n" for index in range(40)))


def forty_uses_of_a_missing_variable() -> str:
    return _text(_HEAD + "".join(f"  l{index}: {{Linear: $hidden_size}}\n" for index in range(40)))


def carriage_returns() -> str:
    return _bytes(SPEC.replace("\n", "\r\n").encode())


def byte_order_mark() -> str:
    return _bytes(b"\xef\xbb\xbf" + SPEC.encode())


def no_last_line_break() -> str:
    return _text(SPEC.rstrip("\n"))


def tabs_in_comments() -> str:
    return _text(SPEC.replace("\n", "\t# a\tcomment\n") + "\n\n\n#\tthe end")


def nine_hundred_kilobytes() -> str:
    lines = [f"  l{index}: {{Identity: , from: previous}}   # layer {index}\n" for index in range(15_000)]
    text = "archspec: 1\ninput: [8]\nlayers:\n" + "".join(lines)
    return _text(text + "#" * (900_000 - len(text)) + "\n")


_WEIGHTED = "archspec: 1\ninput: [4]\nlayers: {fc: {Linear: 3}}\nweights: "


def _safetensors(header: dict[str, object], content: bytes) -> None:
    text = json.dumps(header).encode()
    Path("net.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + content)


def shape_bomb() -> str:
    shape = {"dtype": "F32", "shape": [1_000_000, 1_000_000], "data_offsets": [0, 4]}
    _safetensors({"fc.weight": shape}, bytes(4))
    return _text(f"{_WEIGHTED}net.safetensors\n")


def zip_bomb() -> str:
    with zipfile.ZipFile("net.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data.pkl", bytes(10_000_000))
    return _text(f"{_WEIGHTED}net.pt\n")


def zero_stride_bomb() -> str:
    torch.save({"fc.weight": torch.zeros(1).expand(1_000_000, 1_000_000)}, "net.pt")
    return _text(f"{_WEIGHTED}net.pt\n")


_HERE = "archspec: 1\nimport: [{}]\ninput: [3]\nlayers: [ReLU]\n"


def _spec_beside(folder: str) -> str:
    """A spec in a folder of its own, with another folder beside it that is none of its business."""
    Path("elsewhere").mkdir(exist_ok=True)
    Path("elsewhere/blocks.yaml").write_text("archspec: 1\nblocks: {stem: {layers: [ReLU]}}\n")
    Path("mine").mkdir(exist_ok=True)
    Path("mine/net.yaml").write_text(_HERE.format(folder))
    return "mine/net.yaml"


def link_out() -> str:
    path = _spec_beside("blocks.yaml")
    Path("mine/blocks.yaml").symlink_to(Path("elsewhere/blocks.yaml").resolve())
    return path


def folder_link_out() -> str:
    path = _spec_beside("parts/blocks.yaml")
    Path("mine/parts").symlink_to(Path("elsewhere").resolve())
    return path


def weights_folder() -> str:
    Path("models").mkdir(exist_ok=True)
    return _text(f"{_WEIGHTED}models\n")


def weights_empty() -> str:
    Path("net.safetensors").write_bytes(b"")
    return _text(f"{_WEIGHTED}net.safetensors\n")


def weights_cut_off() -> str:
    _safetensors({"fc.weight": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]}}, bytes(20))
    return _text(f"{_WEIGHTED}net.safetensors\n")


def weights_of_another_sum() -> str:
    _safetensors({"fc.bias": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}, bytes(12))
    return _text(f'{_WEIGHTED}{{path: net.safetensors, sha256: "{"0" * 64}"}}\n')
