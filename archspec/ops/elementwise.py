"""Functions of each element by itself, of one tensor or of several that lie on each other."""

from __future__ import annotations

from collections.abc import Callable

from archspec.ops.arguments import Float, Maybe
from archspec.ops.broadcast import BROADCAST, common, joined, misfit, one_dtype
from archspec.ops.common import ordered, same
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs, no_check
from archspec.ops.faults import RuleFault
from archspec.ops.sizes import FillValue, literal
from archspec.tensors import TensorType


def _function(
    name: str,
    doc: str,
    *args: Arg,
    target: str = "",
    primary: str | None = None,
    check: Callable[[Args, Inputs], None] = no_check,
) -> Op:
    target = target or f"torch.{name}"
    return Op(name=name, target=target, doc=doc, args=args, primary=primary, check=check, shape=same)


def _nn(name: str, doc: str, *args: Arg, check: Callable[[Args, Inputs], None] = no_check) -> Op:
    return _function(name, doc, *args, target=f"torch.nn.functional.{name}", check=check)


def _check_clamp(args: Args, inputs: Inputs) -> None:
    if args.min is None and args.max is None:
        raise RuleFault("AS402", "{name} needs `min`, `max` or both", help="write `min: 0`, for example")
    if args.min is not None and args.max is not None and args.min > args.max:
        raise RuleFault(
            "AS402",
            f"`min: {args.min}` of {{name}} is above `max: {args.max}`",
            arg="min",
            help="exchange the two",
        )


def _dropout_code(args: Args, inputs: tuple[str, ...]) -> str:
    return f"F.dropout({inputs[0]}, p={args.p!r}, training=self.training)"


def _extreme(name: str, doc: str) -> Op:
    """`maximum` and `minimum`."""

    def shape(args: Args, inputs: Inputs) -> Outputs:
        one_dtype(inputs)
        return (joined(args, inputs),)

    return Op(
        name=name,
        target=f"torch.{name}",
        doc=doc,
        args=(BROADCAST,),
        inputs=("input", "other"),
        shape=shape,
        code=lambda args, inputs: f"torch.{name}({', '.join(inputs)})",
        floating=False,
    )


def _refuse_no_mask(given: TensorType, index: int, word: str) -> None:
    if given.dtype != "bool":
        raise RuleFault(
            "AS306",
            f"{{name}} needs booleans as its {word}, but receives {given}",
            input=index,
            help=f"declare the {word} as `dtype: bool`",
        )


def _masked_fill_shape(args: Args, inputs: Inputs) -> Outputs:
    given, mask = inputs
    _refuse_no_mask(mask, 1, "mask")
    if common(args, given.shape, mask.shape) != given.shape:
        raise misfit(args, given.shape, inputs, 1)
    if not given.is_floating and not (given.dtype == "int64" and float(args.value).is_integer()):
        raise RuleFault(
            "AS306",
            f"{{name}} would write {args.value} into {given}",
            input=0,
            help="give it a floating-point tensor, or an int64 one and a whole `value`",
        )
    return (given,)


def _masked_fill_code(args: Args, inputs: tuple[str, ...]) -> str:
    return f"torch.masked_fill({inputs[0]}, {inputs[1]}, {literal(args.value)})"


def _where_shape(args: Args, inputs: Inputs) -> Outputs:
    condition, *values = inputs
    _refuse_no_mask(condition, 0, "condition")
    one_dtype(tuple(values))
    chosen = joined(args, inputs)
    return (TensorType(chosen.shape, values[0].dtype, chosen.channels_first),)


def _like(name: str, doc: str) -> Op:
    return Op(name=name, target=f"torch.{name}", doc=doc, shape=same, floating=name.startswith("rand"))


