"""Specs in several files that mean what one file says: an overlay on a base, and blocks from another file."""

from __future__ import annotations

import copy
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
import yaml

import archspec
from archspec.emit.compiled import program
from archspec.errors import SpecError
from tests.fuzz.judge import Disagreement, equal, outputs_of
from tests.fuzz.values import Drawn, make_inputs

Spec = dict[str, Any]

_OTHER: tuple[Any, ...] = ("Identity", {"Linear": 7}, ["ReLU", "Tanh"], {"mul": 3})


def judge_in_files(spec: Spec, draw: Drawn) -> bool:
    """Whether there was something to put into another file; then the two mean the same.

    Raises:
        Disagreement: they do not.
    """
    parts = _imported(spec, draw) if "blocks" in spec and draw.chance(0.4) else _laid(spec, draw)
    if parts is None:
        return False
    whole = _loaded(spec)
    with tempfile.TemporaryDirectory() as folder:
        top = _written(Path(folder), parts, draw)
        found = _loaded(top)
    shown = "\n".join(f"{name}: {json.dumps(part)}" for name, part in parts.items())
    if isinstance(whole, frozenset) or isinstance(found, frozenset):
        if whole != found:
            raise Disagreement(f"in several files it is {_told(found)}, in one {_told(whole)}\n{shown}")
        return True
    if "extends" in parts["top"] and program(whole.graph).source != program(found.graph).source:
        raise Disagreement(f"an overlay makes another module than the whole\n{shown}")
    _compare(spec, whole, found, shown)
    return True


def _told(found: archspec.Architecture | frozenset[str]) -> str:
    return ", ".join(sorted(found)) if isinstance(found, frozenset) else "accepted"


def _compare(spec: Spec, whole: archspec.Architecture, found: archspec.Architecture, shown: str) -> None:
    """The same state, and the same results."""
    one, other = whole.build(seed=0), found.build(seed=0)
    state, theirs = one.state_dict(), other.state_dict()
    if list(state) != list(theirs):
        raise Disagreement(f"in several files the state is {list(theirs)}, and not {list(state)}\n{shown}")
    differing = [name for name, tensor in state.items() if not equal(tensor, theirs[name])]
    if differing:
        raise Disagreement(f"in several files {differing[0]} begins otherwise\n{shown}")
    with torch.no_grad():
        results = [outputs_of(module.eval(), make_inputs(spec, 3)) for module in (one, other)]
    if not all(equal(a, b) for a, b in zip(*results, strict=True)):
        raise Disagreement(f"in several files the results differ\n{shown}")


