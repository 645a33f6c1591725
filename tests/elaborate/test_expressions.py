"""The expression language: values, faults with their places, limits; Python and torchvision are the judges."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.models._utils import _make_divisible

from archspec.elaborate.expressions import UNKNOWN, evaluate_text, resolve
from archspec.errors import SourceText, Span, SpecError
from archspec.source import read
from archspec.tensors import Batch, N, TensorType

LAYER = object()
NAMES = {
    "width": 8,
    "ratio": 0.25,
    "bias": True,
    "kind": "relu",
    "sizes": [64, 128, 256],
    "pair": (4, 5),
    "nothing": None,
    "norm": LAYER,
    "image": TensorType((N, 3, 24, 32)),
    "vector": TensorType((N, 128)),
    "tokens": TensorType((N, 10, 768), "float32"),
    "volume": TensorType((N, 1, 8, 16, 32)),
    "windows": TensorType((Batch(64), 49, 96)),
    "lost": UNKNOWN,
}


def value_of(text, names=NAMES):
    """The value of a text that is a string of a spec."""
    source = SourceText("net.yaml", text)
    return evaluate_text(text, names, lambda start, end: Span(source, start, end))


def fault_of(marked, names=NAMES):
    """The one fault of a text, which must mark what stands between `«` and `»`."""
    before, _, rest = marked.partition("«")
    inside, _, after = rest.partition("»")
    with pytest.raises(SpecError) as caught:
        value_of(before + inside + after, names)
    (fault,) = caught.value.diagnostics
    assert (fault.span.start, fault.span.end) == (len(before), len(before) + len(inside)), fault.render()
    return fault


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"), ("$width", 8), ("$(width)", 8), ("$( width )", 8), ("$norm", LAYER), ("$(norm)", LAYER),
        ("$nothing", None), ("$pair", [4, 5]), ("$image", NAMES["image"]), ("$$", "$"),
        ("layer$(width + 1)", "layer9"), ("$width-$ratio", "8-0.25"), ("$kind$width", "relu8"), ("$bias.", "true."),
        ("$$width", "$width"), ("$$$width", "$8"), ("$(1e-3)x", "0.001x"),
        ("$(1 + 2 * 3)", 7), ("$((1 + 2) * 3)", 9), ("$(2 ** 3 ** 2)", 512), ("$(-2 ** 2)", -4), ("$(2 ** -1)", 0.5),
        ("$(7 // 2)", 3), ("$(-7 // 2)", -4), ("$(7 % 3)", 1), ("$(7 / 2)", 3.5), ("$(8 / 2)", 4.0), ("$(+3)", 3),
        ("$(1 < 2 < 3)", True), ("$(3 > 2 > 2)", False), ("$(1 == 1.0)", True), ("$(kind == 'relu')", True),
        ('$(kind != "gelu")', True), ("$('a' < 'b')", True), ("$(64 in sizes)", True), ("$(5 not in pair)", False),
        ("$(not bias)", False), ("$(bias and width)", 8), ("$(0 or kind)", "relu"), ("$(not width == 8)", False),
        ("$(1 if bias else 2)", 1), ("$(1 if false else 2 if false else 3)", 3), ("$(norm if bias else null)", LAYER),
        ("$(norm == null)", False), ("$(nothing == none)", True), ("$(image != null)", True),
        ("$(True and False)", False),
        ("$(sizes[0])", 64), ("$(sizes[-1])", 256), ("$([1, [2, 3]][1][0])", 2), ("$([1] + pair)", [1, 4, 5]),
        ("$([])", []), ("$([1, 2,])", [1, 2]),
        ("$(min(3, 1, 2))", 1), ("$(max(sizes))", 256), ("$(abs(-2.5))", 2.5), ("$(round(2.5))", 2),
        ("$(round(3.14159, 2))", 3.14),
        ("$(round(1234, -2))", 1200), ("$(floor(-1.5))", -2), ("$(ceil(1.2))", 2), ("$(int(-1.9))", -1),
        ("$(int(bias))", 1),
        ("$(log(10000))", math.log(10000)), ("$(-log(0.5) / 2)", -math.log(0.5) / 2),
        ("$(float(2))", 2.0), ("$(sum(sizes))", 448), ("$(sum([]))", 0), ("$(len(sizes) + len(kind))", 7),
        ("$(make_divisible(35.5, 8))", 32), ("$(make_divisible(3, 8, 16))", 16),
        ("$(image.channels)", 3), ("$(image.height)", 24), ("$(image.width)", 32), ("$(image.features)", 32),
        ("$(vector.channels)", 128), ("$(vector.features)", 128), ("$(tokens.length)", 768),
        ("$(tokens.features)", 768),
        ("$(volume.depth)", 8), ("$(volume.height * volume.width)", 512), ("$(image.shape)", [N, 3, 24, 32]),
        ("$(image.shape[1])", 3), ("$(image.shape == image.shape)", True),
        ("$(image.shape[0])", N),
        ("$(windows.shape[0])", Batch(64)),
    ],
)  # fmt: skip
def test_values(text, value):
    found = value_of(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$lost", UNKNOWN), ("$(lost + 1)", UNKNOWN), ("$(1 + lost)", UNKNOWN), ("a$lost", UNKNOWN),
        ("$(-lost)", UNKNOWN),
        ("$(lost.height)", UNKNOWN),
        ("$(lost[0])", UNKNOWN), ("$(sizes[lost])", UNKNOWN), ("$(max(1, lost))", UNKNOWN), ("$([1, lost])", UNKNOWN),
        ("$(lost < 1)", UNKNOWN), ("$(1 < lost < 1)", UNKNOWN), ("$(lost and 1)", UNKNOWN), ("$(not lost)", UNKNOWN),
        ("$(1 if lost else 2)", UNKNOWN), ("$(lost if bias else 1)", UNKNOWN), ("$(lost in sizes)", UNKNOWN),
        ("$(1 if bias else lost)", 1), ("$(bias or lost)", True), ("$(false and lost)", False),
        ("$(2 < 1 < lost)", False),
    ],
)  # fmt: skip
def test_what_touches_an_unknown_value_is_unknown_without_a_fault(text, value):
    assert value_of(text) is value


FAULTS = [
    ("AS210", "$(width if bias«)»"),
    ("AS210", "$«(»width"),
    ("AS210", "$«(»"),
    ("AS210", "$(«)»"),
    ("AS210", "a-$(1 +«)»"),
    ("AS210", "$(1 «2»)"),
    ("AS210", "$(1«,» 2)"),
    ("AS210", "$(«[»1, 2)"),
    ("AS210", "$(max(1«]»)"),
    ("AS210", "$(«010»)"),
    ("AS210", "$(2«w»idth)"),
    ("AS210", "$(«'»abc)"),
    ("AS210", "$(1 + «not» bias)"),
    ("AS210", "$(sizes«[]»)"),
    ("AS210", "$(1 «not» 2)"),
    ("AS211", "$(«widht» * 2)"),
    ("AS211", "$«wdth»"),
    ("AS211", "$(1 if bias else «wdth»)"),
    ("AS211", "$(«__class__»)"),
    ("AS212", "$(()«.__class__».__bases__)"),
    ("AS212", "$(kind«.upper»())"),
    ("AS212", "$(width«.height»)"),
    ("AS212", "$(image«.heigth»)"),
    ("AS213", "$(«__import__»('os').system('id'))"),
    ("AS213", "$(«maxx»(1))"),
    ("AS214", "$(log(«0»))"),
    ("AS215", "$(log(«kind»))"),
    ("AS213", "$(«width»(1))"),
    ("AS213", "$(«sizes[0]»(1))"),
    ("AS213", "$(«eval»('1'))"),
    ("AS214", "$(«min()»)"),
    ("AS214", "$(«abs(1, 2)»)"),
    ("AS214", "$(«make_divisible(1)»)"),
    ("AS214", "$(make_divisible(1, «0»))"),
    ("AS214", "$(round(1.5, «99»))"),
    ("AS215", "$(«'a'» * 10 ** 9)"),
    ("AS215", "$(width + «kind»)"),
    ("AS215", "$(«bias» + 1)"),
    ("AS215", "$(«sizes» * 2)"),
    ("AS215", "$(1 + «norm»)"),
    ("AS215", "$(«image» * 2)"),
    ("AS215", "$(1 if «norm» else 2)"),
    ("AS215", "$(«kind < 3»)"),
    ("AS215", "$(1 in «kind»)"),
    ("AS215", "$(«norm» == 3)"),
    ("AS215", "$(int(«'3'»))"),
    ("AS215", "$(max(1, «true»))"),
    ("AS215", "$(sum(«['a']»))"),
    ("AS215", "$(len(«3»))"),
    ("AS216", "$(vector«.height»)"),
    ("AS216", "$(image«.length»)"),
    ("AS217", "$(1 / «0»)"),
    ("AS217", "$(1 // «(width - 8)»)"),
    ("AS217", "$(1.5 % «0.0»)"),
    ("AS217", "$(«0» ** -1)"),
    ("AS217", "$(8 / «(width - 8 + 0)»)"),
    ("AS217", "$(8 % «max(0, 0)»)"),
    ("AS217", "$(«(width - 8)» ** -2)"),
    ("AS217", "$(«(-8)» ** 0.5)"),
    ("AS218", "$(«9 ** 9 ** 9»)"),
    ("AS218", "$(«2 ** 53 + 1»)"),
    ("AS218", "$(«9007199254740993»)"),
    ("AS218", "$(«1e308 * 10»)"),
    ("AS218", "$(«1e308 ** 2»)"),
    ("AS218", "$(«1e999»)"),
    ("AS218", "$(«floor(1e300)»)"),
    ("AS220", "$(sizes[«3»])"),
    ("AS220", "$(sizes[«-4»])"),
    ("AS220", "$(sizes[«1.0»])"),
    ("AS220", "$(sizes[«bias»])"),
    ("AS220", "$(«kind»[0])"),
    ("AS221", "a$«norm»"),
    ("AS221", "$«image».height"),
    ("AS221", "a$(«sizes»)"),
    ("AS222", "cost: «$» 5"),
    ("AS222", "a$$b«$»"),
    ("AS222", "«${width * 2}»"),
    ("AS223", "$(1 «<<» 10 ** 9)"),
    ("AS223", "$(bias «&&» bias)"),
    ("AS223", "$(bias «?» 1 : 2)"),
    ("AS223", "$(sizes[0«:»2])"),
    ("AS223", "$(max(width«=»3))"),
    ("AS223", "$(width «is» 8)"),
    ("AS223", "$(1 + «é»)"),
    ("AS223", "$(width «×» 2)"),
    ("AS223", "$(width «≤» 2)"),
    ("AS223", "$(«¬»bias)"),
    ("AS224", "$(«image.shape[0]» * 2)"),
    ("AS224", "$(max(«windows.shape[0]», 2))"),
]


@pytest.mark.parametrize(("code", "marked"), FAULTS)
def test_a_fault_points_inside_the_expression(code, marked):
    fault = fault_of(marked)
    assert fault.code == code, fault.render()
    assert fault.help, fault.render()
    if fault.edit is not None:
        span = fault.edit.span
        text = span.source.text
        value_of(text[: span.start] + fault.edit.text + text[span.end :])


GOLDEN = [
    (
        "width: $(widht * 2)",
        """\
