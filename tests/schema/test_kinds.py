"""The schema as a whole, against fixed facts: every kind with every argument, and the forms of an entry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from archspec.ops.arguments import Maybe, Plain
from archspec.ops.bare import Initialisation, Values
from archspec.ops.entry import Arg, Op
from archspec.ops.faults import BadValue
from archspec.ops.registry import BARE, CATALOGUE
from archspec.source.home import home_of_file
from tests.schema.judge import judge, validator

_OPS = [pytest.param(op, id=op.name) for op in (*CATALOGUE.values(), *BARE.values())]
_SCALARS: tuple[Any, ...] = (True, 0, 1, -1, 3, 0.5, -1.5)
_VALUES: tuple[Any, ...] = (*_SCALARS, "word", "", "same", [], [1], [0], [2, 2], [0.5, 1], [None], [3] * 9)
_MADE: dict[type, dict[bool, tuple[Any, ...]]] = {
    Initialisation: {True: ("zeros", {"normal": {"std": 0.02}}), False: (0, True, [], "word", {"normal": {"sdt": 1}})},
    Values: {True: ([1, 2], [[True], [False]]), False: (0, True, "word", [], {})},
}
"""Of the types that another reader reads: what is accepted and what is not."""


def _judge(*definitions: str) -> jsonschema.Draft7Validator:
    """Of what all of the definitions accept. An entry is `complete` where no `defaults` say what its kind needs."""
    whole = validator().schema
    each = [{"$ref": f"#/definitions/{definition}"} for definition in definitions]
    return jsonschema.Draft7Validator({"allOf": each, "definitions": whole["definitions"]})


def _properties(op: Op) -> dict[str, Any]:
    """The arguments that an editor completes. What is the same for several kinds stands in a definition."""
    definitions = validator().schema["definitions"]
    made = definitions[op.name]
    shared = [definitions[each["$ref"].rpartition("/")[2]] for each in made.get("allOf", []) if "$ref" in each]
    forms = [form for each in (made, *shared) for form in (each, *each.get("anyOf", []))]
    return next(form["properties"] for form in forms if "properties" in form)


def _accepts(arg: Arg, given: Any) -> bool:
    try:
        arg.type.accept(given)
    except BadValue:
        return False
    return True


def _sorted(arg: Arg) -> dict[bool, list[Any]]:
    """Values that the argument accepts and values that it does not."""
    bare = arg.type.type if isinstance(arg.type, Maybe) else arg.type
    if type(bare) in _MADE:
        return {verdict: list(values) for verdict, values in _MADE[type(bare)].items()}
    made: dict[bool, list[Any]] = {True: [], False: []}
    for given in (None, *_VALUES, {"a": 1}):
        made[_accepts(arg, given)].append(given)
    return made


def _required(op: Op) -> dict[str, Any]:
    """What has to be written, with the value that is shown to whoever leaves it out."""
    return {arg.name: _as_data(arg.example) for arg in op.args if arg.is_required}


def _as_data(value: Any) -> Any:
    return [_as_data(item) for item in value] if isinstance(value, (tuple, list)) else value


@pytest.mark.parametrize("op", _OPS)
def test_its_arguments_are_those_of_the_kind(op: Op) -> None:
    assert list(_properties(op)) == [arg.name for arg in op.args]
    kind = _judge(op.name)
    assert kind.is_valid({})
    assert kind.is_valid(None)
    assert kind.is_valid({"ax": 2}) == (op.free is not None)
    assert not kind.is_valid({"a x": 2})


@pytest.mark.parametrize("op", _OPS)
def test_its_arguments_take_what_their_types_take(op: Op) -> None:
    kind = _judge(op.name)
    for arg in op.args:
        values = _sorted(arg)
        assert values[False] or isinstance(arg.type, Plain), arg.name
        for verdict, each in values.items():
            for given in each:
                assert kind.is_valid({arg.name: given}) == verdict, (arg.name, given)
        if arg.inferred is None:
            assert kind.is_valid({arg.name: _as_data(arg.example if arg.is_required else arg.default)}), arg.name
        assert kind.is_valid({arg.name: "$value"}), arg.name


@pytest.mark.parametrize("op", _OPS)
def test_it_has_what_it_needs(op: Op) -> None:
    entry = _judge("entry", "complete")
    needed = _required(op)
    assert entry.is_valid({op.name: needed})
    assert entry.is_valid(op.name) == (not needed)
    assert entry.is_valid({op.name: None}) == (not needed)
    for left_out in needed:
        given = {name: value for name, value in needed.items() if name != left_out}
        assert not entry.is_valid({op.name: given}), left_out
        assert not entry.is_valid({op.name: given, "repeat": 2}), left_out
        if not op.bare:
            assert entry.is_valid({op.name: given, "repeat": 1, "first": {left_out: needed[left_out]}}), left_out
            assert entry.is_valid({op.name: given, "repeat": {"a": {left_out: needed[left_out]}}}), left_out


@pytest.mark.parametrize("op", _OPS)
def test_a_bare_value_is_its_primary_argument(op: Op) -> None:
    """A string or list behind a function's name can be its inputs, so only numbers are tried there."""
    entry = _judge("entry", "complete")
    primary = op.arg(op.primary or "")
    suffices = primary is not None and set(_required(op)) <= {primary.name}
    for given in _VALUES if op.is_module else _SCALARS:
        taken = primary is not None and given in _sorted(primary)[True] and _accepts(primary, given)
        assert entry.is_valid({op.name: given}) == (taken and suffices), given


