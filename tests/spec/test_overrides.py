"""`--set`, `set=` and keyword arguments: variables, the input, and everything in `train`."""

from __future__ import annotations

import pytest

import archspec
from archspec import SpecError
from archspec.spec.settings import override_from_text

SPEC = """
archspec: 1
name: Net
input: {shape: [4], dtype: float32}
vars: {n: 3, act: ReLU, typed: {type: int, default: 2, min: 1}, needed: int}
layers: {fc: {Linear: $n}, act: $act, out: {Linear: $typed}}
train: {data: digits, epochs: 3, optimizer: {SGD: {lr: 0.1}}, loss: CrossEntropyLoss}
"""


def load(*settings: str, **variables) -> archspec.Architecture:
    return archspec.load(SPEC, set=["needed=1", *settings], **variables)


def code_of(*settings: str, **variables) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load(*settings, **variables)
    return [fault.code for fault in caught.value.diagnostics]


def test_a_variable_by_text_and_by_keyword() -> None:
    assert load().num_params == 4 * 3 + 3 + 3 * 2 + 2
    for changed in (load("n=5"), load("vars.n=5"), load(n=5), load().with_variables(n=5)):
        assert changed.variables["n"] == 5
        assert changed.shapes["fc"][1] == 5


def test_the_last_setting_wins_and_keywords_come_last() -> None:
    assert load("n=5", "n=6").variables["n"] == 6
    assert load("n=5", n=7).variables["n"] == 7
    assert load(n=7).with_variables(n=8).with_variables(act="Tanh").variables["n"] == 8


def test_a_layer_by_text() -> None:
    kinds = [call.op.name for call in load("act={LeakyReLU: 0.2}").graph.calls()]
    assert kinds == ["Linear", "LeakyReLU", "Linear"]


def test_the_input_keeps_its_element_type() -> None:
    assert str(load("input=[6]").input_types["input"]) == "[N, 6]"
    spec = "archspec: 1\ninput: {shape: [4], dtype: int64}\nlayers: {f: {flatten: 1}}\n"
    assert str(archspec.load(spec, set=["input=[6]"]).input_types["input"]) == "[N, 6] int64"
    assert str(archspec.load(spec, input=[6]).input_types["input"]) == "[N, 6] int64"
    assert str(archspec.load(spec, input={"shape": [6], "dtype": "bool"}).input_types["input"]) == "[N, 6] bool"


def test_the_name() -> None:
    assert load("name=Other").name == "Other"
    assert type(load("name=Other").build()).__name__ == "Other"


def test_everything_in_train() -> None:
    changed = load("train.epochs=7", "train.optimizer.SGD.lr=0.5", "train.batch_size=9").recipe
    assert changed is not None
    assert (changed.epochs, changed.batch_size) == (7, 9)
    assert changed.optimizer.arguments["lr"] == 0.5
    replaced = load("train.optimizer={AdamW: {lr: 0.2}}", **{"train.epochs": 2}).recipe
    assert replaced is not None
    assert replaced.optimizer.name == "AdamW"
    assert replaced.epochs == 2


def test_train_may_come_from_settings_alone() -> None:
    spec = "archspec: 1\ninput: [1, 8, 8]\nlayers: [Flatten, {Linear: 10}]\n"
    settings = [
        "train.data=digits",
        "train.epochs=2",
        "train.loss=CrossEntropyLoss",
        "train.optimizer={SGD: {lr: 0.1}}",
    ]
    assert archspec.load(spec).recipe is None
    recipe = archspec.load(spec, set=settings).recipe
    assert recipe is not None
    assert recipe.epochs == 2


def test_a_declared_type_holds_for_what_is_set() -> None:
    assert load("typed=5").variables["typed"] == 5
    assert code_of("typed=0") == ["AS208"]
    assert code_of("typed=2.5") == ["AS208"]
    assert code_of("needed=2.5") == ["AS208"]
    assert code_of(needed="x") == ["AS208"]


def test_a_word_that_is_a_type_is_a_value_when_it_is_set() -> None:
    spec = "archspec: 1\ninput: [4]\nvars: {word: x}\nlayers: [ReLU]\n"
    assert archspec.load(spec, word="int").variables["word"] == "int"
    assert archspec.load(spec, set=["word=layer"]).variables["word"] == "layer"


def test_a_missing_value_is_a_fault() -> None:
    with pytest.raises(SpecError) as caught:
        archspec.load(SPEC)
    assert [fault.code for fault in caught.value.diagnostics] == ["AS207"]


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("m=5", "AS109"),
        ("layers=[]", "AS109"),
        ("vars.m=5", "AS109"),
        ("n.x=5", "AS109"),
        ("blocks.B=5", "AS109"),
        ("input.shape=[4]", "AS109"),
        ("n", "AS112"),
        ("=5", "AS112"),
        ("", "AS112"),
        ("train.epoch=5", "AS102"),
        ("train=5", "AS109"),
        ("name=a b", "AS106"),
        ("input=[0]", "AS101"),
        ("n=010", None),
        ("n={a: [}", None),
        ("act=Relu", "AS201"),
    ],
)
def test_settings_that_set_nothing(setting: str, code: str | None) -> None:
    found = code_of(setting)
    assert len(found) == 1
    assert code is None or found == [code]


def test_the_caret_is_in_the_setting() -> None:
    with pytest.raises(SpecError) as caught:
        load("nn=5")
    (fault,) = caught.value.diagnostics
    assert "--> --set:1:1\n" in fault.render()
    assert "did you mean `n`?" in fault.render()
    with pytest.raises(SpecError) as caught:
        load("n=2.5")
    assert caught.value.diagnostics[0].span is not None


def test_an_input_among_inputs_cannot_be_set_by_that_name() -> None:
    spec = "archspec: 1\ninputs: {a: [4]}\nlayers: [ReLU]\n"
    assert [fault.code for fault in archspec.check(spec, input=[5])] == ["AS109"]


@pytest.mark.parametrize("setting", ["epochs=3", "optimizer.SGD.lr=0.1", "batch_size=8"])
def test_a_field_of_train_without_train(setting: str) -> None:
    (fault,) = archspec.check("archspec: 1\ninput: [4]\nlayers: [ReLU]\n", set=[setting])
    assert (fault.code, fault.help) == ("AS109", f"did you mean `train.{setting.partition('=')[0]}`?")


def test_every_setting_at_fault_is_told() -> None:
    assert code_of("a=1", "b=2") == ["AS109", "AS109"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("a=3", 3), ("a=1e-3", 0.001), ("a=[1, 2]", None), ("a=no", "no"), ("a=", None), ("a=b=c", "b=c")],
)
def test_values_are_yaml(text: str, value: object) -> None:
    node = override_from_text(text).value
    if value is not None:
        assert node.value == value  # type: ignore[union-attr]


@pytest.mark.parametrize("value", [object(), {1, 2}, lambda: 0, float("nan")])
def test_a_keyword_value_is_plain_data(value: object) -> None:
    with pytest.raises((SpecError, TypeError, ValueError)):
        load(n=value)
