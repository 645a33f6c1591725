"""The front door of reading: which format a text is in, and what is refused before it is parsed."""

from __future__ import annotations

from typing import Literal

from archspec.errors import Diagnostic, SourceText, Span, SpecError
from archspec.source.characters import BYTE_ORDER_MARK, check_text
from archspec.source.limits import MAX_BYTES, TENSORS
from archspec.source.tree import Node, Scalar
from archspec.source.yaml_habits import glued_key

Format = Literal["yaml", "json"]
_MARKERS = ("<<<<<<< ", ">>>>>>> ", "||||||| ")


def read(source: SourceText, format: Format | None = None) -> Node:
    """The located tree of a spec text.

    Args:
        source: the text and its name.
        format: `yaml` or `json`; None takes JSON where the name ends in `.json`, and YAML otherwise.

    Raises:
        SpecError: the text cannot be read; one diagnostic for a syntax fault, or one for each wrong scalar and key.
    """
    if len(source.text) > MAX_BYTES:
        message = f"a text of {len(source.text):,} characters; at most {MAX_BYTES:,}"
        raise SpecError([Diagnostic("AS003", message, help=TENSORS)])
    check_text(source)
    _check_merge_conflict(source)
    if format is None:
        format = "json" if source.name.lower().endswith(".json") else "yaml"
    text = source.text.removeprefix(BYTE_ORDER_MARK)
    node = _parse(source, text, len(source.text) - len(text), format)
    if node is None:
        raise SpecError([_empty(source)])
    fault = glued_key(node) if isinstance(node, Scalar) else None
    if fault is not None:
        raise SpecError([fault])
    return node


def parse_value(text: str, source: SourceText, start: int) -> Node:
    """The value of a command-line override, read as YAML: `3`, `[1, 2]`, `resnet`, `{SGD: {lr: 0.1}}`.

    Args:
        text: the value as written; nothing is null.
        source: the whole argument, e.g. `train.epochs=3`; spans point into it.
        start: where in the source the value starts.

    Raises:
        SpecError: as of `read`.
    """
    check_text(source)
    node = _parse(source, text, start, "yaml")
    return Scalar(None, Span(source, start, start + len(text))) if node is None else node


def _parse(source: SourceText, text: str, base: int, format: Format) -> Node | None:
    # The YAML parser's import costs more than reading a spec does; JSON texts and dicts do without it.
    if format == "json":
        from archspec.source.json_reader import read_json

        return read_json(source, base)
    from archspec.source.yaml_reader import read_yaml

    return read_yaml(source, text, base)


def _check_merge_conflict(source: SourceText) -> None:
    """What version control leaves behind is worth a better word than a syntax fault."""
    text = source.text
    found = []
    for marker in _MARKERS:
        at = 0 if text.startswith(marker) else text.find("\n" + marker) + 1
        if text.startswith(marker, at):
            found.append((at, len(marker) - 1))
    if not found:
        return
    at, length = min(found)
    span = Span(source, at, at + length)
    raise SpecError(
        [
            Diagnostic(
                "AS009",
                f"unresolved merge conflict at line {span.line}",
                span,
                help="keep one side, and remove the lines of `<<<<<<<`, `=======` and `>>>>>>>`",
            )
        ]
    )


def _empty(source: SourceText) -> Diagnostic:
    return Diagnostic(
        "AS010",
        "the spec is empty",
        Span(source, 0, 0),
        help="a spec begins with `archspec: 1`, and has at least `name`, `input` and `layers`",
    )
