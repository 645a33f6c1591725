"""docs/zoo.md is what the specs are now, and each is much shorter than what it replaces."""

from __future__ import annotations

import re
from pathlib import Path

from torch import nn

from archspec.source.zoo_index import zoo_files, zoo_names
from tests.zoo.cases import CASES
from tests.zoo.measure import module_length, torch_imports, yaml_length
from tests.zoo.published import PUBLISHED
from tests.zoo.written import WRITTEN
from tools.generate_zoo import DOC, FIGURES, figures, names, page


def test_the_page_is_written_anew() -> None:
    assert FIGURES.read_text() == figures(), "run `python -m tools.generate_zoo`"
    assert DOC.read_text() == page(), "run `python -m tools.generate_zoo`"


def test_a_spec_is_at_most_60_percent_of_its_module() -> None:
    rows = re.findall(r"^\| (\w+) \|.* \| ([\d,]+) \| ([\d,]+) \| \d+% \|", DOC.read_text(), re.MULTILINE)
    assert len(rows) == len(CASES) + len(PUBLISHED) + len(WRITTEN)
    for name, spec, module in rows:
        assert int(spec.replace(",", "")) <= 0.6 * int(module.replace(",", "")), name


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
    assert module_length(_Documented()) == len("from torch import nn\n") + len(text)


def test_the_imports_are_those_that_are_needed() -> None:
    assert torch_imports(["def f(x: Tensor):\n    return F.relu(torch.tanh(x))", "nn = 1"]) == [
        "import torch",
        "import torch.nn.functional as F",
        "from torch import nn, Tensor",
    ]
    assert torch_imports(["def f(x):\n    return relu(x)"]) == []
