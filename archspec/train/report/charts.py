"""Curves as SVG which takes its colours from the page, light or dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from archspec.train.report.html import Child, Markup, join, tag

_WIDTH, _HEIGHT = 380, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 40
_FEW = 4
_MOST_POINTS = 800


@dataclass(frozen=True, slots=True)
class Line:
    """Attributes:
    name: as the legend has it, and the class of its colour.
    points: x and y; what is not finite is left out.
    """

    name: str
    points: Sequence[tuple[float, float]]

    @property
    def finite(self) -> list[tuple[float, float]]:
        """What can be drawn, thinned where it is more than can be seen."""
        found = [point for point in self.points if all(map(math.isfinite, point))]
        every = -(-len(found) // _MOST_POINTS) if found else 1
        return found[::every] + (found[-1:] if (len(found) - 1) % every else [])


def chart(title: str, lines: Sequence[Line], x_name: str, *, mark: tuple[float, float, str] | None = None) -> Markup:
    """A chart with its title and legend; nothing where no number is finite.

    Args:
        title: what is drawn.
        lines: the curves.
        x_name: what the horizontal axis counts.
        mark: a point that is told apart, with its words.
    """
    drawn = [(line.name, line.finite) for line in lines if line.finite]
    if not drawn:
        return join()
    points = [point for _, line in drawn for point in line]
    xs, ys = _ticks([x for x, _ in points], whole=True), _ticks([y for _, y in points])
    frame = _Frame(_span(xs, [x for x, _ in points]), _span(ys, [y for _, y in points]))
    alike = "; ".join(f"{name} from {line[0][1]:.4g} to {line[-1][1]:.4g}" for name, line in drawn)
    svg = tag(
        "svg",
        *(_across(frame, y, _label(y, ys)) for y in ys),
        *(_along(frame, x, _label(x, xs)) for x in xs),
        tag("text", x_name, x=(_LEFT + _WIDTH - _RIGHT) / 2, y=_HEIGHT - 4, class_="axis middle"),
        *(_curve(frame, name, line) for name, line in drawn),
        _marked(frame, mark) if mark is not None and all(map(math.isfinite, mark[:2])) else None,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_label=f"{title} by {x_name}: {alike}",
    )
    keys: list[Child] = [tag("span", name, class_=f"key {name}") for name, _ in drawn]
    if mark is not None:
        keys.append(tag("span", mark[2], class_="key best"))
    return tag("figure", tag("figcaption", tag("b", title), tag("span", *keys, class_="legend")), svg, class_="chart")


@dataclass(frozen=True, slots=True)
class _Frame:
    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return round(_LEFT + across * width, 2), round(_HEIGHT - _BOTTOM - up * height, 2)


def _across(frame: _Frame, y: float, label: str) -> Markup:
    _, place = frame.at(frame.x[0], y)
    line = tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=place, y2=place, class_="grid")
    return join(line, tag("text", label, x=_LEFT - 6, y=place + 4, class_="axis end"))


def _along(frame: _Frame, x: float, label: str) -> Markup:
    place, _ = frame.at(x, frame.y[0])
    return tag("text", label, x=place, y=_HEIGHT - _BOTTOM + 16, class_="axis middle")


def _curve(frame: _Frame, name: str, points: Sequence[tuple[float, float]]) -> Markup:
    places = [frame.at(x, y) for x, y in points]
    line = tag("polyline", points=" ".join(f"{x},{y}" for x, y in places), class_=f"curve {name}")
    dots = [tag("circle", cx=x, cy=y, r=3, class_=f"dot {name}") for x, y in places] if len(places) < _FEW else []
    return join(line, *dots)


def _marked(frame: _Frame, mark: tuple[float, float, str]) -> Markup:
    x, y = frame.at(mark[0], mark[1])
    return tag("circle", tag("title", mark[2]), cx=x, cy=y, r=4.5, class_="dot best")


def _span(ticks: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    low, high = min(*ticks, *values), max(*ticks, *values)
    if high == low:
        return low - 0.5, high + 0.5
    margin = 0.04 * (high - low)
    return low - margin, high + margin


def _ticks(values: Sequence[float], *, whole: bool = False) -> list[float]:
    """About five round numbers between the least and the largest value; whole ones for epochs and steps."""
    low, high = min(values), max(values)
    if high == low:
        return [low]
    rough = (high - low) / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(unit * power for unit in (1, 2, 5, 10) if unit * power >= rough * 0.9999)
    step = max(1.0, round(step)) if whole else step
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [place * step for place in range(first, last + 1)] or [low, high]


def _label(value: float, ticks: Sequence[float]) -> str:
    step = min((abs(b - a) for a, b in pairwise(ticks)), default=abs(value) or 1.0)
    if abs(value) >= 1e5 or 0 < max(map(abs, ticks)) < 1e-3:
        return f"{value:.3g}"
    return f"{value:.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"
