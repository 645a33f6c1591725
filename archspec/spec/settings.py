"""What a caller sets, on the command line or by keyword: each a small text of its own that faults point into."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from archspec.errors import Diagnostic, SourceText, Span, SpecError
from archspec.source import from_data, parse_value, read
from archspec.source.tree import Mapping as TreeMapping
from archspec.spec.checkpoint import Checkpoint, read_checkpoint
from archspec.spec.overrides import Override
from archspec.spec.reader import Reader

Weights: TypeAlias = str | os.PathLike[str] | Mapping[str, Any] | Literal[False]


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
    assert isinstance(tree, TreeMapping)
    key, node = tree.entries[0]
    return Override(name, Span(source, key.span.start + 1, key.span.end - 1), node)


def overrides_from_values(values: Mapping[str, Any]) -> tuple[Override, ...]:
    """Keyword arguments as overrides, each with a text of its own that faults can point into."""
    return tuple(override_from_value(name, value) for name, value in values.items())


def checkpoint_from_value(weights: Weights, own: Checkpoint | None) -> Checkpoint | None:
    """What a caller's `weights` asks for, whose spec asks for `own`; None for no checkpoint.

    Raises:
        SpecError: a mapping is no `weights` section.
    """
    if weights is False:
        return None
    if isinstance(weights, Mapping):
        return _of_mapping(weights)
    path = os.fspath(weights)
    if own is None:
        return Checkpoint(path)
    return replace(own, path=path, span=None, sha256=None, sha256_span=None, key_span=None)


def _of_mapping(weights: Mapping[str, Any]) -> Checkpoint | None:
    reader = Reader()
    path = weights.get("path")
    given = {**weights, "path": os.fspath(path)} if isinstance(path, os.PathLike) else weights
    read_as = read_checkpoint(reader, read(from_data(given, name="<weights=…>"), "json"))
    if reader.faults:
        raise SpecError(reader.faults)
    return None if read_as is None else replace(read_as, span=None, sha256_span=None, key_span=None)
