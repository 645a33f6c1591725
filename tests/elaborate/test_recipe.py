"""Faults of a recipe, told without torch."""

import math
from importlib import metadata

import pytest

from archspec.elaborate.recipe import check_recipe, nested, with_primary
from archspec.errors import SourceText, Span
from archspec.ops.called import NO_DEFAULT
from archspec.ops.signatures import signatures
from archspec.spec.recipe import LOSS_TARGETS, Named, Recipe, Transforms


def found(**fields):
    return [(d.code, d.severity) for d in check_recipe(Recipe(**fields))]


def only(**fields):
    (diagnostic,) = check_recipe(Recipe(**fields))
    return diagnostic


def test_default_recipe_is_clean():
    assert check_recipe(Recipe()) == []


@pytest.mark.parametrize(
    ("fields", "message", "help"),
    [
        ({"optimizer": Named("adam")}, "`adam` is not an optimiser of `torch.optim`", "did you mean `Adam`?"),
        ({"loss": Named("CrosEntropyLoss")}, "is not a loss of `torch.nn`", "did you mean `CrossEntropyLoss`?"),
        ({"scheduler": Named("StepLr")}, "is not a scheduler of", "did you mean `StepLR`?"),
        ({"data": Named("digts")}, "is not a data set", "did you mean `digits`?"),
        ({"metrics": (Named("acuracy"),)}, "is not a metric", "did you mean `accuracy`?"),
        (
            {"transforms": Transforms((Named("RandomHorizontalFlp"),))},
            "is not a transform of `torchvision.transforms.v2`",
            "did you mean `RandomHorizontalFlip`?",
        ),
    ],
)
def test_unknown_names(fields, message, help):
    diagnostic = only(**fields)
    assert diagnostic.code == "AS501"
    assert message in diagnostic.message
    assert diagnostic.help == help


def test_unknown_name_far_from_all_lists_a_short_group():
    diagnostic = only(metrics=(Named("zyxwvu"),))
    assert "`accuracy`" in str(diagnostic.help)
    assert "`accuracy`" in diagnostic.notes[0]


def test_an_unknown_data_set_may_be_a_folder_of_images():
    assert "ImageFolder" in (only(data=Named("my_own_pictures")).help or "")


def test_name_of_a_newer_torch_is_a_warning(monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda package: "99.0.0")
    assert only(optimizer=Named("Zyxwvu")).severity == "warning"
    assert only(optimizer=Named("Adem")).severity == "error"
    monkeypatch.setattr(metadata, "version", lambda package: "2.10.0")
    assert only(optimizer=Named("Zyxwvu")).severity == "error"


@pytest.mark.parametrize(
    ("named", "code", "message"),
    [
        (Named("SGD", {"momentun": 0.9}), "AS502", "`SGD` has no argument `momentun`"),
        (Named("SGD", {"lr": "0.1"}), "AS504", '`lr` of `SGD` has to be a number, but is "0.1"'),
        (Named("SGD", {"nesterov": "yes"}), "AS504", "has to be `true` or `false`"),
        (Named("SGD", {"lr": True}), "AS504", "has to be a number, but is true"),
        (Named("SGD", {"lr": math.nan}), "AS504", "has to be a number"),
        (Named("Adam", {"betas": 0.9}), "AS504", "has to be a list"),
        (Named("SGD", {"lr": -0.1}), "AS505", "`lr` of `SGD` has to be a number ≥ 0, but is -0.1"),
        (Named("Adam", {"betas": [0.9, 1.0]}), "AS505", "`betas` of `Adam` has to be a number ≥ 0 and < 1"),
        (Named("SparseAdam"), "AS506", "sparse gradients"),
    ],
)
def test_faulty_optimizers(named, code, message):
    diagnostic = only(optimizer=named)
    assert diagnostic.code == code
    assert message in diagnostic.message
    assert diagnostic.severity == "error"


def test_missing_argument():
    diagnostic = only(scheduler=Named("StepLR", {"gamma": 0.5}))
    assert (diagnostic.code, diagnostic.message) == ("AS503", "`StepLR` needs `step_size`")


def test_a_loss_with_weights_of_its_own():
    diagnostic = only(loss=Named("AdaptiveLogSoftmaxWithLoss"))
    assert diagnostic.code == "AS506"
    assert "it has weights of its own" in diagnostic.message


