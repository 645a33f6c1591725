"""The judgement of one spec: what the checker accepts runs as inferred and means what the interpreter says; what it
refuses breaks a rule of the language, or does not run."""

from __future__ import annotations

import contextlib
import copy
import pickle
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

import archspec
from archspec.emit.compiled import program
from archspec.errors import Diagnostic, SpecError
from archspec.graph import invariants
from archspec.graph.nodes import Call
from archspec.tensors import Batch, Shape
from tests.fuzz.interpret import Interpreter, flat
from tests.fuzz.layers import flattened
from tests.fuzz.policies import faults_of_module, frozen_state, parameters
from tests.fuzz.state import state_names
from tests.fuzz.values import make_inputs

NAMED_RULES: tuple[tuple[str, str, str], ...] = (
    ("AS203", "needs `dim", "The dimension of a softmax is written."),
    ("AS203", "needs `dim", "The dimensions of a reduction are written."),
    ("AS224", "", "The batch takes no part in arithmetic."),
    ("AS232", "", "What a layer changes in place, nothing else may take, nor its maker need for its gradient."),
    (
        "AS302",
        "the batch",
        "The batch dimension is always there, so a layer takes the layout that torch documents for batches.",
    ),
    ("AS302", "batch_first", "The batch of a sequence stands where `batch_first` says."),
    (
        "AS304",
        "is the batch",
        "`align` is for tensors with height, width, …, and brings these to one size, never the batch.",
    ),
    ("AS305", "", "A layer of the last dimension does not infer its size from an image's width."),
    ("AS309", "", "An image is channels-first unless a written `in_channels` says otherwise."),
    ("AS402", "is above `max", "Bounds are in order."),
    ("AS402", "`inplace: true`", "What is changed in place has a gradient."),
)
"""Refusals of what torch, and hence the interpreter, would run: the code, words of the message, the rule."""


ODD_BATCH = 13
"""A batch size of which hardly any other size is a multiple, so that the interpreter knows the batch by it."""


class Disagreement(AssertionError):
    """archspec is wrong about a spec."""


@dataclass(frozen=True)
class Verdict:
    """What the checker said of a spec that it is right about."""

    accepted: bool
    codes: tuple[str, ...] = ()


