"""The values of the file's variables, which may use each other."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping
from typing import Any

from archspec.elaborate.context import Context
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.limits import DEEPEST
from archspec.elaborate.variables import default_value
from archspec.errors import Diagnostic
from archspec.source.tree import Hidden, Scalar
from archspec.spec.document import Parameter


def file_variables(context: Context, parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    """The value of every variable of the file. Variables may use each other, whatever their order."""
    names = _Variables(context, {str(parameter.name.value): parameter for parameter in parameters})
    return {name: names[name] for name in names}


class _Variables(Mapping[str, Any]):
    """Evaluates a variable when it is first asked for. One that is being evaluated is not offered to itself."""

    def __init__(self, context: Context, declared: Mapping[str, Parameter]) -> None:
        self._context = context
        self._declared = declared
        self._values: dict[str, Any] = {}
        self._asking: list[str] = []

    def __getitem__(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        parameter = self._declared[name]
        if name in self._asking:
            _circular(self._context, self._declared, [*self._asking[self._asking.index(name) :], name])
            return UNKNOWN
        if len(self._asking) >= DEEPEST:
            _long_chain(self._context, parameter)
            return UNKNOWN
        self._asking.append(name)
        self._values[name] = default_value(self._context, parameter, self, "variable", self._context.defaults)
        self._asking.pop()
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._declared if name not in self._asking)

    def __len__(self) -> int:
        return len(self._declared)

    def items(self) -> ItemsView[str, Any]:
        """Those that have a value or are written as one: a message that shows them must not evaluate any."""
        written = {name: _as_written(parameter) for name, parameter in self._declared.items()}
        return {name: self._values.get(name, written[name]) for name in self}.items()


def _as_written(parameter: Parameter) -> Any:
    node = parameter.default
    if not isinstance(node, Scalar) or isinstance(node, Hidden) or (isinstance(node.value, str) and "$" in node.value):
        return UNKNOWN
    return node.value


def _long_chain(context: Context, parameter: Parameter) -> None:
    message = f"variables that use each other before they are defined, more than {DEEPEST} in a row"
    help = "write each variable after those that it uses"
    fault = Diagnostic("AS702", message, parameter.name.span, help=help)
    context.fault(fault, same=("AS702", "variables"), counted=False)


def _circular(context: Context, declared: Mapping[str, Parameter], path: list[str]) -> None:
    start = min(path[:-1], key=lambda name: declared[name].name.span.start)
    at = path.index(start)
    cycle = [*path[at:-1], *path[:at], start]
    node = declared[start].default
    assert node is not None
    context.fault(
        Diagnostic(
            "AS206",
            "these variables are defined by each other: " + " → ".join(f"`{name}`" for name in cycle),
            node.span,
            help="give one of them a value of its own",
        ),
        same=("AS206", *sorted(set(cycle))),
        counted=False,
    )