def _loaded(source: Spec | Path) -> archspec.Architecture | frozenset[str]:
    """The model, or the codes of what is wrong."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return archspec.load(source)
    except SpecError as error:
        return frozenset(fault.code for fault in error.diagnostics if fault.severity == "error")


def _written(folder: Path, parts: dict[str, Spec], draw: Drawn) -> Path:
    """The files, each as YAML or JSON; the path of the one that is built."""
    paths = {name: f"{name}.{draw.choice(['yaml', 'json'])}" for name in parts}
    for name, part in parts.items():
        if "extends" in part:
            part["extends"] = paths[part["extends"]]
        if "import" in part:
            part["import"] = [paths[each] for each in part["import"]]
        text = json.dumps(part) if paths[name].endswith("json") else yaml.safe_dump(part, sort_keys=False)
        (folder / paths[name]).write_text(text, encoding="utf-8")
    return folder / paths["top"]


# Blocks from another file.


def _imported(spec: Spec, draw: Drawn) -> dict[str, Spec]:
    """Some blocks, and those that they use, in a file of their own, with the variables and defaults that they see."""
    whole = copy.deepcopy(spec)
    moved = {draw.choice(list(whole["blocks"]))}
    while more := {name for name in whole["blocks"] if name not in moved and _mentions(whole, moved, name)}:
        moved |= more
    library: Spec = {
        "archspec": 1,
        "blocks": {name: whole["blocks"].pop(name) for name in list(whole["blocks"]) if name in moved},
    }
    for key in ("vars", "defaults"):
        if key in whole:
            library[key] = copy.deepcopy(whole[key])
    if not whole["blocks"]:
        del whole["blocks"]
    return {"lib": library, "top": {**whole, "import": ["lib"]}}


def _mentions(spec: Spec, blocks: set[str], name: str) -> bool:
    return any(_says(spec["blocks"][block], name) for block in blocks)


def _says(node: Any, word: str) -> bool:
    if isinstance(node, dict):
        return any(key == word or _says(value, word) for key, value in node.items())
    return any(_says(item, word) for item in node) if isinstance(node, list) else node == word


# An overlay.


def _laid(spec: Spec, draw: Drawn) -> dict[str, Spec] | None:
    """A base that differs from the spec, and what is laid over it to have the spec."""
    base, top = copy.deepcopy(spec), {"archspec": 1, "extends": "base"}
    for _ in range(draw.randint(1, 3)):
        step = draw.choice([_of_layers, _of_layers, _of_layers, _of_blocks, _of_vars, _of_outputs, _of_rest])
        step(spec, base, top, draw)
    if set(top) == {"archspec", "extends"}:
        return None
    return {"base": base, "top": top}


def _of_layers(spec: Spec, base: Spec, top: Spec, draw: Drawn) -> None:
    if "layers" in top:
        return
    laid = _laid_entries(base["layers"], draw)
    if laid:
        top["layers"] = laid


def _laid_entries(layers: Any, draw: Drawn) -> dict[Any, Any]:
    """Changes entries in place, and gives what undoes that."""
    if isinstance(layers, list):
        at = draw.randrange(len(layers))
        if at == len(layers) - 1 and at and draw.chance(0.5):
            return {at: layers.pop()}
        was, layers[at] = layers[at], draw.choice(_OTHER)
        return {at: was} if not _goes_inside(was) else {at: _restore(layers, at, was)}
    name = draw.choice(list(layers))
    return draw.choice([_replaced, _replaced, _put_in, _put_in, _too_many, _inside])(layers, name, draw)


def _goes_inside(entry: Any) -> bool:
    return isinstance(entry, dict) and any(isinstance(entry.get(word), dict) for word in ("layers", "branches"))


def _restore(layers: Any, key: Any, was: Any) -> Any:
    """The old entry is laid over one that is no sequence, into which it would go."""
    layers[key] = "Identity"
    return was


def _replaced(layers: Any, name: str, draw: Drawn) -> dict[Any, Any]:
    was, layers[name] = layers[name], draw.choice(_OTHER)
    return {name: _restore(layers, name, was) if _goes_inside(was) else was}


def _put_in(layers: dict[str, Any], name: str, draw: Drawn) -> dict[Any, Any]:
    """An entry that is not there, or elsewhere, and is put where it belongs."""
    names = list(layers)
    at = names.index(name)
    if len(names) == 1:
        return {}
    was = layers.pop(name)
    if at == len(names) - 1 and draw.chance(0.5):
        return {name: was}
    last = at == len(names) - 1
    place = {"after": names[at - 1]} if last or (at and draw.chance(0.5)) else {"before": names[at + 1]}
    if draw.chance(0.3):
        layers[name] = "Identity"  # moved
    if isinstance(was, list):
        return {name: {"layers": was, **place}}
    return {name: {**(was if isinstance(was, dict) else {was: None}), **place}}


def _too_many(layers: dict[str, Any], name: str, draw: Drawn) -> dict[Any, Any]:
    """An entry that the whole has not."""
    entries = list(layers.items())
    at = draw.randrange(len(entries) + 1)
    layers.clear()
    layers.update([*entries[:at], ("gone", draw.choice(_OTHER)), *entries[at:]])
    return {"gone": None}


def _inside(layers: dict[str, Any], name: str, draw: Drawn) -> dict[Any, Any]:
    """What goes into a sequence, and modifiers beside it."""
    entry = layers[name]
    if isinstance(entry, list):
        return {name: {"layers": _laid_entries(entry, draw)}}
    word = next((word for word in ("layers", "branches") if isinstance(entry, dict) and word in entry), None)
    if word is None:
        return _replaced(layers, name, draw)
    laid = {word: _laid_entries(entry[word], draw)}
    if "when" not in entry and draw.chance(0.3):
        entry["when"] = False
        laid["when"] = None
    elif "when" in entry and draw.chance(0.5):
        laid["when"] = entry.pop("when")
    return {name: laid}


def _of_blocks(spec: Spec, base: Spec, top: Spec, draw: Drawn) -> None:
    if "blocks" not in base or "blocks" in top:
        return
    blocks = base["blocks"]
    name = draw.choice(list(blocks))
    if draw.chance(0.3):
        top["blocks"] = {name: blocks.pop(name)}
        return
    laid: Spec = {}
    if draw.chance(0.7):
        laid["layers"] = _laid_entries(blocks[name]["layers"], draw)
    if blocks[name].get("params") and draw.chance(0.5):
        laid["params"] = _laid_values(blocks[name]["params"], draw)
    if blocks[name].get("order") and draw.chance(0.5):
        laid["order"] = blocks[name].pop("order")
    if laid := {key: value for key, value in laid.items() if value}:
        top["blocks"] = {name: laid}
    if draw.chance(0.2):
        blocks["Gone"] = {"layers": ["ReLU"]}
        top["blocks"] = {**top.get("blocks", {}), "Gone": None}


def _laid_values(declared: Spec, draw: Drawn) -> Spec:
    """A variable with another value below."""
    name = draw.choice(list(declared))
    was = declared[name]
    if isinstance(was, dict) and "default" in was and was["type"] in ("int", ["int"]):
        declared[name] = {**was, "default": [1] if was["type"] == ["int"] else 1}
        return {name: was["default"]}
    if isinstance(was, dict) or was in ("int", "layer"):
        return {}
    if name == list(declared)[-1] and draw.chance(0.5):
        del declared[name]
    else:
        declared[name] = {int: 9, float: 0.9}.get(type(was), was)
    return {name: was}


def _of_vars(spec: Spec, base: Spec, top: Spec, draw: Drawn) -> None:
    if "vars" in base and "vars" not in top:
        laid = _laid_values(base["vars"], draw)
        if laid:
            top["vars"] = laid


def _of_outputs(spec: Spec, base: Spec, top: Spec, draw: Drawn) -> None:
    if "outputs" in top:
        return
    wanted = spec.get("outputs")
    if isinstance(wanted, dict) and draw.chance(0.5):
        name = draw.choice(list(wanted))
        base["outputs"][name] = "nowhere"
        top["outputs"] = {name: wanted[name]}
    elif wanted is None:
        base["outputs"] = draw.choice(["nowhere", ["nowhere"], {"a": "nowhere"}])
        top["outputs"] = None
    else:
        del base["outputs"]
        top["outputs"] = copy.deepcopy(wanted)


def _of_rest(spec: Spec, base: Spec, top: Spec, draw: Drawn) -> None:
    """Sections that are replaced whole, or rule by rule."""
    for key in ("name", "freeze"):
        if key in base and key not in top and draw.chance(0.5):
            top[key] = base.pop(key)
    if "init" in base and "init" not in top:
        names = list(base["init"])
        at = draw.randrange(len(names))
        top["init"] = {name: base["init"].pop(name) for name in names[at:]}
        base["init"] |= dict.fromkeys(names[at:][:1], "zeros") if draw.chance(0.5) else {}
    if "defaults" in base and "defaults" not in top:
        kind = draw.choice(list(base["defaults"]))
        name = draw.choice(list(base["defaults"][kind]))
        top["defaults"] = {kind: {name: base["defaults"][kind].pop(name)}}
        base["defaults"] |= {"Softmax2d": {}} if draw.chance(0.2) else {}
