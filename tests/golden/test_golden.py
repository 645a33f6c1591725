"""The graph and the generated source of each spec, as reviewed. `make golden` rewrites them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import archspec
from archspec.emit.classes import generate
from archspec.graph import invariants
from archspec.graph.dump import dump
from archspec.graph.nodes import Graph

SPECS = [spec for spec in sorted(Path("specs").glob("*.yaml")) if spec.stem != "llama3_405b"]  # its text is long
FORMS: dict[str, Callable[[Graph], str]] = {"graph.txt": dump, "py.txt": lambda graph: generate(graph).source}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_golden(spec: Path, form: str) -> None:
    text = FORMS[form](archspec.load(spec).graph)
    golden = Path(__file__).parent / f"{spec.stem}.{form}"
    if os.environ.get("ARCHSPEC_GOLDEN") == "rewrite":
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_graph_invariants(spec: Path) -> None:
    graph = archspec.load(spec).graph
    invariants.check(graph)
    assert graph.num_params == sum(parameter.numel() for parameter in archspec.build(spec, device="meta").parameters())
