"""The page from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from archspec.errors import clip, plural
from archspec.train.account.account import Account
from archspec.train.findings import Findings
from archspec.train.report.classes import confusion, per_class
from archspec.train.report.course import course
from archspec.train.report.gallery import gallery
from archspec.train.report.html import Child, Markup, join, scrolls, tag
from archspec.train.report.names import figure, said, span_of, unit_of
from archspec.train.report.reproduce import reproduce

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_WORDS: Mapping[str, str] = {"finished": "finished", "running": "running", "interrupted": "interrupted"}


@dataclass(frozen=True, slots=True)
class Story:
    """All that a report is made of.

    Attributes:
        account: what the run's folder says of it.
        findings: what its best weights say of the evaluation data; None where there are no weights yet.
        spec: the model as a spec; empty where it is of none.
        recipe: the recipe with every field.
        layers: the table of the layers, as text.
    """

    account: Account
    findings: Findings | None
    spec: str
    recipe: str
    layers: str


def page(story: Story) -> str:
    """The whole file."""
    name = str(story.account.about.get("name", "run"))
    style = resources.files("archspec.train.report").joinpath("style.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="generator", content="archspec"),
        tag("title", f"{clip(name)}: report of a training run"),
        Markup(f"<style>\n{style}</style>"),
    )
    body = tag("body", tag("main", *_sections(story, name)))
    return f'<!doctype html>\n<html lang="en">\n{head}\n{body}\n</html>\n'


def _sections(story: Story, name: str) -> list[Child]:
    account, findings = story.account, story.findings
    return [
        _top(account, name),
        _tiles(account, findings),
        course(account),
        _figures(findings) if findings is not None and findings.classes else None,
        gallery(findings) if findings is not None and findings.examples else None,
        _model(story),
        tag("h2", "The recipe"),
        tag("p", "Every field, defaults included; ", tag("code", "recipe.yaml"), " is this text."),
        scrolls(tag("pre", tag("code", story.recipe)), "recipe"),
        reproduce(account),
    ]


def _top(account: Account, name: str) -> Markup:
    badge = tag("span", _WORDS[account.status], class_=f"status {account.status}")
    return tag("header", tag("h1", clip(name, 120), " ", badge), tag("p", _sentence(account)))


def _sentence(account: Account) -> Markup:
    """`28,938 parameters, trained on digits: 1,438 images to learn from, 359 to measure on, 10 classes.`"""
    data, model = account.section("data"), account.section("model")
    if not data or not model:
        return join("The folder does not say what was trained.")
    parameters = int(model.get("parameters", 0))
    learning = int(model.get("trainable", parameters))
    frozen = "" if learning == parameters else f" ({learning:,} of them learning)"
    classes = data.get("classes") or []
    kinds = (
        f", {plural(len(classes), 'class') if len(classes) == 1 else f'{len(classes):,} classes'}" if classes else ""
    )
    return join(
        f"{plural(parameters, 'parameter')}{frozen}, trained on ",
        tag("b", str(data.get("name"))),
        f": {int(data.get('train', 0)):,} samples to learn from, {int(data.get('eval', 0)):,} to measure on{kinds}.",
    )


def _tiles(account: Account, findings: Findings | None) -> Markup | None:
    best, unit = account.best, unit_of(account)
    if not account.history:
        return tag("p", "No epoch of it is done yet.")
    column, last = account.column, account.history[-1]
    tiles: list[tuple[str, str, str]] = []
    if best is not None:
        name = said(column.removeprefix("eval_"))
        tiles.append((f"best {name}", figure(best[column]), f"{unit} {best[unit]:,.0f}, on evaluation data"))
        tiles.append(("loss there", figure(best.get("eval_loss")), "on evaluation data"))
    planned = account.section("recipe").get("epochs")
    of = f"of {planned:,} planned" if isinstance(planned, int) else ""
    tiles.append(("epochs", f"{last.get('epoch', 0):,.0f}", of))
    tiles.append(("time", span_of(account.seconds), f"{span_of(account.seconds / len(account.history))} each {unit}"))
    machine: Any = account.sessions[-1].get("machine") if account.sessions else None
    if isinstance(machine, Mapping):
        count = machine.get("processes")
        together = f", {count} processes" if isinstance(count, int) and count > 1 else ""
        tiles.append(("on", str(machine.get("device")), clip(str(machine.get("name")), 40) + together))
    if findings is not None and findings.classes and account.column != "eval_accuracy":
        right = sum(row[index] for index, row in enumerate(findings.matrix))
        tiles.append(("accuracy", figure(right / max(1, sum(map(sum, findings.matrix)))), "of the best weights"))
    return tag("dl", *(tag("div", tag("dt", a), tag("dd", b, tag("small", c))) for a, b, c in tiles), class_="tiles")


def _figures(findings: Findings) -> Markup:
    sides = [tag("div", each) for each in (per_class(findings), confusion(findings))]
    return join(tag("h2", "The best weights, class by class"), tag("div", *sides, class_="sides"))


def _model(story: Story) -> Markup:
    parts: list[Child] = [tag("h2", "The model")]
    started = story.account.about.get("weights")
    if started:
        parts.append(tag("p", "Its weights started from ", tag("code", str(started)), "."))
    if story.layers:
        layers = scrolls(tag("pre", tag("code", story.layers)), "layers")
        parts.append(tag("details", tag("summary", "Layers, shapes and parameters"), layers, open=True))
    if story.spec:
        spec = scrolls(tag("pre", tag("code", story.spec)), "spec")
        parts.append(tag("details", tag("summary", "The spec (spec.yaml)"), spec))
    return join(*parts)
