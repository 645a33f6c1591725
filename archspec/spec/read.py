"""From the tree to the document: the top level of a spec, each part by its reader."""

from __future__ import annotations

import re

from archspec.errors import Diagnostic, Edit, Span, clip
from archspec.source.tree import Mapping, Node, Scalar, Sequence, describe, is_null
from archspec.spec.document import BODIES, MODIFIERS, PLACEMENT, REUSE, Block, Document, Entries
from archspec.spec.entry_habits import is_entry
from archspec.spec.names import identifier_fault
from archspec.spec.read_entries import read_entries
from archspec.spec.read_inputs import missing, read_inputs
from archspec.spec.read_parameters import by_need, read_parameters
from archspec.spec.reader import TRUST, Reader, listed, meant_key

LANGUAGE_VERSION = 1
_FEW = 3
_SIGNATURE = re.compile(r"([A-Za-z_]\w*) ?\([^()]*\)")
_FORMS = {
    "init": "write what is initialised and how: `init: {Linear: xavier_uniform}`",
    "train": "write e.g. `train: {data: digits, epochs: 5}`",
}
KEYS = (
    *("archspec", "name", "description", "extends", "import", "input", "inputs", "vars", "defaults", "blocks"),
    *("layers", "outputs", "init", "weights", "freeze", "train"),
)
MODEL_KEYS = ("input", "inputs", "layers", "outputs", "init", "weights", "freeze", "train")
_BLOCK_KEYS = ("params", "inputs", "defaults", "layers", "outputs", "order", "description")


def read_document(tree: Node) -> tuple[Document | None, list[Diagnostic]]:
    """The document and the faults of its form. A faulty part is left out of the document, so that what is
    independent of it can still be checked; None where there is no document to speak of."""
    reader = Reader(_names_of_blocks(tree), tree)
    if not isinstance(tree, Mapping):
        help = "start with `archspec: 1`, `input: […]` and `layers:`"
        if isinstance(tree, Sequence):
            help = "write the list under `layers:`, after the lines `archspec: 1` and `input: […]`"
        reader.fault("AS101", f"expected a mapping at the top level, found {describe(tree)}", tree.span, help=help)
        return None, reader.faults
    if not _is_spec(reader, tree):
        return None, reader.faults
    tree = _with_layers(reader, tree)
    check_keys(reader, tree)
    tree = reader.corrected(tree, KEYS, apart=TRUST)
    if any(tree.key(word) is not None for word in REUSE):
        return None, reader.faults  # misspelt, so that it has brought nothing, and the rest may miss that
    check_version(reader, tree)
    is_library = tree.get("blocks") is not None and all(tree.key(key) is None for key in MODEL_KEYS)
    inputs = () if is_library else read_inputs(reader, tree)
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


def _is_spec(reader: Reader, tree: Mapping) -> bool:
    """Whether anything in the file says that it means to be a spec; one fault if nothing does."""
    if not len(tree) or any(key.value in KEYS or meant_key(str(key.value), KEYS) for key, _ in tree):
        return True
    message = "this is no spec: it has neither `archspec` nor `input` nor `layers`"
    help = "a spec begins with `archspec: 1`, `input: [3, 224, 224]` and `layers:`"
    reader.fault("AS104", message, tree.entries[0][0].span, help=help)
    return False


def _with_layers(reader: Reader, tree: Mapping) -> Mapping:
    """The tree with the entries that stand at the top level under `layers`, where there are no `layers`: one fault."""
    empty = next((pair for pair in tree if pair[0].value == "layers" and is_null(pair[1])), None)
    others = [pair for pair in tree if pair is not empty]
    if any(key.value in ("layers", "extends") or meant_key(str(key.value), ("layers",)) for key, _ in others):
        return tree
    stray = tuple((key, value) for key, value in others if key.value not in KEYS and is_entry(value))
    if not stray:
        return tree
    names = listed([clip(str(key.value)) for key, _ in stray[:_FEW]]) + (", …" if len(stray) > _FEW else "")
    message = f"the spec has no{'thing in' if empty else ''} `layers`, but at its top level {names}"
    above = "" if empty else f"write `layers:` above `{clip(str(stray[0][0].value))}`, and "
    help = f"{above}indent the entries under {'`layers:`' if empty else 'it'}"
    reader.fault("AS103", message, stray[0][0].span, help=help)
    layers = (Scalar("layers", stray[0][0].span), Mapping(stray, stray[0][1].span))
    return Mapping((*(pair for pair in others if pair not in stray), layers), tree.span, tree.removed)


def _names_of_blocks(tree: Node) -> frozenset[str]:
    blocks = tree.get("blocks") if isinstance(tree, Mapping) else None
    return frozenset(str(key.value) for key, _ in blocks) if isinstance(blocks, Mapping) else frozenset()


