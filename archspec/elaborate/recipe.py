"""Faults of a recipe that can be told without torch: names, arguments, domains, and what is legal but odd."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from archspec.elaborate.mixing import check_mixing
from archspec.elaborate.nested import nested
from archspec.elaborate.recipe_fields import check_fields
from archspec.elaborate.recipe_mends import by_default, meant_name, mend_name, mend_value
from archspec.elaborate.recipe_values import expected, fits, odd, out_of_domain
from archspec.errors import Diagnostic, Span, clip, in_file_order
from archspec.ops.arguments import show
from archspec.ops.called import Signature
from archspec.ops.habits import meant_argument
from archspec.ops.offered import is_offered
from archspec.ops.signatures import Group, described_version, signatures
from archspec.source.tree import UNKNOWN
from archspec.spec.recipe import LOSS_TARGETS, Named, Recipe
from archspec.suggest import respelled

Known: TypeAlias = Callable[[Group], Mapping[str, Signature]]

NOUNS: Mapping[Group, str] = {
    "optimizers": "an optimiser of `torch.optim`",
    "schedulers": "a scheduler of `torch.optim.lr_scheduler`",
    "losses": "a loss of `torch.nn`",
    "inits": "an initialisation of `torch.nn.init`",
    "transforms": "a transform of `torchvision.transforms.v2`",
    "datasets": "a data set",
    "metrics": "a metric",
}
_PACKAGES: Mapping[Group, str] = {"transforms": "torchvision"}
_UNUSABLE: Mapping[str, str] = {
    "AdaptiveLogSoftmaxWithLoss": "it has weights of its own, which are of no layer of the model",
    "SparseAdam": "it wants sparse gradients, which no layer of a spec gives",
    "LinearTransformation": "it changes flattened images of one size only",
    "FiveCrop": "it makes five images out of one",
    "TenCrop": "it makes ten images out of one",
    "UniformTemporalSubsample": "it is for videos",
    "RandomIoUCrop": "it is for bounding boxes",
    "SanitizeBoundingBoxes": "it is for bounding boxes",
    "ClampBoundingBoxes": "it is for bounding boxes",
    "ConvertBoundingBoxFormat": "it is for bounding boxes",
    "SetClampingMode": "it is for bounding boxes",
    "SanitizeKeyPoints": "it is for key points",
    "ClampKeyPoints": "it is for key points",
}
_NOT_READ: Mapping[str, str] = {
    "LSUN": "torchvision reads it with the package `lmdb`, and its list of images from a pickle in the current folder",
}
"""Data sets of torchvision that are none here."""
_ONE_GROUP = frozenset({"LBFGS"})
_ANOTHER = "leave `param_groups` out, or take another optimiser, as `SGD`"
_OF_ALL: Mapping[str, tuple[str, ...]] = {"Adagrad": ("initial_accumulator_value",)}
"""What an optimiser reads from its own arguments only, whatever a group says."""
_LISTED = 12
_DEEPEST = 4
_MOST_FAULTS = 100


def check_recipe(recipe: Recipe, known: Known = signatures) -> list[Diagnostic]:
    """Every fault of a recipe, and warnings of what is legal but odd, in file order.

    Args:
        recipe: the `train` section.
        known: what may be named; by default what this archspec knows of torch without importing it.
    """
    found = [*check_fields(recipe)]
    if recipe.data.name in known("datasets") or not is_offered(recipe.data.name):
        found += _named("datasets", recipe.data, known)
    for _, each in recipe.output_losses:
        found += _named("losses", each.loss, known)
    found += _named("optimizers", recipe.optimizer, known)
    found += _groups(recipe, known)
    if recipe.scheduler is not None:
        found += _named("schedulers", recipe.scheduler, known)
    for metric in recipe.metrics:
        if len(found) >= _MOST_FAULTS:
            break
        found += _named("metrics", metric, known)
    for transform in (*recipe.transforms.train, *recipe.transforms.eval, *recipe.transforms.batch):
        if len(found) >= _MOST_FAULTS:
            break
        found += _named("transforms", transform, known)
    found += check_mixing(recipe)
    return in_file_order(found)


def with_primary(named: Named, signature: Signature) -> Named:
    """The same with its bare value (see `nested`) under the primary argument's name."""
    if "" not in named.arguments or signature.primary is None:
        return named
    return Named(named.name, {signature.primary: named.arguments[""]}, named.span)


