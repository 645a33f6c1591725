"""Random inputs: mutated bytes, mutated trees, expressions, and good specs a little changed. One seed, one input."""

from __future__ import annotations

import copy
import functools
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from archspec.compiler import compile_text
from archspec.errors import SourceText, SpecError
from archspec.ops.registry import kinds
from archspec.source import plain, read
from archspec.spec.document import MODIFIERS
from tests.fuzz.mutate import text_of
from tests.fuzz.shrink import at, places
from tests.fuzz.texts_of_files import of_any_kinds, overlay

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(?:yaml|json)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SIGNS = [*"{}[]:,#&*!|>'\"%@`?-$()\n\t \r\\~<=.", "\u00e9", "\u0441", "\u200b", "\u202e", "\u2028", "\x00", "\ufeff"]
_WORDS = ["<<: *a", "&a ", "*a", "!!str ", "- ", ": ", "$(", "${", "$$", "null", "1e999", ".inf", "0x", "017", "---\n"]
_NUMBERS = [0, 1, -1, 2, 3, 7, 64, 2**31, 2**53, 2**53 + 1, -(2**63), 10**30, 0.5, -0.0, 1e308, 1e-320, True, None]
_BIG = 200_000


class Input(NamedTuple):
    """What is put into a file. `sort` says how it was made, `seed` makes it again."""

    sort: str
    seed: int
    content: bytes
    suffix: str


@functools.cache
def corpus() -> tuple[str, ...]:
    """The specs, the faulty cases and the documents' examples, as YAML texts."""
    files = [*sorted(ROOT.glob("specs/**/*.yaml")), *sorted(ROOT.glob("recipes/*.yaml"))]
    files += sorted(path for path in ROOT.glob("tests/diagnostics/**/*.yaml") if path.is_file())
    files += sorted(ROOT.glob("tests/fuzz/found/*.yaml"))
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in files]
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        texts += _FENCE.findall(page.read_text(encoding="utf-8"))
    return tuple(texts)


@functools.cache
def trees() -> tuple[dict[str, Any], ...]:
    """Those of the corpus that can be read as mappings."""
    found = []
    for text in corpus():
        try:
            data = plain(read(SourceText("x.yaml", text)))
        except SpecError:
            continue
        if isinstance(data, dict):
            found.append(data)
    return tuple(found)


def random_input(seed: int) -> Input:
    """The input of a seed."""
    draw = random.Random(seed)
    sort, make = draw.choice(list(_SORTS.items()))
    content, suffix = make(draw)
    return Input(sort, seed, content, suffix)


def _written(data: Any, draw: random.Random) -> tuple[str, str]:
    if draw.random() < 0.5:
        return json.dumps(data, indent=draw.choice([None, 2]), ensure_ascii=draw.random() < 0.5), ".json"
    try:
        return text_of(data), ".yaml"
    except yaml.YAMLError:
        return json.dumps(data), ".yaml"


def _mutated_bytes(draw: random.Random) -> tuple[bytes, str]:
    text, suffix = draw.choice(corpus()), ".yaml"
    if draw.random() < 0.4:
        text, suffix = _written(draw.choice(trees()), draw)
    content = text.encode()
    for _ in range(draw.choice([1, 1, 2, 3, 8, 30])):
        content = _mutated(content, draw)
    return content[: 5 * 2**20], suffix


def _mutated(content: bytes, draw: random.Random) -> bytes:
    """One piece flipped, put in, cut out, moved, taken from elsewhere, or repeated."""
    start = draw.randrange(len(content) + 1)
    end = min(len(content), start + draw.choice([0, 1, 1, 2, 5, 20, 200]))
    piece = content[start:end]
    other = draw.choice(corpus()).encode()
    begin = draw.randrange(len(other) + 1)
    put = draw.choice(
        [
            bytes([draw.randrange(256)]),
            draw.choice(_SIGNS).encode(),
            draw.choice(_WORDS).encode(),
            str(draw.choice(_NUMBERS)).encode(),
            b"",
            piece + piece,
            piece[::-1],
            other[begin : begin + draw.choice([3, 30, 300])],
            (piece or b"[") * draw.choice([2, 70, 3_000]),
        ]
    )
    return content[:start] + put[:_BIG] + content[end:]


