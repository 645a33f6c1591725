"""`archspec train` with --dry-run, --overfit-batches, --profile or --find-lr: what is tried instead of training."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import archspec
from archspec.cli.show import write

_UNITS = ("B", "kB", "MB", "GB", "TB")
_ROWS, _WIDTH = 12, 60
_MEMORY = {
    "weights": "weights and buffers",
    "gradients": "gradients",
    "optimizer": "the optimiser's state",
    "backward": "kept for the backward pass",
    "peak": "the most at once, as the device counts",
}


def dry_run(architecture: archspec.Architecture, device: str) -> None:
    """One batch: shapes, memory, time."""
    tried = archspec.dry_run(architecture, device=device)
    lines = [f"one batch on {tried.device}: loss {tried.loss:.4f}, {_time(tried.seconds)} a step"]
    lines += [f"  {name:<12} {told}" for name, told in (*tried.inputs.items(), *tried.outputs.items())]
    lines += ["memory:", *(f"  {_size(count):>9}  {_MEMORY[name]}" for name, count in tried.memory.items())]
    epoch = _time(tried.seconds * tried.batches)
    lines.append(f"an epoch has {tried.batches:,} batches: about {epoch} without loading and measuring")
    _tell("\n".join(lines))


def overfit(architecture: archspec.Architecture, batches: int, device: str) -> None:
    """A few batches by heart."""

    def told(step: int, figures: dict[str, float]) -> None:
        numbers = "  ".join(f"{name} {value:.4f}" for name, value in figures.items())
        _tell(f"step {step:>5}   {numbers}")

    known = archspec.overfit(architecture, batches=batches, told=told, device=device)
    _tell(f"learnt by heart after {known.steps} step{'' if known.steps == 1 else 's'}")


def profile(architecture: archspec.Architecture, out: str, device: str) -> None:
    """Where the time goes."""
    seen = archspec.profile(architecture, f"{out}/trace.json", device=device)
    has_device = any(part.device is not None for part in seen.operators)
    head = ("", "calls", "CPU ms", *(("device ms",) if has_device else ()))
    for title, parts in (("a step", seen.phases), ("forward by layer", seen.layers), ("operators", seen.operators)):
        if parts:
            rows = [
                (part.name, f"{part.calls:g}", f"{part.cpu:.3f}", *((f"{part.device:.3f}",) if has_device else ()))
                for part in parts
            ]
            _tell(f"{_table((title, *head[1:]), rows)}\n")
    _tell(f"means of {seen.steps} steps; the trace, for https://ui.perfetto.dev: {seen.trace}")


def find_lr(architecture: archspec.Architecture, device: str) -> None:
    """A curve, and a suggestion."""
    found = archspec.find_lr(architecture, device=device)
    _tell(_curve(found.rates, found.smoothed, found.suggestion))
    rate = float(f"{found.suggestion:.2g}")
    _tell(f"the loss falls fastest at {rate:g}: --set train.optimizer.{found.optimizer}.lr={rate:g}")


def _tell(text: str) -> None:
    write(text + "\n", sys.stdout)


def _time(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _size(count: float) -> str:
    place = 0
    while count >= 1000 and place < len(_UNITS) - 1:
        count, place = count / 1000, place + 1
    return f"{count:.0f} B" if place == 0 else f"{count:.1f} {_UNITS[place]}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(row: Sequence[str]) -> str:
        return "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])

    return "\n".join([line(head), "─" * (sum(widths) + 2 * (len(widths) - 1)), *map(line, rows)])


def _curve(rates: Sequence[float], losses: Sequence[float], suggestion: float) -> str:
    """The loss over the logarithm of the rate, in characters; `│` stands at the suggestion."""
    low = min(losses)
    high = min(max(losses), low + 1.5 * max(losses[0] - low, 1e-12))
    columns = [losses[round(place * (len(losses) - 1) / (_WIDTH - 1))] for place in range(_WIDTH)]
    heights = [round((min(loss, high) - low) / (high - low or 1) * (_ROWS - 1)) for loss in columns]
    whole = math.log(rates[-1] / rates[0]) or 1.0
    mark = round(math.log(suggestion / rates[0]) / whole * (_WIDTH - 1))
    lines = []
    for row in range(_ROWS - 1, -1, -1):
        cells = ["•" if height == row else "│" if place == mark else " " for place, height in enumerate(heights)]
        label = f"{low + (high - low) * row / (_ROWS - 1):9.4g}" if row in (0, _ROWS - 1) else " " * 9
        lines.append(f"{label} ┤{''.join(cells)}".rstrip())
    first, last = f"{rates[0]:.1g}", f"{rates[-1]:.1g}"
    axis = f"{' ' * 10}└{'─' * _WIDTH}"
    return "\n".join(["loss", *lines, axis, f"{' ' * 11}{first}{last.rjust(_WIDTH - len(first))}  learning rate"])