OPS = (
    _function("neg", "−x."),
    _function("abs", "|x|."),
    _function("sign", "−1, 0 or 1, as x is negative, zero or positive."),
    _function("square", "x²."),
    _function("sqrt", "√x."),
    _function("rsqrt", "1 / √x."),
    _function("reciprocal", "1 / x."),
    _function("exp", "eˣ."),
    _function("expm1", "eˣ − 1, exact near 0."),
    _function("log", "The natural logarithm of x."),
    _function("log1p", "log(1 + x), exact near 0."),
    _function("log2", "The logarithm of x to base 2."),
    _function("log10", "The logarithm of x to base 10."),
    _function("exp2", "2ˣ."),
    _function("logit", "log(x / (1 − x)), what `sigmoid` undoes."),
    _function("erf", "The error function of x."),
    _function("floor", "The largest integer that is not above x."),
    _function("trunc", "x without what is behind its point."),
    _function("frac", "What is behind the point of x."),
    _function("ceil", "The smallest integer that is not below x."),
    _function("round", "The integer nearest to x, the even one of two."),
    _function("pow", "x to a power.", Arg("exponent", Float(), doc="the power", example=2), primary="exponent"),
    _function(
        "clamp",
        "x cut to [min, max].",
        Arg("min", Maybe(Float()), None, doc="smallest output"),
        Arg("max", Maybe(Float()), None, doc="largest output"),
        check=_check_clamp,
    ),
    Op(
        name="nan_to_num",
        target="torch.nan_to_num",
        doc="x, with numbers in place of NaN and the infinities.",
        args=(
            Arg("nan", Float(), 0.0, doc="in place of NaN"),
            Arg("posinf", Maybe(Float()), None, doc="in place of +∞; the largest number unless given"),
            Arg("neginf", Maybe(Float()), None, doc="in place of −∞; the smallest number unless given"),
        ),
        primary="nan",
        shape=same,
    ),
    _nn("relu6", "min(max(0, x), 6)."),
    _nn("hardswish", "x · ReLU6(x + 3) / 6."),
    _nn("hardsigmoid", "ReLU6(x + 3) / 6."),
    _nn("selu", "ELU with the scale and α that keep mean 0 and variance 1."),
    _nn("logsigmoid", "log(sigmoid(x))."),
    _nn("softsign", "x / (1 + |x|)."),
    _nn("tanhshrink", "x − tanh(x)."),
    _nn("hardshrink", "x where |x| > λ, else 0.", Arg("lambd", Float(), 0.5, doc="λ")),
    _nn("softshrink", "x moved towards 0 by λ.", Arg("lambd", Float(min=0), 0.5, doc="λ")),
    _nn("celu", "x where positive, else α · (exp(x / α) − 1).", Arg("alpha", Float(above=0), 1.0, doc="α")),
    _nn(
        "hardtanh",
        "x cut to [min_val, max_val].",
        Arg("min_val", Float(), -1.0, doc="smallest output"),
        Arg("max_val", Float(), 1.0, doc="largest output"),
        check=ordered("min_val", "max_val", strictly=False),
    ),
    _nn(
        "threshold",
        "x where x > threshold, else value.",
        Arg("threshold", Float(), doc="what x is compared with", example=0.1),
        Arg("value", Float(), doc="the output where x is not above it", example=0.0),
    ),
    _nn(
        "leaky_relu",
        "x where positive, else negative_slope · x.",
        Arg("negative_slope", Float(), 0.01, doc="slope for negative inputs"),
    ),
    _nn("elu", "x where positive, else α · (exp(x) − 1).", Arg("alpha", Float(), 1.0, doc="α")),
    _nn(
        "softplus",
        "log(1 + exp(β · x)) / β.",
        Arg("beta", Float(above=0), 1.0, doc="β"),
        Arg("threshold", Float(), 20.0, doc="β · x above which it is x itself"),
    ),
    Op(
        name="dropout",
        target="torch.nn.functional.dropout",
        doc="Zeroes elements at random while training.",
        args=(Arg("p", Float(min=0, max=1), 0.5, doc="probability of being dropped"),),
        primary="p",
        shape=same,
        code=_dropout_code,
        view="shared",
    ),
    _extreme("maximum", "The larger of two tensors, element by element."),
    _extreme("minimum", "The smaller of two tensors, element by element."),
    Op(
        name="masked_fill",
        target="torch.masked_fill",
        doc="x, with a value where the mask is true.",
        args=(Arg("value", FillValue(), doc="what masked elements become", example=0.0), BROADCAST),
        inputs=("input", "mask"),
        primary="value",
        shape=_masked_fill_shape,
        code=_masked_fill_code,
        floating=False,
    ),
    Op(
        name="where",
        target="torch.where",
        doc="The second input where the condition is true, else the third.",
        args=(BROADCAST,),
        inputs=("condition", "input", "other"),
        shape=_where_shape,
        code=lambda args, inputs: f"torch.where({', '.join(inputs)})",
        floating=False,
    ),
    _like("randn_like", "Normal random numbers in the shape of the input."),
    _like("rand_like", "Random numbers from 0 to 1 in the shape of the input."),
    _like("zeros_like", "Zeros in the shape of the input."),
    _like("ones_like", "Ones in the shape of the input."),
)
