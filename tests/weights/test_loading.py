"""Checkpoints into models: torch's `load_state_dict` is the judge of values, names and element types."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

import archspec
from tests.weights.crafted import NET, error, net

State = dict[str, Tensor]


def saved(path: Path, state: Any) -> Path:
    torch.save(state, path) if path.suffix == ".pt" else save_file(state, path)
    return path


@pytest.fixture(params=["pt", "safetensors"])
def save(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Any], Path]:
    return lambda state: saved(tmp_path / f"a.{request.param}", state)


def ledger(module: nn.Module) -> Any:
    found = archspec.ledger(module)
    assert found is not None
    return found


def same(module: nn.Module, state: State) -> bool:
    own = module.state_dict()
    return own.keys() == state.keys() and all(torch.equal(own[name], state[name]) for name in own)


def test_every_value(save: Callable[[Any], Path]) -> None:
    state = net().state_dict()
    state["bn.num_batches_tracked"] += 5
    module = archspec.build(NET, weights=save(state))
    assert same(module, state)
    assert ledger(module).loaded == {name: name for name in state}
    assert ledger(module).summary().endswith(": 9 tensors loaded")


def test_nothing_that_a_checkpoint_fills_is_initialised(
    save: Callable[[Any], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from archspec.emit import initialize

    path = save({name: tensor for name, tensor in net().state_dict().items() if not name.startswith("fc")})
    filled: list[str] = []
    real = initialize.fill
    monkeypatch.setattr(initialize, "fill", lambda t, i, s, name: (filled.append(name), real(t, i, s, name)))
    module = archspec.build(NET, weights={"path": path, "allow": {"missing": ["fc.*"]}}, seed=3)
    assert filled == ["fc.weight", "fc.bias"]
    assert torch.equal(module.fc.weight, net(seed=3).fc.weight)
    assert torch.equal(module.conv.weight, net().conv.weight)


def test_missing_and_unexpected_are_told_together(save: Callable[[Any], Path]) -> None:
    state = net().state_dict()
    state["head.weight"] = state.pop("fc.weight")[:5].clone()
    state["conv.weight"] = state["conv.weight"][:, :2].clone()
    fault = error(save(state))
    assert fault.code == "AS456"
    assert "of 9 tensors, 1 missing, 1 unexpected, 1 of another shape" in fault.message
    assert fault.notes == (
        "the file lacks `fc.weight` [10, 144]",
        "the model has no `head.weight` [5, 144]",
        "shapes in the file and in the model: `conv.weight` [4, 2, 3, 3] for [4, 3, 3, 3]",
    )


def test_the_help_is_accepted_as_written(tmp_path: Path) -> None:
    state = net().state_dict()
    state["fc.weight"] = torch.zeros(100, 144)
    state["fc.bias"] = torch.zeros(100)
    changes: dict[str, State] = {
        "head": state,
        "prefix": {f"module.{name}": tensor for name, tensor in net().state_dict().items()},
        "both": {f"_orig_mod.{name}": tensor for name, tensor in state.items()},
        "lacking": {name: tensor for name, tensor in state.items() if not name.startswith("fc")},
        "module": {name.replace("fc.", "head."): tensor for name, tensor in net().state_dict().items()},
        "inner": {name.replace("bn.", "norm.bn."): tensor for name, tensor in net().state_dict().items()},
    }
    for name, changed in changes.items():
        file = saved(tmp_path / f"{name}.pt", {"state_dict": changed})
        spec = tmp_path / f"{name}.yaml"
        section = f"weights: {{path: {file.name}, key: state_dict}}"
        spec.write_text(NET + section + "\n")
        (fault,) = archspec.check(spec)
        assert fault.code == "AS456", name
        assert fault.help is not None
        mended = fault.help.split("`")[1]
        spec.write_text(NET + mended + "\n")
        assert archspec.check(spec) == (), mended
        assert ledger(archspec.build(spec)).loaded


def test_a_misspelt_name_is_said(save: Callable[[Any], Path]) -> None:
    state = net().state_dict()
    state["fc.wieght"] = state.pop("fc.weight")
    assert "(the file has `fc.wieght`)" in error(save(state)).notes[0]


def test_lists_are_bounded(save: Callable[[Any], Path]) -> None:
    fault = error(save({f"x{index}.weight": torch.zeros(1) for index in range(500)}))
    assert "and 494 more" in fault.notes[1]
    assert len(fault.render()) < 2_000
    assert "another model" in (fault.help or "")


def test_a_mismatched_shape_wants_both_allowed(save: Callable[[Any], Path]) -> None:
    state = net().state_dict()
    state["fc.bias"] = torch.zeros(3)
    path = save(state)
    for allow in ({"missing": ["fc.*"]}, {"unexpected": ["fc.*"]}):
        assert error(path, allow=allow).code == "AS456"
    module = archspec.build(NET, weights={"path": path, "allow": {"missing": ["fc.*"], "unexpected": ["fc.*"]}})
    assert ledger(module).mismatched == {"fc.bias": ((3,), (10,))}
    assert torch.equal(module.fc.weight, state["fc.weight"])  # what fits is loaded all the same
    assert torch.equal(module.fc.bias, net(seed=0).fc.bias)


def test_renaming(save: Callable[[Any], Path]) -> None:
    state = {f"module.{name.replace('fc', 'head')}": tensor for name, tensor in net().state_dict().items()}
    rename = {"module.*": "*", "head.*": "fc.*", "backbone.*": "*"}
    module = archspec.build(NET, weights={"path": save(state), "rename": rename})
    assert same(module, net().state_dict())
    assert ledger(module).renamed["module.head.bias"] == "fc.bias"
    assert ledger(module).idle == ("backbone.*",)
    assert "module.conv.weight as conv.weight" in ledger(module).render()


def test_two_tensors_of_one_name(save: Callable[[Any], Path]) -> None:
    state = {**net().state_dict(), "ema.fc.bias": torch.zeros(10)}
    fault = error(save(state), rename={"ema.*": "*"})
    assert fault.code == "AS457"
    assert "into `fc.bias`: `ema.fc.bias`, `fc.bias`" in fault.message


def test_counters_may_lack_as_torch_has_it(save: Callable[[Any], Path]) -> None:
    state = net().state_dict()
    del state["bn.num_batches_tracked"]
    judge = copy.deepcopy(net(seed=0))
    judge.load_state_dict(dict(state))  # strict
    module = archspec.build(NET, weights=save(state))
    assert same(module, judge.state_dict())
    assert ledger(module).kept == ("bn.num_batches_tracked",)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn])
def test_floating_point_types_become_the_model_s(save: Callable[[Any], Path], dtype: torch.dtype) -> None:
    state = {name: t.to(dtype) if t.is_floating_point() else t for name, t in net().state_dict().items()}
    module = archspec.build(NET, weights=save(state))
    judge = net(seed=0)
    judge.load_state_dict(dict(state))
    assert same(module, judge.state_dict())
    assert ledger(module).converted["fc.bias"] == (str(dtype).removeprefix("torch."), "float32")


def test_a_model_s_own_dtype(save: Callable[[Any], Path]) -> None:
    module = archspec.build(NET, weights=save(net().state_dict()), dtype="bfloat16")
    assert torch.equal(module.fc.weight, net().fc.weight.bfloat16())
    assert module.bn.num_batches_tracked.dtype == torch.int64


@pytest.mark.parametrize(
    ("name", "dtype"), [("fc.bias", torch.int64), ("fc.bias", torch.bool), ("bn.num_batches_tracked", torch.float32)]
)
def test_other_types_do_not_convert(save: Callable[[Any], Path], name: str, dtype: torch.dtype) -> None:
    state = net().state_dict()
    state[name] = state[name].to(dtype)
    fault = error(save(state))
    assert fault.code == "AS456"
    assert "1 of another element type" in fault.message


def test_strides_and_views_of_one_storage(tmp_path: Path) -> None:
    state = net().state_dict()
    whole = torch.randn(20, 144)
    state["fc.weight"] = whole[::2]
    state["conv.weight"] = state["conv.weight"].to(memory_format=torch.channels_last)
    module = archspec.build(NET, weights=saved(tmp_path / "a.pt", state))
    assert same(module, state)


def test_parameters_as_they_are_saved_by_some(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pt", dict(net().named_parameters()))
    module = archspec.build(NET, weights={"path": path, "allow": {"missing": ["*.running_*"]}})
    assert module.bn.running_var.eq(1).all()
    assert torch.equal(module.fc.weight, net().fc.weight)


# Entries of a larger file.


def test_which_entry(tmp_path: Path) -> None:
    optimizer = {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 0.1, "params": [0]}]}
    path = saved(tmp_path / "a.pt", {"epoch": 3, "model": {"net": net().state_dict()}, "opt": optimizer, "best": 0.5})
    assert error(path).code == "AS454"
    assert error(path, key="modle").code == "AS454"
    module = archspec.build(NET, weights={"path": path, "key": "model.net"})
    assert same(module, net().state_dict())


def test_the_entry_with_the_most_tensors_is_proposed(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pt", {"ema": {"x": torch.zeros(1)}, "state_dict": net().state_dict()})
    fault = error(path)
    assert "it holds `state_dict` (9 tensors), `ema` (1 tensor)" in fault.message
    assert "key: state_dict" in (fault.help or "")


def test_key_of_a_file_without_entries(tmp_path: Path) -> None:
    assert error(saved(tmp_path / "a.safetensors", net().state_dict()), key="state_dict").code == "AS454"


def test_other_values_among_the_tensors(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pt", {**net().state_dict(), "epoch": 3})
    assert "`epoch`, which is no tensor" in error(path).notes[0]
    module = archspec.build(NET, weights={"path": path, "allow": {"unexpected": ["epoch"]}})
    assert ledger(module).unexpected == ("epoch",)


# One tensor under several names.

TIED = """
archspec: 1
name: Net
input: {shape: [5], dtype: int64}
layers:
  embed: {Embedding: {num_embeddings: 20, embedding_dim: 8}}
  head: {Linear: {out_features: 20, bias: false}, tie: {weight: embed.weight}}
