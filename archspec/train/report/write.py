"""What people look at in a run folder, written: pictures and the report."""

from __future__ import annotations

import json
from pathlib import Path

from archspec.train.account.account import RECIPE, read_account
from archspec.train.findings import Findings
from archspec.train.fit import Trainable
from archspec.train.kept_spec import SPEC
from archspec.train.pictures import draw_confusion, draw_curves, draw_predictions
from archspec.train.report.page import Story, page
from archspec.train.store.run_folder import RunFolder

REPORT, EVALUATION = "report.html", "evaluation.json"


def write_report(folder: RunFolder, architecture: Trainable, findings: Findings | None) -> None:
    """`report.html` and its pictures as files, of what the folder holds now.

    Args:
        folder: of the run.
        architecture: what was trained.
        findings: of its best weights; None where there are none.
    """
    account = read_account(folder.path)
    if account.history:
        folder.write("curves.png", draw_curves(account))
    if findings is not None:
        folder.write(EVALUATION, (json.dumps(findings.as_data(), indent=1) + "\n").encode("utf-8"))
        if findings.classes:
            folder.write("confusion.png", draw_confusion(findings))
        if findings.examples:
            name = str(account.section("data").get("name", ""))
            folder.write("predictions.png", draw_predictions(findings, name))
    story = Story(account, findings, _text(folder.path / SPEC), _text(folder.path / RECIPE), _layers(architecture))
    folder.write(REPORT, page(story).encode("utf-8", "replace"))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _layers(architecture: Trainable) -> str:
    """The table of `archspec build`, where there is one."""
    summary = getattr(architecture, "summary", None)
    return "" if summary is None else str(summary())
