"""Faulty specs that a document cannot hold: other bytes, other kinds of files, and very large ones.

Each function writes into the current folder and returns the path of the spec.
"""

from __future__ import annotations

import os
from pathlib import Path

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
    lines = [f"  l{index}: {{Identity: , from: previous}}   # layer {index}\n" for index in range(17_000)]
    text = "archspec: 1\ninput: [8]\nlayers:\n" + "".join(lines)
    return _text(text + "#" * (900_000 - len(text)) + "\n")
