"""In what numbers forward passes are computed: `autocast`, and for float16 a scaled loss."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch.amp.grad_scaler import GradScaler

_DTYPES = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


def autocast_dtype(asked: str, device: torch.device) -> torch.dtype | None:
    """What `autocast` computes in; None for no autocast.

    Args:
        asked: the recipe's `precision`. `auto` is bfloat16 where the device has instructions for it, else float32.
        device: where it is computed.
    """
    if asked != "auto":
        return _DTYPES[asked]
    return torch.bfloat16 if _is_fast_with_bfloat16(device) else None


def _is_fast_with_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    has = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(has.get("amx_bf16") or has.get("avx512_bf16"))


def autocast(dtype: torch.dtype | None, device: torch.device) -> AbstractContextManager[object]:
    """Around a forward pass and its loss."""
    return nullcontext() if dtype is None else torch.autocast(device.type, dtype)


def make_scaler(dtype: torch.dtype | None, device: torch.device) -> GradScaler | None:
    """float16 has too few exponents for gradients as they are."""
    return GradScaler(device.type) if dtype is torch.float16 else None
