"""Element-wise activations, as layers and as functions; gated and normalising ones are in `softmax`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from archspec.ops.arguments import Float, Int, one_of
from archspec.ops.common import INPLACE, ordered, same
from archspec.ops.entry import Arg, Args, Init, Inputs, Op, State, no_check
from archspec.ops.faults import RuleFault


def _layer(name: str, doc: str, *args: Arg, check: Callable[[Args, Inputs], None] = no_check) -> Op:
    first = args[0].name if args and args[0] is not INPLACE else None
    return Op(name=name, target=f"torch.nn.{name}", doc=doc, args=args, primary=first, check=check, shape=same)


def _function(name: str, target: str, doc: str, *args: Arg) -> Op:
    return Op(name=name, target=target, doc=doc, args=args, shape=same)


def _no_negative_slope(*names: str) -> Callable[[Args, Inputs], None]:
    """A check that what is changed in place has a gradient; torch evaluates with the mean of several slopes."""

    def check(args: Args, inputs: Inputs) -> None:
        if args.inplace and sum(args[name] for name in names) < 0:
            raise RuleFault(
                "AS402",
                f"`inplace: true` of {{name}} has no gradient with a negative `{names[0]}`",
                arg="inplace",
                help="leave `inplace` out",
            )

    return check


def _check_rrelu(args: Args, inputs: Inputs) -> None:
    ordered("lower", "upper", strictly=False)(args, inputs)
    _no_negative_slope("lower", "upper")(args, inputs)


def _check_prelu(args: Args, inputs: Inputs) -> None:
    given = inputs[0]
    channels = given.shape[1] if given.rank > 1 else 1
    if args.num_parameters not in (1, channels):
        raise RuleFault(
            "AS402",
            f"`num_parameters: {args.num_parameters}` of {{name}} must be 1 or the number of channels of {given}",
            arg="num_parameters",
            input=0,
            help=f"write 1 for one slope in all, or {channels} for one per channel",
            suggestion=channels,
        )


def _prelu_state(args: Args) -> Mapping[str, State]:
    return {"weight": State((args.num_parameters,), Init("constant", {"val": args.init}))}


_PRELU = Op(
    name="PReLU",
    target="torch.nn.PReLU",
    doc="x where positive, else a learned slope times x.",
    args=(
        Arg("num_parameters", Int(1), 1, doc="number of slopes: 1, or the number of channels"),
        Arg("init", Float(), 0.25, doc="initial slope"),
    ),
    primary="num_parameters",
    check=_check_prelu,
    shape=same,
    state=_prelu_state,
)

_APPROXIMATE = Arg("approximate", one_of("none", "tanh"), "none", doc="`tanh` for the faster approximation")

OPS = (
    _layer("ReLU", "max(0, x).", INPLACE),
    _layer("ReLU6", "min(max(0, x), 6).", INPLACE),
    _layer(
        "LeakyReLU",
        "x where positive, else negative_slope · x.",
        Arg("negative_slope", Float(), 0.01, doc="slope for negative inputs"),
        INPLACE,
        check=_no_negative_slope("negative_slope"),
    ),
    _PRELU,
    _layer(
        "RReLU",
        "x where positive, else a random slope times x.",
        Arg("lower", Float(), 1 / 8, doc="smallest slope"),
        Arg("upper", Float(), 1 / 3, doc="largest slope"),
        INPLACE,
        check=_check_rrelu,
    ),
    _layer(
        "ELU",
        "x where positive, else α · (exp(x) − 1).",
        Arg("alpha", Float(), 1.0, doc="α"),
        INPLACE,
        check=_no_negative_slope("alpha"),
    ),
    _layer("SELU", "ELU with the scale and α that keep mean 0 and variance 1.", INPLACE),
    _layer(
        "CELU",
        "x where positive, else α · (exp(x / α) − 1).",
        Arg("alpha", Float(above=0), 1.0, doc="α"),
        INPLACE,
    ),
    _layer("GELU", "x · Φ(x), with Φ the normal distribution function.", _APPROXIMATE),
    _layer("SiLU", "x · sigmoid(x), also called swish.", INPLACE),
    _layer("Mish", "x · tanh(softplus(x)).", INPLACE),
    _layer("Hardswish", "x · ReLU6(x + 3) / 6.", INPLACE),
    _layer("Hardsigmoid", "ReLU6(x + 3) / 6.", INPLACE),
    _layer(
        "Hardtanh",
        "x cut to [min_val, max_val].",
        Arg("min_val", Float(), -1.0, doc="smallest output"),
        Arg("max_val", Float(), 1.0, doc="largest output"),
        INPLACE,
        check=ordered("min_val", "max_val", strictly=True),
    ),
    _layer("Hardshrink", "x where |x| > λ, else 0.", Arg("lambd", Float(), 0.5, doc="λ")),
    _layer("Softshrink", "x moved towards 0 by λ.", Arg("lambd", Float(min=0), 0.5, doc="λ")),
    _layer("Tanhshrink", "x − tanh(x)."),
    _layer(
        "Softplus",
        "log(1 + exp(β · x)) / β.",
        Arg("beta", Float(above=0), 1.0, doc="β"),
        Arg("threshold", Float(), 20.0, doc="β · x above which it is x itself"),
    ),
    _layer("Softsign", "x / (1 + |x|)."),
    _layer("Sigmoid", "1 / (1 + exp(−x))."),
    _layer("LogSigmoid", "log(sigmoid(x))."),
    _layer("Tanh", "tanh(x)."),
    _layer(
        "Threshold",
        "x where x > threshold, else value.",
        Arg("threshold", Float(), doc="what x is compared with", example=0.1),
        Arg("value", Float(), doc="the output where x is not above it", example=0.0),
        INPLACE,
    ),
    _function("relu", "torch.nn.functional.relu", "max(0, x)."),
    _function("gelu", "torch.nn.functional.gelu", "x · Φ(x), with Φ the normal distribution function.", _APPROXIMATE),
    _function("silu", "torch.nn.functional.silu", "x · sigmoid(x), also called swish."),
    _function("mish", "torch.nn.functional.mish", "x · tanh(softplus(x))."),
    _function("sigmoid", "torch.sigmoid", "1 / (1 + exp(−x))."),
    _function("tanh", "torch.tanh", "tanh(x)."),
)
