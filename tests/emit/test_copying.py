"""A compiled module is a module like any other: copied, pickled, saved, looked at, traced."""

from __future__ import annotations

import copy
import inspect
import io
import pickle
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
import torch
from torch import nn

import archspec
from archspec.emit.classes import generate
from tests.emit.specs import EVERYTHING

X = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def module() -> nn.Module:
    return archspec.build(EVERYTHING).eval()


def logits(module: nn.Module) -> torch.Tensor:
    return module(X)["logits"]


def test_deepcopy_is_equal_and_separate(module: nn.Module) -> None:
    twin = copy.deepcopy(module)
    assert type(twin) is type(module)
    assert torch.equal(logits(twin), logits(module))
    before = logits(module)
    with torch.no_grad():
        twin.head.weight.zero_()
    assert torch.equal(logits(module), before)
    assert copy.copy(module).head is module.head


def test_pickle_in_the_same_process(module: nn.Module) -> None:
    module.note = "kept"
    twin = pickle.loads(pickle.dumps(module))
    assert twin.note == "kept"
    assert type(twin) is type(module)
    assert not twin.training
    assert torch.equal(logits(twin), logits(module))


def test_pickle_of_a_part(module: nn.Module) -> None:
    twin = pickle.loads(pickle.dumps(module.up))
    assert list(twin.state_dict()) == list(module.up.state_dict())


def test_pickle_in_another_process(module: nn.Module, tmp_path: Path) -> None:
    torch.save(module, tmp_path / "module.pt")
    torch.save((X, logits(module)), tmp_path / "expected.pt")
    code = (
        "import torch; module = torch.load('module.pt', weights_only=False); x, wanted = torch.load('expected.pt');"
        "torch.set_num_threads(1); assert torch.equal(module(x)['logits'], wanted); print(type(module).__name__)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "Everything\n"


def test_state_dict_saved_and_loaded(module: nn.Module) -> None:
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    other = archspec.load(EVERYTHING).build(seed=9).eval()
    assert not torch.equal(logits(other), logits(module))
    other.load_state_dict(torch.load(file, weights_only=True), strict=True)
    assert torch.equal(logits(other), logits(module))


def test_weights_as_safetensors(module: nn.Module, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    architecture = archspec.load(EVERYTHING)
    architecture.save_weights(module, tmp_path / "weights.safetensors")
    saved = load_file(tmp_path / "weights.safetensors")
    assert saved.keys() == module.state_dict().keys()
    for name, tensor in module.state_dict().items():
        assert torch.equal(saved[name], tensor), name
    assert [file.name for file in tmp_path.iterdir()] == ["weights.safetensors"]


def test_source_can_be_looked_at(module: nn.Module) -> None:
    text = inspect.getsource(type(module))
    assert text.startswith("class Everything(nn.Module):\n")
    assert "for block in self.stage1:" in text
    assert "def forward(self, x: torch.Tensor, skip: torch.Tensor)" in inspect.getsource(type(module.up))
    assert inspect.getsource(module.up.forward).lstrip().startswith("def forward")
    assert list(inspect.signature(type(module.up).forward).parameters) == ["self", "x", "skip"]


def test_the_source_of_a_graph_is_the_same_every_time() -> None:
    texts = {generate(archspec.load(EVERYTHING).graph).source for _ in range(3)}
    assert len(texts) == 1


def test_instances_of_a_block_have_one_class(module: nn.Module) -> None:
    kinds = {type(block) for stage in (module.stage0, module.stage1) for block in stage}
    assert len(kinds) == 1
    assert module.stage0[0].shortcut is None
    assert type(module.stage1[0].shortcut) is nn.Sequential


def test_a_traceback_shows_the_line_of_the_generated_forward(module: nn.Module) -> None:
    try:
        module(torch.randn(2, 5, 16, 16))
    except RuntimeError as error:
        text = "".join(traceback.format_exception(error))
    assert 'getattr(self, "stem-1")(input)' in text.replace("'stem-1'", '"stem-1"')
    try:
        module.up(torch.zeros(1, 12, 2, 2), torch.zeros(1))
    except (RuntimeError, IndexError) as error:
        text = "".join(traceback.format_exception(error))
    assert "torch.cat([skip, pad_like(" in text


def test_a_traceback_survives_what_clears_the_line_cache(module: nn.Module) -> None:
    import linecache

    linecache.checkcache()
    assert "class Everything" in inspect.getsource(type(module))


def test_hooks_and_apply_reach_every_layer(module: nn.Module) -> None:
    seen: list[str] = []
    for name, child in module.named_modules():
        if not list(child.children()):
            child.register_forward_hook(lambda *_, name=name: seen.append(name))
    module(X)
    assert sorted(seen) == sorted(name for name, child in module.named_modules() if not list(child.children()))


def test_compile_without_a_graph_break(module: nn.Module) -> None:
    torch._dynamo.reset()
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    made = compiled(X)
    assert torch.allclose(made["logits"], logits(module), atol=1e-5)


def test_export_with_any_batch(module: nn.Module) -> None:
    batch = torch.export.Dim("batch", min=2)
    exported = torch.export.export(module, (X,), dynamic_shapes=({0: batch},)).module()
    other = torch.randn(5, 3, 16, 16)
    assert torch.allclose(exported(other)["features"], module(other)["features"], atol=1e-5)


def test_script_s_annotations_are_tensors(module: nn.Module) -> None:
    hints = inspect.get_annotations(type(module.up).forward, eval_str=True)
    assert hints == {"x": torch.Tensor, "skip": torch.Tensor, "return": torch.Tensor}


def test_gradients_reach_every_parameter(module: nn.Module) -> None:
    made = module.train()(X)
    (made["logits"].sum() + made["features"].sum()).backward()
    assert [name for name, parameter in module.named_parameters() if parameter.grad is None] == []
