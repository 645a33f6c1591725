"""Variables and typed parameters: each type, lists, limits, layers; values that use each other."""

from __future__ import annotations

import pytest
from torch import nn

import archspec
from archspec.compiler import compile_text
from archspec.errors import Diagnostic, SourceText
from tests.judge import Hand, agree, faults, load

ROW = "input: [4]\n"


@pytest.mark.parametrize(
    ("declared", "given", "wanted"),
    [
        ("int", "5", 5),
        ("float", "0.5", 0.5),
        ("float", "1", 1),
        ("bool", "true", True),
        ("str", "word", "word"),
        ("[int]", "[1, 2]", [1, 2]),
        ("[float]", "[1, 2.5]", [1, 2.5]),
        ("[bool]", "[true]", [True]),
        ("[str]", "[a, b]", ["a", "b"]),
        ("[int]", "[]", []),
        ("{type: int, min: 1, max: 5}", "5", 5),
        ("{type: [int], min: 1}", "[1, 2]", [1, 2]),
        ("{type: str, choices: [pre, post]}", "post", "post"),
        ("{type: int, choices: [1, 3]}", "3", 3),
        ("{type: str, default: int}", "float", "float"),
        ("1", "2", 2),
        ("0.5", "2", 2),
        ("null", "[1, a]", [1, "a"]),
        ("[1, 2.5]", "[3]", [3]),
    ],
)
def test_values_of_declared_types(declared: str, given: str, wanted: object) -> None:
    spec = f"""
blocks: {{B: {{params: {{p: {declared}}}, layers: [ReLU]}}}}
layers: {{b: {{B: {{p: {given}}}}}}}
"""
    (block,) = load(ROW + spec).graph.root.body
    assert block.arguments == {"p": wanted}  # type: ignore[union-attr]
    assert type(block.arguments["p"]) is type(wanted)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ("int", "0.5"),
        ("int", "true"),
        ("int", '"5"'),
        ("int", "[5]"),
        ("int", "null"),
        ("float", "high"),
        ("float", "true"),
        ("bool", "1"),
        ("bool", "yes"),
        ("str", "5"),
        ("str", "1.10"),
        ("[int]", "5"),
        ("[int]", "[1, 2.5]"),
        ("[str]", "[a, 1]"),
        ("layer", "5"),
        ("1", "2.5"),
        ("[1, 2]", "[1, a]"),
        ("{type: int, min: 1}", "0"),
        ("{type: float, max: 1}", "1.5"),
        ("{type: [int], min: 1}", "[3, 0]"),
        ("{type: str, choices: [pre, post]}", "mid"),
    ],
)
def test_values_of_other_types_are_faults_at_the_value(declared: str, given: str) -> None:
    spec = f"""
blocks: {{B: {{params: {{p: {declared}}}, layers: [ReLU]}}}}
layers: {{b: {{B: {{p: {given}}}}}}}
"""
    assert faults(ROW + spec) == [("AS208", given)]


@pytest.mark.parametrize("declared", ["{type: int, default: 0.5}", "{type: int, default: 0, min: 1}"])
def test_a_default_has_to_fit_too(declared: str) -> None:
    spec = f"blocks: {{B: {{params: {{p: {declared}}}, layers: [ReLU]}}}}\nlayers: [B]\n"
    assert [code for code, _ in faults(ROW + spec)] == ["AS208"]
    assert [code for code, _ in faults(ROW + f"vars: {{p: {declared}}}\nlayers: [ReLU]\n")] == ["AS208"]


def test_a_bare_value_means_the_first_parameter() -> None:
    spec = "blocks: {B: {params: {n: int, bias: true}, layers: {fc: {Linear: {out_features: $n, bias: $bias}}}}}\n"
    agree(
        ROW + spec + "layers: {b: {B: 7}}\n",
        Hand(lambda m, x: m.b(x), b=Hand(lambda m, x: m.fc(x), fc=nn.Linear(4, 7))),
    )
    assert faults(ROW + spec + "layers: {b: B}\n") == [("AS203", "B")]
    assert faults(ROW + spec + "layers: {b: {B: {bias: false}}}\n") == [("AS203", "B")]
    assert faults(ROW + spec + "layers: {b: {B: {m: 1, n: 2}}}\n") == [("AS202", "m")]


