"""`einsum`: the sum of products that an equation of letters describes."""

from __future__ import annotations

import re
from math import prod

from archspec.errors import clip
from archspec.ops.broadcast import one_dtype
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import BadValue, RuleFault
from archspec.records import record
from archspec.tensors import Batch, Dim, show_shape

_EQUATION = re.compile(r"[a-zA-Z]+(,[a-zA-Z]+)*(->[a-zA-Z]*)?")
_LONGEST = 200


@record
class Equation:
    """Letters for the dimensions of each input, and for those of the output: `bhid,bhjd->bhij`."""

    def describe(self) -> str:
        return 'an equation such as "bij,bjk->bik", with a letter for every dimension'

    def accept(self, value: object) -> str:
        text = value.replace(" ", "") if isinstance(value, str) else ""
        if len(text) > _LONGEST or not _EQUATION.fullmatch(text):
            raise BadValue(self.describe(), help="name every dimension, the batch too" if "..." in text else None)
        return text


def _sides(equation: str) -> tuple[list[str], str]:
    """The inputs' letters and the output's; without an arrow the letters that stand once, in alphabetical order."""
    left, arrow, right = equation.partition("->")
    if not arrow:
        right = "".join(letter for letter in sorted(set(left) - {","}) if left.count(letter) == 1)
    return left.split(","), right


def _fault(args: Args, what: str, help: str, input: int | None = None) -> RuleFault:
    message = f'"{clip(args.equation)}" of {{name}} {what}'
    return RuleFault("AS402", message, arg="equation", input=input, help=help)


def _sizes(args: Args, inputs: Inputs) -> dict[str, Dim]:
    """The size of each letter."""
    terms, _ = _sides(args.equation)
    if len(terms) != len(inputs):
        raise _fault(args, f"is for {len(terms)} inputs, but receives {len(inputs)}", "write one term per input")
    sizes: dict[str, Dim] = {}
    for index, (term, given) in enumerate(zip(terms, inputs, strict=True)):
        if len(term) != given.rank:
            what = f"has {len(term)} letters, `{term}`, for input {index + 1}, which is {given}"
            raise _fault(args, what, "write one letter per dimension", index)
        for letter, size in zip(term, given.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                shapes = ", ".join(show_shape(each.shape) for each in inputs)
                what = f"gives `{letter}` the sizes {sizes[letter]} and {size}: the inputs are {shapes}"
                raise _fault(args, what, "give different dimensions different letters", index)
    return sizes


def _shape(args: Args, inputs: Inputs) -> Outputs:
    one_dtype(inputs)
    sizes = _sizes(args, inputs)
    _, output = _sides(args.equation)
    unknown = next((letter for letter in output if letter not in sizes), None)
    if unknown is not None:
        raise _fault(args, f"has `{unknown}` in its output only", "take the letter from an input")
    if len(set(output)) < len(output):
        raise _fault(args, "has a letter twice in its output", "name each dimension of the output once")
    shape = tuple(sizes[letter] for letter in output)
    batches = {letter for letter, size in sizes.items() if isinstance(size, Batch)}
    if not shape or len(batches) > 1 or not batches <= set(output):
        what = "leaves no dimension" if not shape else "does not keep the samples apart"
        raise _fault(args, what, "keep the batch's letter in every batched input and in the output")
    return (inputs[0].with_shape(shape),)


def _macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """torch multiplies from left to right; a product that sums over no letter is no matrix product."""
    sizes = {key: size.multiple if isinstance(size, Batch) else size for key, size in _sizes(args, inputs).items()}
    (first, *others), output = _sides(args.equation)
    total, made = 0, set(first)
    for index, term in enumerate(others):
        needed = {*output, *"".join(others[index + 1 :])}
        shared = made & set(term)
        summed = {letter for letter in shared - needed if sizes[letter] > 1}
        kept = (made | set(term)) & needed
        total += prod(sizes[letter] for letter in kept | summed) if summed else 0
        made = kept
    return total


EINSUM = Op(
    name="einsum",
    target="torch.einsum",
    doc="The sum of products that an equation describes.",
    args=(Arg("equation", Equation(), doc="letters for the dimensions", example="bij,bjk->bik"),),
    inputs=("operands",),
    optional_inputs=1,
    variadic=True,
    primary="equation",
    shape=_shape,
    macs=_macs,
    code=lambda args, inputs: f"torch.einsum({args.equation!r}, {', '.join(inputs)})",
)
