"""From the tree to the document: the top level of a spec, each part by its reader."""

from __future__ import annotations

import re

from archspec.errors import Diagnostic, Edit, Span, clip
from archspec.source.tree import Hidden, Mapping, Node, Scalar, Sequence, describe
from archspec.spec.document import BODIES, MODIFIERS, PLACEMENT, Block, Document, Entries, Input
from archspec.spec.names import identifier_fault
from archspec.spec.read_entries import read_entries
from archspec.spec.read_parameters import read_parameters
from archspec.spec.reader import TRUST, Reader, bare_list
from archspec.tensors import DTYPES

LANGUAGE_VERSION = 1
KEYS = (
    *("archspec", "name", "description", "extends", "import", "input", "inputs", "vars", "defaults", "blocks"),
    *("layers", "outputs", "init", "weights", "freeze", "train"),
)
_OTHER_DTYPES = {
    **{dtype: dtype for dtype in DTYPES},
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "int": "int64",
    "long": "int64",
}
MODEL_KEYS = ("input", "inputs", "layers", "outputs", "init", "weights", "freeze", "train")
_INPUT_KEYS = ("shape", "dtype")
_BLOCK_KEYS = ("params", "inputs", "defaults", "layers", "outputs", "order", "description")


def read_document(tree: Node) -> tuple[Document | None, list[Diagnostic]]:
    """The document and the faults of its form. A faulty part is left out of the document, so that what is
    independent of it can still be checked; None where there is no document to speak of."""
    reader = Reader(_names_of_blocks(tree))
    if not isinstance(tree, Mapping):
        help = "start with `archspec: 1`, `input: […]` and `layers:`"
        if isinstance(tree, Sequence):
            help = "write the list under `layers:`, after the lines `archspec: 1` and `input: […]`"
        reader.fault("AS101", f"expected a mapping at the top level, found {describe(tree)}", tree.span, help=help)
        return None, reader.faults
    check_keys(reader, tree)
    tree = reader.corrected(tree, KEYS, apart=TRUST)
    check_version(reader, tree)
    is_library = tree.get("blocks") is not None and all(tree.key(key) is None for key in MODEL_KEYS)
    inputs = () if is_library else _read_inputs(reader, tree)
    layers = Entries((), False, tree.span) if is_library else _read_layers(reader, tree)
    init, train = (_section(reader, tree, name) for name in ("init", "train"))
    variables = tree.get("vars")
    document = Document(
        tree=tree,
        name=_read_name(reader, tree),
        description=_read_description(reader, tree),
        inputs=inputs,
        variables=() if variables is None else read_parameters(reader, variables, "`vars`"),
        blocks=_read_blocks(reader, tree),
        layers=layers or Entries((), False, tree.span),
        outputs=tree.get("outputs"),
        is_library=is_library,
        removed_blocks=_removed_blocks(tree),
        init=init,
        train=train,
        weights=tree.get("weights"),
        freeze=tree.get("freeze"),
        defaults=tree.get("defaults"),
    )
    return document, reader.faults


def _names_of_blocks(tree: Node) -> frozenset[str]:
    blocks = tree.get("blocks") if isinstance(tree, Mapping) else None
    return frozenset(str(key.value) for key, _ in blocks) if isinstance(blocks, Mapping) else frozenset()


def check_keys(reader: Reader, tree: Mapping) -> None:
    """Record every key of a spec that is none, or not yet one."""
    for key, _ in tree:
        word = str(key.value)
        if word not in KEYS:
            reader.unknown_key(key, KEYS, "a spec")


def check_version(reader: Reader, tree: Mapping, whose: str = "the spec") -> None:
    """Record that a file does not say its language version, or another one than this."""
    version = tree.get("archspec")
    if version is None:
        edit = Edit(_before(tree), f"archspec: {LANGUAGE_VERSION}\n", safe=True) if _is_block(tree) else None
        reader.fault(
            "AS104",
            f"{whose} does not say its language version",
            tree.entries[0][0].span if len(tree) else tree.span,
            help=f"start it with `archspec: {LANGUAGE_VERSION}`",
            edit=edit,
        )
    elif not isinstance(version, Scalar) or version.value != LANGUAGE_VERSION or isinstance(version.value, bool):
        found = describe(version)
        reader.fault(
            "AS104",
            f"this archspec reads language version {LANGUAGE_VERSION}, found {found}",
            version.span,
            help=f"write `archspec: {LANGUAGE_VERSION}`",
            edit=Edit(version.span, str(LANGUAGE_VERSION)),
        )


def _is_block(tree: Mapping) -> bool:
    return len(tree) > 0 and not tree.span.text.startswith("{") and tree.entries[0][0].span.column == 1


def _before(tree: Mapping) -> Span:
    first = tree.entries[0][0].span
    return Span(first.source, first.start, first.start)


def _read_name(reader: Reader, tree: Mapping) -> str:
    node = tree.get("name")
    if node is None:
        return "Model"
    name = reader.text(node, "`name`")
    if name is None:
        return "Model"
    fault = identifier_fault(name, "a model, which becomes a Python class,")
    if fault is not None:
        proposal = re.sub(r"\W", "", name.title() if " " in name else name.replace("-", "_"), flags=re.ASCII)
        mended = proposal if identifier_fault(proposal, "") is None else "Model"
        reader.fault("AS106", fault, node.span, help=f"write `name: {mended}`", edit=Edit(node.span, mended))
        return "Model"
    return name


