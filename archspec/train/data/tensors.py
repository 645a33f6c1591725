"""`tensors`: arrays of one's own, mostly from a file, as the model's inputs and what is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from archspec.errors import Diagnostic, Span, SpecError, clip, plural
from archspec.spec.recipe import LOSS_TARGETS
from archspec.tensors import show_shape
from archspec.train.data.batch import TARGET
from archspec.train.data.images import ImageData, ImageShape, Task
from archspec.train.data.in_memory import InMemory, Tensors
from archspec.train.data.probabilities import Meaning, meaning_of, of_yes
from archspec.train.data.reading import left_out, without
from archspec.train.data.request import Request
from archspec.train.data.split import stratified
from archspec.train.data.statistics import channel_statistics
from archspec.train.targets import IGNORED

_INPUTS = ("input", "inputs", "images", "image", "x", "data")
_TARGETS = ("target", "targets", "labels", "label", "y")
_MOST_CLASSES = 1 << 20
Arrays = Mapping[str, Tensor]
Assigned: TypeAlias = tuple[dict[str, Tensor], dict[str, Tensor]]
"""The model's inputs in its order, and targets by name."""


def load(request: Request) -> ImageData:
    """The arrays of `train` and `eval`; without `eval` a part of `train` is measured on, chosen by `seed`.

    Raises:
        SpecError: AS552, they are not what the model takes; AS553, they do not go together; AS554, a file is not there
            or holds no arrays.
    """
    files = {"train": _assigned(request, "train", _read(request, "train"))}
    if request.argument("eval") is not None:
        files["eval"] = _assigned(request, "eval", _read(request, "eval"))
    return from_arrays(request, files, request.argument("classes"))


def from_arrays(request: Request, files: dict[str, Assigned], classes: Sequence[str] | int | None = None) -> ImageData:
    """Arrays as a data set; without `eval` a part of `train` is measured on, chosen by `seed`.

    Args:
        request: the recipe, and the model's inputs.
        files: what is learnt from as `train`, and perhaps what is measured on as `eval`.
        classes: their names or number; by default as many as occur.

    Raises:
        SpecError: AS552, they are not what the model takes; AS553, they do not go together.
    """
    main = _main_target(request)
    none = left_out(request.recipe)
    files = _with_main(files, main, lambda labels: without(labels, none))
    meaning = _meaning(request, files, main, classes)
    if meaning is not None:
        files = _with_main(files, main, Tensor.float)
    first = files["train"][1].get(main)
    task, names = meaning or _task(request, first, [each[1].get(main) for each in files.values()], classes)
    if "eval" not in files:
        files = _divided(request, files["train"], first if task == "classification" else None)
    shape = _image_shape(request, *files["train"])
    if shape is None:
        return _plain(request, task, names, files)
    return _images(request, shape, task, names, files, main)


def _read(request: Request, phase: str) -> Arrays:
    path = Path(request.argument(phase)).expanduser()
    span = request.recipe.data.spans.get(phase, request.recipe.data.span)
    try:
        found = _arrays_of(path)
    except FileNotFoundError:
        note = () if path.is_absolute() else (f"a relative path starts at the current folder, {Path.cwd()}",)
        message = f"the file of arrays `{clip(str(path))}` is not there"
        help = "write the path of an existing `.npz`, `.pt` or `.safetensors` file"
        raise SpecError([Diagnostic("AS554", message, span, notes=note, help=help)]) from None
    except MemoryError:
        raise
    except Exception as error:  # whatever a damaged file makes its reader raise
        said = clip(" ".join(str(error).split()), 200) or type(error).__name__
        message = f"`{clip(str(path))}` holds no arrays that can be read: {said}"
        help = "write it with `numpy.savez`, `torch.save` of a dict of tensors, or safetensors"
        raise SpecError([Diagnostic("AS554", message, span, help=help)]) from None
    check_counts(found, f"`{clip(str(path))}`", span)
    return found


def check_counts(arrays: Arrays, whose: str, span: Span | None) -> None:
    """All arrays have the same number of samples, and some.

    Raises:
        SpecError: AS553, they have not.
    """
    counts = {name: len(tensor) for name, tensor in arrays.items() if tensor.ndim}
    if len(counts) != len(arrays) or len(set(counts.values())) != 1 or not min(counts.values()):
        told = ", ".join(f"`{clip(name)}` {counts.get(name, 'none')}" for name in arrays)
        message = f"the arrays of {whose} have different numbers of samples: {told}"
        raise SpecError([Diagnostic("AS553", message, span, help="give each array one entry for each sample")])


