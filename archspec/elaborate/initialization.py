"""The `init` section: which policy initialises which parameter. Later policies win."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import translate
from typing import TYPE_CHECKING, Any

from archspec.errors import Diagnostic, Edit, Span, SpecError, clip
from archspec.ops.entry import Init, State
from archspec.ops.registry import find, kinds
from archspec.ops.signatures import Signature, signatures
from archspec.records import record
from archspec.source.tree import Mapping as TreeMapping
from archspec.source.tree import Node, Scalar, Sequence, describe
from archspec.suggest import nearest

if TYPE_CHECKING:
    from archspec.elaborate.context import Context

_FANS = ("kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform", "orthogonal", "sparse", "dirac")
_MOST_MATCHES = 1_000_000
_MOST_STARS = 16
_HIDDEN = ("tensor", "generator")


@dataclass(slots=True)
class Policy:
    """One rule: the parameters of a kind, or those whose full name matches a glob."""

    kind: str | None
    glob: str
    init: Init
    span: Span
    used: bool = False
    pattern: re.Pattern[str] | None = None

    def matches(self, kind: str, path: str, name: str) -> bool:
        """Whether the rule says something of the parameter `name` of the layer at `path`."""
        if self.kind is not None:
            return kind == self.kind and name == self.glob
        if self.pattern is None:
            self.pattern = re.compile(translate(self.glob))  # linear: its groups never give back what they took
        return self.pattern.match(f"{path}.{name}" if name else path) is not None


@record
class Policies:
    """All rules, in order."""

    rules: tuple[Policy, ...] = ()

    def apply(self, context: Context, kind: str, path: str, state: Mapping[str, State]) -> Mapping[str, State]:
        """A layer's parameters with the initialisation of the rule that wins; buffers keep theirs."""
        if not self.rules or not state:
            return state
        return {name: self._of(context, kind, path, name, tensor) for name, tensor in state.items()}

    def _of(self, context: Context, kind: str, path: str, name: str, tensor: State) -> State:
        if tensor.is_buffer:
            return tensor
        context.matched += len(self.rules)
        if context.matched > _MOST_MATCHES:
            message = f"{len(self.rules):,} rules of `init` for so many parameters are too many to try"
            raise SpecError([Diagnostic("AS701", message, self.rules[0].span, help="join rules by a wider glob")])
        for rule in reversed(self.rules):
            if rule.matches(kind, path, name):
                rule.used = True
                if rule.init.function in _FANS and len(tensor.shape) < 2:
                    _needs_two_dimensions(context, rule, f"{path}.{name}" if name else path, tensor)
                return replace(tensor, init=rule.init)
        return tensor


def _needs_two_dimensions(context: Context, rule: Policy, name: str, tensor: State) -> None:
    message = (
        f"`{rule.init.function}` needs a parameter of at least two dimensions, but `{name}` is {list(tensor.shape)}"
    )
    help = "match the weights alone, e.g. `fc.weight` instead of `fc.*`"
    context.fault(Diagnostic("AS403", message, rule.span, help=help))


def read_policies(context: Context, node: TreeMapping | None) -> Policies:
    """The rules of the `init` section; faulty ones are recorded and left out."""
    if node is None:
        return Policies()
    rules: list[Policy] = []
    for key, value in node:
        rules += _rules(context, key, value)
    return Policies(tuple(rules))


def _rules(context: Context, key: Scalar, value: Node) -> list[Policy]:
    name = str(key.value)
    if any(sign in name for sign in "*?[.") or not name[:1].isupper():
        if name.count("*") > _MOST_STARS:
            message = f"a glob of {name.count('*'):,} `*`; at most {_MOST_STARS}"
            context.fault(Diagnostic("AS101", message, key.span, help="write a shorter one"))
            return []
        init = read_init(context, value)
        return [] if init is None else [Policy(None, name, init, key.span)]
    op = find(name)
    if op is None:
        guess = nearest(name, kinds())
        help = f"did you mean `{guess[0]}`?" if guess else "a key is a kind, or a glob over parameter names: `fc.*`"
        edit = Edit(key.span, guess[0]) if guess else None
        message = f"there is no layer called `{clip(name)}`"
        context.fault(Diagnostic("AS201", message, key.span, help=help, edit=edit))
        return []
    if _is_per_parameter(value):
        assert isinstance(value, TreeMapping)
        pairs = ((str(inner.value), inner, read_init(context, policy)) for inner, policy in value)
        return [Policy(name, parameter, init, inner.span) for parameter, inner, init in pairs if init is not None]
    init = read_init(context, value)
    return [] if init is None else [Policy(name, "weight", init, key.span)]