def _groups(recipe: Recipe, known: Known) -> Iterator[Diagnostic]:
    """The arguments of each parameter group, which are the optimiser's."""
    name = recipe.optimizer.name
    signature = known("optimizers").get(name)
    if signature is None:
        return
    for group in recipe.param_groups:
        if name in _ONE_GROUP:
            yield Diagnostic(
                "AS506", f"`{name}` treats all parameters alike: it takes no `param_groups`", group.span, help=_ANOTHER
            )
        owner = Named(name, group.arguments, group.span, group.spans, group.keys)
        for argument, value in group.arguments.items():
            if argument in _OF_ALL.get(name, ()):
                message = f"`{name}` takes `{argument}` for all parameters alike, not for a group"
                help = f"write it beside the optimiser: `optimizer: {{{name}: {{{argument}: {show(value)}}}}}`"
                yield Diagnostic("AS506", message, group.keys.get(argument) or group.span, help=help)
            yield from _argument("optimizers", signature, owner, argument, value, known, group.span, 0)


def _named(group: Group, named: Named, known: Known, span: Span | None = None, depth: int = 0) -> Iterator[Diagnostic]:
    span = named.span or span
    signature = known(group).get(named.name)
    if signature is None and group == "datasets" and named.name in _NOT_READ:
        help = "export it as folders of images, for `ImageFolder`, or register a data set of your own"
        message = f"`{named.name}` cannot be used in a recipe: {_NOT_READ[named.name]}"
        yield Diagnostic("AS506", message, span, help=help)
        return
    if signature is None:
        yield _unknown_name(group, named, span, known)
        return
    why = unusable(group, signature)
    if why is not None:
        help = "name another one, or train the module that `archspec.build` gives with a loop of your own"
        yield Diagnostic("AS506", f"`{named.name}` cannot be used in a recipe: {why}", span, help=help)
        return
    named = with_primary(named, signature)
    for name, value in named.arguments.items():
        yield from _argument(group, signature, named, name, value, known, span, depth)
    for argument in signature.arguments:
        if argument.required and argument.name not in named.arguments:
            yield Diagnostic(
                "AS503",
                f"`{named.name}` needs `{argument.name}`",
                span,
                help=_with(named, argument.name),
            )


def _with(named: Named, missing: str) -> str:
    if named.arguments:
        return f"add `{missing}: …` to what it has"
    return f"write `{{{named.name}: {{{missing}: …}}}}`"


def _unknown_name(group: Group, named: Named, span: Span | None, known: Known) -> Diagnostic:
    names = known(group)
    shown = clip(named.name)
    listed = (f"there are {', '.join(f'`{each}`' for each in names)}",) if len(names) <= _LISTED else ()
    newer = _newer(group)
    if newer is not None and meant_name(group, named.name, names) is None:
        message = f"`{shown}` is not known here: the installed {newer} will be asked"
        return Diagnostic("AS501", message, span, help="see that it is spelt as there", severity="warning")
    help, edit = mend_name(group, named.name, span, names, named.arguments)
    return Diagnostic("AS501", f"`{shown}` is not {NOUNS[group]}", span, notes=listed, help=help, edit=edit)


def _newer(group: Group) -> str | None:
    """`torch 2.16.0` where the installed one is newer than the one that the signatures were made from."""
    if group in ("datasets", "metrics"):
        return None
    package = "torchvision" if _PACKAGES.get(group) else "torch"
    from importlib import metadata  # slow to import, and needed for a misspelling only

    try:
        installed = metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
    described = described_version("torchvision" if package == "torchvision" else "torch")
    return f"{package} {installed}" if _release(installed) > _release(described) else None


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("+")[0].split(".")[:2] if part.isdecimal())


