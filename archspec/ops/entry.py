"""What the catalogue knows of one layer or function. Adding an op is writing one `Op`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias

from archspec.ops.arguments import ArgType
from archspec.records import record, value
from archspec.tensors import TensorType


class NoArgument(KeyError, AttributeError):
    """A call has no argument of that name, as a key or as an attribute."""


class Args(dict[str, Any]):
    """A call's arguments, every one present (defaults and inferred ones filled in), as attributes too.

    Attributes:
        written: the names of those that the user wrote.
        named: the inputs that are given by name only, an attention mask say. They are the call's last ones.
    """

    __slots__ = ("named", "written")

    def __init__(
        self, values: Mapping[str, Any], written: Iterable[str] = (), named: Mapping[str, TensorType] | None = None
    ) -> None:
        super().__init__(values)
        self.written = frozenset(written)
        self.named = dict(named or {})

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    else:
        __getattr__ = dict.__getitem__  # rules ask for arguments all the time

    def __missing__(self, name: str) -> NoReturn:
        raise NoArgument(name)


Inputs: TypeAlias = tuple[TensorType, ...]
Outputs: TypeAlias = tuple[TensorType, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = _Required()


@record
class Inferred:
    """How an argument follows from the inputs.

    Attributes:
        value: the rule; called only with inputs whose ranks the op accepts.
        noun: what the number counts, in the plural: `input features`.
        fixed: a written value that differs is a contradiction; otherwise the rule only stands in for an omitted one.
    """

    value: Callable[[Inputs], Any]
    noun: str
    fixed: bool = True


@record
class Arg:
    """One argument, with torch's name and default. Positional order is torch's.

    Attributes:
        name: torch's name.
        type: what it accepts.
        default: torch's default, in normal form.
        inferred: how it follows from the inputs, where it does.
        doc: a few words on what it means.
        example: for a required argument, a value to show whoever leaves it out.
        in_call: it belongs to the layer's forward, not to its constructor.
    """

    name: str
    type: ArgType
    default: Any = REQUIRED
    inferred: Inferred | None = None
    doc: str = ""
    example: Any = None
    in_call: bool = False

    @property
    def is_required(self) -> bool:
        """It has to be written: it has no default and does not follow from the inputs."""
        return self.default is REQUIRED and self.inferred is None


@value
class Init:
    """How torch initialises a tensor: a function of `torch.nn.init` without its underscore, and its arguments.

    Attributes:
        function: the function's name.
        arguments: its arguments.
        zero_row: the index of a row that is zero all the same, as an embedding's padding is.
    """

    function: str
    arguments: Mapping[str, float] = field(default_factory=dict)
    zero_row: int | None = None

    @property
    def number(self) -> float | None:
        """What every element becomes; None where they differ."""
        if self.function == "constant":
            return float(self.arguments["val"])
        return {"zeros": 0.0, "ones": 1.0}.get(self.function)


OWN = Init("own")
"""A registered layer's own constructor does it."""


@value
class State:
    """A parameter or buffer that a layer owns.

    Attributes:
        tied: the full name of another layer's parameter which this one is.
        kind: of the layer inside that it belongs to, where a layer is made of others. Its name there is the last part.
    """

    shape: tuple[int, ...]
    init: Init
    is_buffer: bool = False
    dtype: str = "float32"
    tied: str = ""
    kind: str = ""


def inside(kind: str, state: Mapping[str, State]) -> Mapping[str, State]:
    """The state of a layer that another one holds; what is inside it in its turn keeps its own kind."""
    return {name: replace(tensor, kind=tensor.kind or kind) for name, tensor in state.items()}


def no_check(args: Args, inputs: Inputs) -> None:
    """No rules beyond the types of the arguments."""


def no_change(first: Args, second: Args) -> Mapping[str, Any]:
    """Code that does for every call, or for calls with the same arguments only."""
    return {}


def _no_state(args: Args) -> Mapping[str, State]:
    return {}