_ACCEPTED = (
    "{a: ReLU}",
    "[ReLU, {ReLU: }, {ReLU: {inplace: false}}, [ReLU]]",
    "{a: {layers: {b: ReLU, c: [ReLU]}}}",
    "{a: {Linear: 8, when: $(1 < 2)}}",
    "{a: {Linear: 8, from: input}, b: {Linear: 8, from: [input]}, c: {add: [a, b]}, d: {add: , from: [a, c]}}",
    "{a: {branches: {b: ReLU, c: ReLU}, merge: add}}",
    "{a: {branches: [ReLU, [ReLU]], merge: {concat: {dim: 1}}}}",
    "{a: {branches: [ReLU, ReLU], merge: {mean: }}}",
    "{a: {Linear: 8}, b: {use: a}, c: {use: a, from: input}}",
    "{a: {Linear: 8}, b: {Linear: 8, tie: {weight: a.weight}}}",
    "{a: {Linear: 8, repeat: 2}}",
    "{a: {Linear: 8, repeat: [1, 2], per_stage: {bias: [true, false]}, last: {bias: true}}}",
    '{a: {Linear: 8, repeat: 2, names: "b$(index)", per_repeat: {bias: [true, false]}, first: {bias: true}}}',
    "{a: {Linear: 8, repeat: {b: , c: {bias: false}}}}",
    "[{ReLU: , repeat: 2, inline: true}, ReLU]",
    "{a: {Linear: 8, skip: add}, b: {Linear: 4, skip: {merge: add, project: {Linear: 4}}}}",
    "{a: {Parameter: {shape: [3, 8], init: ones}}, b: {add: [input, a]}}",
)

