"""Tokens to a small tree, by operator precedence (Pratt's method); the precedences are Python's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from archspec.elaborate.expressions.faults import Fault
from archspec.elaborate.expressions.tokens import SPLIT, Token
from archspec.elaborate.expressions.vocabulary import check_words, not_callable
from archspec.errors import clip

MAX_DEPTH = 32

_CONDITIONAL, _OR, _AND, _NOT, _COMPARISON, _UNARY, _POWER = 1, 2, 3, 4, 5, 8, 9
_BINARY = {"+": 6, "-": 6, "*": 7, "/": 7, "//": 7, "%": 7, "**": _POWER}
_COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">=", "in", "not"))
_INSTEAD_OF = {
    "an operator": "put an operator before it, or leave it out",
    "a value": "put a number or a name before it, or leave it out",
    "`)`": "put an operator before it, or close the parenthesis",
    "a comma or `]`": "put a comma or an operator before it",
    "a comma or `)`": "put a comma or an operator before it",
    "a dimension's name": "write one of a tensor's sizes after the point, as `.channels`",
}
_FOREIGN = {"is": "==", "mod": "%", "xor": "!=", "AND": "and", "OR": "or"}


@dataclass(frozen=True, slots=True)
class Expression:
    """A node of the tree.

    Attributes:
        kind: `constant`, `name`, `list`, `unary`, `binary`, `compare`, `and`, `or`, `choice`, `index`,
            `attribute` or `call`.
        start: its first character in the text.
        end: the one after its last.
        value: the constant; the name of a variable, attribute or function; the operator, or a tuple of them.
        parts: the operands.
    """

    kind: str
    start: int
    end: int
    value: Any = None
    parts: tuple[Expression, ...] = ()


def parse(tokens: list[Token]) -> Expression:
    """The tree of an expression whose last token is the end.

    Raises:
        Fault: the tokens are no expression, or are nested too deeply.
    """
    check_words(tokens)
    parser = _Parser(tokens)
    tree = parser.expression(_CONDITIONAL)
    if parser.token.kind != "end":
        raise parser.unexpected("an operator")
    return tree


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self.token
        self._at += 1
        return token

    def expression(self, weakest: int) -> Expression:
        """An operand and every operator after it that binds at least as strongly as `weakest`."""
        left = self._operand(weakest)
        while True:
            kind = self.token.kind
            if kind in _BINARY and _BINARY[kind] >= weakest:
                left = self._binary(left, self._take())
            elif kind in _COMPARISONS and weakest <= _COMPARISON:
                left = self._comparison(left)
            elif kind == "and" and weakest <= _AND:
                left = self._logical(left, "and", _AND + 1)
            elif kind == "or" and weakest <= _OR:
                left = self._logical(left, "or", _OR + 1)
            elif kind == "if" and weakest <= _CONDITIONAL:
                return self._choice(left)
            else:
                return left

    def _nested(self, weakest: int) -> Expression:
        """`expression`, one level further down."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            token = self.token
            raise Fault("AS219", f"expression nested deeper than {MAX_DEPTH} levels", token.start, token.end, SPLIT)
        inner = self.expression(weakest)
        self._depth -= 1
        return inner

    def _binary(self, left: Expression, operator: Token) -> Expression:
        """`a + b`; a power binds to the right."""
        kind = operator.kind
        right = self._nested(_POWER) if kind == "**" else self.expression(_BINARY[kind] + 1)
        return Expression("binary", left.start, right.end, kind, (left, right))

    def _comparison(self, left: Expression) -> Expression:
        """`a < b <= c`, `a in b`, `a not in b`."""
        parts, operators = [left], []
        while self.token.kind in _COMPARISONS:
            operator = self._take()
            name = operator.kind
            if name == "not":
                if self.token.kind != "in":
                    message, help = "an operator is missing before `not`", "write `and not …`, or `not in …`"
                    raise Fault("AS210", message, operator.start, operator.end, help)
                self._take()
                name = "not in"
            operators.append(name)
            parts.append(self.expression(_COMPARISON + 1))
        return Expression("compare", left.start, parts[-1].end, tuple(operators), tuple(parts))

    def _logical(self, left: Expression, kind: str, stronger: int) -> Expression:
        """`a and b and c`."""
        parts = [left]
        while self.token.kind == kind:
            self._take()
            parts.append(self.expression(stronger))
        return Expression(kind, left.start, parts[-1].end, None, tuple(parts))

    def _choice(self, chosen: Expression) -> Expression:
        """`a if condition else b`."""
        self._take()
        condition = self.expression(_OR)
        if self.token.kind != "else":
            token = self.token
            message = "`if` without `else`: an expression must have a value in either case"
            raise Fault("AS210", message, token.start, token.end, "write `a if condition else b`")
        self._take()
        other = self._nested(_CONDITIONAL)
        return Expression("choice", chosen.start, other.end, None, (chosen, condition, other))

    def _operand(self, weakest: int) -> Expression:
        """A constant, a name, `(…)`, `[…]` or a prefix operator, and the calls, indices and attributes after it."""
        token = self.token
        if token.kind in ("-", "+", "not"):
            return self._prefix(weakest)
        if token.kind in ("number", "string", "constant"):
            self._take()
            operand = Expression("constant", token.start, token.end, token.value)
        elif token.kind == "name":
            operand = self._name()
        elif token.kind == "(":
            operand = self._parenthesis()
        elif token.kind == "[":
            self._take()
            items, end = self._items("]")
            operand = Expression("list", token.start, end, None, items)
        else:
            raise self.unexpected("a value")
        return self._postfixes(operand)

    def _prefix(self, weakest: int) -> Expression:
        operator = self._take()
        if operator.kind == "not":
            if weakest > _NOT:
                raise Fault("AS210", "`not` here needs parentheses", operator.start, operator.end, "write `(not …)`")
            inner = self._nested(_NOT)
        else:
            inner = self._nested(_UNARY)
        return Expression("unary", operator.start, inner.end, operator.kind, (inner,))

    def _parenthesis(self) -> Expression:
        opening = self._take()
        inner = self._nested(_CONDITIONAL)
        if self.token.kind != ")":
            raise self.unexpected("`)`")
        closing = self._take()
        return Expression(inner.kind, opening.start, closing.end, inner.value, inner.parts)

    def _name(self) -> Expression:
        """A variable, or a call of one of the functions."""
        token = self._take()
        name = str(token.value)
        if self.token.kind == "(":
            return self._call(token)
        return Expression("name", token.start, token.end, name)

    def _call(self, token: Token) -> Expression:
        name = str(token.value)
        self._take()
        arguments, end = self._items(")")
        return Expression("call", token.start, end, name, arguments)

    def _items(self, closer: str) -> tuple[tuple[Expression, ...], int]:
        """Expressions between commas up to the closer, which may follow a comma."""
        items: list[Expression] = []
        while self.token.kind != closer:
            items.append(self._nested(_CONDITIONAL))
            if self.token.kind == ",":
                self._take()
            elif self.token.kind != closer:
                raise self.unexpected(f"a comma or `{closer}`")
        return tuple(items), self._take().end

    def _postfixes(self, operand: Expression) -> Expression:
        count = 0
        while self.token.kind in ("(", "[", "."):
            token = self._take()
            count += 1
            if count > MAX_DEPTH:
                raise Fault("AS219", f"more than {MAX_DEPTH} indices in a row", token.start, token.end, SPLIT)
            if token.kind == "(":
                raise not_callable(operand.start, operand.end)
            operand = self._attribute(operand, token) if token.kind == "." else self._index(operand, token)
        return operand

    def _index(self, operand: Expression, opening: Token) -> Expression:
        parts, end = self._items("]")
        if len(parts) != 1:
            message, help = (
                f"one index is expected, found {len(parts)}",
                "write `[0]`; an inner list is reached by `[0][1]`",
            )
            raise Fault("AS210", message, opening.start, end, help)
        return Expression("index", operand.start, end, None, (operand, parts[0]))

    def _attribute(self, operand: Expression, dot: Token) -> Expression:
        token = self.token
        if token.kind != "name":
            raise self.unexpected("a dimension's name")
        self._take()
        return Expression("attribute", operand.start, token.end, token.value, (operand,))

    def unexpected(self, expected: str) -> Fault:
        """The current token where something else had to stand."""
        token = self.token
        if token.kind == "name" and token.value in _FOREIGN:
            meant = _FOREIGN[token.value]
            message = f"`{token.value}` is not part of the expression language"
            return Fault("AS223", message, token.start, token.end, f"write `{meant}`", meant)
        if token.kind == "end":
            empty = self._at == 0
            message = "an empty expression" if empty else f"the expression ends where {expected} was expected"
        else:
            word = f"{token.value!r}" if token.kind == "string" else f"`{clip(str(token.value))}`"
            message = f"{word} where {expected} was expected"
        before = self._tokens[self._at - 1] if self._at else token
        if token.kind == ">" and before.kind == "<" and before.end == token.start:
            return Fault(
                "AS223", "`<>` is not an operator of the language", before.start, token.end, "write `!=`", "!="
            )
        help = _INSTEAD_OF[expected]
        if token.kind == "end":
            after = f" after `{clip(str(before.value))}`, or leave that out" if before is not token else ""
            help = f"write {expected}{after}"
        elif token.kind == "number" and str(token.value).startswith("0.") and before.kind == "name":
            help = f"an element is written in brackets, `[{str(token.value)[2:]}]`"
        return Fault("AS210", message, token.start, token.end, help)