def _no_macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One layer (a `torch.nn` class, capitalised) or one function (lower-case).

    Attributes:
        name: the kind that a spec writes.
        target: where torch has it, as a dotted name, e.g. `torch.nn.Conv2d`, `torch.cat`.
        doc: one line, for the docs, the schema and `archspec explain`.
        args: its arguments in torch's order.
        primary: the argument that a bare scalar (or list) value means.
        shape: the outputs' types from the arguments and the inputs' types; called after `check`.
        inputs: names of the tensors it takes, as torch names them.
        optional_inputs: how many of these, counted from the last, may be left out.
        keywords: names of further inputs, each of which may be left out or given by name. `check` sees to them.
        dtypes: the element types that each input may have; where empty, see `floating`.
        batch_anywhere: `check` says where in the first input the batch stands; otherwise it comes first.
        variadic: it takes a list of at least two tensors as one argument (`concat`), or is chained over them (`add`).
        ports: names of its outputs; a rule may give fewer than there are names.
        ranks: accepted numbers of dimensions (batch included) of the first input; empty means any.
        layout: what those dimensions mean, for messages, e.g. `[N, C, H, W]`.
        check: relations between arguments, and between arguments and inputs. Raises `RuleFault`.
        state: the parameters and buffers it owns, from its arguments, in torch's order of registration.
        macs: multiply-accumulates of matrix products and convolutions for one sample, as
            `torch.utils.flop_counter` counts them (half its figure).
        code: for functions whose call is not `target(inputs…, name=value…)`: the expression as Python source,
            from the arguments and the inputs' expressions. `torch` and `F` are in scope.
        call: for layers whose call is not `module(inputs…)`: what stands between the parentheses, as Python source.
            `torch` and `nn` are in scope.
        unpack: for layers that give nested results: the left side of the assignment, from the arguments and one
            variable per output, `_` for those that nothing takes.
        result: for layers that give a dict: what stands behind the call to have its values, as Python source.
        helpers: functions that `code` and `call` may call: name to Python source, printed once per module that
            needs them.
        floating: its first input has to be of a floating-point type.
        solve: arguments as the generated code has them, e.g. a reshape's sizes with `N` made -1, and what else it
            needs to know of the inputs; called after `shape`.
        join: what changes in the arguments of a call so that its code does for a further call of the module around it,
            whose arguments are the second ones. Nothing, where one code does for both or none can.
        free: the type of further arguments, whose names the user chooses (the axis sizes of an einops pattern).
        view: its outputs share their memory with its first input. Nothing may change a `locked` one in place.
        layer: the class itself, for a layer that a caller has registered. It initialises itself.
        bare: it is no module but a tensor of the module around it, a parameter or a buffer.
        by_name: its arguments by their names.
        inferred: the names of those that follow from the inputs.
        is_module: capitalised kinds are modules but for bare tensors, lower-case ones functions.
    """

    name: str
    target: str
    doc: str
    shape: Callable[[Args, Inputs], Outputs]
    args: tuple[Arg, ...] = ()
    primary: str | None = None
    inputs: tuple[str, ...] = ("input",)
    optional_inputs: int = 0
    keywords: tuple[str, ...] = ()
    dtypes: tuple[tuple[str, ...], ...] = ()
    batch_anywhere: bool = False
    variadic: bool = False
    ports: tuple[str, ...] = ("output",)
    ranks: tuple[int, ...] = ()
    layout: str = ""
    check: Callable[[Args, Inputs], None] = no_check
    state: Callable[[Args], Mapping[str, State]] = _no_state
    macs: Callable[[Args, Inputs, Outputs], int] = _no_macs
    code: Callable[[Args, tuple[str, ...]], str] | None = None
    call: Callable[[Args, tuple[str, ...]], str] | None = None
    unpack: Callable[[Args, tuple[str, ...]], str] | None = None
    result: str = ""
    helpers: Mapping[str, str] = field(default_factory=dict)
    floating: bool = True
    solve: Callable[[Args, Inputs], Mapping[str, Any]] | None = None
    join: Callable[[Args, Args], Mapping[str, Any]] = no_change
    free: ArgType | None = None
    view: Literal["", "shared", "locked"] = ""
    layer: Any = None
    bare: bool = False
    by_name: Mapping[str, Arg] = field(init=False, repr=False, compare=False)
    inferred: tuple[str, ...] = field(init=False, repr=False, compare=False)
    is_module: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {arg.name: arg for arg in self.args})
        object.__setattr__(self, "inferred", tuple(arg.name for arg in self.args if arg.inferred is not None))
        object.__setattr__(self, "is_module", self.name[:1].isupper() and not self.bare)

    def overwrites(self, args: Args) -> bool:
        """Whether it writes its result over its input. What has weights computes anew, and only layers inside it,
        such as the activation of a `Conv2dNormActivation`, work in place."""
        return bool(args.get("inplace")) and self.state is _no_state

    def arg(self, name: str) -> Arg | None:
        """The argument of that name."""
        return self.by_name.get(name)

    def argument(self, name: str) -> Arg | None:
        """The argument of that name, or the free one that the user has called so."""
        arg = self.by_name.get(name)
        if arg is None and self.free is not None and name.isidentifier():
            return Arg(name, self.free, doc="a size that the user has named", example=2)
        return arg
