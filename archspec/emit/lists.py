"""Lists in a generated forward: what a loop gathers from all copies, for others to take."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from archspec.emit.uses import Uses
from archspec.emit.wishes import plural, ports_of, wish_of
from archspec.graph.nodes import Ref, Scope


def list_wish(scope: Scope, ref: Ref) -> str:
    """What the list of a value of each copy would like to be called, from the value in the first copy."""
    node = next(node for node in scope.body if node.id == ref.id)
    if ref.port == 0:
        return f"{wish_of(scope)}_outputs"
    return plural(ports_of(node)[ref.port])


def fed_wish(scope: Scope, ref: Ref, uses: Uses) -> str:
    """What the variable of a value that each copy is given would like to be called: as the copy itself calls it."""
    for node in scope.body:
        for parameter, taken in zip(getattr(node, "parameters", ()), node.inputs, strict=False):
            if uses.resolved(taken) == ref and parameter.name != "input":
                return str(parameter.name)
    return "other"


def for_each(names: Sequence[str], sources: Sequence[str]) -> str:
    """The head of a loop over one thing, or over several side by side."""
    if len(names) == 1:
        return f"for {names[0]} in {sources[0]}:"
    return f"for {', '.join(names)} in zip({', '.join(sources)}, strict=True):"


def together(texts: Sequence[str], lists: Mapping[str, int]) -> str:
    """What has these values in turn: a list or a part of it, forwards or backwards, or a tuple."""
    found = [re.fullmatch(r"(\w+)\[(\d+)\]", text) for text in texts]
    matches = [match for match in found if match and match[1] in lists]
    if len(matches) == len(texts) and len({match[1] for match in matches}) == 1:
        name, places = matches[0][1], [int(match[2]) for match in matches]
        count, first, last = lists[name], min(places), max(places)
        part = f"{name}[{first or ''}:{last + 1 if last + 1 < count else ''}]" if len(places) < count else name
        if places == list(range(first, last + 1)):
            return part
        if places == list(range(last, first - 1, -1)):
            return f"reversed({part})"
    return f"({', '.join(texts)})"


def taking_lists(code: str, inputs: Sequence[str], lists: Mapping[str, int]) -> str:
    """An expression with the names of lists where it has all their elements one after the other."""
    for name, count in lists.items():
        elements = [f"{name}[{at}]" for at in range(count)]
        if count > 1 and all(element in inputs for element in elements):
            listed, summed = ", ".join(elements), " + ".join(elements)
            code = name.join(code.split(f"[{listed}]"))
            code = re.sub(rf"(?<=[\[ ]){re.escape(listed)}(?=[,\]])", f"*{name}", code)
            code = f"reduce(torch.add, {name})" if code == summed else code
    return code
