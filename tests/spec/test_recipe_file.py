"""A recipe in a file of its own: in the place of `train`, its faults at their places in it."""

from __future__ import annotations

import pytest

import archspec
from archspec.errors import SpecError
from archspec.spec.recipe import Named, ParamGroup

SPEC = """archspec: 1
input: [1, 8, 8]
vars: {classes: 10, rate: 0.5}
layers: {flatten: Flatten, fc: {Linear: $classes}}
train: {data: digits, epochs: 7, batch_size: 9}
"""
RECIPE = """archspec: 1
epochs: 3
optimizer: {SGD: {lr: $rate}}
param_groups: [{match: "fc.bias", weight_decay: 0}]
"""


def codes(spec: str, recipe: str | None = None, **more) -> list[tuple[str, str]]:
    return [(fault.code, fault.span.text) for fault in archspec.check(spec, recipe=recipe, **more)]


def test_it_takes_the_place_of_the_whole_section() -> None:
    recipe = archspec.load(SPEC, recipe=RECIPE).recipe
    assert recipe.epochs == 3
    assert recipe.batch_size == 64
    assert recipe.optimizer == Named("SGD", {"lr": 0.5})
    assert recipe.param_groups == (ParamGroup(("fc.bias",), {"weight_decay": 0}),)


def test_settings_win_over_it() -> None:
    architecture = archspec.load(SPEC, recipe=RECIPE, set=["train.epochs=5"], rate=0.25)
    assert architecture.recipe.epochs == 5
    assert architecture.recipe.optimizer.arguments == {"lr": 0.25}
    assert architecture.with_variables(rate=0.125).recipe.optimizer.arguments == {"lr": 0.125}


def test_an_architecture_takes_one_as_well() -> None:
    architecture = archspec.load(SPEC)
    with_recipe = architecture.with_recipe(archspec.api.text_of({"archspec": 1, "epochs": 2}))
    assert (architecture.recipe.epochs, with_recipe.recipe.epochs) == (7, 2)


def test_what_is_stored_says_it_all(tmp_path) -> None:
    (tmp_path / "mine.yaml").write_text(RECIPE)
    architecture = archspec.load(SPEC, recipe=tmp_path / "mine.yaml", set=["train.epochs=5"])
    assert architecture.spec_text.startswith(f"# <text> with the recipe {tmp_path / 'mine.yaml'}, train.epochs set\n")
    assert archspec.load(architecture.spec_text).recipe == architecture.recipe


@pytest.mark.parametrize(
    ("recipe", "found"),
    [
        ("archspec: 1\nepoch: 3\n", [("AS102", "epoch")]),
        ("archspec: 1\nepochs: 0\n", [("AS505", "0")]),
        ("archspec: 1\noptimizer: {SDG: {lr: 1}}\n", [("AS501", "SDG")]),
        ("archspec: 1\nepochs: 3\nlayers: [ReLU]\n", [("AS102", "layers")]),
        ("archspec: 1\ntrain: {epochs: 3}\n", [("AS102", "train")]),
        ("epochs: 3\n", [("AS104", "epochs")]),
        ("archspec: 2\nepochs: 3\n", [("AS104", "2")]),
        ("archspec: 1\nepochs: 3\nepochs: 4\n", [("AS030", "epochs")]),
        ('archspec: 1\nparam_groups: [{match: "gone.*", lr: 0.1}]\n', [("AS510", '"gone.*"')]),
        ("- 1\n", [("AS101", "- 1")]),
    ],
)
def test_faults_stand_in_the_recipe(recipe: str, found: list[tuple[str, str]], tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(recipe)
    faults = archspec.check(SPEC, recipe=path)
    assert [(fault.code, fault.span.text.strip()) for fault in faults] == found
    assert {fault.span.source.name for fault in faults} == {str(path)}


def test_a_recipe_that_is_not_there(tmp_path) -> None:
    (fault,) = archspec.check(SPEC, recipe=tmp_path / "gone.yaml")
    assert fault.code == "AS001"


def test_a_spec_is_no_recipe() -> None:
    assert ("AS102", "layers") in codes(SPEC, SPEC)


def test_by_itself_it_is_checked_as_far_as_can_be_told() -> None:
    assert codes("archspec: 1\nepochs: 3\nloss: CrossEntropyLoss\n") == []
    assert codes("archspec: 1\nepochs: 0\nloss: CrosEntropyLoss\n") == [("AS505", "0"), ("AS501", "CrosEntropyLoss")]
    assert codes("archspec: 1\nepochs: 3\n", set=["train.epochs=0"]) == [("AS505", "0")]
    assert archspec.examine("archspec: 1\nepochs: 3\n").is_recipe
    assert not archspec.examine(SPEC).is_recipe


def test_by_itself_it_is_no_model() -> None:
    with pytest.raises(SpecError) as caught:
        archspec.load("archspec: 1\nepochs: 3\n")
    assert [fault.code for fault in caught.value.diagnostics] == ["AS114"]