def test_a_data_set_that_runs_what_it_finds():
    diagnostic = only(data=Named("LSUN", {"root": "data"}))
    assert diagnostic.code == "AS506"
    assert "`lmdb`" in diagnostic.message


def test_every_loss_with_a_target_is_accepted():
    for name in LOSS_TARGETS:
        assert found(loss=Named(name)) == []


def test_scalars_of_the_recipe():
    assert found(batch_size=0) == [("AS505", "error")]
    assert found(epochs=0) == [("AS505", "error")]
    assert found(seed=-1) == [("AS505", "error")]
    assert only(epochs="3").help == "write `3`"
    assert only(batch_size=3.0).help == "write `3`"
    assert found(epochs=True) == [("AS505", "error")]


@pytest.mark.parametrize(
    "named",
    [
        Named("SGD", {"lr": 100}),
        Named("Adam", {"lr": 1}),
        Named("SGD", {"lr": 0}),
        Named("SGD", {"weight_decay": 5}),
        Named("SGD", {"momentum": 1.0}),
    ],
)
def test_odd_but_legal_is_a_warning(named):
    assert found(optimizer=named) == [("AS530", "warning")]


@pytest.mark.parametrize(
    "named",
    [Named("SGD", {"lr": 5, "momentum": 0.9}), Named("Adam", {"lr": 3e-4, "betas": [0.9, 0.95]}), Named("LBFGS")],
)
def test_usual_optimizers_are_clean(named):
    assert found(optimizer=named) == []


def test_nested_transforms_and_schedulers_are_checked():
    flip = {"RandomHorizontalFlip": 0.5}
    assert found(transforms=Transforms((Named("RandomApply", {"transforms": [flip, "RandomInvert"], "p": 0.1}),))) == []
    wrong = Named("RandomApply", {"transforms": [{"ColorJiter": {"hue": 0.1}}, {"RandomVerticalFlip": 2}]})
    assert found(transforms=Transforms((wrong,))) == [("AS501", "error"), ("AS505", "error")]
    steps = [{"LinearLR": {"total_iters": 2}}, {"StepLR": 3}]
    assert found(scheduler=Named("SequentialLR", {"schedulers": steps, "milestones": [2]})) == []
    assert found(scheduler=Named("SequentialLR", {"schedulers": "StepLR", "milestones": [2]})) == [("AS504", "error")]


def test_nesting_is_bounded():
    inner = {"RandomInvert": None}
    for _ in range(200):
        inner = {"RandomOrder": {"transforms": [inner]}}
    assert found(transforms=Transforms((nested(inner),))) == [("AS504", "error")]


def test_independent_faults_are_all_told_in_file_order():
    text = "optimizer: {SGD: {lr: -1, momentun: 2}}\nepochs: 0\nloss: Foo\n"
    source = SourceText("net.yaml", text)

    def span(part):
        start = text.index(part)
        return Span(source, start, start + len(part))

    recipe = Recipe(
        optimizer=Named(
            "SGD",
            {"lr": -1, "momentun": 2},
            span("SGD"),
            {"lr": span("-1"), "momentun": span("2")},
            {"lr": span("lr"), "momentun": span("momentun")},
        ),
        epochs=0,
        loss=Named("Foo", span=span("Foo")),
        spans={"epochs": span("0")},
    )
    diagnostics = check_recipe(recipe)
    assert [(d.code, d.span.text) for d in diagnostics] == [
        ("AS505", "-1"),
        ("AS502", "momentun"),
        ("AS505", "0"),
        ("AS501", "Foo"),
    ]
    edit = diagnostics[1].edit
    assert text[: edit.span.start] + edit.text + text[edit.span.end :] == text.replace("momentun", "momentum")


def test_every_plain_default_passes_its_own_check():
    for group, field in (("optimizers", "optimizer"), ("losses", "loss"), ("schedulers", "scheduler")):
        for name, signature in signatures(group).items():
            plain = {a.name: a.default for a in signature.arguments if a.default is not NO_DEFAULT}
            codes = [code for code, _ in found(**{field: Named(name, plain)})]
            assert set(codes) <= {"AS503", "AS506"}, (name, codes)


def test_primary_argument_of_a_nested_scalar():
    named = with_primary(nested({"StepLR": 3}), signatures("schedulers")["StepLR"])
    assert named == Named("StepLR", {"step_size": 3})
    assert nested(["StepLR"]) is None
    assert nested({"a": 1, "b": 2}) is None