def _mutated_tree(draw: random.Random) -> tuple[bytes, str]:
    data = copy.deepcopy(draw.choice(trees()))
    for _ in range(draw.choice([1, 1, 2, 4, 12])):
        _change(data, draw)
    text, suffix = _written(data, draw)
    return text.encode(errors="replace"), suffix


def _change(data: dict[str, Any], draw: random.Random) -> None:
    """One place deleted, replaced, renamed or copied to another; where both are containers, possibly shared."""
    where = draw.choice(list(places(data)) or [()])
    if not where:
        return
    holder, key = at(data, where[:-1]), where[-1]
    kind = draw.randrange(5)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[_name(draw)] = holder.pop(key)
    elif kind == 2:
        source = draw.choice(trees())
        holder[key] = copy.deepcopy(at(source, draw.choice(list(places(source)) or [()])))
    elif kind == 3 and isinstance(holder, dict):
        holder[_name(draw)] = copy.deepcopy(holder[key])
    else:
        holder[key] = _value(draw)


def _name(draw: random.Random) -> str:
    words = [*MODIFIERS, *kinds(), "layers", "branches", "use", "archspec", "input", "inputs", "vars", "blocks"]
    words += ["outputs", "init", "train", "", "a.b", "forward", "training", "сonv", "x" * 500, "$(stage)", "l$(stage)"]
    return draw.choice(words)


def _value(draw: random.Random, depth: int = 0) -> Any:
    kind = draw.randrange(9 if depth < 3 else 6)
    if kind < 2:
        return draw.choice(_NUMBERS)
    if kind < 4:
        return f"$({_expression(draw, 3)})"
    if kind == 4:
        return draw.choice(["64", "N", "$n", "", "x" * 3_000, "input", "previous", "é\u0301", "a -> b", "..."])
    if kind == 5:
        return _name(draw)
    if kind == 6:
        return [_value(draw, depth + 1) for _ in range(draw.randrange(5))]
    return {_name(draw): _value(draw, depth + 1) for _ in range(draw.randrange(4))}


_OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", ">=", "in", "not in", "and", "or", "<<", "is"]
_CALLS = [
    "min",
    "max",
    "abs",
    "round",
    "floor",
    "ceil",
    "int",
    "float",
    "log",
    "sum",
    "len",
    "make_divisible",
    "eval",
    "open",
]
_ATOMS = [
    "0",
    "1",
    "2",
    "64",
    "0.5",
    "1e308",
    "9007199254740992",
    "n",
    "xs",
    "index",
    "count",
    "s",
    "flag",
    "input",
    "true",
    "null",
    "''",
]


def _expression(draw: random.Random, depth: int) -> str:
    """One by the grammar, with a little beside it."""
    if depth <= 0 or draw.random() < 0.2:
        return draw.choice(_ATOMS)

    def inner() -> str:
        return _expression(draw, depth - 1)

    shape = draw.randrange(9)
    if shape < 3:
        return f"{inner()} {draw.choice(_OPERATORS)} {inner()}"
    if shape == 3:
        return f"{draw.choice(['-', '+', 'not ', '~'])}{inner()}"
    if shape == 4:
        return f"({inner()})"
    if shape == 5:
        return f"{draw.choice(_CALLS)}({', '.join(inner() for _ in range(draw.randrange(4)))})"
    if shape == 6:
        return f"[{', '.join(inner() for _ in range(draw.randrange(5)))}]"
    if shape == 7:
        return f"{inner()} if {inner()} else {inner()}"
    return inner() + draw.choice(
        [f"[{inner()}]", ".channels", ".shape", ".shape[1]", ".height", ".features", ".__class__", "()", ".x"]
    )