error[AS211]: unknown name `widht`
  --> net.yaml:1:10
  |
1 | width: $(widht * 2)
  |          ^^^^^
    help: did you mean `width`?""",
    ),
    (
        "size: $(vector.height)",
        """\
error[AS216]: `.height` needs a tensor [N, C, H, W] or [N, C, D, H, W]; `vector` is [N, 128]
  --> net.yaml:1:15
  |
1 | size: $(vector.height)
  |               ^^^^^^^
    help: it has `.channels`, `.features`, `.shape`""",
    ),
    (
        "rate: $(width // (len(sizes) - 3))",
        """\
error[AS217]: division by zero
  --> net.yaml:1:18
  |
1 | rate: $(width // (len(sizes) - 3))
  |                  ^^^^^^^^^^^^^^^^
    help: write `(len(sizes) - 3 or 1)` to have 1 where it is 0""",
    ),
    (
        "size: $(2 ** 60)",
        """\
error[AS218]: result exceeds 2^53
  --> net.yaml:1:9
  |
1 | size: $(2 ** 60)
  |         ^^^^^^^
    help: compute with smaller numbers, or with a point (`2.0 * n`) where the result need not be an exact integer""",
    ),
    (
        "size: $(abc(1))",
        """\
error[AS213]: calls are limited to min, max, abs, round, floor, ceil, int, float, log, sum, len, make_divisible
  --> net.yaml:1:9
  |
1 | size: $(abc(1))
  |         ^^^
    help: did you mean `abs`?""",
    ),
    (
        "name: a$image.height",
        """\
error[AS221]: the tensor [N, 3, 24, 32] cannot be written into a string
  --> net.yaml:1:9
  |
1 | name: a$image.height
  |         ^^^^^
    help: write `$(image.height)`""",
    ),
]


def scalar_of(text):
    return read(SourceText("net.yaml", text)).entries[0][1]


@pytest.mark.parametrize(("text", "rendered"), GOLDEN)
def test_the_whole_message(text, rendered):
    with pytest.raises(SpecError) as caught:
        resolve(scalar_of(text), NAMES)
    assert str(caught.value) == rendered


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("a: $(wdth)\n", "wdth"), ("a: '$(wdth)'\n", "wdth"), ('a: "x$(wdth)"\n', "wdth"),
        ('a: "\\t$(wdth)"\n', '"\\t$(wdth)"'), ("a: >-\n  $(wdth)\n", ">-\n  $(wdth)"),
        ("a: 'it''s $(wdth)'\n", "'it''s $(wdth)'"),
    ],
)  # fmt: skip
def test_spans_lie_inside_the_expression_where_the_text_shows_it_as_it_is(text, marked):
    with pytest.raises(SpecError) as caught:
        resolve(scalar_of(text), NAMES)
    (fault,) = caught.value.diagnostics
    assert fault.span.text == marked
    assert (fault.edit is not None) == (marked == "wdth")


@pytest.mark.parametrize("text", ["a: 3\n", "a: null\n", "a: text\n", "a: true\n", "a: 1.5\n"])
def test_scalars_without_a_dollar_are_themselves(text):
    scalar = scalar_of(text)
    assert resolve(scalar, {}) is scalar.value


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("-" * 60_000 + "1", "longer than 256 tokens"),
        ("1" + "+1" * 30_000, "longer than 256 tokens"),
        ("(" * 40 + "1" + ")" * 40, "deeper than 32 levels"),
        ("[" * 40 + "1" + "]" * 40, "deeper than 32 levels"),
        ("-" * 40 + "1", "deeper than 32 levels"),
        ("not " * 40 + "true", "deeper than 32 levels"),
        ("2 ** " * 40 + "1", "deeper than 32 levels"),
        ("1 if true else " * 40 + "1", "deeper than 32 levels"),
        ("sizes" + "[0]" * 40, "more than 32 indices"),
        ("1" + " " * 5_000 + "+ 1", "longer than 4,096 characters"),
        ("'" + "x" * 5_000 + "'", "longer than 4,096 characters"),
        ("many + many", "a list of more than 1,024 elements"),
    ],
)
def test_limits(expression, words):
    with pytest.raises(SpecError, match=words):
        value_of(f"$({expression})", {**NAMES, "many": [0] * 1_000})


def test_just_below_the_limits():
    assert value_of("$(" + "(" * 31 + "1" + ")" * 31 + ")") == 1
    assert value_of("$(1" + "+1" * 127 + ")") == 128
    assert value_of("$(2 ** 53)") == 2**53
    with pytest.raises(SpecError, match="a string of more than"):
        value_of("$long$long", {"long": "x" * 40_000})


def test_large_powers_are_refused_before_they_are_computed():
    start = time.process_time()
    for expression in ("9**9**9", "9**(9**9)", "(-9)**(10**15)", "10**53**2", "2**1000000000"):
        with pytest.raises(SpecError, match=r"exceeds 2\^53"):
            value_of(f"$({expression})")
    assert value_of("$(1 ** 10 ** 15 + (-1) ** (10 ** 15 + 1) + 0 ** 10 ** 15)") == 0
    assert time.process_time() - start < 5  # computing 9**9**9 takes minutes


NUMBERS = st.integers(0, 40).map(str) | st.floats(0, 100, allow_subnormal=False).map(repr)
ATOMS = NUMBERS | st.sampled_from(["width", "ratio", "sizes[1]", "len(sizes)", "True", "False", "'a'", "'b'", "sizes"])
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in", "not in"]
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(OPERATORS), inner).map(" ".join),
        inner.map("({})".format),
        inner.map("-{}".format),
        inner.map("not {}".format),
        st.tuples(inner, inner, inner).map(lambda three: "{} if {} else {}".format(*three)),
        st.tuples(inner, inner).map(lambda two: "[{}, {}]".format(*two)),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda call: "{}({}, {})".format(*call)),
        st.tuples(st.sampled_from(["abs", "round", "floor", "ceil", "int", "float", "sum", "log"]), inner).map(
            lambda call: "{}({})".format(*call)
        ),
    ),
    max_leaves=8,
)
PYTHON = {
    "__builtins__": {},
    "min": min,
    "max": max,
    "abs": abs,
    "round": round,
    "floor": math.floor,
    "ceil": math.ceil,
    "log": math.log,
}
PYTHON |= {"int": int, "float": float, "sum": sum, "len": len}


@settings(deadline=None, max_examples=800)
@given(EXPRESSIONS)
def test_what_is_accepted_has_the_value_that_python_gives(expression):
    names = {"width": 8, "ratio": 0.25, "sizes": [64, 128, 256]}
    try:
        found = value_of(f"$({expression})", names)
    except SpecError as error:
        (fault,) = error.diagnostics
        assert fault.code.startswith("AS2")
        fault.render()
        return
    expected = eval(expression, {**PYTHON, **names})
    assert found == expected
    assert type(found) is type(expected)


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 9), st.sampled_from(["+", "-", "*", "//", "%"]))
def test_integer_arithmetic_is_never_refused_without_a_reason(left, right, scale, operator):
    if operator in ("//", "%") and right == 0:
        fault_of(f"$({left} {operator} «{right}»)")
        return
    expression = f"({left} {operator} {right}) * {scale} - width"
    assert value_of(f"$({expression})") == eval(expression, {"width": 8})


@settings(deadline=None, max_examples=300)
@given(st.text("()[]$.,+-*/%<>=!'\"ab12_ {}\n\té\x00", max_size=20))
def test_any_text_has_a_value_or_a_fault(text):
    try:
        value_of("$(" + text, {"a": 1, "b": [1, 2]})
        value_of(text, {"a": 1, "b": [1, 2]})
    except SpecError as error:
        (fault,) = error.diagnostics
        assert fault.help, fault.render()


@settings(deadline=None, max_examples=300)
@given(
    st.integers(1, 4_000) | st.floats(0.5, 4_000),
    st.integers(1, 64),
    st.none() | st.integers(1, 100),
)
def test_make_divisible_is_torchvisions(value, divisor, least):
    arguments = f"{value!r}, {divisor}" + ("" if least is None else f", {least}")
    assert value_of(f"$(make_divisible({arguments}))") == _make_divisible(value, divisor, least)
