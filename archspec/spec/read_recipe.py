"""The `train` section into a `Recipe`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from archspec.errors import Edit, Span, clip
from archspec.records import record
from archspec.source.tree import UNKNOWN, Hidden, Mapping, Node, Scalar, Sequence, is_null
from archspec.spec.checkpoint import read_globs
from archspec.spec.reader import TRUST, Reader, meant_key
from archspec.spec.recipe import Named, OutputLoss, ParamGroup, Recipe, Transforms

_PHASES = ("train", "eval", "batch")
_BESIDE_A_LOSS = ("weight", "from", "target")
_MOST = 10**9
_SHORT = 100
Primary: TypeAlias = Callable[[str, str], str | None]
"""The argument that a bare value means, from the field of the recipe and the name: ("optimizer", "SGD") is `lr`."""


def read_recipe(reader: Reader, node: Mapping, primary: Primary) -> Recipe:
    """The recipe; what is faulty keeps its default, and a fault is recorded."""
    reader.keys(node, tuple(FIELDS), "`train`")
    node = reader.corrected(node, tuple(FIELDS), apart=TRUST)
    read: dict[str, Any] = {}
    spans: dict[str, Span] = {}
    for key, value in node:
        name = str(key.value)
        if name not in FIELDS:
            continue
        spans[name] = value.span
        result = FIELDS[name](_Field(reader, name, primary), value)
        if result is not None:
            read[name] = result
    return Recipe(**read, spans=spans)


@record
class _Field:
    """One field that is being read."""

    reader: Reader
    name: str
    primary: Primary

    @property
    def whose(self) -> str:
        return f"`{self.name}`"


def _plain(node: Node) -> Any:
    """The value without its spans; `UNKNOWN` in place of what a fault hides."""
    if isinstance(node, Scalar):
        return UNKNOWN if isinstance(node, Hidden) else node.value
    if isinstance(node, Sequence):
        return [_plain(item) for item in node]
    return {str(key.value): _plain(value) for key, value in node}


def _integer(field: _Field, node: Node) -> int | None:
    if isinstance(node, Scalar) and isinstance(node.value, int) and not isinstance(node.value, bool):
        return node.value
    whole = isinstance(node, Scalar) and isinstance(node.value, float) and 1 <= node.value < _MOST
    meant = str(int(node.value)) if whole and isinstance(node, Scalar) and isinstance(node.value, float) else None
    edit = None if meant is None else Edit(node.span, meant)
    field.reader.expected(node, "an integer", field.whose, None if meant is None else f"write `{meant}`", edit)
    return None


def _value(field: _Field, node: Node) -> Any:
    """Whatever it is but null: the checker knows what it may be."""
    if is_null(node):
        field.reader.expected(node, "a value", field.whose)
    return _optional_value(field, node)


def _optional_value(field: _Field, node: Node) -> Any:
    value = _plain(node)
    return None if value is UNKNOWN else value


def _losses(field: _Field, node: Node) -> dict[str, OutputLoss]:
    """`{logits: CrossEntropyLoss, aux: {CrossEntropyLoss: {…}, weight: 0.4}}`."""
    if is_null(node):
        return {}
    mapping = field.reader.mapping(node, field.whose, help="write `{output: loss, other_output: other_loss}`")
    read = [] if mapping is None else [(str(key.value), _output_loss(field, value)) for key, value in mapping]
    return {name: loss for name, loss in read if loss is not None}


def _output_loss(field: _Field, node: Node) -> OutputLoss | None:
    if not isinstance(node, Mapping):
        named = _named(field, node)
        return None if named is None else OutputLoss(named)
    rest = tuple((key, value) for key, value in node if key.value not in _BESIDE_A_LOSS)
    named = _named(field, Mapping(rest, node.span))
    if named is None:
        return None
    weight, target = (_beside(node, key) for key in ("weight", "target"))
    return OutputLoss(
        named,
        1.0 if weight is None else cast(float, weight),
        _names(field, node.get("from")),
        target if isinstance(target, str) else None,
    )


def _beside(node: Mapping, key: str) -> Any:
    value = node.get(key)
    return None if value is None or isinstance(value, Hidden) else _plain(value)


def _names(field: _Field, node: Node | None) -> tuple[str, ...]:
    """`from: a` or `from: [a, b]`."""
    if node is None:
        return ()
    items = node.items if isinstance(node, Sequence) else (node,)
    names = [item.value for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]
    if len(names) != len(items):
        field.reader.expected(node, "names of outputs", "`from` of a loss", "write `from: [output, other_output]`")
    return tuple(names)


def _named(field: _Field, node: Node) -> Named | None:
    """`SGD`, `{SGD: {lr: 0.1}}` or `{RandomHorizontalFlip: 0.5}`."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return Named(node.value, span=node.span)
    node = _by_name(field, node)
    if not isinstance(node, Mapping) or len(node) != 1:
        help = "write `Name`, or `{Name: {argument: value}}`"
        field.reader.expected(node, "one name, alone or with its arguments", field.whose, help)
        return None
    key, arguments = node.entries[0]
    name = str(key.value)
    if isinstance(arguments, Mapping):
        return Named(
            name,
            {str(argument.value): _plain(value) for argument, value in arguments},
            key.span,
            {str(argument.value): value.span for argument, value in arguments},
            {str(argument.value): argument.span for argument, _ in arguments},
        )
    if is_null(arguments):
        return Named(name, span=key.span)
    argument = field.primary(field.name, name) or "value"
    return Named(name, {argument: _plain(arguments)}, key.span, {argument: arguments.span}, {argument: arguments.span})