def _expressions(draw: random.Random) -> tuple[bytes, str]:
    """A spec with expressions where numbers, words and lists are wanted."""
    texts = [_expression(draw, draw.choice([1, 2, 4, 7])) for _ in range(6)]
    if draw.random() < 0.5:
        texts = [_mutated(text.encode(), draw).decode(errors="replace") for text in texts]
    one, two, three, four, five, six = (f"$({text})" if draw.random() < 0.9 else f"a$({text})$n" for text in texts)
    layers = {"conv": {"Conv2d": {"out_channels": two, "kernel_size": three, "padding": [four, 1]}}, "act": "ReLU"}
    layers["many"] = {"ReLU": {}, "repeat": five, "when": six}
    spec = {"archspec": 1, "input": [4, 8, 8], "vars": {"n": 8, "xs": [1, 2], "s": "a", "flag": True, "a": one}}
    text, suffix = _written({**spec, "layers": layers}, draw)
    return text.encode(errors="replace"), suffix


_ALIKE = ("ReLU", "GELU", "SiLU", "Tanh", "Sigmoid", "Identity", "ELU", "Softplus", "Hardswish", "Mish")


@functools.cache
def _accepted() -> tuple[dict[str, Any], ...]:
    """Those of the trees that the checker takes as they are."""
    texts = (text_of(tree) + "\n" for tree in trees())
    return tuple(tree for tree, text in zip(trees(), texts, strict=True) if not _refused(text))


def _refused(text: str) -> bool:
    return any(fault.severity == "error" for fault in compile_text(SourceText("x.yaml", text)).diagnostics)


def _gentle(draw: random.Random) -> tuple[bytes, str]:
    """A good spec with a few values a little different: most of them are good too, and go all the way."""
    data = copy.deepcopy(draw.choice(_accepted()))
    for _ in range(draw.choice([1, 1, 2, 3])):
        where = draw.choice([place for place in places(data) if place])
        holder, key = at(data, where[:-1]), where[-1]
        holder[key] = _alike(holder[key], draw)
        if isinstance(holder, list) and draw.random() < 0.3:
            holder.insert(int(key), copy.deepcopy(holder[key]))
    text, suffix = _written(data, draw)
    return text.encode(errors="replace"), suffix


def _alike(value: Any, draw: random.Random) -> Any:
    """Another value of the same type, near to this one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return draw.choice([value + 1, max(1, value - 1), value * 2, max(1, value // 2), f"$({value} + 0)"])
    if isinstance(value, float):
        return value * draw.choice([0.5, 0.99, 2])
    if value in _ALIKE:
        return draw.choice(_ALIKE)
    if isinstance(value, dict) and len(value) == 1 and draw.random() < 0.5:
        return {**value, **draw.choice([{"repeat": 2}, {"when": "$(1 < 2)"}, {"skip": "add"}])}
    return value


def _overlays(draw: random.Random) -> tuple[bytes, str]:
    """Specs on top of others, half of them with something wrong beside it."""
    return _perhaps_changed(overlay(draw), draw)


def _of_kinds(draw: random.Random) -> tuple[bytes, str]:
    """Specs of every kind that there is, half of them with something wrong beside it."""
    return _perhaps_changed(of_any_kinds(draw), draw)


def _perhaps_changed(data: dict[str, Any], draw: random.Random) -> tuple[bytes, str]:
    for _ in range(draw.choice([0, 0, 1, 3])):
        _change(data, draw)
    text, suffix = _written(data, draw)
    return text.encode(errors="replace"), suffix


_SORTS: dict[str, Callable[[random.Random], tuple[bytes, str]]] = {
    "bytes": _mutated_bytes,
    "tree": _mutated_tree,
    "expressions": _expressions,
    "gentle": _gentle,
    "overlay": _overlays,
    "kinds": _of_kinds,
}
