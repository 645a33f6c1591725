"""`input` and `inputs`: the forward's arguments."""

from __future__ import annotations

from archspec.errors import Edit, clip
from archspec.source.tree import Hidden, Mapping, Node, Scalar, Sequence
from archspec.spec.document import Input
from archspec.spec.names import identifier_fault
from archspec.spec.reader import Reader, bare_list, meant_key
from archspec.tensors import DTYPES

_OTHER_DTYPES = {
    **{dtype: dtype for dtype in DTYPES},
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "int": "int64",
    "long": "int64",
}
_INPUT_KEYS = ("shape", "dtype")


def missing(reader: Reader, tree: Mapping, key: str, mend: str) -> None:
    """Record that a spec lacks a key that it needs."""
    span = tree.entries[0][0].span if len(tree) else tree.span
    reader.fault("AS103", f"the spec has no `{key}`", span, help=f"add {mend}")


def read_inputs(reader: Reader, tree: Mapping) -> tuple[Input, ...]:
    """The forward's arguments in order; what is faulty has a shape that nobody knows."""
    one, several = tree.get("input"), tree.get("inputs")
    if one is not None and several is not None:
        first, second = tree.key("input"), tree.key("inputs")
        assert first is not None
        assert second is not None
        message = (
            f"a spec has `input` or `inputs`, not both (`input` stands in {first.span.line_seen_from(second.span)})"
        )
        reader.fault("AS107", message, second.span, help="keep one of them")
        one = Hidden(None, first.span)
    key = tree.key("input")
    if key is not None and several is None and isinstance(one, Mapping) and _names_several(one):
        message = "`input` is one input, and this names several"
        reader.fault("AS101", message, key.span, help="write `inputs`", edit=Edit(key.span, "inputs"))
        return _read_named_inputs(reader, one)
    if one is not None:
        return (_read_input(reader, "input", one),)
    if several is None:
        missing(reader, tree, "input", "`input: [C, H, W]` (without the batch)")
        return (_read_input(reader, "input", Hidden(None, tree.span)),)
    return _read_several(reader, several)


def _names_several(node: Mapping) -> bool:
    """`{image: [3, 224, 224], meta: [4]}`."""
    lists = all(isinstance(value, (Sequence, Mapping)) for _, value in node)
    names = [str(key.value) for key, _ in node]
    return lists and bool(names) and not any(name in _INPUT_KEYS or meant_key(name, _INPUT_KEYS) for name in names)


def _read_several(reader: Reader, node: Node) -> tuple[Input, ...]:
    if isinstance(node, Mapping):
        return _read_named_inputs(reader, node)
    items = node.items if isinstance(node, Sequence) else ()
    numbers = [item for item in items if isinstance(item, Scalar) and isinstance(item.value, int)]
    pairs = tuple(item.entries[0] for item in items if isinstance(item, Mapping) and len(item) == 1)
    names = [str(item.value) for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]
    named = len(pairs) == len(items) > 0
    help = "write `inputs: {image: [3, 224, 224], meta: [1]}`"
    if numbers:
        help = "one input is written `input: […]`"
    elif named:
        help = "leave the dashes out: `inputs` is a mapping of names to shapes"
    elif names:
        help = f"write the shape of each: `inputs: {{{names[0]}: [3, 224, 224], …}}`"
    reader.expected(node, "a mapping", "`inputs`", help)
    if named:
        return _read_named_inputs(reader, Mapping(pairs, node.span))
    hidden = Hidden(None, node.span)
    return tuple(Input(name, hidden, None, node.span) for name in names if identifier_fault(name, "") is None)


def _read_named_inputs(reader: Reader, mapping: Mapping) -> tuple[Input, ...]:
    if not len(mapping):
        reader.fault("AS103", "`inputs` is empty", mapping.span, help="name at least one input")
    read: list[Input] = []
    for key, value in mapping:
        fault = identifier_fault(str(key.value), "an input, which becomes an argument of forward,")
        if fault is not None:
            reader.fault("AS106", fault, key.span, help="choose another name")
        read.append(_read_input(reader, str(key.value), value))
    return tuple(read)


def _read_input(reader: Reader, name: str, node: Node) -> Input:
    """An input; of a shape that nobody knows where that is faulty."""
    whose = f"`{name}`"
    if isinstance(node, (Sequence, Scalar)):
        return Input(name, node, None, node.span)
    hidden = Hidden(None, node.span)
    sizes = bare_list(node)
    if sizes is not None:
        listed = Edit(node.span, f"[{sizes}]")
        reader.expected(node, "a list of sizes", whose, f"write `{clip(listed.text)}`", listed)
        return Input(name, hidden, None, node.span)
    reader.keys(node, _INPUT_KEYS, whose)
    node = reader.corrected(node, _INPUT_KEYS)
    shape, dtype = node.get("shape"), node.get("dtype")
    if shape is None:
        reader.fault("AS103", f"{whose} has no `shape`", node.span, help="write `{shape: [3, 224, 224]}`")
        shape = hidden
    if dtype is not None and (not isinstance(dtype, Scalar) or dtype.value not in DTYPES):
        meant = _OTHER_DTYPES.get(str(dtype.value).removeprefix("torch.")) if isinstance(dtype, Scalar) else None
        help = f"write `{meant}`" if meant else None
        edit = Edit(dtype.span, meant) if meant else None
        reader.expected(dtype, "one of " + ", ".join(DTYPES), f"`dtype` of {whose}", help, edit)
        dtype = None
    return Input(name, shape, dtype, node.span)
