"""Functions that keep every number and change what torch does with it: its element type, its gradient."""

from __future__ import annotations

from archspec.ops.arguments import one_of
from archspec.ops.common import same
from archspec.ops.entry import Arg, Op
from archspec.tensors import DTYPES, TensorType

OPS = (
    Op(
        name="to",
        target="torch.Tensor.to",
        doc="The same numbers in another element type.",
        args=(Arg("dtype", one_of(*DTYPES), doc="the element type", example="float32"),),
        primary="dtype",
        shape=lambda args, inputs: (TensorType(inputs[0].shape, args.dtype, inputs[0].channels_first),),
        code=lambda args, inputs: f"{inputs[0]}.to(torch.{args.dtype})",
        floating=False,
    ),
    Op(
        name="type_as",
        target="torch.Tensor.type_as",
        doc="The first tensor's numbers in the second one's element type.",
        inputs=("input", "other"),
        shape=lambda args, inputs: (TensorType(inputs[0].shape, inputs[1].dtype, inputs[0].channels_first),),
        code=lambda args, inputs: f"{inputs[0]}.type_as({inputs[1]})",
        view="shared",  # it is the first tensor itself, where the types are one
        floating=False,
    ),
    Op(
        name="detach",
        target="torch.Tensor.detach",
        doc="The same tensor, through which no gradient flows back.",
        shape=same,
        code=lambda args, inputs: f"{inputs[0]}.detach()",
        view="shared",
        floating=False,
    ),
)