def test_defaults_may_use_parameters_before_them_and_the_file_s_variables() -> None:
    spec = """
vars: {width: 3}
blocks:
  B: {params: {n: int, m: $(n * width)}, layers: {fc: {Linear: $m}}}
layers: {a: {B: 2}, b: {B: {n: 2, m: 5}}}
"""

    def block(inputs: int, outputs: int) -> nn.Module:
        return Hand(lambda m, x: m.fc(x), fc=nn.Linear(inputs, outputs))

    agree(ROW + spec, Hand(lambda m, x: m.b(m.a(x)), a=block(4, 6), b=block(6, 5)))


def test_arguments_are_evaluated_where_they_are_written() -> None:
    spec = """
blocks:
  Inner: {params: {n: 100, k: int}, layers: {fc: {Linear: $k}}}
  Outer: {params: {n: int}, layers: {i: {Inner: {k: $(n + 1)}}}}
layers: {o: {Outer: 4}}
"""
    inner = Hand(lambda m, x: m.fc(x), fc=nn.Linear(4, 5))
    agree(ROW + spec, Hand(lambda m, x: m.o.i(x), o=Hand(None, i=inner)))


def test_variables_use_each_other_in_any_order() -> None:
    spec = ROW + "vars: {c: $(b + 1), b: '$(a * 2)', a: 3, all: [1, $a]}\nlayers: {fc: {Linear: $c}}\n"
    assert load(spec).variables == {"a": 3, "b": 6, "c": 7, "all": [1, 3]}
    assert load(spec, a=5).variables == {"a": 5, "b": 10, "c": 11, "all": [1, 5]}
    assert load(spec, b=1).variables["c"] == 2


@pytest.mark.parametrize(
    ("variables", "cycle"), [("{a: $a}", "`a` → `a`"), ("{a: $b, b: $c, c: $(a + 1), d: $a}", "`a` → `b` → `c` → `a`")]
)
def test_variables_that_define_each_other(variables: str, cycle: str) -> None:
    (fault,) = archspec.check(f"archspec: 1\n{ROW}vars: {variables}\nlayers: [ReLU]\n")
    assert fault.code == "AS206"
    assert cycle in fault.message


def test_a_typed_variable_without_a_value_has_to_be_given() -> None:
    spec = ROW + "vars: {n: int}\nlayers: {fc: {Linear: $n}}\n"
    assert faults(spec) == [("AS207", "n")]
    agree(spec, Hand(lambda m, x: m.fc(x), fc=nn.Linear(4, 3)), n=3)


# Layers as values.


@pytest.mark.parametrize(
    ("given", "layer"),
    [
        ("", nn.ReLU()),
        ("{act: Tanh}", nn.Tanh()),
        ("{act: {LeakyReLU: 0.3}}", nn.LeakyReLU(0.3)),
        ("{act: {LeakyReLU: {negative_slope: 0.3}}}", nn.LeakyReLU(0.3)),
        ("{act: [Tanh, {Linear: 2}]}", nn.Sequential(nn.Tanh(), nn.Linear(5, 2))),
        ("{act: {layers: {a: Tanh}}}", nn.Sequential()),
        ("{act: $other}", nn.ELU()),
        ("{act: Other}", Hand(lambda m, x: m.fc(x), fc=nn.Linear(5, 3))),
    ],
)
@pytest.mark.parametrize("declared", ["ReLU", "{type: layer, default: ReLU}"])
def test_a_layer_parameter_with_its_default_and_given(given: str, layer: nn.Module, declared: str) -> None:
    if type(layer) is nn.Sequential and not len(layer):
        layer.add_module("a", nn.Tanh())
    spec = f"""
vars: {{other: ELU}}
blocks:
  Other: {{layers: {{fc: {{Linear: 3}}}}}}
  B: {{params: {{act: {declared}}}, layers: {{fc: {{Linear: 5}}, act: $act}}}}
layers: {{b: {{B: {given}}}}}
"""
    agree(ROW + spec, Hand(lambda m, x: m.b.act(m.b.fc(x)), b=Hand(None, fc=nn.Linear(4, 5), act=layer)))


def test_a_required_layer_parameter() -> None:
    spec = ROW + "blocks: {B: {params: {act: layer}, layers: {act: $act}}}\n"
    hand = Hand(lambda m, x: m.b(x), b=Hand(lambda m, x: m.act(x), act=nn.Linear(4, 2)))
    agree(spec + "layers: {b: {B: {act: {Linear: 2}}}}\n", hand)
    assert faults(spec + "layers: {b: B}\n") == [("AS203", "B")]
    assert faults(spec + "layers: {b: {B: {act: ReLUU}}}\n") == [("AS201", "ReLUU")]
    assert faults(spec + "layers: {b: {B: {act: {LeakyReLU: {slope: 1}}}}}\n") == [("AS202", "slope")]


