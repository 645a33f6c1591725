"""Data sets that a recipe names and an installed package, or the caller's Python, has."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from archspec.errors import Diagnostic, SpecError, clip
from archspec.ops.offered import offered_dataset
from archspec.train.data.images import ImageData
from archspec.train.data.own import from_datasets
from archspec.train.data.request import Request


def load(request: Request) -> ImageData:
    """What the plug-in makes of the recipe's arguments: a pair of data sets, or a mapping with `train`, `eval` and
    perhaps `classes` and `workers`.

    Raises:
        SpecError: AS502, it takes other arguments; AS553, AS554, it fails, or gives something else.
    """
    named = request.recipe.data
    made = _made(request)
    if isinstance(made, Mapping) and {"train", "eval"} <= set(made) <= {"train", "eval", "classes", "workers"}:
        return from_datasets(request, made["train"], made["eval"], made.get("classes"), made.get("workers"))
    if isinstance(made, (tuple, list)) and len(made) == 2:
        return from_datasets(request, *made)
    message = f"the plug-in `{named.name}` gives a {type(made).__name__}, and not two data sets"
    help = "let it return `(train, eval)`, or a dict with these and `classes`"
    raise SpecError([Diagnostic("AS553", message, named.span, help=help)])


def _made(request: Request) -> Any:
    named = request.recipe.data
    try:
        make = offered_dataset(named.name)
        inspect.signature(make).bind(**named.arguments)
    except TypeError as error:
        message = f"the plug-in `{named.name}` does not take these arguments: {error}"
        help = "write the arguments that its function has"
        raise SpecError([Diagnostic("AS502", message, named.span, help=help)]) from None
    except Exception as error:  # a package that cannot be imported
        raise _fails(request, error) from error
    try:
        return make(**named.arguments)
    except Exception as error:  # it is not our code
        raise _fails(request, error) from error


def _fails(request: Request, error: Exception) -> SpecError:
    named = request.recipe.data
    said = f"{type(error).__name__}: {clip(' '.join(str(error).split()), 200)}"
    return SpecError(
        [
            Diagnostic(
                "AS554",
                f"the plug-in `{named.name}` fails: {said}",
                named.span,
                help="the fault is in the plug-in's own code",
            )
        ]
    )
