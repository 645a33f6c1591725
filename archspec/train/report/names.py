"""Names and numbers as people read them."""

from __future__ import annotations

import math

from archspec.train.account.account import Account

_SAID = {"mean_iou": "mean IoU", "lr": "learning rate", "f1": "F1"}


def said(name: str) -> str:
    """`mean IoU` for `mean_iou`, `top 5` for `top_5`."""
    phase, _, metric = name.partition("_")
    if phase in ("train", "eval") and metric:
        return f"{phase} {said(metric)}"
    return _SAID.get(name, name.replace("_", " "))


def figure(value: float | None) -> str:
    """Four digits behind the point, or as many as a small number needs; a dash for none."""
    if value is None or not math.isfinite(value):
        return "–" if value is None else str(value)
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{value:.3g}"


def share(value: float | None) -> str:
    """Of 0 to 1, three digits; a dash for what is 0 of 0."""
    return "–" if value is None else f"{value:.3f}"


def span_of(seconds: float) -> str:
    """`4.2 s`, `3 min 5 s`, `2 h 7 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def unit_of(account: Account) -> str:
    """What measurements are counted by: `epoch` or `step`."""
    is_step = account.section("recipe").get("eval_interval") == "step"
    return "step" if is_step and all("step" in row for row in account.history) else "epoch"