def _arrays_of(path: Path) -> Arrays:
    """No code in the file is run: numpy's without pickles, torch's with weights only."""
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    if path.suffix == ".safetensors":
        return load_file(path)
    if path.suffix not in (".pt", ".pth"):
        raise ValueError(f"it ends in `{path.suffix}`, not in .npz, .pt, .pth or .safetensors")
    found = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(found, dict) or not found or not all(isinstance(each, Tensor) for each in found.values()):
        raise ValueError("it holds something else than a dict of tensors")
    return {str(name): tensor for name, tensor in found.items()}


def _assigned(request: Request, phase: str, arrays: Arrays) -> Assigned:
    """The model's inputs in its order, and all else by name, the one and only target as `target`."""
    inputs: dict[str, str] = {}
    for name in request.input_types:
        usual = _INPUTS if len(request.input_types) == 1 else ()
        found = next((each for each in (name, *usual) if each in arrays), None)
        if found is None:
            listed = ", ".join(f"`{clip(each)}`" for each in arrays)
            message = f"`{phase}` has no array for the model's input `{name}`: it has {listed}"
            help = f"call it `{name}` in the file"
            raise SpecError([Diagnostic("AS552", message, request.recipe.data.spans.get(phase), help=help)])
        inputs[name] = found
    rest = {name: tensor for name, tensor in arrays.items() if name not in inputs.values()}
    main = next((name for name in _TARGETS if name in rest), next(iter(rest)) if len(rest) == 1 else None)
    targets = {TARGET if name == main else name: as_target(tensor) for name, tensor in rest.items()}
    return {name: arrays[array] for name, array in inputs.items()}, targets


def as_target(tensor: Tensor) -> Tensor:
    """Numbers as float32, classes as int64."""
    return tensor.float() if tensor.is_floating_point() else tensor.long()


def _main_target(request: Request) -> str:
    _, main = request.recipe.output_losses[0]
    return TARGET if main.target is None or main.target in request.input_types else main.target


def _task(
    request: Request, first: Tensor | None, all_: list[Tensor | None], classes: Sequence[str] | int | None
) -> tuple[Task, tuple[str, ...]]:
    """What the main target is, and its classes."""
    wanted = LOSS_TARGETS.get(request.recipe.output_losses[0][1].loss.name)
    if first is None or wanted in ("none", "pair", "sequence"):
        return "none", ()
    if first.is_floating_point():
        return "regression", ()
    classes = classes if classes is None or isinstance(classes, int) else of_yes(request, classes)
    seen = max(int(each.max()) for each in all_ if each is not None) + 1
    lowest = min(_lowest(each) for each in all_ if each is not None)
    given = classes if classes is None or isinstance(classes, int) else len(classes)
    span = request.recipe.data.spans.get("classes", request.recipe.data.span)
    if lowest < 0 or seen > _MOST_CLASSES or (given is not None and seen > given):
        message = f"the classes of `{request.name}` go from {lowest:,} to {seen - 1:,}"
        if given is not None:
            message += f", and `classes` says {given:,}"
        help = f"classes are counted from 0; what has none is {IGNORED}; numbers to be predicted are floating-point"
        raise SpecError([Diagnostic("AS553", message, span, help=help)])
    named = range(seen) if classes is None else range(classes) if isinstance(classes, int) else classes
    names = tuple(map(str, named))
    task: dict[int, Task] = {1: "classification", 2: "sequence", 3: "segmentation"}
    return task.get(first.ndim, "sequence"), names


def _with_main(files: dict[str, Assigned], main: str, change: Callable[[Tensor], Tensor]) -> dict[str, Assigned]:
    """The same with other main targets, where they are there."""
    return {
        part: (inputs, {name: change(each) if name == main else each for name, each in targets.items()})
        for part, (inputs, targets) in files.items()
    }


def _meaning(
    request: Request, files: Mapping[str, Assigned], main: str, classes: Sequence[str] | int | None
) -> Meaning | None:
    """Of the targets of all parts together."""
    parts = [targets.get(main) for _, targets in files.values()]
    there = [each for each in parts if each is not None]
    if len(there) < len(parts) or len({each.shape[1:] for each in there}) != 1:
        return None
    return meaning_of(request, torch.cat(there), classes)


