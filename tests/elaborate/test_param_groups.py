"""The `param_groups` of a recipe: read, and checked against the optimiser and the model."""

from __future__ import annotations

import pytest

import archspec
from archspec.elaborate.param_groups import group_of
from archspec.spec.recipe import ParamGroup
from tests.judge import faults, load

MODEL = """
input: [1, 8, 8]
layers: {flatten: Flatten, fc1: {Linear: 16}, relu: ReLU, fc: {Linear: 10}}
"""


def spec(groups: str, optimizer: str = "SGD", rest: str = "") -> str:
    return f"{MODEL}{rest}\ntrain: {{data: digits, optimizer: {optimizer}, param_groups: {groups}}}\n"


def test_groups_are_read() -> None:
    recipe = load(spec('[{match: "fc.*", lr: 0.01}, {match: [fc1.bias, "fc.bias"], weight_decay: 0}]')).recipe
    assert recipe is not None
    assert recipe.param_groups == (
        ParamGroup(("fc.*",), {"lr": 0.01}),
        ParamGroup(("fc1.bias", "fc.bias"), {"weight_decay": 0}),
    )
    assert load(spec("null")).recipe.param_groups == load(spec("[]")).recipe.param_groups == ()  # type: ignore[union-attr]


def test_expressions_and_settings_reach_groups() -> None:
    body = "vars: {rate: 0.5}" + spec('[{match: "fc.*", lr: $rate}]')
    assert load(body).recipe.param_groups[0].arguments == {"lr": 0.5}  # type: ignore[union-attr]
    other = load(body, set=['train.param_groups=[{match: "*.bias", lr: 0.2}]'])
    assert other.recipe.param_groups == (ParamGroup(("*.bias",), {"lr": 0.2}),)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        ('[{match: "fcc.*", lr: 0.1}]', [("AS510", '"fcc.*"')]),
        ("[{match: fc, lr: 0.1}]", [("AS510", "fc")]),
        ('[{match: ["fc.*", gone], lr: 0.1}]', [("AS510", "gone")]),
        ('[{match: "fc.*", lrr: 0.1}]', [("AS502", "lrr")]),
        ('[{match: "fc.*", lr: "0.1"}]', [("AS504", '"0.1"')]),
        ('[{match: "fc.*", lr: -1}]', [("AS505", "-1")]),
        ('[{mach: "fc.*", lr: 0.1}]', [("AS102", "mach")]),
        ('[{params: "fc.*", lr: 0.1}]', [("AS102", "params")]),
        ("[{lr: 0.1}]", [("AS103", "{lr: 0.1}")]),
        ('[{match: "fc[.*", lr: 0.1}]', [("AS409", '"fc[.*"')]),
        ("[{match: 3, lr: 0.1}]", [("AS101", "3")]),
        ("[fc]", [("AS101", "fc")]),
        ('{match: "fc.*", lr: 0.1}', [("AS101", '{match: "fc.*", lr: 0.1}')]),
    ],
)
def test_faults(groups: str, found: list[tuple[str, str]]) -> None:
    assert faults(spec(groups)) == found


@pytest.mark.parametrize(
    ("groups", "help"),
    [
        ("[{match: fc, lr: 0.1}]", "did you mean `fc.*`?"),
        ('[{match: "fcc.*", lr: 0.1}]', "did you mean `fc.*`?"),
        ("[{match: fc.wieght, lr: 0.1}]", "did you mean `fc.weight`?"),
        ('[{match: "fc.*", lrr: 0.1}]', "did you mean `lr`?"),
        ('[{mach: "fc.*", lr: 0.1}]', "did you mean `match`?"),
    ],
)
def test_help_mends(groups: str, help: str) -> None:
    text = f"archspec: 1\n{spec(groups)}"
    (fault,) = archspec.check(text)
    assert fault.help == help
    assert fault.edit is not None
    span = fault.edit.span
    assert archspec.check(text[: span.start] + fault.edit.text + text[span.end :]) == ()


def test_what_an_optimiser_has_for_all_parameters_only() -> None:
    assert faults(spec('[{match: "fc.*", lr: 0.1}]', "LBFGS")) == [("AS506", "match")]
    assert faults(spec('[{match: "fc.*", initial_accumulator_value: 1}]', "Adagrad")) == [
        ("AS506", "initial_accumulator_value")
    ]


def test_a_misspelt_optimiser_is_the_only_fault() -> None:
    assert faults(spec('[{match: "fc.*", lrr: 0.1}]', "SDG")) == [("AS501", "SDG")]


@pytest.mark.parametrize(
    ("groups", "rest", "why"),
    [
        ('[{match: "fc.*", lr: 0.1}, {match: "*", lr: 0.2}]', "", "is in a later group, which wins"),
        ('[{match: "fc1.*", lr: 0.1}]', 'freeze: ["fc1.*"]', "is frozen"),
    ],
)
def test_a_group_left_with_nothing_is_warned_of(groups: str, rest: str, why: str) -> None:
    (warning,) = archspec.check(f"archspec: 1\n{spec(groups, rest=rest)}")
    assert (warning.code, warning.severity) == ("AS530", "warning")
    assert warning.message.endswith(why)


def test_the_last_group_that_matches_any_name_wins() -> None:
    groups = (ParamGroup(("wte.*",)), ParamGroup(("*.bias", "fc.*")), ParamGroup(("head.weight",)))
    assert group_of(groups, ["fc.bias"]) == 1
    assert group_of(groups, ["wte.weight", "head.weight"]) == 2
    assert group_of(groups, ["conv.weight"]) is None
