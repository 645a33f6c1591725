"""What files that would grow cost to answer: processor seconds and peak memory of a cold check, beside the limits."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.growth import cold_check
from benchmarks.hostile import HOSTILE, Hostile
from benchmarks.measure import Case, Row
from tests.fuzz.test_attacks import ATTACKS, HEAD

_SECONDS, _BYTES = 2.0, 300e6
_CONV = "{Conv2d: {out_channels: 4, kernel_size: 1}, repeat: 15500}"
_RESIDUAL = (
    "blocks: {b: {params: {c: 4}, layers: {a: {Conv2d: {out_channels: $c, kernel_size: 1}}, n: BatchNorm2d, r: ReLU, "
    "s: {add: [r, input]}}}}\nlayers: [{b: {}, repeat: 2900}]\n"
)
_DENSE = (
    "blocks: {b: {layers: {c: {Conv2d: {out_channels: 4, kernel_size: 1}}, k: {concat: [input, c]}}}}\n"
    "layers: [{b: {}, repeat: 4400}]\n"
)
LARGE = {
    "as many layers as are accepted": f"{HEAD}layers: [{_CONV}]\n",
    "one more copy than are accepted": f"{HEAD}layers: [{_CONV.replace('15500', '16000')}, ReLU]\n",
    "as many entries as are accepted": f"{HEAD}layers:\n" + "".join(f"  a{n}: ReLU\n" for n in range(15_500)),
    "entries that nothing uses": f"{HEAD}layers:\n"
    + "".join(f"  a{n}: {{ReLU: , from: input}}\n" for n in range(15_500)),
    "copies that all differ": HEAD.replace("8, 8", "60000, 4")
    + "layers: [{Conv2d: {out_channels: 4, kernel_size: [3, 1]}, repeat: 15500}]\n",
    "blocks with a shortcut": HEAD + _RESIDUAL,
    "blocks that grow wider": HEAD + _DENSE,
    "a layer called again": f"{HEAD}layers:\n  a: {{Conv2d: {{out_channels: 4, kernel_size: 1}}}}\n"
    "  b: {use: a, repeat: 15500}\n",
    "branches in every copy": f"{HEAD}layers: [{{branches: [{', '.join(['ReLU'] * 20)}], merge: add, repeat: 720}}]\n",
    "transformers": "archspec: 1\ninput: [8, 16]\n"
    "layers: [{TransformerEncoderLayer: {nhead: 2, batch_first: true}, repeat: 8000}]\n",
}
"""Near the limit of layers, on either side of it."""


def cases() -> Iterator[Case]:
    """One, on Linux."""
    if sys.platform == "linux":
        yield Case("limits", _rows)


def _rows(effort: float) -> Iterator[Row]:
    """One cold process each: the worse of seconds and bytes, each over its limit."""
    specs = {name: Hostile(text) for name, (text, _) in ATTACKS.items()}
    specs |= {name: Hostile(text) for name, text in LARGE.items()} | HOSTILE
    with tempfile.TemporaryDirectory() as folder:
        for name, spec in specs.items():
            path = Path(folder) / f"net{spec.suffix}"
            for inner, text in {path.name: spec.text, **spec.beside}.items():
                (path.parent / inner).write_text(text, encoding="utf-8")
            seconds, memory = cold_check(path)
            share = max(seconds / _SECONDS, memory / _BYTES)
            yield Row(f"check of {name} / 2 s, 300 MB", f"{seconds:.2f} s", f"{memory / 1e6:.0f} MB", share, (0.0, 1.0))
