"""Figures of each class, and which classes are taken for which."""

from __future__ import annotations

import io

from PIL import Image

from archspec.errors import clip
from archspec.train.findings import Findings
from archspec.train.report.html import Child, Markup, join, picture, scrolls, table, tag
from archspec.train.report.names import share

_MOST_CELLS = 16
_OPEN = 30
_PAIRS = 12
_LONGEST = 40


def per_class(findings: Findings) -> Markup:
    """Precision, recall and F1 (of pixels: IoU and Dice) of each class."""
    pixels = findings.task == "segmentation"
    head: list[Child] = ["class", "pixels" if pixels else "samples", "precision", "recall"]
    head += ["Dice", "IoU"] if pixels else ["F1"]
    rows: list[list[Child]] = []
    for each in findings.per_class:
        last = [share(each.f1), share(each.iou)] if pixels else [share(each.f1)]
        rows.append([clip(each.name, _LONGEST), f"{each.count:,}", share(each.precision), share(each.recall), *last])
    shown = table(head, rows, "figures of each class on the evaluation data; – stands for 0 of 0")
    if len(rows) <= _OPEN:
        return shown
    return tag("details", tag("summary", f"All {len(rows):,} classes"), shown)


def confusion(findings: Findings) -> Markup:
    """The matrix, as a table or a picture, and its most frequent mistakes."""
    is_small = len(findings.classes) <= _MOST_CELLS
    matrix = _cells(findings) if is_small else _heat(findings)
    return join(matrix, _pairs(findings))


def _cells(findings: Findings) -> Markup:
    names = [clip(name, 14) for name in findings.classes]
    head = tag("tr", tag("td"), *(tag("th", name, scope="col") for name in names))
    body = []
    for index, (name, row) in enumerate(zip(names, findings.matrix, strict=True)):
        total = max(1, sum(row))
        cells = [_cell(number, number / total, is_right=place == index) for place, number in enumerate(row)]
        body.append(tag("tr", tag("th", name, scope="row"), *cells))
    caption = "which class is taken for which. Rows: the true class; columns: what is said; shades: shares of the row"
    inner = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body), class_="matrix")
    return scrolls(inner, "confusion matrix")


def _cell(number: int, part: float, *, is_right: bool) -> Markup:
    kind = "right" if is_right else "zero" if not number else None
    shade = f"background: rgba(var(--cell), {0.38 * part:.3f})" if number else None
    return tag("td", f"{number:,}", class_=kind, style=shade)


def _heat(findings: Findings) -> Markup:
    rows = findings.matrix
    count = len(rows)
    image = Image.new("L", (count, count))
    image.putdata([round(255 - 255 * number / max(1, sum(row))) for row in rows for number in row])
    png = io.BytesIO()
    image.save(png, "PNG")
    right = sum(row[index] for index, row in enumerate(rows)) / max(1, sum(map(sum, rows)))
    alt = f"confusion matrix of {count} classes, {right:.1%} on the diagonal"
    told = f"{count} × {count} classes; rows: the true class, columns: what is said; black: the whole row"
    return tag("figure", picture(png.getvalue(), alt), tag("figcaption", told, class_="soft"), class_="heat")


def _pairs(findings: Findings) -> Markup:
    found = findings.confusions(_PAIRS)
    if not found:
        return tag("p", "No mistake was made.")
    rows: list[list[Child]] = [
        [clip(true, _LONGEST), clip(said, _LONGEST), f"{number:,}", f"{part:.1%}"] for true, said, number, part in found
    ]
    return table(["true class", "taken for", "times", "of the class"], rows, "the most frequent mistakes", words=2)