def _by_name(field: _Field, node: Node) -> Node:
    """`{name: SGD, lr: 0.1}` as `{SGD: {lr: 0.1}}`; a fault is recorded."""
    if not isinstance(node, Mapping):
        return node
    said = next((pair for pair in node if pair[0].value in ("name", "type") and isinstance(pair[1], Scalar)), None)
    if said is None or not isinstance(said[1], Scalar) or not isinstance(said[1].value, str):
        return node
    rest = tuple(pair for pair in node if pair is not said)
    name = said[1].value
    text = ", ".join(f"{key.span.text}: {value.span.text}" for key, value in rest)
    meant = f"{{{name}: {{{text}}}}}" if rest else name
    flow = node.span.text.startswith("{") and "\n" not in meant and "#" not in meant
    edit = Edit(node.span, meant) if flow else None
    help = f"write `{clip(meant, 100)}`"
    message = f"{field.whose} has its name as the key, so `{said[0].value}: {clip(name)}` says nothing"
    field.reader.fault("AS101", message, said[0].span, help=help, edit=edit)
    return Mapping(((Scalar(name, said[1].span), Mapping(rest, node.span)),), node.span)


def _optional_named(field: _Field, node: Node) -> Named | None:
    return None if isinstance(node, Scalar) and node.value is None else _named(field, node)


def _named_list(field: _Field, node: Node) -> tuple[Named, ...]:
    items = node.items if isinstance(node, Sequence) else (node,)
    read = (_named(field, item) for item in items)
    return tuple(named for named in read if named is not None)


def _transforms(field: _Field, node: Node) -> Transforms | None:
    if isinstance(node, Sequence):
        both = f"{{train: {node.span.text}, eval: {node.span.text}}}"
        edit = Edit(node.span, both) if node.span.text.startswith("[") and len(both) < _SHORT else None
        help = f"write `{both}`" if edit is not None else "write `{train: […], eval: […]}`"
        field.reader.expected(node, "a mapping", field.whose, help, edit)
        return Transforms(_named_list(field, node), ())
    mapping = field.reader.mapping(node, field.whose, help="write `{train: [...], eval: [...]}`")
    if mapping is None:
        return None
    field.reader.keys(mapping, _PHASES, field.whose)
    mapping = field.reader.corrected(mapping, _PHASES)
    phases = {str(key.value): _named_list(field, value) for key, value in mapping if key.value in _PHASES}
    return Transforms(**phases)


def _param_groups(field: _Field, node: Node) -> tuple[ParamGroup, ...]:
    if isinstance(node, Scalar) and node.value is None:
        return ()
    if not isinstance(node, Sequence):
        help = 'write `param_groups: [{match: "fc.*", lr: 0.01}]`'
        field.reader.expected(node, "a list of groups", field.whose, help)
        return ()
    read = (_param_group(field.reader, item) for item in node)
    return tuple(group for group in read if group is not None)


def _param_group(reader: Reader, node: Node) -> ParamGroup | None:
    """`{match: "fc.*", lr: 0.01}`; None where it is none."""
    whose = "a parameter group"
    group = reader.mapping(node, whose, help='write `{match: "fc.*", lr: 0.01}`')
    if group is None:
        return None
    if group.key("match") is None:
        group = _with_match(reader, group)
    key, match = group.key("match"), group.get("match")
    if key is None or match is None:
        return None
    globs = read_globs(reader, match, f"`match` of {whose}")
    given = [(str(name.value), name, value) for name, value in group if name.value != "match"]
    return ParamGroup(
        tuple(str(glob.value) for glob in globs),
        {name: _plain(value) for name, _, value in given},
        key.span,
        tuple(glob.span for glob in globs),
        {name: value.span for name, _, value in given},
        {name: at.span for name, at, _ in given},
    )


def _with_match(reader: Reader, group: Mapping) -> Mapping:
    """The group with the key that is meant to be `match` under that name; that it has none is recorded."""
    for key, value in group:
        if key.value == "params" or meant_key(str(key.value), ("match",)):
            message = f"a parameter group has no key `{clip(str(key.value))}`"
            edit = Edit(key.span, "match")
            reader.fault("AS102", message, key.span, help="did you mean `match`?", edit=edit)
            rest = tuple(pair for pair in group if pair[0] is not key)
            return Mapping(((Scalar("match", key.span), value), *rest), group.span)
    help = 'say of which parameters it speaks: `{match: "fc.*", lr: 0.01}`'
    reader.fault("AS103", "a parameter group has no `match`", group.span, help=help)
    return group


FIELDS: dict[str, Callable[[_Field, Node], Any]] = {
    "data": _named,
    "transforms": _transforms,
    "batch_size": _integer,
    "accumulate": _value,
    "epochs": _integer,
    "max_steps": _optional_value,
    "max_seconds": _optional_value,
    "loss": _named,
    "losses": _losses,
    "optimizer": _named,
    "param_groups": _param_groups,
    "norm_weight_decay": _optional_value,
    "bias_weight_decay": _optional_value,
    "clip_grad_norm": _optional_value,
    "clip_grad_value": _optional_value,
    "scheduler": _optional_named,
    "scheduler_interval": _value,
    "ema": _optional_value,
    "precision": _value,
    "compile": _value,
    "channels_last": _value,
    "parallel": _value,
    "metrics": _named_list,
    "monitor": _optional_value,
    "monitor_mode": _value,
    "eval_every": _value,
    "eval_interval": _value,
    "early_stopping": _optional_value,
    "min_delta": _value,
    "best_kept": _value,
    "checkpoint_every": _optional_value,
    "checkpoints_kept": _value,
    "sync_batchnorm": _value,
    "deterministic": _value,
    "tensorboard": _value,
    "seed": _integer,
}