def test_a_layer_in_a_variable_of_the_file_and_overridden() -> None:
    spec = ROW + "vars: {act: ReLU}\nlayers: {fc: {Linear: 4}, act: $act}\n"
    agree(spec, Hand(lambda m, x: m.act(m.fc(x)), fc=nn.Linear(4, 4), act=nn.ReLU()))
    agree(spec, Hand(lambda m, x: m.act(m.fc(x)), fc=nn.Linear(4, 4), act=nn.Tanh()), act="Tanh")
    agree(spec, Hand(lambda m, x: m.act(m.fc(x)), fc=nn.Linear(4, 4), act=nn.CELU(0.5)), act={"CELU": 0.5})


def test_modifiers_beside_a_held_layer() -> None:
    def forward(m, x):
        for layer in m.many:
            x = x + layer(x)
        return x

    spec = "vars: {fc: {Linear: 4}}\nlayers: {many: {$fc: , repeat: 3, skip: add, first: {bias: false}}}\n"
    many = nn.ModuleList([nn.Linear(4, 4, bias=False), nn.Linear(4, 4), nn.Linear(4, 4)])
    agree(ROW + spec, Hand(forward, many=many))


def test_modifiers_inside_a_held_layer() -> None:
    def forward(m, x):
        for layer in m.many:
            x = x + layer(x)
        return x

    spec = "vars: {fc: {Linear: 4, repeat: 2, skip: add}}\nlayers: {many: $fc}\n"
    agree(ROW + spec, Hand(forward, many=nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])))
    agree(
        ROW + "vars: {on: true, fc: {Linear: 4, when: $on}}\nlayers: {a: $fc, b: {Linear: 2}}\n",
        Hand(lambda m, x: m.b(x), b=nn.Linear(4, 2)),
        on=False,
    )


@pytest.mark.parametrize(
    ("held", "entry", "code", "marked"),
    [
        ("ReLU", "{$act: {inplace: true}}", "AS204", "{inplace: true}"),
        ("ReLU", "{$act: 3}", "AS204", "3"),
        ("ReLU", "{$act: , repeat: 2, first: {foo: 1}}", "AS202", "foo"),
        ("{ReLU: , from: input}", "$act", "AS208", "input"),
        ("{relu: input}", "$act", "AS208", "input"),
        ("{add: [a, b]}", "$act", "AS208", "[a, b]"),
        ("4", "$act", "AS208", "$act"),
        ("Relu", "$act", "AS201", "$act"),
        ("ReLU", "$acr", "AS211", "acr"),
        ("ReLU", "$(act)(x)", "AS211", None),
    ],
)
def test_faults_of_held_layers(held: str, entry: str, code: str, marked: str | None) -> None:
    found = faults(ROW + f"vars: {{act: {held}}}\nlayers: {{a: {entry}}}\n")
    if marked is not None:
        assert found == [(code, marked)]
    else:
        assert len(found) == 1


@pytest.mark.parametrize("hidden", ["c: 7", "d: 7"])
def test_a_held_layer_means_the_names_where_it_is_written(hidden: str) -> None:
    spec = f"""
blocks:
  Inner: {{params: {{{hidden}, l: layer}}, layers: {{m: $l}}}}
  Outer: {{params: {{c: 5}}, layers: {{i: {{Inner: {{l: {{Linear: $c}}}}}}}}}}
layers: {{o: Outer}}
"""
    inner = Hand(lambda m, x: m.m(x), m=nn.Linear(4, 5))
    agree(ROW + spec, Hand(lambda m, x: m.o.i(x), o=Hand(None, i=inner)))


@pytest.mark.parametrize(
    ("params", "marked"),
    [
        ("{1a: int}", "1a"),
        ("{index: 3}", "index"),
        ("{lambda: 3}", "lambda"),
        ("{a: {type: integer}}", "integer"),
        ("{a: {type: int, default: 4, mn: 3}}", "mn"),
    ],
)
def test_faulty_declarations(params: str, marked: str) -> None:
    spec = f"blocks: {{B: {{params: {params}, layers: [ReLU]}}}}\nlayers: [ReLU]\n"
    assert [text for _, text in faults(ROW + spec)] == [marked]
    assert [text for _, text in faults(ROW + f"vars: {params}\nlayers: [ReLU]\n")] == [marked]


