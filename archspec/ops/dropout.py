"""Dropouts: of elements, of whole channels, and the self-normalising kind."""

from __future__ import annotations

from archspec.ops.arguments import Float
from archspec.ops.common import INPLACE, LAYOUTS, ranks_from, same, same_images
from archspec.ops.entry import Arg, Op

_ARGS = (Arg("p", Float(min=0, max=1), 0.5, doc="probability of being dropped"), INPLACE)


def _any_rank(name: str, doc: str) -> Op:
    return Op(name=name, target=f"torch.nn.{name}", doc=doc, args=_ARGS, primary="p", shape=same)


def _of_channels(count: int) -> Op:
    return Op(
        name=f"Dropout{count}d",
        target=f"torch.nn.Dropout{count}d",
        doc="Zeroes whole channels at random while training.",
        args=_ARGS,
        primary="p",
        ranks=(count + 2,),
        layout=LAYOUTS[count],
        shape=same_images,
    )


OPS = (
    _any_rank("Dropout", "Zeroes elements at random while training."),
    *(_of_channels(count) for count in (1, 2, 3)),
    _any_rank("AlphaDropout", "Dropout that keeps mean and variance, for SELU networks."),
    Op(
        name="FeatureAlphaDropout",
        target="torch.nn.FeatureAlphaDropout",
        doc="Alpha dropout of whole channels.",
        args=_ARGS,
        primary="p",
        ranks=ranks_from(2),
        layout="[N, C, …]",
        shape=same,
    ),
)
