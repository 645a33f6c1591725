"""The measured rows on the terminal and in docs/performance.md, a section per measure, each with its own moment."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Row

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
_INTRODUCTION = """# Performance

`make bench` measures this page: ratios of archspec to what people use instead, both timed in turns within one run. A
ratio below 1 is less time, or memory, than the other's. Targets are aims, not tests. `python -m benchmarks creation`
measures one section, `python -m benchmarks speed:resnet34 --quick` a few rows with fewer turns; `--write` puts the
sections that were measured whole into this page.

- Creation is wall-clock time on all cores, the least of nine turns. Steps are processor time on one thread, medians of
  the turns of several pairs of models with equal weights; beside the ratio stand its quartiles over single turns. Pairs
  differ by a percent or two by where their tensors lie in memory. Cold starts are medians of whole processes.
- Each section says how busy *other* processes kept the machine meanwhile. Above a few percent, wall-clock rows are
  too high for both sides, and most for what uses two threads, as archspec's creation does.
"""
_HEAD = "| what / beside what | archspec | other | ratio | quartiles | wanted | |\n|---|---:|---:|---:|---|---|---|\n"


def heading() -> str:
    """The moment, the machine and the versions."""
    packages = ("torch", "torchvision", "timm", "keras")
    return (
        f"{datetime.datetime.now():%Y-%m-%d %H:%M} · {_processor()}, {os.cpu_count()} cores · {platform.system()} · "
        f"Python {platform.python_version()} · {' · '.join(filter(None, map(_version, packages)))}"
    )


def line(row: Row) -> str:
    """A row of a Markdown table."""
    value = str(row.value) if isinstance(row.value, int) else f"{row.value:.3f}"
    quartiles = "" if row.spread is None else "{:.3f}–{:.3f}".format(*row.spread)
    verdict = "met" if row.is_met else "**missed**"
    return f"| {row.what} | {row.ours} | {row.theirs} | {value} | {quartiles} | {_target(row)} | {verdict} |"


def _target(row: Row) -> str:
    low, high = row.target
    return f"{low:g}–{high:g}" if low > 0 else f"≤ {high:g}"


def write(title: str, about: str, rows: Sequence[Row], others: float | None, *, quick: bool) -> None:
    """Put a section in the page, in the place of the one of that title."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    sections = dict(re.findall(r"^## (.+)\n((?:(?!^## ).*\n?)*)", text, re.MULTILINE))
    busy = "not known" if others is None else f"{others:.0%}"
    turns = " · a tenth of the turns (`--quick`)" if quick else ""
    noted = f"{heading()} · other processes' share of the machine: {busy}{turns}"
    table = _HEAD + "".join(f"{line(row)}\n" for row in rows)
    sections[title] = f"\n{about}\n\n{noted}\n\n{table}\n"
    page = _INTRODUCTION + "\n" + "".join(f"## {name}\n{body}" for name, body in sections.items())
    PAGE.write_text(page.rstrip("\n") + "\n", encoding="utf-8")


def _version(package: str) -> str:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            return next(line.split(":", 1)[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
