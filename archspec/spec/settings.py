"""Overrides from the command line and from keyword arguments, each a small text of its own that faults point into."""

from __future__ import annotations

from typing import Any

from archspec.errors import Diagnostic, SourceText, Span, SpecError
from archspec.source import from_data, parse_value, read
from archspec.source.tree import Mapping
from archspec.spec.overrides import Override


def override_from_text(text: str) -> Override:
    """`train.epochs=3` as it stands after `--set`.

    Raises:
        SpecError: AS112, it is no `name=value`; or the value is no YAML value.
    """
    source = SourceText("--set", text)
    path, equals, value = text.partition("=")
    if not equals or not path:
        span = Span(source, 0, len(text))
        help = "write e.g. `--set num_classes=10` or `--set train.epochs=3`"
        raise SpecError([Diagnostic("AS112", "`--set` wants `name=value`", span, help=help)])
    node = parse_value(value, source, len(path) + 1)
    return Override(path, Span(source, 0, len(path)), node)


def override_from_value(name: str, value: Any) -> Override:
    """`build(path, num_classes=2)` as the override `num_classes`.

    Raises:
        SpecError: the value is not plain data.
    """
    source = from_data({name: value}, name=f"<{name}=…>")
    tree = read(source, "json")
    assert isinstance(tree, Mapping)
    key, node = tree.entries[0]
    return Override(name, Span(source, key.span.start + 1, key.span.end - 1), node)
