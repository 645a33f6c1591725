"""Things that stand by name in the arguments of another: transforms in a transform, schedulers in a scheduler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archspec.spec.recipe import Named


def nested(value: Any) -> Named | None:
    """`RandomInvert` or `{ColorJitter: {hue: 0.1}}`, where it stands inside another one's arguments; None if neither.

    A scalar or list is kept under the name "", which means the primary argument.
    """
    if isinstance(value, str):
        return Named(value)
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    ((name, arguments),) = value.items()
    if arguments is None:
        return Named(str(name))
    return Named(str(name), arguments if isinstance(arguments, Mapping) else {"": arguments})


def with_inner(named: Named, key: str) -> Iterator[Named]:
    """It, and all that stands in the list under this key of its arguments, at any depth."""
    yield named
    inner = named.arguments.get(key, named.arguments.get(""))
    for each in inner if isinstance(inner, (list, tuple)) else ():
        found = nested(each)
        if found is not None:
            yield from with_inner(found, key)
