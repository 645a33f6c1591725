"""Multiply-accumulates of whole transformers, by our rules, by torch's counter and by torchinfo."""

from __future__ import annotations

import pytest
import torch
import torchinfo
import torchvision.models
from torch.utils.flop_counter import FlopCounterMode

import archspec


@pytest.mark.parametrize(("name", "path"), [("vit_b_16", "vit_b_16"), ("swin_t", "classification/swin_t")])
def test_counted_right_where_torchinfo_is_wrong_by_a_hundredfold(name: str, path: str) -> None:
    """torchinfo counts modules: it sees neither `nn.MultiheadAttention`'s products nor functions of tensors."""
    with torch.device("meta"):
        original = getattr(torchvision.models, name)().train()  # in eval mode attention may be one fused kernel
        with FlopCounterMode(display=False) as counter:
            original(torch.empty(1, 3, 224, 224))
    truth = counter.get_total_flops() // 2
    architecture = archspec.load(f"specs/{path}.yaml")
    assert architecture.macs == truth
    assert architecture.num_params == sum(parameter.numel() for parameter in original.parameters())
    theirs = torchinfo.summary(getattr(torchvision.models, name)(), input_size=(1, 3, 224, 224), verbose=0)
    assert truth > 100 * theirs.total_mult_adds
