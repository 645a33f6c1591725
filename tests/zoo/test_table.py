"""docs/zoo.md is what the specs are now, and most specs are much shorter than what they replace."""

from __future__ import annotations

import re
from pathlib import Path

from torch import nn

from archspec.source.zoo import zoo_files, zoo_names
from tests.zoo.cases import CASES
from tests.zoo.measure import module_length, yaml_length
from tests.zoo.published import PUBLISHED
from tests.zoo.written import WRITTEN
from tools.generate_zoo import DOC, FIGURES, figures, names, page

LONGER_THAN_60 = {
    *("alexnet", "lenet", "squeezenet1_1", "autoencoder", "lstm_tagger"),
    *("resnet34_notes", "wavenet"),
    "transformer",
}
"""Plain lists of layers, where Python has hardly more to write; code that is as short as can be; a model that is one
layer of torch."""


def test_the_page_is_written_anew() -> None:
    assert FIGURES.read_text() == figures(), "run `python -m tools.generate_zoo`"
    assert DOC.read_text() == page(), "run `python -m tools.generate_zoo`"


def test_a_spec_is_at_most_60_percent_of_its_module() -> None:
    rows = re.findall(r"^\| (\w+).*? \| (\d+)% \|", DOC.read_text(), re.MULTILINE)
    assert len(rows) == len(CASES) + len(PUBLISHED) + len(WRITTEN)
    assert {name for name, ratio in rows if int(ratio) > 60} == LONGER_THAN_60


def test_every_name_has_an_original() -> None:
    """Hence every file too."""
    tested = [network.name for network in (*CASES, *PUBLISHED, *WRITTEN)]
    assert sorted(tested) == sorted(name for name, _ in names())
    assert not set(zoo_names()) & set(zoo_files())


def test_what_is_counted(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(
        "# a comment\narchspec: 1 # the version\n\nlayers:\n  - ReLU\n  # another\ntrain:\n  data: digits\n"
    )
    assert yaml_length(tmp_path / "net.yaml") == len("archspec: 1\nlayers:\n  - ReLU\n")
    (tmp_path / "more.yaml").write_text("extends: net.yaml\n")
    assert yaml_length(tmp_path / "more.yaml") == len("archspec: 1\nlayers:\n  - ReLU\nextends: net.yaml\n")


class _Documented(nn.Module):
    """Not counted."""

    def __init__(self) -> None:
        super().__init__()  # not counted either


def test_what_is_counted_of_a_module() -> None:
    text = "class _Documented(nn.Module):\n\n    def __init__(self) -> None:\n        super().__init__()\n"
    assert module_length(_Documented()) == len(text)
