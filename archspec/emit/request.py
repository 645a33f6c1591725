"""A device and a dtype as people ask for them."""

from __future__ import annotations

import torch

from archspec.errors import Diagnostic, UsageError
from archspec.tensors import FLOATS


def device_of(device: torch.device | str | None) -> torch.device | None:
    """The device; None stays None.

    Raises:
        UsageError: AS704, torch knows no such device, or it is not there.
    """
    if device is None:
        return None
    try:
        found = torch.device(device)
        if found.type not in ("meta", "cpu"):
            torch.empty(0, device=found)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).split("\n", 1)[0]
        help = "use `cpu`, or a device that torch reports as available"
        raise UsageError(Diagnostic("AS704", f"no device `{device}` here: {reason}", help=help)) from None
    return found


def dtype_of(dtype: torch.dtype | str | None) -> torch.dtype | None:
    """The floating-point type; None stays None.

    Raises:
        UsageError: AS704, it is no floating-point type of torch.
    """
    if dtype is None:
        return None
    found = getattr(torch, dtype) if isinstance(dtype, str) and dtype in FLOATS else dtype
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        words = ", ".join(f"`{name}`" for name in FLOATS)
        raise UsageError(
            Diagnostic("AS704", f"a module's dtype is one of {words}, found `{dtype}`", help="write `float32`")
        )
    return found
