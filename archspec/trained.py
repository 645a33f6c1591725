"""What is to be trained, in any of the forms in which it can be given: a spec or a module, with data or without."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, cast

from archspec.architecture import Architecture, compiled
from archspec.compiler import compile_text
from archspec.errors import SpecError
from archspec.given import Path, Spec, home_of, overrides_of, text_of
from archspec.spec.overrides import Override
from archspec.spec.recipe import Recipe
from archspec.spec.settings import override_from_value

if TYPE_CHECKING:
    from torch import nn

    from archspec.train.data.handed_over import HandedOver
    from archspec.train.own_module import OwnModule

Subject: TypeAlias = "Spec | Architecture | nn.Module"
_GIVEN = "given"


def is_module(subject: object) -> TypeGuard[nn.Module]:
    """Whether it is a module of torch, which is not imported for the question."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(subject, torch.nn.Module)


def subject_of(
    subject: Subject,
    data: Any = None,
    *,
    input: Sequence[int] | None = None,
    set: Sequence[str] = (),
    recipe: Spec | None = None,
    allow_roots: Sequence[Path] = (),
    variables: Mapping[str, Any] | None = None,
) -> tuple[Architecture | OwnModule, HandedOver | None]:
    """What is trained as the runner takes it, and the data that is handed over, if any is. Arguments as for `train`.

    Raises:
        SpecError: the spec or the recipe is wrong, or the data is none that can be learnt from.
        UsageError: AS615, a module cannot be trained.
    """
    settings = overrides_of(set, recipe, variables or {})
    if is_module(subject):
        return _own(subject, data, input, settings)
    if input is not None:
        raise TypeError("`input` is for a module: a spec says what it takes")
    if isinstance(subject, Architecture):
        architecture = subject.with_overrides(settings) if settings else subject
    else:
        spec = cast("Spec", subject)
        architecture = compiled(text_of(spec), settings, home_of(spec, allow_roots))
    named, handed = _split(data, architecture.recipe)
    return (architecture if named is None else architecture.with_overrides([named])), handed


def _own(
    module: nn.Module, data: Any, input: Sequence[int] | None, settings: Sequence[Override]
) -> tuple[OwnModule, HandedOver | None]:
    from archspec.train.own_module import own_module

    recipe = _recipe(settings)
    named, handed = _split(data, recipe)
    if named is not None:
        recipe = _recipe([*settings, named])
    return own_module(module, recipe, handed, input), handed


def _recipe(settings: Sequence[Override]) -> Recipe:
    """The recipe that settings alone make."""
    made = compile_text(text_of({"archspec": 1, "data": "digits"}), settings)
    if made.recipe is None or any(fault.severity == "error" for fault in made.diagnostics):
        raise SpecError(made.diagnostics)
    return made.recipe


def _split(data: Any, recipe: Recipe | None) -> tuple[Override | None, HandedOver | None]:
    """What the recipe is to name, where that is something else than it names already; and what is handed over."""
    if data is None:
        return None, None
    if isinstance(data, str) or (isinstance(data, Mapping) and "train" not in data):
        return override_from_value("train.data", data), None
    from archspec.train.data.handed_over import handed_over

    is_named = recipe is not None and recipe.data.name == _GIVEN
    return (None if is_named else override_from_value("train.data", _GIVEN)), handed_over(data)
