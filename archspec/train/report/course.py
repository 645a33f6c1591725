"""How it went: curves, and the numbers behind them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from archspec.train.account.account import Account
from archspec.train.report.charts import Line, chart
from archspec.train.report.html import Child, Markup, join, table, tag
from archspec.train.report.names import figure, said, span_of, unit_of

Row = Mapping[str, float]
_OPEN = 12
_MOST_ROWS = 500


def course(account: Account) -> Markup | None:
    """Curves of the loss, the metrics and a learning rate that moves; all rows in a table."""
    history = account.history
    if not history:
        return None
    unit = unit_of(account)
    names = ["loss", *(name[5:] for name in history[0] if name.startswith("eval_") and name != "eval_loss")]
    best = account.best
    charts: list[Child] = [_chart(history, name, unit, best) for name in names]
    if len({row.get("lr") for row in history}) > 1:
        charts.append(chart(said("lr"), [Line("lr", _points(history, "lr", unit))], unit))
    return join(tag("h2", "How it went"), tag("div", *charts, class_="charts"), _ending(account), _rows(account, unit))


def _chart(history: Sequence[Row], name: str, unit: str, best: Row | None) -> Markup:
    lines = [Line(phase, _points(history, f"{phase}_{name}", unit)) for phase in ("train", "eval")]
    value = math.nan if best is None else best.get(f"eval_{name}", math.nan)
    mark = None if best is None else (best[unit], value, f"best: {figure(value)}")
    return chart(said(name), lines, unit, mark=mark)


def _points(history: Sequence[Row], column: str, unit: str) -> list[tuple[float, float]]:
    return [(row[unit], row.get(column, math.nan)) for row in history]


def _ending(account: Account) -> Markup | None:
    """Why it is over, or how far it came."""
    last, planned = account.history[-1].get("epoch", 0), account.section("recipe").get("epochs")
    if account.status == "running":
        return tag("p", f"It is running; what is shown is as of epoch {last:.0f}.")
    session = account.sessions[-1] if account.sessions else {}
    if session.get("fault"):
        return tag("p", "It ended with a fault: ", tag("code", str(session["fault"])))
    if account.status == "interrupted":
        return tag("p", f"It was interrupted after epoch {last:.0f}.")
    if isinstance(planned, int) and last < planned:
        return tag("p", f"It ended after epoch {last:.0f} of {planned}: a limit of the recipe was reached.")
    return None


def _rows(account: Account, unit: str) -> Markup:
    history, best = account.history, account.best
    columns = [name for name in history[0] if name != unit]
    rows: list[list[Child]] = []
    for row in history[-_MOST_ROWS:]:
        mark = " (best)" if best is not None and row[unit] == best[unit] else ""
        rows.append([f"{row[unit]:.0f}{mark}", *(_cell(name, row.get(name)) for name in columns)])
    left_out = len(history) - len(rows)
    note = f"; the first {left_out:,} are in metrics.csv only" if left_out else ""
    head: list[Child] = [unit, *(said(name) for name in columns)]
    shown = table(head, rows, f"every {unit}, as in metrics.csv{note}")
    return tag("details", tag("summary", f"All numbers, by {unit}"), shown, open=len(history) <= _OPEN)


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    if name == "seconds":
        return span_of(value)
    if name in ("epoch", "step"):
        return f"{value:,.0f}"
    return f"{value:.3g}" if name == "lr" else figure(value)