def unusable(group: Group, signature: Signature) -> str | None:
    """Why a recipe cannot call something that torch has; None if it can."""
    if group == "losses" and signature.name not in LOSS_TARGETS and signature.name not in _UNUSABLE:
        wants = ", ".join(f"`{name}`" for name in signature.inputs)
        return (
            f"it takes {wants} and not an output with its label"
            if len(signature.inputs) != 2
            else ("its target is neither a class nor a mask of classes")
        )
    missing = next((a for a in signature.arguments if a.required and a.accepts[-1:] == ("callable",)), None)
    if missing is not None:
        return f"its `{missing.name}` is a Python function, and a recipe is data"
    return _UNUSABLE.get(signature.name)


def _argument(
    group: Group, signature: Signature, owner: Named, name: str, value: Any, known: Known, span: Span | None, depth: int
) -> Iterator[Diagnostic]:
    argument = signature.argument(name)
    if argument is None:
        yield _unknown_argument(signature, owner, name, span)
        return
    at = owner.spans.get(name) or span
    if argument.accepts == ("nameds",):
        yield from _things(group, owner.name, name, value, known, at, depth)
    elif _is_hidden(value):
        return
    elif not fits(argument, value):
        help, edit = mend_value(argument, value, owner.spans.get(name))
        message = f"`{name}` of `{owner.name}` has to be {expected(argument)}, but is {show(value)}"
        yield Diagnostic("AS504", message, at, help=help, edit=edit)
    elif (domain := out_of_domain(group, name, value)) is not None:
        message = f"`{name}` of `{owner.name}` has to be {domain}, but is {show(value)}"
        yield Diagnostic("AS505", message, at, help=by_default(argument))
    elif (why := odd(group, signature, name, value)) is not None:
        yield Diagnostic(
            "AS530",
            f"`{name}: {show(value)}` of `{owner.name}` {why}",
            at,
            help=by_default(argument),
            severity="warning",
        )


def _is_hidden(value: Any) -> bool:
    """Whether a fault reported elsewhere hides the value, or a part of it."""
    if isinstance(value, Mapping):
        return any(map(_is_hidden, value.values()))
    return any(map(_is_hidden, value)) if isinstance(value, list) else value is UNKNOWN


def _unknown_argument(signature: Signature, owner: Named, name: str, span: Span | None) -> Diagnostic:
    at = owner.keys.get(name) or owner.spans.get(name) or span
    names = [argument.name for argument in signature.arguments]
    if name == "" or not names:
        help = f"write `{owner.name}` alone"
        return Diagnostic("AS502", f"`{owner.name}` takes no arguments", at, help=help)
    meant = meant_argument(name, names)
    return Diagnostic(
        "AS502",
        f"`{owner.name}` has no argument `{clip(name)}`",
        at,
        notes=() if meant else (f"it has {', '.join(f'`{each}`' for each in names)}",),
        help=f"did you mean `{meant}`?" if meant else "write one that it has, or leave this out",
        edit=respelled(owner.keys[name], name, meant, names) if meant and name in owner.keys else None,
    )


def _things(
    group: Group, owner: str, name: str, value: Any, known: Known, span: Span | None, depth: int
) -> Iterator[Diagnostic]:
    """Transforms inside a transform, schedulers inside a scheduler."""
    if value is UNKNOWN:
        return
    items = [item for item in value if item is not UNKNOWN] if isinstance(value, (list, tuple)) else None
    inner = [None] if items is None else [nested(item) for item in items]
    if depth >= _DEEPEST:
        yield Diagnostic(
            "AS504", f"`{owner}` is nested more than {_DEEPEST} deep", span, help="write the inner ones side by side"
        )
        return
    for named in inner:
        if named is None:
            message = f"`{name}` of `{owner}` has to be a list of names, each with its arguments"
            help = f"write `{name}: [Name, {{Name: {{argument: value}}}}]`"
            yield Diagnostic("AS504", message, span, help=help)
            return
        yield from _named(group, named, known, span, depth + 1)