def check_keys(reader: Reader, tree: Mapping) -> None:
    """Record every key of a spec that is none, or not yet one."""
    for key, value in tree:
        word = str(key.value)
        if word not in KEYS:
            reader.unknown_key(key, KEYS, "a spec", value)


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
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        edit = Edit(node.span, "Model") if isinstance(node, Scalar) and node.value is not None else None
        reader.expected(node, "a string", "`name`", "write a name that begins with a letter: `name: Model`", edit)
        return "Model"
    name = node.value
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
    return None if node is None else reader.mapping(node, f"`{name}`", _FORMS.get(name))


def _read_layers(reader: Reader, tree: Mapping) -> Entries | None:
    node = tree.get("layers")
    if node is None:
        missing(reader, tree, "layers", "`layers:` with one entry per line")
        return None
    return read_entries(reader, node, "`layers`")


def _read_blocks(reader: Reader, tree: Mapping) -> dict[str, Block]:
    node = tree.get("blocks")
    if isinstance(node, Sequence):
        node = _blocks_of_list(reader, node)
    mapping = None if node is None else reader.mapping(node, "`blocks`", help="write `blocks: {name: {layers: […]}}`")
    if mapping is None:
        return {}
    blocks = (_read_block(reader, key, value) for key, value in mapping)
    return {str(block.name.value): block for block in blocks if block is not None}


def _blocks_of_list(reader: Reader, node: Sequence) -> Mapping:
    """`- name: Res` with what it has, by name; a fault is recorded."""
    help = "write each under its name, `Res: {layers: […]}`, without the dash"
    reader.expected(node, "a mapping of names to blocks", "`blocks`", help)
    found: list[tuple[Scalar, Node]] = []
    for item in node:
        name = item.get("name") if isinstance(item, Mapping) else None
        if isinstance(item, Mapping) and isinstance(name, Scalar) and isinstance(name.value, str):
            rest = tuple(pair for pair in item if pair[1] is not name)
            found.append((name, Mapping(rest, item.span)))
        elif isinstance(item, Mapping) and len(item) == 1:
            found.append(item.entries[0])
    return Mapping(tuple(found), node.span)


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
        call = _SIGNATURE.fullmatch(str(key.value))
        help = "choose another name" if call is None else f"write `{call[1]}:`, and its parameters under `params`"
        reader.fault("AS106", fault, key.span, help=help)
        key = key if call is None else Scalar(call[1], key.span)
    if own_meaning:
        return None
    form = "layers: […]" if isinstance(node, Sequence) else "params: {…}, layers: {…}"
    mapping = reader.mapping(node, whose, help=f"write `{key.value}: {{{form}}}`")
    if mapping is None:
        return Block(key, (), (), (), Entries((), False, node.span), None, broken=True)
    mapping = _block_with_layers(reader, mapping, whose)
    reader.keys(mapping, _BLOCK_KEYS, whose)
    mapping = reader.corrected(mapping, _BLOCK_KEYS)
    layers = mapping.get("layers")
    if layers is None:
        reader.fault("AS103", f"{whose} has no `layers`", key.span, help="add `layers:` with one entry per line")
    params, inputs = mapping.get("params"), mapping.get("inputs")
    parameters = () if params is None else read_parameters(reader, params, "`params`")
    return Block(
        key,
        parameters,
        by_need(parameters),
        () if inputs is None else _read_block_inputs(reader, inputs, whose),
        Entries((), False, key.span) if layers is None else read_entries(reader, layers, f"`layers` of {whose}"),
        mapping.get("outputs"),
        _read_order(reader, mapping.get("order"), whose),
        mapping.get("defaults"),
        broken=layers is None,
    )


def _block_with_layers(reader: Reader, block: Mapping, whose: str) -> Mapping:
    """The block with its entries under `layers`, where they stand beside its keys and there are none: one fault."""
    if any(key.value == "layers" or meant_key(str(key.value), ("layers",)) for key, _ in block):
        return block
    stray = tuple((key, value) for key, value in block if key.value not in _BLOCK_KEYS and is_entry(value))
    if not stray:
        return block
    message = f"{whose} has no `layers` above its entries {listed([clip(str(key.value)) for key, _ in stray[:_FEW]])}"
    first = stray[0][0]
    help = f"write `layers:` above `{clip(str(first.value))}`, and indent the entries under it"
    reader.fault("AS103", message, first.span, help=help)
    layers = (Scalar("layers", first.span), Mapping(stray, first.span))
    return Mapping((*(pair for pair in block if pair not in stray), layers), block.span, block.removed)


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