def _read_description(reader: Reader, tree: Mapping) -> str:
    node = tree.get("description")
    return "" if node is None else reader.text(node, "`description`") or ""


def _section(reader: Reader, tree: Mapping, name: str) -> Mapping | None:
    node = tree.get(name)
    return None if node is None else reader.mapping(node, f"`{name}`")


def _read_layers(reader: Reader, tree: Mapping) -> Entries | None:
    node = tree.get("layers")
    if node is None:
        _missing(reader, tree, "layers", "`layers:` with one entry per line")
        return None
    return read_entries(reader, node, "`layers`")


def _missing(reader: Reader, tree: Mapping, key: str, mend: str) -> None:
    span = tree.entries[0][0].span if len(tree) else tree.span
    reader.fault("AS103", f"the spec has no `{key}`", span, help=f"add {mend}")


def _read_inputs(reader: Reader, tree: Mapping) -> tuple[Input, ...]:
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
    if one is not None:
        return (_read_input(reader, "input", one),)
    if several is None:
        _missing(reader, tree, "input", "`input: [C, H, W]` (without the batch)")
        return (_read_input(reader, "input", Hidden(None, tree.span)),)
    sizes = isinstance(several, Sequence) and all(isinstance(item, Scalar) for item in several)
    help = "one input is written `input: […]`" if sizes else "write `inputs: {image: [3, 224, 224], meta: [1]}`"
    mapping = reader.mapping(several, "`inputs`", help=help)
    return () if mapping is None else _read_named_inputs(reader, mapping)


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


def _read_blocks(reader: Reader, tree: Mapping) -> dict[str, Block]:
    node = tree.get("blocks")
    mapping = None if node is None else reader.mapping(node, "`blocks`", help="write `blocks: {name: {layers: […]}}`")
    if mapping is None:
        return {}
    blocks = (_read_block(reader, key, value) for key, value in mapping)
    return {str(block.name.value): block for block in blocks if block is not None}


def _removed_blocks(tree: Mapping) -> dict[str, Span]:
    node = tree.get("blocks")
    return {str(key.value): key.span for key in node.removed} if isinstance(node, Mapping) else {}


def _read_block(reader: Reader, key: Scalar, node: Node) -> Block | None:
    whose = f"the block `{key.value}`"
    fault = identifier_fault(str(key.value), "a block, which becomes a Python class,")
    own_meaning = key.value in MODIFIERS + PLACEMENT + BODIES
    if own_meaning:
        fault = f"`{key.value}` has a meaning of its own in an entry"
    if fault is not None:
        reader.fault("AS106", fault, key.span, help="choose another name")
    if own_meaning:
        return None
    mapping = reader.mapping(node, whose, help=f"write `{key.value}: {{params: {{…}}, layers: {{…}}}}`")
    if mapping is None:
        return Block(key, (), (), Entries((), False, node.span), None, broken=True)
    reader.keys(mapping, _BLOCK_KEYS, whose)
    mapping = reader.corrected(mapping, _BLOCK_KEYS)
    layers = mapping.get("layers")
    if layers is None:
        reader.fault("AS103", f"{whose} has no `layers`", key.span, help="add `layers:` with one entry per line")
    parameters, inputs = mapping.get("params"), mapping.get("inputs")
    return Block(
        key,
        () if parameters is None else read_parameters(reader, parameters, "`params`"),
        () if inputs is None else _read_block_inputs(reader, inputs, whose),
        Entries((), False, key.span) if layers is None else read_entries(reader, layers, f"`layers` of {whose}"),
        mapping.get("outputs"),
        _read_order(reader, mapping.get("order"), whose),
        mapping.get("defaults"),
        broken=layers is None,
    )


def _read_order(reader: Reader, node: Node | None, whose: str) -> tuple[Scalar, ...]:
    """The names of entries; an entry of a list is named by its number."""
    if node is None:
        return ()
    if not isinstance(node, Sequence) or not all(isinstance(item, Scalar) for item in node):
        reader.expected(node, "a list of names", f"`order` of {whose}", "write `order: [first, second]`")
        return ()
    names = [item for item in node if isinstance(item, Scalar)]
    seen: set[object] = set()
    for scalar in names:
        if scalar.value in seen:
            message = f"`order` of {whose} names `{clip(str(scalar.value))}` twice"
            reader.fault("AS103", message, scalar.span, help="name it once")
        seen.add(scalar.value)
    return tuple(names)


def _read_block_inputs(reader: Reader, node: Node, whose: str) -> tuple[Scalar, ...]:
    read: list[Scalar] = []
    names: set[object] = set()
    for scalar in reader.strings(node, f"`inputs` of {whose}"):
        fault = identifier_fault(str(scalar.value), "an input, which becomes an argument of forward,")
        twice = scalar.value in names
        if twice:
            fault = f"{whose} has two inputs called `{scalar.value}`"
        if fault is not None:
            reader.fault("AS106", fault, scalar.span, help="choose another name")
        if fault is None or twice:  # so that it still has as many inputs as it is given
            read.append(scalar)
            names.add(scalar.value)
    return tuple(read)
