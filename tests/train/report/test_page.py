"""The report: whole in itself, well-formed, without holes for hostile names, and true."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from archspec.train.account.account import Account, read_account
from archspec.train.findings import Example, Findings
from archspec.train.palette import palette
from archspec.train.report.charts import Line, chart
from archspec.train.report.html import Markup, tag
from archspec.train.report.page import Story, page

EVIL = "</style><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u202e"
VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Elements with their attributes, and the text; complains of what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.words = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def of(self, name):
        return [attributes for tag, attributes in self.elements if tag == name]

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def report(finished):
    return Reader((finished.folder / "report.html").read_text(encoding="utf-8"))


def test_it_is_whole_in_itself(report, finished):
    names = {name for name, _ in report.elements}
    assert not names & {"script", "link", "iframe", "object", "form", "base"}
    assert all(image["src"].startswith("data:image/") for image in report.of("img"))
    targets = [link["href"] for link in report.of("a")]
    assert targets
    assert all((finished.folder / target).exists() for target in targets)
    style = (finished.folder / "report.html").read_text().split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    (policy,) = (meta["content"] for meta in report.of("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'")


def test_it_can_be_read_without_eyes(report):
    assert report.of("html") == [{"lang": "en"}]
    assert len(report.of("h1")) == len(report.of("main")) == 1
    assert all(image["alt"] for image in report.of("img"))
    assert all(svg["role"] == "img" and "from" in svg["aria-label"] for svg in report.of("svg"))
    assert all(cell.get("scope") for cell in report.of("th"))
    assert len(report.of("caption")) == len(report.of("table"))
    assert all(
        box["tabindex"] == "0" and box["aria-label"] for box in report.of("div") if box.get("class") == "scrolls"
    )
    levels = [int(name[1]) for name, _ in report.elements if re.fullmatch(r"h\d", name)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_it_tells_what_how_and_how_well(report, finished):
    for row in finished.history:
        assert f"{row['eval_loss']:.4f}" in report.text
        assert f"{row['train_accuracy']:.4f}" in report.text
    session = read_account(finished.folder).sessions[0]
    for told in (
        "650 parameters, trained on digits : 1,438 samples to learn from, 359 to measure on, 10 classes.",
        f"best accuracy {finished.best:.4f}",
        "finished",
        session["command"],
        session["versions"]["torch"],
        f"archspec train --resume {finished.folder}",
        f"archspec.from_file('{finished.folder}/best.safetensors')",
        "flatten Flatten [N, 64]",
        "lr: 0.01",
    ):
        assert told in report.text, told


def test_figures_are_those_of_the_best_weights(finished):
    told = json.loads((finished.folder / "evaluation.json").read_text())
    row = finished.history[finished.best_epoch - 1]
    assert told["figures"] == {"loss": row["eval_loss"], "accuracy": row["eval_accuracy"]}
    matrix = told["confusion"]
    assert sum(map(sum, matrix)) == told["count"] == 359
    assert sum(matrix[index][index] for index in range(10)) / 359 == pytest.approx(finished.best)


def story(name: str) -> Story:
    example = Example(b"\x89PNG", name, name, False, 0.5)
    findings = Findings({"loss": 1.0, "accuracy": 0.5}, [name, "b"], [[1, 1], [0, 2]], "classification", 4, (example,))
    about = {
        "name": name,
        "weights": name,
        "model": {"parameters": 1},
        "data": {"name": name, "classes": [name, "b"]},
        "monitor": {"name": "accuracy", "mode": "max"},
        "recipe": {"epochs": 1},
        "sessions": [{"command": name, "folder": name, "fault": name, "git": {"commit": name, "branch": name},
                      "versions": {name: name}, "machine": {"name": name}, "outcome": name, "from": [name, name]}] * 2,
    }  # fmt: skip
    row = {"epoch": 1.0, f"eval_{name}": 0.5, "eval_loss": 1.0, "eval_accuracy": 0.5, "seconds": 1.0}
    account = Account(Path(f"/tmp/{name}"), "finished", [row], about)
    return Story(account, findings, name, name, name)


def test_hostile_names_are_text():
    evil, good = Reader(page(story(EVIL))), Reader(page(story("a")))
    assert [name for name, _ in evil.elements] == [name for name, _ in good.elements]
    keys = [sorted(attributes) for _, attributes in evil.elements]
    assert keys == [sorted(attributes) for _, attributes in good.elements]
    assert "<script>alert(1)</script>" in evil.text
    assert "\u202e" not in page(story(EVIL))


def test_it_can_be_told_of_little():
    bare = Account(Path("/nowhere"), "interrupted", (), {})
    assert "No epoch of it is done yet" in Reader(page(Story(bare, None, "", "", ""))).text
    running = replace(story("a"), findings=None)
    assert Reader(page(replace(running, account=replace(running.account, status="running")))).text.count("running") >= 2


def test_many_classes_are_a_picture():
    count = 40
    matrix = [[int(row == column) for column in range(count)] for row in range(count)]
    findings = Findings({}, [f"c{index}" for index in range(count)], matrix, "classification", count)
    reader = Reader(page(replace(story("a"), findings=findings)))
    assert any("confusion matrix of 40 classes, 100.0%" in image["alt"] for image in reader.of("img"))
    assert "No mistake was made." in reader.text


def test_figures_of_a_class():
    findings = Findings({}, ["a", "b", "c"], [[3, 1, 0], [2, 4, 0], [0, 0, 0]], "classification", 10)
    a, b, c = findings.per_class
    assert (a.precision, a.recall, a.f1, a.iou) == (3 / 5, 3 / 4, 6 / 9, 3 / 6)
    assert (b.precision, b.recall, b.f1, b.iou) == (4 / 5, 4 / 6, 8 / 11, 4 / 7)
    assert (c.count, c.precision, c.recall, c.f1, c.iou) == (0, None, None, None, None)
    assert findings.confusions(9) == [("b", "a", 2, 2 / 6), ("a", "b", 1, 1 / 4)]


@pytest.mark.parametrize(
    "ys", [[1.0], [0.0, 0.0], [float("nan"), 2.0], [float("inf")], [1e-9, 2e-9], [-1e12, 1e12], [0.5] * 5000]
)
def test_charts_of_any_numbers(ys):
    drawn = chart("loss", [Line("train", list(enumerate(ys)))], "epoch", mark=(0, ys[0], "best"))
    Reader(drawn)
    assert "nan" not in drawn
    assert "inf" not in drawn
    assert len(drawn) < 30_000
    for _, attributes in Reader(drawn).elements:
        for name in ("y", "y1", "cy"):
            assert 0 <= float(attributes.get(name, 0)) <= 250


def test_text_is_escaped_and_markup_is_not():
    assert tag("p", "<b>", Markup("<i></i>"), None, class_='a"b', hidden=True, title=None) == (
        '<p class="a&quot;b" hidden>&lt;b&gt;<i></i></p>'
    )


def test_what_is_trained_again_is_trained_where_it_was(finished):
    account = read_account(finished.folder)

    def told(**machine):
        (session,) = account.sessions
        about = {**account.about, "sessions": [{**session, "machine": {**session["machine"], **machine}}]}
        return Reader(page(Story(replace(account, about=about), None, "", "", ""))).text

    spec = finished.folder / "spec.yaml"
    assert f"archspec train {spec} # go on" in told()
    together = told(device="cpu", processes=2, threads=1)
    assert f"archspec train {spec} --devices 2 # go on" in together
    assert f"archspec train --resume {finished.folder} --devices 2 #" in together
    assert "1 thread, " in together
    assert re.search(r"on cpu [^.]*, 2 processes", together)
    assert f"archspec train {spec} --device cuda #" in told(device="cuda:0")


def test_colours_of_masks_have_a_key(finished):
    masks = (b"\x89PNG", b"\x89PNG")
    shown = [Example(b"\x89PNG", "", "", False, 0.5, masks)]
    found = Findings(
        {"loss": 1.0}, ["nothing", EVIL, "cat"], [[5, 0, 1], [0, 0, 0], [2, 0, 3]], "segmentation", 1, shown
    )
    read = Reader(page(Story(read_account(finished.folder), found, "", "", "")))
    keys = [each["style"] for each in read.of("span") if each.get("class") == "colour"]
    assert keys == [f"--is: #{''.join(f'{part:02x}' for part in palette(3)[index])}" for index in (0, 2)]
    assert "the mask of the best weights. nothing cat and 1 more" in read.text


def test_the_classes_that_are_met():
    found = Findings({}, list("abcd"), [[1, 0, 0, 0], [0, 0, 9, 0], [0, 0, 0, 0], [0, 0, 0, 0]], "segmentation", 1)
    assert found.met(9) == [0, 1, 2]
    assert found.met(2) == [1, 2]
