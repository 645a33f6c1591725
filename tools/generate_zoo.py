"""Rewrites docs/zoo.md and specs/figures.json: the networks of the zoo, what they cost, and how long their specs are
beside the module that they replace.

Run: python -m tools.generate_zoo
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

import archspec
from archspec.source.zoo_index import zoo_files, zoo_names
from tests.zoo.cases import CASES, Case
from tests.zoo.measure import module_length, yaml_length
from tests.zoo.published import PUBLISHED, Published
from tests.zoo.written import WRITTEN

DOC = Path(__file__).parents[1] / "docs" / "zoo.md"

FIGURES = DOC.parents[1] / "specs" / "figures.json"

_HEAD = """# The zoo

The specs in [specs/](../specs). Each is held to a hand-written network by a test: the same state-dict keys, shapes and
order, equal outputs in eval mode and equal gradients in training mode after its weights are copied, the same number
of parameters and of multiply-accumulates as torch counts. Outputs are equal to the bit, except where the original does
its arithmetic in another order.

`archspec build zoo:vgg16_bn` builds one, `archspec.build("zoo:vgg16_bn")` too, `extends: zoo:vgg16_bn` begins with it,
and `archspec list` shows what there is. Where torchvision has a name for a network, that is its name. Several names may
stand for one file, with other values for its variables: [names.json](../specs/names.json) has them, and
`archspec build zoo:vgg16_bn --set num_classes=10` changes one more.

The length of a spec is that of its YAML, without comments, blank lines and its `train` section, with what it extends
and the blocks that it imports. The length of a module is that of the classes of which the network is made and of the
functions and numbers that these need, with the lines that import `torch`, `F`, `nn` and `Tensor` where it uses them,
since it cannot stand without. Comments, docstrings, other imports, weights, and what only other members of the family
need are not counted ([measure.py](../tests/zoo/measure.py) has the rule).

| name | spec | input | parameters | MACs | YAML | module | ratio | equal to |
|---|---|---|---:|---:|---:|---:|---:|---|
"""
_NETWORKS = (*CASES, *PUBLISHED, *WRITTEN)


def names() -> Iterator[tuple[str, Path]]:
    """The name of each network and its file, folder by folder, a family's members after each other."""
    known = zoo_names()
    for path in sorted(map(Path, zoo_files().values()), key=lambda path: (path.parent != FIGURES.parent, path)):
        own = {name: values for name, (family, values) in known.items() if family == path.stem}
        for name in own if {} in own.values() else (path.stem, *own):
            yield name, path


def figures() -> str:
    """The text of specs/figures.json."""
    lines = []
    for name, path in names():
        architecture = archspec.load(f"zoo:{name}")
        found = {
            "spec": path.relative_to(FIGURES.parent).as_posix(),
            "inputs": {word: type_.shape[1:] for word, type_ in architecture.input_types.items()},
            "num_params": architecture.num_params,
            "macs": architecture.macs,
        }
        lines.append(f"  {json.dumps(name)}: {json.dumps(found)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def page() -> str:
    """The text of docs/zoo.md."""
    rows = {network.name.rpartition("/")[2]: network for network in _NETWORKS}
    known = json.loads(FIGURES.read_text())
    return _HEAD + "\n".join(_row(name, known[name], rows[name]) for name, _ in names()) + "\n"


def _row(name: str, known: dict[str, Any], network: Case | Published) -> str:
    with torch.device("meta"):
        original = network.make()
    module = module_length(original, numbers=network.numbers, member=network.member, parts=network.parts)
    inputs = ", ".join("×".join(map(str, shape)) for shape in known["inputs"].values())
    cost = f"{known['num_params']:,} | {known['macs']:,}"
    yaml = yaml_length(network.path)
    spec = f"[{known['spec'].removesuffix('.yaml')}](../specs/{known['spec']})"
    length = f"{yaml:,} | {module:,} | {yaml / module:.0%}"
    return f"| {name} | {spec} | {inputs} | {cost} | {length} | {network.published} |"


if __name__ == "__main__":
    FIGURES.write_text(figures(), encoding="utf-8")
    DOC.write_text(page(), encoding="utf-8")
    print(f"{FIGURES.name}, {DOC.name}: {len(_NETWORKS)} networks")
