"""HTML from Python: text is escaped unless it is markup already, so that no name of a class or file can be a tag."""

from __future__ import annotations

import base64
from html import escape
from typing import TypeAlias

from archspec.errors import printable

_EMPTY = frozenset({"meta", "img", "br"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = "str | int | Markup | None"


def text(value: object) -> Markup:
    """Anything as text, with what cannot be seen shown; markup as it is."""
    return value if isinstance(value, Markup) else Markup(escape(printable(str(value)), quote=True))


def tag(name: str, /, *children: Child, **attributes: object) -> Markup:
    """An element. Attributes are written with `_` for `-`, a last `_` is dropped (`class_`); None leaves one out."""
    said = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{text(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _EMPTY:
        return Markup(f"<{name}{said}>")
    return Markup(f"<{name}{said}>{join(*children)}</{name}>")


def join(*children: Child) -> Markup:
    """One after another; None is nothing."""
    return Markup("".join(text(child) for child in children if child is not None))


def picture(data: bytes, alt: str, **attributes: object) -> Markup:
    """A PNG or JPEG that is in the page itself."""
    kind = "jpeg" if data.startswith(b"\xff\xd8") else "png"
    source = Markup(f"data:image/{kind};base64," + base64.b64encode(data).decode("ascii"))
    return tag("img", src=source, alt=alt, class_=kind, **attributes)


def table(head: list[Child], rows: list[list[Child]], caption: str, *, words: int = 1) -> Markup:
    """A table that scrolls sideways by itself where the page is narrow.

    Args:
        head: a cell per column.
        rows: their first cell is their name.
        caption: what it shows.
        words: so many columns from the left are text; the others are numbers.
    """

    def cells(row: list[Child]) -> Markup:
        first = tag("th", row[0], scope="row")
        return join(first, *(tag("td", each, class_=_number(place, words)) for place, each in enumerate(row[1:], 1)))

    columns = [tag("th", each, scope="col", class_=_number(place, words)) for place, each in enumerate(head)]
    inner = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *columns)),
        tag("tbody", *(tag("tr", cells(row)) for row in rows)),
    )
    return scrolls(inner, caption)


def scrolls(inner: Markup, label: str) -> Markup:
    """What may be wider than the page, and can be reached with the keyboard."""
    return tag("div", inner, class_="scrolls", role="region", aria_label=label, tabindex=0)


def _number(place: int, words: int) -> str | None:
    return "number" if place >= words else None