"""


def test_tied_names_one_or_both(save: Callable[[Any], Path]) -> None:
    values = torch.randn(20, 8)
    for names in (["embed.weight"], ["head.weight"], ["embed.weight", "head.weight"]):
        module = archspec.build(TIED, weights=save({name: values.clone() for name in names}))
        assert module.head.weight is module.embed.weight
        assert torch.equal(module.embed.weight, values)
        assert set(ledger(module).loaded) | set(ledger(module).shared) == {"embed.weight", "head.weight"}


def test_tied_names_with_two_values(save: Callable[[Any], Path]) -> None:
    path = save({"embed.weight": torch.zeros(20, 8), "head.weight": torch.ones(20, 8)})
    with pytest.raises(archspec.UsageError) as refusal:
        archspec.build(TIED, weights=path)
    assert refusal.value.diagnostic.code == "AS457"


def test_our_own_file_of_a_tied_model_comes_back(tmp_path: Path) -> None:
    architecture = archspec.load(TIED)
    module = architecture.build(seed=3)
    architecture.save_weights(module, tmp_path / "a.safetensors")
    assert same(architecture.build(weights=tmp_path / "a.safetensors"), module.state_dict())


def test_bare_tensors_and_what_is_no_part_of_the_state_dict(save: Callable[[Any], Path]) -> None:
    spec = """