def judge(spec: dict[str, Any], *, well_formed: bool = False) -> Verdict:
    """The verdict on a spec.

    Args:
        spec: the spec.
        well_formed: it has no fault of form, so that to report one is wrong.

    Raises:
        Disagreement: archspec is wrong.
    """
    spec = copy.deepcopy(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            architecture = archspec.load(spec)
        except SpecError as error:
            return _judge_refused(spec, error.diagnostics, well_formed)
        except Exception as error:
            raise Disagreement(f"the checker raised {error!r}") from error
        with _as_disagreement():
            _judge_accepted(spec, architecture)
    return Verdict(accepted=True)


_OF_VALUES = ("out of range in self", "is out of bounds for dimension", "Class values must be smaller than num_classes")


@contextlib.contextmanager
def _as_disagreement() -> Iterator[None]:
    try:
        yield
    except Disagreement:
        raise
    except MemoryError:
        return  # too large to be run, so there is nothing to say against it
    except Exception as error:
        if any(words in str(error) for words in _OF_VALUES):
            return  # the checker knows shapes, and not which places an index names
        raise Disagreement(f"accepted, but {type(error).__name__}: {error}") from error


def _judge_refused(spec: dict[str, Any], faults: tuple[Diagnostic, ...], well_formed: bool) -> Verdict:
    for fault in faults:
        fault.render()
    codes = tuple(fault.code for fault in faults if fault.severity == "error")
    named = any(_is_named(fault) or (_is_of_form(fault) and not well_formed) for fault in faults)
    if not named and runs(spec):
        said = "; ".join(f"{fault.code} {fault.message}" for fault in faults if fault.severity == "error")
        raise Disagreement(f"refused ({said}), but it runs")
    return Verdict(accepted=False, codes=codes)


def _is_of_form(fault: Diagnostic) -> bool:
    """Whether the spec says nothing that an interpreter could run, or holds a value that its argument does not take,
    be it where nothing runs. The domains of arguments are each judged against torch in tests/conformance too."""
    return fault.code == "AS401" or (fault.code < "AS300" and fault.code not in ("AS233", "AS234", "AS235"))


def _is_named(fault: Diagnostic) -> bool:
    """Whether a rule of the language forbids it that torch does not have."""
    return fault.severity == "error" and any(
        fault.code == code and words in fault.message for code, words, _ in NAMED_RULES
    )


def runs(spec: dict[str, Any]) -> bool:
    """Whether the interpreter runs it forward and backward, training and evaluating, at three batch sizes."""
    interpreter = Interpreter(spec)
    try:
        for batch in (2, ODD_BATCH, 17):  # 26 features are a multiple of the first two
            for training in (True, False):
                tensors = make_inputs(spec, batch)
                if training:
                    tensors = [x.requires_grad_().clone() if x.is_floating_point() else x for x in tensors]
                _backward(flat(interpreter.run(*tensors, training=training)))
    except Exception:
        return False
    return True


def _judge_accepted(spec: dict[str, Any], architecture: archspec.Architecture) -> None:
    try:
        invariants.check(architecture.graph)
    except AssertionError as error:
        raise Disagreement(f"an invariant of the graph does not hold: {error}") from error
    module = architecture.build()
    if differences := architecture.prove(module):
        raise Disagreement("; ".join(fault.message for fault in differences))
    compile(program(architecture.graph).source, "<generated>", "exec")
    _judge_policies(spec, architecture, module)
    _judge_training(spec, architecture, module)
    _judge_meaning(spec, architecture, pickle.loads(pickle.dumps(module)))


def _judge_policies(spec: dict[str, Any], architecture: archspec.Architecture, module: nn.Module) -> None:
    """`init` and `freeze` do what they say, and no more."""
    if not spec.get("init") and not spec.get("freeze"):
        return
    interpreter = Interpreter(spec)
    interpreter.run(*make_inputs(spec, _unlike_any_size(architecture)))
    for fault in faults_of_module(interpreter, module):
        raise Disagreement(fault)
    before = frozen_state(interpreter, module)
    with torch.no_grad():
        module.train()(*make_inputs(spec, 3))
    after = module.state_dict()
    for name, tensor in before.items():
        if not equal(tensor, after[name]):
            raise Disagreement(f"{name} is frozen, and changes")


def _judge_training(spec: dict[str, Any], architecture: archspec.Architecture, module: nn.Module) -> None:
    """Forward and backward at a batch of three, every layer's outputs as inferred."""
    seen: dict[str, Any] = {}
    hooks = [
        owner.register_forward_hook(
            lambda _module, _inputs, output, path=path: seen.update({path: seen.get(path, output)})
        )
        for path, owner in module.named_modules()
    ]
    tensors = make_inputs(spec, 3)
    results = flat(module.train()(*tensors))
    for hook in hooks:
        hook.remove()
    types = [output.type for output in architecture.graph.outputs]
    wanted = [(_concrete(type_.shape, 3), type_.dtype) for type_ in types]
    _same("outputs at a batch of 3", [_described(result) for result in results], wanted)
    for call in _calls(architecture):
        if call.path in seen:
            found = [_described(value)[0] for value in flattened(seen[call.path])]
            _same(call.path, found, [_concrete(type_.shape, 3) for type_ in call.outputs])
    _backward(results)


def _backward(results: list[Tensor]) -> None:
    losses = [result.sum() for result in results if result.requires_grad]
    if losses:
        sum(losses[1:], losses[0]).backward()  # type: ignore[no-untyped-call]


def _unlike_any_size(architecture: archspec.Architecture) -> int:
    """A batch size of which no size in the model is a multiple, so that the interpreter knows the batch by it."""
    shapes = [type_.shape for call in _calls(architecture) for type_ in call.outputs]
    shapes += [parameter.type.shape for parameter in architecture.graph.root.parameters]
    sizes = {dim for shape in shapes for dim in shape if isinstance(dim, int)}
    return next((prime for prime in (ODD_BATCH, 17, 19, 23) if all(size % prime for size in sizes)), ODD_BATCH)


def _judge_meaning(spec: dict[str, Any], architecture: archspec.Architecture, module: nn.Module) -> None:
    """The interpreter makes the same layers, the same shapes, and with the same weights the same numbers."""
    interpreter = Interpreter(spec)
    batch = _unlike_any_size(architecture)
    interpreter.run(*make_inputs(spec, batch))
    state = module.state_dict()
    theirs = state_names(interpreter)
    if set(state) != set(theirs):
        extra, missing = sorted(set(state) - set(theirs)), sorted(set(theirs) - set(state))
        raise Disagreement(f"the state has {extra}, and lacks {missing}")
    _same("the state's order", list(state), theirs)
    _take_tensors(interpreter, module)
    for path, layer in interpreter.modules.items():
        prefix = f"{path}."
        layer.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
    _freeze_alike(interpreter, module)
    with torch.no_grad():
        torch.manual_seed(1)
        ours = module.eval()(*make_inputs(spec, batch))
        torch.manual_seed(1)
        hand = interpreter.run(*make_inputs(spec, batch), training=False)
    inferred = {call.path: [_concrete(type_.shape, batch) for type_ in call.outputs] for call in _calls(architecture)}
    for path, made in interpreter.made.items():
        _same(f"the shape of {path}", inferred.get(path), [shape for shape, _ in made])
    _same("the result's form", type(ours), type(hand))
    if isinstance(ours, dict):
        _same("the result's names", list(ours), list(hand))
    if not _is_random(interpreter):
        for index, (mine, other) in enumerate(zip(flat(ours), flat(hand), strict=True)):
            if mine.dtype != other.dtype or not equal(mine, other):
                raise Disagreement(f"output {index} differs from the interpreter's")


def outputs_of(module: nn.Module, tensors: list[Tensor]) -> list[Tensor]:
    """The tensors that a module gives, the same random numbers for every module."""
    torch.manual_seed(1)
    return flat(module(*tensors))


def _freeze_alike(interpreter: Interpreter, module: nn.Module) -> None:
    """The interpreter's parameters take a gradient where the module's do: torch computes an RNN otherwise without."""
    held = dict(module.named_parameters(remove_duplicate=False))
    for path, parameter in parameters(interpreter).items():
        parameter.requires_grad_(held[path].requires_grad)


def _take_tensors(interpreter: Interpreter, module: nn.Module) -> None:
    """The module's bare tensors into the interpreter; where the spec says what they hold, they are one already."""
    held = {**dict(module.named_parameters(remove_duplicate=False)), **dict(module.named_buffers())}
    for path, tensor in interpreter.tensors.items():
        if path in interpreter.certain and (held[path].dtype != tensor.dtype or not equal(held[path], tensor)):
            raise Disagreement(f"the buffer {path} holds something else")
        tensor.data.copy_(held[path])


def _is_random(interpreter: Interpreter) -> bool:
    return any("Fractional" in type(layer).__name__ for layer in interpreter.modules.values())


def equal(mine: Tensor, other: Tensor) -> bool:
    if mine.shape != other.shape:
        return False
    return (
        torch.allclose(mine, other, rtol=0, atol=0, equal_nan=True) if mine.is_floating_point() else mine.equal(other)
    )


def _same(what: str, found: Any, wanted: Any) -> None:
    if found != wanted:
        raise Disagreement(f"{what}: {found} and {wanted}")


def _calls(architecture: archspec.Architecture) -> Iterator[Call]:
    return iter(architecture.graph.calls())


def _described(tensor: Tensor) -> tuple[tuple[int, ...], str]:
    return tuple(tensor.shape), str(tensor.dtype).removeprefix("torch.")


def _concrete(shape: Shape, batch: int) -> tuple[int, ...]:
    return tuple(dim.multiple * batch if isinstance(dim, Batch) else dim for dim in shape)
