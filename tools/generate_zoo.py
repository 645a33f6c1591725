"""Rewrites docs/zoo.md: the specs in specs/, what they cost, and how long they are beside the module that they replace.

Run: python -m tools.generate_zoo
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

import archspec
from tests.zoo.cases import CASES
from tests.zoo.measure import module_length, yaml_length
from tests.zoo.published import PUBLISHED

DOC = Path(__file__).parents[1] / "docs" / "zoo.md"

_HEAD = """# The zoo

The specs in [specs/](../specs). Each is held to a hand-written network by a test: the same state-dict keys, shapes and
order, bit-equal outputs in eval mode and equal gradients in training mode after its weights are copied, the same number
of parameters and of multiply-accumulates as torch counts.

`archspec build zoo:vgg` builds one; what stands behind `--set` makes it another member of its family.

The length of a spec is that of its YAML, without comments, blank lines and its `train` section, with what it extends
and the blocks that it imports. The length of a module is that of the classes of which the network is made and of the
functions and numbers that these need, with the lines that import `torch`, `F`, `nn` and `Tensor` where it uses them,
since it cannot stand without. Comments, docstrings, other imports, weights, and what only other members of the family
need are not counted ([measure.py](../tests/zoo/measure.py) has the rule).

| spec | input | parameters | MACs | YAML | module | ratio | equal to |
|---|---|---:|---:|---:|---:|---:|---|
"""


def page() -> str:
    """The text of docs/zoo.md."""
    return _HEAD + "\n".join(_rows()) + "\n"


def _rows() -> Iterator[str]:
    for case in CASES:
        with torch.device("meta"):
            original = case.original()
        yield _row(case.path, {}, yaml_length(case.path), module_length(original), _whose(original))
    for network in PUBLISHED:
        with torch.device("meta"):
            original = network.original()
        length = module_length(original, numbers=network.numbers, member=network.member, parts=network.parts)
        yield _row(network.path, network.vars, yaml_length(network.path), length, network.published)


def _row(path: Path, variables: Mapping[str, Any], yaml: int, module: int, equal_to: str) -> str:
    architecture = archspec.load(path, **variables)
    inputs = ", ".join("×".join(map(str, kind.shape[1:])) for kind in architecture.input_types.values())
    set_ = "".join(f" `--set {name}={value}`" for name, value in variables.items())
    cost = f"{architecture.num_params:,} | {architecture.macs:,}"
    return f"| {path.stem}{set_} | {inputs} | {cost} | {yaml:,} | {module:,} | {yaml / module:.0%} | {equal_to} |"


def _whose(original: torch.nn.Module) -> str:
    module = type(original).__module__
    return f"`{module}.{type(original).__name__}`" if module.startswith("tests") else "torchvision"


if __name__ == "__main__":
    DOC.write_text(page(), encoding="utf-8")
    print(f"{DOC.name}: {len(PUBLISHED) + len(CASES)} networks")
