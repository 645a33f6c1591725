"""The `init` section: which policy initialises which parameter. Later policies win."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from archspec import globs
from archspec.elaborate.environment import as_data
from archspec.elaborate.init_function import read_init
from archspec.elaborate.sections import evaluated
from archspec.errors import Diagnostic, Span, SpecError, clip
from archspec.ops.entry import Init, State
from archspec.ops.init_rules import shape_fault
from archspec.ops.registry import find, kinds
from archspec.ops.signatures import signatures
from archspec.records import record
from archspec.source.tree import Mapping as TreeMapping
from archspec.source.tree import Node, Scalar
from archspec.suggest import nearest, respelled

if TYPE_CHECKING:
    from archspec.elaborate.context import Context

MOST_MATCHES = 1_000_000


@dataclass(slots=True)
class Policy:
    """One rule.

    Attributes:
        kind: the kind of layer that it is for; None for parameters by their full names.
        block: the block whose instances it is for; `glob` is then of names inside an instance.
        glob: of the parameter's name: in its layer, in the instance, or in the model.
        init: how they begin.
        span: the rule's key.
        used: whether it has said something of a parameter.
        overruled: whether a later rule has, of one that it matches.
    """

    kind: str | None
    glob: str
    init: Init
    span: Span
    block: str | None = None
    used: bool = False
    overruled: bool = False

    def matches(self, context: Context, kind: str, path: str, name: str, inner: str) -> bool:
        """Whether the rule says something of the parameter `name` of the layer at `path`.

        `inner` is the kind of the layer inside that has it, where the layer is made of others.
        """
        if self.kind is not None and inner == self.kind:
            return globs.matches(self.glob, name.rpartition(".")[2])
        if self.kind is not None:
            return kind == self.kind and globs.matches(self.glob, name)
        full = f"{path}.{name}" if name else path
        if self.block is None:
            return globs.matches(self.glob, full)
        instances = (frame.path for frame in context.frames if frame.what == f"`{self.block}`")
        inside = (full.removeprefix(f"{path}.") for path in instances)
        return any(globs.matches(self.glob, inner) for inner in inside)


class Unfit(Exception):
    """A rule does not fit a parameter that it matches."""


@record
class Policies:
    """All rules, in order.

    Attributes:
        by_name: one of them goes by where a parameter is, and not only by the kind of its layer.
    """

    rules: tuple[Policy, ...] = ()
    by_name: bool = False

    def apply(
        self, context: Context, kind: str, path: str, state: Mapping[str, State], *, strict: bool = False
    ) -> Mapping[str, State]:
        """A layer's parameters with the initialisation of the rule that wins; buffers keep theirs.

        Raises:
            Unfit: a rule does not fit its parameter, and with `strict` that is not recorded.
        """
        if not self.rules or not state:
            return state
        return {name: self._of(context, kind, path, name, tensor, strict) for name, tensor in state.items()}

    def _of(self, context: Context, kind: str, path: str, name: str, tensor: State, strict: bool) -> State:
        if tensor.is_buffer:
            return tensor
        context.matched += len(self.rules) * globs.cost(path)
        if context.matched > MOST_MATCHES:
            message = f"{len(self.rules):,} rules of `init` for so many parameters are too many to try"
            raise SpecError([Diagnostic("AS701", message, self.rules[0].span, help="join rules by a wider glob")])
        winner: Policy | None = None
        for rule in reversed(self.rules):
            if winner is None and rule.matches(context, kind, path, name, tensor.kind):
                rule.used, winner = True, rule
            elif winner is not None and not (rule.used or rule.overruled):
                rule.overruled = rule.matches(context, kind, path, name, tensor.kind)
        if winner is None:
            return tensor
        needed = shape_fault(winner.init, tensor.shape)
        if needed is not None and strict:
            raise Unfit
        if needed is not None:
            _unfit(context, winner, needed, f"{path}.{name}" if name else path, tensor)
        return replace(tensor, init=winner.init)


def _unfit(context: Context, rule: Policy, needed: str, name: str, tensor: State) -> None:
    message = f"`{rule.init.function}` needs a parameter with {needed}, but `{name}` is {list(tensor.shape)}"
    help = "use another function, or match other parameters"
    if len(tensor.shape) < 2:
        help = "match the weights alone, e.g. `fc.weight` instead of `fc.*`"
    context.fault(Diagnostic("AS403", message, rule.span, help=help))


def read_policies(context: Context, node: TreeMapping | None) -> Policies:
    """The rules of the `init` section; faulty ones are recorded and left out."""
    if node is None:
        return Policies()
    rules: list[Policy] = []
    for key, value in node:
        rules += _rules(context, key, value, node)
    return Policies(tuple(rules), any(rule.kind is None for rule in rules))


def _rules(context: Context, key: Scalar, value: Node, all_rules: TreeMapping) -> list[Policy]:
    name = str(key.value)
    faults: list[Diagnostic] = []
    value = evaluated(faults, value, {name: as_data(held) for name, held in context.globals.items()})
    for fault in faults:
        context.fault(fault)
    if name in context.blocks:
        return _of_kind(context, key, value, None, name, "*.weight")
    if globs.is_glob(name) or "." in name or not name[:1].isupper():
        init = read_init(context, value) if _is_good(context, key) else None
        return [] if init is None else [Policy(None, name, init, key.span)]
    if find(name) is None:
        guess = nearest(name, [*kinds(), *context.blocks])
        help = f"did you mean `{guess[0]}`?" if guess else "a key is a kind, or a glob over parameter names: `fc.*`"
        edit = respelled(key.span, name, guess[0], kinds()) if guess else None
        other = all_rules.key(guess[0]) if guess else None
        if other is not None:
            help, edit = f"`{guess[0]}` has a rule in {other.span.line_seen_from(key.span)}: join the two", None
        message = f"there is no layer called `{clip(name)}`"
        context.fault(Diagnostic("AS201", message, key.span, help=help, edit=edit))
        _of_kind(context, key, value, name, None, "weight")  # for its own faults
        return []
    return _of_kind(context, key, value, name, None, "weight")


def _of_kind(
    context: Context, key: Scalar, value: Node, kind: str | None, block: str | None, weights: str
) -> list[Policy]:
    """The rules of a kind: for its weights, or for each parameter by its name inside."""
    if isinstance(value, TreeMapping) and _is_per_parameter(value):
        named = [(inner, read_init(context, policy)) for inner, policy in value if _is_good(context, inner)]
    else:
        named = [(Scalar(weights, key.span), read_init(context, value))]
    return [Policy(kind, str(inner.value), init, inner.span, block) for inner, init in named if init is not None]


def _is_good(context: Context, glob: Scalar) -> bool:
    why = globs.fault(str(glob.value))
    if why is not None:
        help = "a glob is a name with `*`, `?` or `[0-9]` in it: `layer1.*`"
        context.fault(Diagnostic("AS409", f"this glob {why}", glob.span, help=help))
    return why is None


def _is_per_parameter(value: TreeMapping) -> bool:
    """`{weight: ones, bias: zeros}` as against `{normal: {std: 0.01}}`."""
    functions = signatures("inits")
    return len(value) > 0 and not any(key.value in functions or nearest(str(key.value), functions) for key, _ in value)


def unused(policies: Policies) -> list[Diagnostic]:
    """A warning for each rule that says something of no parameter."""
    return [
        Diagnostic(
            "AS404",
            f"this initialisation {_in_vain(rule)}",
            rule.span,
            help="move it behind them, or remove it"
            if rule.overruled
            else "a key is a kind that the model has, or a glob over its parameters, such as `fc.*`",
            severity="warning",
        )
        for rule in policies.rules
        if not rule.used
    ]


def _in_vain(rule: Policy) -> str:
    kind = rule.kind or rule.block
    of = f" of a `{kind}`" if kind else ""
    return f"is overruled by later ones for every parameter{of}" if rule.overruled else f"matches no parameter{of}"
