"""Random whole specs and their mutants, with fixed seeds; and what campaigns have found, replayed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import archspec
from tests.fuzz.generate import random_spec
from tests.fuzz.interpret import Interpreter
from tests.fuzz.judge import Disagreement, judge, runs
from tests.fuzz.mutate import judge_mutant, mutant
from tests.fuzz.overlays import judge_in_files
from tests.fuzz.shrink import FOUND, shrunk
from tests.fuzz.values import Drawn

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
SPECS = Path(__file__).parents[2] / "specs"


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize("first", range(0, 400, 80))
def test_random_specs_are_judged_rightly(first: int) -> None:
    verdicts = [judge(random_spec(seed), well_formed=True) for seed in range(first, first + 80)]
    assert sum(verdict.accepted for verdict in verdicts) > 35  # else the generator tries nothing


def test_random_specs_mean_the_same_in_several_files() -> None:
    draw = Drawn(7)
    assert sum(judge_in_files(random_spec(seed), draw) for seed in range(2000, 2040)) > 25


@pytest.mark.parametrize("path", sorted(FOUND.glob("*.yaml")), ids=lambda path: path.stem)
def test_what_was_found_stays_mended(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    judge(yaml.safe_load(text))
    if text.startswith("# one misspelt"):
        assert len([fault for fault in archspec.check(text) if fault.severity == "error"]) == 1


def plain_specs() -> list[dict[str, Any]]:
    found = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(SPECS.glob("*.yaml"))]
    return [spec for spec in found if archspec.load(spec).num_params < 3_000_000]


def test_one_fault_is_refused_at_its_place_or_still_sound() -> None:
    draw = random.Random(5)
    specs = [spec for seed in range(1000, 1080) if archspec_accepts(spec := random_spec(seed))] + plain_specs()
    on_line = []
    for spec in specs:
        for _ in range(2):
            made = mutant(spec, draw)
            if made is not None:
                on_line.append(judge_mutant(made).on_line)
    asked = [each for each in on_line if each is not None]
    assert len(asked) > 20
    assert sum(asked) >= 0.97 * len(asked)


def archspec_accepts(spec: dict[str, Any]) -> bool:
    return not any(fault.severity == "error" for fault in archspec.check(spec))


# The judges are judged.


WRONG = {"archspec": 1, "input": [3, 8, 8], "layers": [{"Conv2d": {"out_channels": 4, "kernel_size": 3}}, "ReLU"]}


def test_an_interpreter_that_means_something_else_is_a_disagreement(monkeypatch: pytest.MonkeyPatch) -> None:
    judge(WRONG)
    call = Interpreter.call
    monkeypatch.setattr(
        Interpreter, "call", lambda self, path, kind, *rest: call(self, path, kind.replace("ReLU", "Tanh"), *rest)
    )
    monkeypatch.setattr("tests.fuzz.layers._layer_class", lambda kind: getattr(torch.nn, kind.replace("ReLU", "Tanh")))
    with pytest.raises(Disagreement, match="differs"):
        judge(WRONG)


def test_a_refusal_of_what_runs_is_a_disagreement(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {"archspec": 1, "input": [3, 8, 8], "layers": [{"Conv2d": {"out_channels": 4, "kernel_size": 9}}]}
    assert not judge(bad).accepted
    assert not runs(bad)
    monkeypatch.setattr("tests.fuzz.judge.runs", lambda spec: True)
    with pytest.raises(Disagreement, match="but it runs"):
        judge(bad)


def test_shrinking_deletes_what_does_not_matter() -> None:
    spec = random_spec(3) | {"layers": [{"layers": {"a": "ReLU", "b": {"Linear": 7}}}, "Tanh"]}
    small = shrunk(spec, lambda each: "Linear" in str(each.get("layers")))
    assert small == {"archspec": 1, "layers": [{"b": {"Linear": 2}}]}
