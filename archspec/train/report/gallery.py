"""Evaluation images with what the best weights say of them."""

from __future__ import annotations

from archspec.errors import clip
from archspec.train.findings import Example, Findings
from archspec.train.palette import hexadecimal, palette
from archspec.train.report.html import Markup, join, picture, tag

_LONGEST, _COLOURED = 30, 40


def gallery(findings: Findings) -> Markup:
    """Mistakes, then what is right; or masks from the worst image to the best."""
    if any(each.masks for each in findings.examples):
        told = "From the worst image to the best: the image, its true mask, the mask of the best weights"
        told += ", wrong pixels in red." if len(findings.classes) == 2 else "."
        items = [_triple(each, place) for place, each in enumerate(findings.examples, 1)]
        return join(tag("h2", "What it sees"), tag("p", told), _key(findings), tag("ul", *items, class_="gallery wide"))
    wrong = [each for each in findings.examples if not each.is_right]
    right = [each for each in findings.examples if each.is_right]
    return join(tag("h2", "What it sees"), _part("Mistakes", wrong), _part("Right", right))


def _key(findings: Findings) -> Markup:
    """What the colours of masks mean."""
    colours, shown = palette(len(findings.classes)), findings.met(_COLOURED)
    keys = [
        tag(
            "span", clip(findings.classes[each], _LONGEST), class_="colour", style=f"--is: {hexadecimal(colours[each])}"
        )
        for each in shown
    ]
    more = len(findings.classes) - len(shown)
    return tag("p", *keys, f"and {more} more" if more else None, class_="legend")


def _part(title: str, examples: list[Example]) -> Markup | None:
    if not examples:
        return None
    return join(tag("h3", title), tag("ul", *map(_single, examples), class_="gallery"))


def _single(example: Example) -> Markup:
    said, true = clip(example.said, _LONGEST), clip(example.true, _LONGEST)
    how = tag("small", f" {example.share:.0%} sure")
    words = join(tag("b", said), how) if example.is_right else join(tag("b", said), f", not {true}", how)
    alt = f"an image of {true}, said to be {said}"
    inner = tag("figure", picture(example.picture, alt), tag("figcaption", words))
    return tag("li", inner, class_=None if example.is_right else "wrong")


def _triple(example: Example, place: int) -> Markup:
    assert example.masks is not None
    names = ("the image", "the true mask", "the predicted mask")
    pictures = [
        picture(png, f"{name} of example {place}")
        for png, name in zip((example.picture, *example.masks), names, strict=True)
    ]
    caption = tag("figcaption", f"IoU {example.share:.3f}")
    return tag("li", tag("figure", tag("div", *pictures, class_="triple"), caption))