def _is_per_parameter(value: Node) -> bool:
    """`{weight: ones, bias: zeros}` as against `{normal: {std: 0.01}}`."""
    functions = signatures("inits")
    return isinstance(value, TreeMapping) and not any(
        key.value in functions or nearest(str(key.value), functions) for key, _ in value
    )


def read_init(context: Context, node: Node) -> Init | None:
    """One initialisation: a function's name, or the name with its arguments."""
    functions = signatures("inits")
    if isinstance(node, Scalar) and isinstance(node.value, str):
        key, arguments = node, None
    elif isinstance(node, TreeMapping) and len(node) == 1:
        key, arguments = node.entries[0]
    else:
        message = f"an initialisation is a function's name or `{{name: {{argument: value}}}}`, found {describe(node)}"
        context.fault(Diagnostic("AS101", message, node.span))
        return None
    signature = functions.get(str(key.value))
    if signature is None:
        guess = nearest(str(key.value), functions)
        help = f"did you mean `{guess[0]}`?" if guess else "it is a function of torch.nn.init, without its last `_`"
        edit = Edit(key.span, guess[0]) if guess else None
        message = f"torch.nn.init has no `{clip(str(key.value))}`"
        context.fault(Diagnostic("AS201", message, key.span, help=help, edit=edit))
        return None
    given = _arguments(context, signature, key, arguments)
    return None if given is None else Init(signature.name, given)


def _arguments(context: Context, signature: Signature, key: Scalar, node: Node | None) -> dict[str, Any] | None:
    known = [argument for argument in signature.arguments if argument.name not in _HIDDEN]
    if node is None or (isinstance(node, Scalar) and node.value is None):
        given: dict[str, tuple[Scalar, Node]] = {}
    elif isinstance(node, TreeMapping):
        given = {str(name.value): (name, value) for name, value in node}
    elif known:
        given = {known[0].name: (key, node)}
    else:
        context.fault(Diagnostic("AS204", f"`{signature.name}` takes no arguments", node.span))
        return None
    good = True
    for name, (place, value) in given.items():
        good = _check_argument(context, signature, name, place, value, [a.name for a in known]) and good
    for argument in known:
        if argument.required and argument.name not in given:
            message = f"`{signature.name}` needs `{argument.name}`"
            help = f"write `{{{signature.name}: {{{argument.name}: …}}}}`"
            context.fault(Diagnostic("AS203", message, key.span, help=help))
            good = False
    return {name: value.value for name, (_, value) in given.items() if isinstance(value, Scalar)} if good else None


def _check_argument(
    context: Context, signature: Signature, name: str, place: Scalar, value: Node, known: list[str]
) -> bool:
    argument = signature.argument(name)
    if argument is None or name in _HIDDEN:
        guess = nearest(name, known)
        help = f"did you mean `{guess[0]}`?" if guess else "it has " + ", ".join(f"`{n}`" for n in known)
        edit = Edit(place.span, guess[0]) if guess else None
        message = f"`{signature.name}` has no argument `{clip(name)}`"
        context.fault(Diagnostic("AS202", message, place.span, help=help, edit=edit))
        return False
    if isinstance(value, (TreeMapping, Sequence)) or not _accepts(argument.accepts, value.value):
        wanted = " or ".join(argument.accepts) or "a plain value"
        message = f"`{name}` of `{signature.name}` must be {wanted}, found {describe(value)}"
        context.fault(Diagnostic("AS401", message, value.span))
        return False
    if argument.choices and value.value not in argument.choices:
        guess = nearest(str(value.value), argument.choices)
        words = ", ".join(f"`{choice}`" for choice in argument.choices)
        message = f"`{name}` of `{signature.name}` must be one of {words}, found {describe(value)}"
        mend = f"did you mean `{guess[0]}`?" if guess else None
        edit = Edit(value.span, guess[0]) if guess else None
        context.fault(Diagnostic("AS401", message, value.span, help=mend, edit=edit))
        return False
    return True


_TYPES: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}


def _accepts(accepted: tuple[str, ...], value: object) -> bool:
    if not accepted:
        return True
    if isinstance(value, bool):
        return "bool" in accepted
    return any(isinstance(value, _TYPES.get(word, ())) for word in accepted) or (value is None and "null" in accepted)


def unused(policies: Policies) -> list[Diagnostic]:
    """A warning for each rule that says something of no parameter."""
    return [
        Diagnostic(
            "AS404",
            f"this initialisation matches no parameter{f' of a `{rule.kind}`' if rule.kind else ''}",
            rule.span,
            severity="warning",
        )
        for rule in policies.rules
        if not rule.used
    ]