_REFUSED = (
    *(
        "{}",
        "[]",
        "null",
        "ReLU",
        "{a: {}}",
        "{a: []}",
        "{a: null}",
        "[null]",
        "{a: 3}",
        "{a: true}",
        "{a: {from: input}}",
    ),
    *("{forward: ReLU}", "{a b: ReLU}", "{a: Linear}", "{a: {Linear: }}", "{a: {Linear: {bias: false}}}"),
    *("{a: {Linear: 0}}", "{a: {Linear: 1.5}}", "{a: {Linear: {out_features: [8]}}}", "{a: {Linear: true}}"),
    *("{a: {MaxPool2d: 0}}", "{a: {MaxPool2d: [2]}}", "{a: {MaxPool2d: {kernel_size: half}}}"),
    *("{a: {ReLU: {inplce: true}}}", "{a: {ReLU: , Linear: 8}}", "{a: {ReLU: , layers: [ReLU]}}"),
    *("{a: {layers: {}}}", "{a: {layers: null}}", "{a: {layers: ReLU}}", "{a: {layers: [null]}}"),
    *("{a: {branches: [ReLU, ReLU]}}", "{a: {branches: {b: ReLU}}}", "{a: {ReLU: , merge: add}}"),
    *("{a: {layers: [ReLU], merge: add}}", "{a: {branches: [], merge: add}}", "{a: {branches: {b: null}, merge: add}}"),
    *("{a: {branches: [ReLU], merge: sum}}", "{a: {branches: [ReLU], merge: {concat: {dimm: 1}}}}"),
    *("{a: {branches: [ReLU, ReLU], merge: {add: , mul: }}}", "{a: {branches: [ReLU, ReLU], merge: {}}}"),
    *(
        "{a: ReLU, b: {use: null}}",
        "{a: ReLU, b: {use: [a]}}",
        "{a: ReLU, b: {use: a, ReLU: }}",
        "{a: ReLU, b: {layers: [ReLU], use: a}}",
    ),
    *("{a: {Linear: 8}, b: {use: a, tie: {weight: a.weight}}}", "{a: {Linear: 8}, b: {Linear: 8, tie: {}}}"),
    *("{a: {Linear: 8}, b: {Linear: 8, tie: {weight: 3}}}", "{a: {Linear: 8}, b: {Linear: 8, tie: a.weight}}"),
    *(
        "{a: {Linear: 8}, b: {relu: , tie: {weight: a.weight}}}",
        "{a: {Linear: 8}, b: {layers: [ReLU], tie: {weight: a.weight}}}",
    ),
    *(
        '{a: {ReLU: , names: "b$(index)"}}',
        "{a: {ReLU: , repeat: 2, names: [b, c]}}",
        "{a: {ReLU: , repeat: 2, names: null}}",
    ),
    *("[{ReLU: , inline: true}]", "[{ReLU: , repeat: 2, inline: false}]", "[{ReLU: , repeat: 2, inline: 1}]"),
    *(
        "{a: {Linear: 8, first: {bias: false}}}",
        "{a: {Linear: 8, last: {bias: false}}}",
        "{a: {Linear: 8, repeat: 2, first: 3}}",
        "{a: {Linear: 8, repeat: 2, last: 3}}",
    ),
    *("{a: {Linear: 8, per_stage: {bias: [true]}}}", "{a: {Linear: 8, per_repeat: {bias: [true]}}}"),
    *(
        "{a: {ReLU: , repeat: 0}}",
        "{a: {ReLU: , repeat: []}}",
        "{a: {ReLU: , repeat: {}}}",
        "{a: {ReLU: , repeat: two}}",
    ),
    *(
        "{a: {Linear: 8, repeat: 2, per_repeat: {bias: true}}}",
        "{a: {ReLU: , skip: sum}}",
        "{a: {ReLU: , skip: {marge: add}}}",
        "{a: {ReLU: , align: pad}}",
    ),
    *("{a: ReLU, b: {ReLU: , after: a}}", "{b: {ReLU: , before: a}, a: ReLU}", "{a: {layers: [{ReLU: , after: b}]}}"),
    *(
        "{a: {Parameter: {shape: [8], init: ones}, repeat: 2}}",
        "{a: {Parameter: {shape: [8], init: ones}, from: input}}",
    ),
    *("{a: {ReLU: , from: []}}", "{a: {ReLU: , from: {}}}", "{a: {ReLU: , from: null}}", "{a: {ReLU: , when: maybe}}"),
)

_LAID_ACCEPTED = (
    *(
        "{}",
        "{bn1: null, fc: null}",
        "{bn1: ReLU}",
        "{act: {ReLU: , after: bn1}}",
        "{act: {layers: [ReLU], before: flatten}}",
    ),
    *("{bn1: {layers: {b: ReLU}}}", "{fc: {branches: [{Linear: 2}, {Linear: 2}], merge: add}}"),
)

_LAID_REFUSED = (
    *(
        "{bn1: 3}",
        "{bn1: {}}",
        "{bn1: []}",
        "{bn1: {ReLU: , Sigmoid: }}",
        "{fc: {Linear: 0}}",
        "{fc: {Linear: {bais: true}}}",
    ),
    *("{act: {ReLU: , after: [bn1]}}", "{act: {ReLU: , before: true}}", "{fc: {branches: [ReLU], merge: sum}}"),
    *("{fc: {Linear: 8, tie: 3}}", "{fc: {Linear: 8, inline: false}}", "{fc: {layers: [null]}}"),
)

_WHOLE = "archspec: 1\ninput: [3, 8]\nlayers: "
_LAID = "archspec: 1\nextends: trained.yaml\nweights: null\nfreeze: null\nlayers: "
_HOME = home_of_file(Path(__file__).parent / "specs" / "laid.yaml")


@pytest.mark.parametrize("layers", _ACCEPTED)
def test_a_good_form_is_accepted(layers: str) -> None:
    verdicts = judge(_WHOLE + layers)
    assert verdicts is not None
    assert (verdicts.refused, verdicts.errors) == (None, ())


@pytest.mark.parametrize("layers", _REFUSED)
def test_a_bad_form_is_refused(layers: str) -> None:
    verdicts = judge(_WHOLE + layers)
    assert verdicts is not None
    assert verdicts.refused is not None
    assert verdicts.errors


@pytest.mark.parametrize("layers", _LAID_ACCEPTED)
def test_a_good_form_is_accepted_over_another_spec(layers: str) -> None:
    verdicts = judge(_LAID + layers, _HOME)
    assert verdicts is not None
    assert (verdicts.refused, verdicts.errors) == (None, ())


@pytest.mark.parametrize("layers", _LAID_REFUSED)
def test_a_bad_form_is_refused_over_another_spec(layers: str) -> None:
    verdicts = judge(_LAID + layers, _HOME)
    assert verdicts is not None
    assert verdicts.refused is not None
    assert verdicts.errors
