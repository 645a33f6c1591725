"""Which parameters are of normalisation layers, and which are biases: the ones often left out of weight decay."""

from __future__ import annotations

from typing import Literal, TypeAlias

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

Role: TypeAlias = Literal["norm", "bias"]

_NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


def roles_of_parameters(model: nn.Module) -> dict[nn.Parameter, Role]:
    """`norm` for every parameter of a normalisation layer, `bias` for other layers' biases; the rest are not there."""
    roles: dict[nn.Parameter, Role] = {}
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if isinstance(module, _NORMS):
                roles[parameter] = "norm"
            elif "bias" in name:
                roles.setdefault(parameter, "bias")
    return roles