def test_blocks_are_checked_though_nothing_uses_them() -> None:
    assert faults(ROW + "blocks: {B: {layers: [{Lineer: 3}]}}\nlayers: [ReLU]\n") == [("AS201", "Lineer")]


def test_blocks_in_blocks_and_their_recursion() -> None:
    spec = "blocks:\n  A: {layers: [B]}\n  B: {layers: [C]}\n  C: {layers: [A]}\nlayers: [A]\n"
    (fault,) = archspec.check("archspec: 1\n" + ROW + spec)
    assert fault.code == "AS209"
    assert "`A` → `B` → `C` → `A`" in fault.message


def test_two_inputs_of_one_name_are_a_fault() -> None:
    spec = "blocks: {B: {inputs: [x, x], layers: {a: {add: [x, x]}}}}\nlayers: {r: ReLU, b: {B: , from: [r, input]}}\n"
    assert faults(ROW + spec) == [("AS106", "x")]


def test_the_merge_of_a_skip_may_be_a_parameter() -> None:
    spec = """
vars: {merge: add, how: null}
layers: {a: {Linear: 4, skip: $merge}, b: {Linear: 4, skip: {merge: $merge}}}
"""

    def forward(m, x):
        a = x * m.a(x)
        return a * m.b(a)

    agree(ROW + spec, Hand(forward, a=nn.Linear(4, 4), b=nn.Linear(4, 4)), merge="mul")
    assert faults(ROW + spec, merge="sum") == [("AS101", "$merge")] * 2


def test_a_layer_is_no_argument_of_a_layer() -> None:
    spec = ROW + "vars: {n: {ReLU: {}}}\nlayers: {fc: {Linear: $n}}\n"
    assert faults(spec) == [("AS401", "$n")]


@pytest.mark.parametrize(
    ("declared", "fault"),
    [
        ("{type: layer, default: [$nope]}", ("AS211", "nope")),
        ("{Rellu: }", ("AS201", "Rellu")),
        ("{type: layer, default: {}}", ("AS105", "{}")),
        ("{Linear: 0}", ("AS401", "0")),
        ("{Linear: $(width + x)}", ("AS211", "x")),
        ("{type: [layer], default: [ReLU, {ReLU: {inplce: true}}]}", ("AS202", "inplce")),
    ],
)
def test_a_layer_that_nothing_uses_is_checked(declared: str, fault: tuple[str, str]) -> None:
    assert faults(ROW + f"vars: {{width: 0, act: {declared}}}\nlayers: [ReLU]\n") == [fault]
    assert faults(ROW + "vars: {width: 0, act: {Linear: $(8 // width)}}\nlayers: [ReLU]\n") == []


def test_defaults_use_each_other_whatever_their_order() -> None:
    blocks = "blocks: {B: {params: {twice: $(n * 2), n: 4}, layers: {fc: {Linear: $twice}}}}\n"
    net = load(ROW + blocks + "layers: {a: B, b: {B: {n: 3}}, c: {B: 5}}\n")
    assert [net.shapes[f"{name}.fc"][1] for name in "abc"] == [8, 6, 5]


def _told(text: str) -> tuple[Diagnostic, ...]:
    return compile_text(SourceText("net.yaml", "archspec: 1\n" + text)).diagnostics


def test_a_place_that_is_looked_at_twice_is_one_place() -> None:
    """Once as an argument of the instance, and once as what any instance would have."""
    blocks = "blocks: {B: {params: {n: $m}, layers: [ReLU]}, C: {params: {n: $m}, layers: [ReLU]}}\n"
    (fault,) = _told(ROW + blocks + "layers: [B]\n")
    assert fault.render() == (
        "error[AS211]: unknown name `m`\n"
        "  --> net.yaml:3:27\n"
        "  |\n"
        "3 | blocks: {B: {params: {n: $m}, layers: [ReLU]}, C: {params: {n: $m}, layers: [ReLU]}}\n"
        "  |                           ^\n"
        "    note: and in 1 more place: line 3\n"
        "    help: declare it: `vars: {m: …}`"
    )
    (fault,) = _told(ROW + blocks.replace("C: {params: {n: $m}", "C: {params: {n: 1}") + "layers: [B]\n")
    assert fault.notes == ()