def _lowest(labels: Tensor) -> int:
    known = labels[labels != IGNORED]
    return int(known.min()) if len(known) else 0


def _hard(labels: Tensor) -> Tensor:
    """Classes [n]; of shares of each, the largest, of the probability of a yes, whether it is likelier."""
    if not labels.is_floating_point():
        return labels
    return labels.argmax(1) if labels.shape[1:].numel() > 1 else (labels > 0.5).long().flatten()


def _divided(request: Request, whole: Assigned, labels: Tensor | None) -> dict[str, Assigned]:
    count = len(next(iter(whole[0].values())))
    by = [0] * count if labels is None else _hard(labels).tolist()
    parts = stratified(by, request.argument("eval_fraction"), request.argument("seed"))
    if not parts[1]:
        message = f"`train` has {plural(count, 'sample')}, of which nothing can be left to measure on"
        raise SpecError([Diagnostic("AS553", message, request.recipe.data.span, help="give `eval` too")])
    divided = {}
    for phase, part in zip(("train", "eval"), parts, strict=True):
        chosen = torch.tensor(part)
        divided[phase] = tuple({name: tensor[chosen] for name, tensor in group.items()} for group in whole)
    return divided  # type: ignore[return-value]


def _image_shape(request: Request, inputs: Arrays, targets: Arrays) -> ImageShape | None:
    """Where images in bytes are the only input, with one target at most: they are treated as such. None elsewhere."""
    ((_, given), *others) = request.input_types.items()
    (stored, *_) = inputs.values()
    if others or len(targets) > 1 or stored.dtype != torch.uint8 or not given.is_floating or stored.ndim not in (3, 4):
        return None
    return request.image_shape(channels=(1, 3))


def _images(
    request: Request, shape: ImageShape, task: Task, classes: tuple[str, ...], files: Mapping[str, Any], main: str
) -> ImageData:
    phases = {}
    for phase, (inputs, targets) in files.items():
        (stored,) = inputs.values()
        stored = stored.unsqueeze(1) if stored.ndim == 3 else stored
        if phase == "train":
            mean, std = channel_statistics(stored, shape)
        target = targets.get(main, torch.zeros(len(stored)))
        phases[phase] = InMemory(stored, target, _as_it_is, request.preparation(phase, shape, mean, std))
    shown = phases["eval"].preparation
    return ImageData(request.name, task, classes, phases["train"], phases["eval"], shown, _unlabelled(files, main))


def _as_it_is(images: Tensor) -> Tensor:
    return images


def _plain(request: Request, task: Task, classes: tuple[str, ...], files: Mapping[str, Any]) -> ImageData:
    made = {}
    for phase, (inputs, targets) in files.items():
        taken = [_as_input(request, name, tensor) for name, tensor in inputs.items()]
        made[phase] = Tensors(tuple(taken), targets)
    if request.recipe.transforms.train or request.recipe.transforms.eval:
        message = "transforms are for images, and these arrays go into the model as they are"
        help = "leave `transforms` out, or keep the images as uint8 [n, C, H, W]"
        raise SpecError([Diagnostic("AS512", message, request.recipe.spans.get("transforms"), help=help)])
    main = _main_target(request)
    return ImageData(request.name, task, classes, made["train"], made["eval"], None, _unlabelled(files, main))


def _unlabelled(files: Mapping[str, Any], main: str) -> bool:
    return any(main in targets and bool((targets[main] == IGNORED).any()) for _, targets in files.values())


def _as_input(request: Request, name: str, tensor: Tensor) -> Tensor:
    """In the type that the spec says.

    Raises:
        SpecError: AS552, it has another shape.
    """
    given = request.input_types[name]
    if tuple(tensor.shape[1:]) != given.shape[1:]:
        found, wanted = ([*each[1:]] for each in (tensor.shape, given.shape))
        message = (
            f"each sample of the array for `{name}` is {found}, but the model's `{name}` is {show_shape(given.shape)}"
        )
        help = f"write `input: {found}`" if len(request.input_types) == 1 else f"make it {wanted}"
        raise SpecError([Diagnostic("AS552", message, request.recipe.data.span, help=help)])
    return tensor.to(getattr(torch, given.dtype))
