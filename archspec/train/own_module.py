"""A module that its caller has made, in the place of a compiled spec."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.nn.parameter import is_lazy

from archspec.errors import Diagnostic, SpecError, UsageError, clip
from archspec.spec.recipe import Recipe
from archspec.tensors import N, TensorType
from archspec.train.data.handed_over import HandedOver
from archspec.train.fit import Trainable
from archspec.train.kept_spec import MODULE
from archspec.train.parts import make_transforms
from archspec.train.seeds import forked_generators

_SAMPLES = 2
_HEAD = "# what was trained is a module of somebody's Python; this is what a checkpoint of it has to fit\n"


@dataclass(slots=True)
class OwnModule:
    """A module with what the runner asks of one, found by running it once.

    Attributes:
        module: what is trained, in place.
        recipe: how.
        input_types: what its `forward` takes, by name.
        output_types: what that returns in training mode, by name.
        spare: a copy that stays whole where the module is taken apart.
    """

    module: nn.Module
    recipe: Recipe
    input_types: Mapping[str, TensorType]
    output_types: Mapping[str, TensorType] = field(default_factory=dict)
    spare: nn.Module | None = None

    def __post_init__(self) -> None:
        self.output_types = _output_types(self.module, self.input_types)

    @property
    def name(self) -> str:
        return type(self.module).__name__

    @property
    def kept_as(self) -> str:
        return MODULE

    @property
    def variables(self) -> Mapping[str, object]:
        return {}

    @property
    def spec_text_without_weights(self) -> str:
        """What takes the place of a spec: classes and tensors of the module by name."""
        return _HEAD + yaml.safe_dump(described(self.module), sort_keys=False, allow_unicode=True, width=120)

    @property
    def weights_metadata(self) -> Mapping[str, str]:
        return {}

    def with_variables(self, **values: object) -> Trainable:
        raise TypeError("a module has no variables")

    def build(self, *, device: torch.device | str | None = None, seed: int = 0) -> nn.Module:
        """The module itself on a device; the second time a copy of it as it was, if one was kept."""
        if self.spare is not None:
            return self.spare.to(device)
        if self.recipe.parallel == "fsdp":
            self.spare = copy.deepcopy(self.module).cpu()
        return self.module.to(device)

    def summary(self) -> str:
        """As torch prints it."""
        return str(self.module)


def own_module(
    module: nn.Module, recipe: Recipe, data: HandedOver | None, size: Sequence[int] | None = None
) -> OwnModule:
    """A module as the runner takes it.

    Args:
        module: with whatever weights.
        recipe: how it is trained.
        data: what it is trained on; None for what the recipe names.
        size: of its input without the batch, [C, H, W]; None for that of the first sample.

    Raises:
        SpecError: AS552, it does not take such data, or nothing tells its input.
        UsageError: AS615, it cannot be kept.
    """
    if isinstance(module, DistributedDataParallel):
        raise _not_kept("it is wrapped in `DistributedDataParallel`, which training does itself", "give `model.module`")
    strange = next((name for name, each in module.state_dict().items() if not isinstance(each, Tensor)), None)
    if strange is not None:
        help = "keep tensors only: parameters and buffers"
        raise _not_kept(f"`{clip(strange)}` in its state dict is no tensor", help)
    return OwnModule(module, recipe, _input_types(module, recipe, data, size))


def described(module: nn.Module) -> dict[str, Any]:
    """Classes and tensors by name, as plain data."""
    frozen = {name for name, each in module.named_parameters(remove_duplicate=False) if not each.requires_grad}
    return {
        "module": type(module).__qualname__,
        "modules": {name: type(each).__name__ for name, each in module.named_modules() if name},
        "tensors": {
            name: f"{_dtype(each)} {list(each.shape)}{', frozen' if name in frozen else ''}"
            for name, each in module.state_dict().items()
        },
    }


def _input_types(
    module: nn.Module, recipe: Recipe, data: HandedOver | None, size: Sequence[int] | None
) -> dict[str, TensorType]:
    taken = _taken(module)
    if size is not None:
        return {next(iter(taken), "input"): TensorType((N, *size))}
    if data is None:
        message = f"nothing tells the size of what `{type(module).__name__}` takes from `{recipe.data.name}`"
        raise _no_input(message, "say it, e.g. `input=[1, 28, 28]`")
    first = data.first_inputs()
    names = list(taken) + [f"input{number}" for number in range(len(taken), len(first) if _takes_any(module) else 0)]
    needed = sum(required for required in taken.values())
    by_name = first if isinstance(first, Mapping) else dict(zip(names, first, strict=False))
    if len(by_name) != len(first) or len(by_name) < needed or not set(by_name) <= set(names):
        takes = ", ".join(f"`{name}`" for name in names) or "nothing"
        has = ", ".join(f"`{clip(str(name))}`" for name in first) if isinstance(first, Mapping) else f"{len(first)}"
        message = f"`{type(module).__name__}` takes {takes}, and the inputs of each sample are {has}"
        raise _no_input(message, "let each sample be `(inputs, target)`, with the inputs as a tuple or by these names")
    return {name: _type(by_name[name], module, recipe) for name in names if name in by_name}


def _taken(module: nn.Module) -> dict[str, bool]:
    """The names of what `forward` takes by position, and whether it needs it."""
    parameters = inspect.signature(module.forward).parameters.values()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return {each.name: each.default is each.empty for each in parameters if each.kind in positional}


def _takes_any(module: nn.Module) -> bool:
    kinds = [each.kind for each in inspect.signature(module.forward).parameters.values()]
    return inspect.Parameter.VAR_POSITIONAL in kinds


def _type(given: Any, module: nn.Module, recipe: Recipe) -> TensorType:
    """Of an input, from that of the first sample: an image has the size to which the `eval` transforms bring it."""
    is_bytes = getattr(given, "dtype", None) in (torch.uint8, np.uint8)
    if isinstance(given, Image.Image) or (is_bytes and np.ndim(given) == 3):
        return TensorType((N, *_image_size(given, recipe)))
    if is_bytes and np.ndim(given) == 2:
        return TensorType((N, 1, *np.shape(given)))
    try:
        tensor = torch.as_tensor(given)
    except (TypeError, ValueError, RuntimeError):
        message = f"an input of the first sample is of type `{type(given).__name__}`, which is no tensor"
        raise _no_input(message, "give tensors, arrays, numbers or PIL images") from None
    dtype = _dtype(tensor)
    if tensor.is_floating_point():
        dtype = next((_dtype(each) for each in module.parameters() if each.is_floating_point()), dtype)
    return TensorType((N, *tensor.shape), dtype)


def _image_size(image: Any, recipe: Recipe) -> tuple[int, ...]:
    from torchvision.transforms.v2 import functional  # late: it loads slowly

    transform = make_transforms(recipe.transforms.eval)
    tensor = functional.to_image(image)
    with forked_generators(torch.device("cpu")):
        return tuple((tensor if transform is None else functional.to_image(transform(tensor))).shape)


def _output_types(module: nn.Module, inputs: Mapping[str, TensorType]) -> dict[str, TensorType]:
    """Of a forward pass in training mode, which changes no buffer.

    Raises:
        SpecError: AS552, the module refuses such inputs.
    """
    where = next(module.parameters(), torch.empty(0)).device
    was_training = module.training
    with torch.no_grad(), forked_generators(where):
        before: Mapping[str, Tensor] = {}
        zeros = [torch.zeros(_SAMPLES, *_sizes(each), dtype=getattr(torch, each.dtype)) for each in inputs.values()]
        try:
            if any(map(is_lazy, module.parameters())):
                module.eval()(*(each.to(where) for each in zeros))
            before = {name: each.clone() for name, each in module.named_buffers()}
            outputs = module.train()(*(each.to(where) for each in zeros))
        except MemoryError:
            raise
        except Exception as error:  # it is the caller's code
            shown = " and ".join(str(each) for each in inputs.values())
            said = clip(" ".join(str(error).split()), 300) or type(error).__name__
            message = f"`{type(module).__name__}` refuses an input of {shown}: {said}"
            raise _no_input(
                message, "change the data, or the layer that refuses it; `input=` says another size"
            ) from None
        finally:
            module.train(was_training)
            for name, each in module.named_buffers():
                if name in before:
                    each.copy_(before[name])
    return {name: _typed(module, each) for name, each in _named(outputs).items()}


def _sizes(type_: TensorType) -> tuple[int, ...]:
    return tuple(dim for dim in type_.shape[1:] if isinstance(dim, int))


def _named(outputs: Any) -> Mapping[str, Any]:
    if isinstance(outputs, Mapping):
        return {str(name): each for name, each in outputs.items()}
    if isinstance(outputs, (tuple, list)):
        names = getattr(outputs, "_fields", None) or map(str, range(len(outputs)))
        return dict(zip(names, outputs, strict=True))
    return {"output": outputs}


def _typed(module: nn.Module, output: Any) -> TensorType:
    while isinstance(output, (tuple, list)) and output:
        output = output[0]
    if not isinstance(output, Tensor):
        message = f"`{type(module).__name__}` returns a {type(output).__name__}, and no tensor"
        raise _no_input(message, "let `forward` return a tensor, a tuple of tensors or a dict of them")
    return TensorType((N, *output.shape[1:]) if output.ndim else (), _dtype(output))


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _no_input(message: str, help: str) -> SpecError:
    return SpecError([Diagnostic("AS552", message, help=help)])


def _not_kept(message: str, help: str) -> UsageError:
    return UsageError(Diagnostic("AS615", f"this module cannot be trained here: {message}", help=help))