archspec: 1
input: [4]
layers:
  scale: {Parameter: {shape: [4], init: ones}}
  kept: {Buffer: {values: [1.0, 2.0, 3.0, 4.0]}}
  passing: {Buffer: {values: [1.0, 2.0, 3.0, 4.0], persistent: false}}
  a: {add: [input, scale, kept, passing]}
"""
    state = {"scale": torch.randn(4), "kept": torch.randn(4)}
    architecture = archspec.load(spec).with_weights(save(state))
    assert architecture.check_weights() == ()
    assert same(architecture.build(), state)


# What a caller asks for.


def test_nothing_is_written_where_it_does_not_fit(tmp_path: Path) -> None:
    from archspec.spec.checkpoint import Checkpoint
    from archspec.weights.load import load_weights

    state = net().state_dict()
    del state["fc.bias"]
    module = net(seed=1)
    before = copy.deepcopy(module.state_dict())
    with pytest.raises(archspec.UsageError):
        load_weights(module, Checkpoint(str(saved(tmp_path / "a.pt", state))), "Net")
    assert same(module, before)


def test_on_meta_it_is_compared_only(tmp_path: Path) -> None:
    architecture = archspec.load(NET)
    module = architecture.build(device="meta", weights=saved(tmp_path / "a.pt", net().state_dict()))
    assert all(parameter.is_meta for parameter in module.parameters())
    with pytest.raises(archspec.UsageError):
        architecture.build(device="meta", weights=saved(tmp_path / "b.pt", {"x": torch.zeros(1)}))


def test_a_path_takes_the_place_of_the_spec_s_and_its_rules_stay(tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text(NET + 'weights: {path: gone.pt, sha256: "' + "0" * 64 + '", rename: {"module.*": "*"}}\n')
    other = tmp_path / "else.pt"
    saved(other, {f"module.{name}": tensor for name, tensor in net().state_dict().items()})
    assert [fault.code for fault in archspec.check(spec)] == ["AS451"]
    architecture = archspec.load(spec)  # says nothing of the file
    assert same(architecture.build(weights=other), net().state_dict())
    assert same(architecture.with_weights(other).build(), net().state_dict())
    assert archspec.ledger(architecture.build(weights=False)) is None


def test_a_mapping_of_a_caller_is_checked() -> None:
    with pytest.raises(archspec.SpecError) as refusal:
        archspec.build(NET, weights={"path": "a.pt", "alow": {}})
    assert [fault.code for fault in refusal.value.diagnostics] == ["AS102"]
