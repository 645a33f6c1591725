"""YAML to the located tree, from a parser's event stream: no composer and no constructor of anyone's."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml

from archspec.errors import Diagnostic, SourceText, Span, SpecError, clip
from archspec.source.builder import TreeBuilder
from archspec.source.characters import hidden_break_fault, hidden_breaks
from archspec.source.scalars import ScalarFault, resolve_plain
from archspec.source.tree import Node, Plain, Scalar
from archspec.source.yaml_habits import braced_key, doubled_braces, glued_key, habit_fault
from archspec.suggest import did_you_mean

_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_CORE = "tag:yaml.org,2002:"
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TAGS = ("str", "int", "float", "bool", "null", "map", "seq")


def read_yaml(source: SourceText, text: str, base: int = 0) -> Node | None:
    """The tree of a YAML text, or None where there is nothing in it.

    Args:
        source: what spans point into.
        text: what is parsed: the source's whole text, or a part of it.
        base: where in the source that part starts.

    Raises:
        SpecError: a syntax fault (one diagnostic), or every fault of scalars, keys and aliases.
    """
    return _YamlReader(source, text, base).read()


class _YamlReader:
    def __init__(self, source: SourceText, text: str, base: int) -> None:
        self._source = source
        self._text = text
        self._base = base
        self._build = TreeBuilder(source)
        self._anchors: dict[str, tuple[Node, int, int] | None] = {}
        self._open: list[tuple[str | None, bool]] = []
        self._last: Any = None
        self._hidden = hidden_breaks(text)

    def read(self) -> Node | None:
        """Feeds every event to the builder."""
        documents = 0
        for event in self._events():
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._scalar(event)
                self._last = event
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._start(event, kind is yaml.MappingStartEvent)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._end(event)
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self._second_document(event)
        if self._hidden:
            at = self._base + self._hidden[0]
            raise SpecError([hidden_break_fault(self._span(at, at + 1))])
        root = self._build.root
        if root is None or (_is_nothing(root) and not self._build.faults):
            return None
        return self._build.finish()

    def _events(self) -> Iterator[Any]:
        try:
            yield from iter(_Loader(self._text).get_event, None)
        except yaml.MarkedYAMLError as error:
            # Only a wrong text pays for the patterns that explain it.
            from archspec.source.yaml_faults import explain

            last = None if self._last is None else self._last.start_mark.index
            raise SpecError([explain(error, self._source, self._text, self._base, last)]) from None

    def _span(self, start: int, end: int) -> Span:
        return Span(self._source, start, end)

    def _scalar(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        if event.anchor is not None or event.tag is not None:
            start = self._after_properties(event)
        quoted = bool(event.style)
        if quoted and event.style in "|>":
            end = start + len(self._text[start:end].rstrip())
        if self._hidden:
            del self._hidden[bisect_left(self._hidden, start) : bisect_left(self._hidden, end)]
        span = self._span(self._base + start, self._base + max(start, end))
        if self._build.wants_key:
            self._key(event, span, quoted)
            return
        if not quoted:
            self._check_habits(event.value, span)
        scalar = Scalar(self._value(event, span, quoted), span, quoted)
        self._build.scalar(scalar)
        if event.anchor is not None:
            self._anchors[event.anchor] = (scalar, 1, 0)

    def _key(self, event: Any, span: Span, quoted: bool) -> None:
        text = event.value
        if event.tag is not None and event.tag != _CORE + "str":
            self._tag_fault(event)
        if not quoted and text in _NULLS:
            shown = f"`{text}` is null, and" if text else "there is no key before the colon:"
            self._build.fault(
                Diagnostic("AS031", f"{shown} a key must be a name", span, help='write a name; `"null"` is one')
            )
        scalar = Scalar(text, span, quoted)
        self._build.key(scalar, merge=text == "<<" and not quoted)
        if event.anchor is not None:
            self._anchors[event.anchor] = (scalar, 1, 0)

    def _check_habits(self, value: str, span: Span) -> None:
        key = self._build.waiting_key
        fault = habit_fault(value, span, is_item=key is None)
        if not value and key is not None and self._open[-1][1]:
            fault = glued_key(key)
        if key is not None and " {" in str(key.value):
            fault = braced_key(key) or fault
        if fault is not None:
            self._build.fault(fault)

    def _value(self, event: Any, span: Span, quoted: bool) -> Plain:
        text: str = event.value
        tag: str | None = event.tag
        if tag is not None:
            return self._tagged(event, span, quoted)
        if quoted:
            return text
        try:
            return resolve_plain(text)
        except ScalarFault as fault:
            self._build.scalar_fault(fault, span)
            return text

    def _tagged(self, event: Any, span: Span, quoted: bool) -> Plain:
        """`!!str 1` is a string; any other core tag must agree with what the value is without it."""
        text: str = event.value
        if event.tag == _CORE + "str":
            return text
        wanted = event.tag.removeprefix(_CORE)
        if wanted not in _TAGS or event.tag == wanted:
            self._tag_fault(event)
            return text
        try:
            value: Plain = resolve_plain(text)
        except ScalarFault as fault:
            self._build.scalar_fault(fault, span)
            return text
        if wanted == "float" and type(value) is int:
            return float(value)
        found = {type(None): "null", bool: "bool", int: "int", float: "float", str: "str"}[type(value)]
        if found != wanted:
            message = f"the tag `!!{wanted}` does not fit the value `{clip(text)}`"
            self._build.fault(Diagnostic("AS032", message, self._property(event, "!"), help="remove the tag"))
        return value

    def _start(self, event: Any, is_mapping: bool) -> None:
        start = event.start_mark.index
        if event.anchor is not None or event.tag is not None:
            start = self._after_properties(event)
        if self._build.wants_key:
            template = doubled_braces(self._source, self._base + start - 1)
            if template is not None:
                raise SpecError([template])
            what = "a mapping" if is_mapping else "a list"
            span = self._span(self._base + start, self._base + max(event.end_mark.index, start + 1))
            raise SpecError(
                [Diagnostic("AS031", f"{what} cannot be a key", span, help="write a name before the colon")]
            )
        if event.tag is not None and event.tag != _CORE + ("map" if is_mapping else "seq"):
            self._tag_fault(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._open.append((event.anchor, bool(event.flow_style)))
        self._build.open(is_mapping, self._base + start)

    def _end(self, event: Any) -> None:
        anchor, flow = self._open.pop()
        closed = self._build.close(self._base + event.end_mark.index if flow else None)
        if anchor is not None:
            self._anchors[anchor] = closed

    def _alias(self, event: Any) -> None:
        start = self._base + event.start_mark.index
        span = self._span(start, self._base + event.end_mark.index)
        name = event.anchor
        if self._build.wants_key:
            raise SpecError([Diagnostic("AS031", "an alias cannot be a key", span, help="write the name itself")])
        held = self._anchors.get(name)
        if held is not None:
            self._build.add(*held, start)
            return
        if name in self._anchors:
            message = f"`*{clip(name)}` stands inside what it names: a value cannot contain itself"
            fault = Diagnostic("AS035", message, span, help="write the inner value out")
        else:
            help = did_you_mean(name, self._anchors) or f"name a value before this one: `&{clip(name)}`"
            fault = Diagnostic("AS034", f"no anchor `&{clip(name)}` before this alias", span, help=help)
        self._build.fault(fault)
        self._build.scalar(Scalar(None, span))

    def _after_properties(self, event: Any) -> int:
        """Where the value itself starts, after its anchor and tag, and what separates them from it."""
        at: int = event.start_mark.index
        text = self._text
        for _ in range((event.anchor is not None) + (event.tag is not None)):
            at = _property_end(text, at, event.anchor)
            if at < event.end_mark.index:
                at = _next_token(text, at)
        end: int = event.end_mark.index
        return min(at, end)

    def _property(self, event: Any, sign: str) -> Span:
        """The anchor or tag itself."""
        at, text = event.start_mark.index, self._text
        if text[at] != sign:
            at = _next_token(text, _property_end(text, at, event.anchor))
        return self._span(self._base + at, self._base + _property_end(text, at, event.anchor))

    def _tag_fault(self, event: Any) -> None:
        span = self._property(event, "!")
        self._build.fault(
            Diagnostic(
                "AS032",
                f"the tag `{clip(span.text)}` is not part of the language",
                span,
                help="remove it, or quote the text if the `!` belongs to it",
            )
        )

    def _second_document(self, event: Any) -> NoReturn:
        at = self._base + event.start_mark.index
        end = at + 3 if self._source.text.startswith("---", at) else at + 1
        raise SpecError(
            [
                Diagnostic(
                    "AS014",
                    "a second document starts here; a spec file holds one",
                    self._span(at, end),
                    help="remove the `---`, or put what follows into a file of its own",
                )
            ]
        )


def _is_nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None and node.span.start == node.span.end


def _property_end(text: str, at: int, anchor: str | None) -> int:
    """Just after the anchor or tag that starts at `at`; an anchor may touch what follows it."""
    if anchor is not None and text[at : at + 1] == "&":
        return at + 1 + len(anchor)
    while at < len(text) and text[at] not in " \t\r\n,[]{}":
        at += 1
    return at


def _next_token(text: str, at: int) -> int:
    while at < len(text):
        if text[at] == "#":
            ends = [end for end in (text.find("\n", at), text.find("\r", at)) if end >= 0]
            at = min(ends, default=len(text))
        elif text[at] in " \t\r\n":
            at += 1
        else:
            break
    return at
