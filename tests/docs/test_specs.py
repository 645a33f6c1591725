"""The specs in the documentation: they load without a warning, run as inferred, and become the modules shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import archspec
from archspec.emit.python.source import python_source
from archspec.spec.checkpoint import Checkpoint
from tests.docs.becomes import part
from tests.docs.pages import DOCS, Fence, fences, pairs, put
from tests.judge import as_exported, samples

PAGES = [page for page in DOCS if page.exists()]
SPECS = [pytest.param(fence, id=fence.name) for page in PAGES for fence in fences(page) if fence.is_spec]
RECIPES = [
    pytest.param(fence, id=fence.name)
    for page in PAGES
    for fence in fences(page)
    if fence.text.startswith("archspec: 1\n") and "wrong" not in fence.words and not fence.is_spec
]
MODULES = [
    pytest.param(page, number, id=code.name)
    for page in PAGES
    for number, (_, code) in enumerate(pairs(page, "becomes"))
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A folder with the files that the page of the spec has made before it."""
    spec: Fence = request.node.callspec.params["spec"]
    text = {fence.words[0]: fence.text for fence in fences(spec.page) if fence.is_spec and fence.words}
    for name, content in text.items():
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("spec", SPECS)
def test_a_spec_is_right_and_its_export_is_the_same_network(spec: Fence, folder: Path) -> None:
    architecture = archspec.load(spec.text, allow_roots=[folder])
    if architecture.weights is not None:
        _save_what_it_asks_for(architecture, architecture.weights)
    assert architecture.check_weights() == ()
    assert not architecture.warnings
    module = architecture.build(weights=False)
    assert architecture.prove(module) == ()
    as_exported(architecture, module, samples(architecture))


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_is_right(recipe: Fence) -> None:
    examination = archspec.examine(recipe.text)
    assert examination.is_recipe
    assert not examination.diagnostics


@pytest.mark.parametrize(("page", "number"), MODULES)
def test_a_spec_becomes_the_module_shown(page: Path, number: int) -> None:
    spec, code = pairs(page, "becomes")[number]
    shown = _shown(spec, code)
    if os.environ.get("ARCHSPEC_GOLDEN") == "rewrite":
        put(code, shown)
    else:
        assert code.text == shown


def _shown(spec: Fence, code: Fence) -> str:
    text = python_source(archspec.load(spec.text).graph, "A network.")
    return part(text, code.words[1:])


def _save_what_it_asks_for(architecture: archspec.Architecture, checkpoint: Checkpoint) -> None:
    """The checkpoint of an example: under `key`, with a prefix to be renamed away, and with another head."""
    state = architecture.build(weights=False).state_dict()
    prefixes = [glob.removesuffix("*") for glob, _ in checkpoint.rename] or [""]
    changed = {f"{prefixes[0]}{name}": tensor for name, tensor in state.items()}
    changed = {name: tensor[:5].clone() if ".fc." in name else tensor for name, tensor in changed.items()}
    path = Path(checkpoint.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".safetensors":
        save_file(changed, path)
    else:
        torch.save({checkpoint.key: changed} if checkpoint.key else changed, path)
