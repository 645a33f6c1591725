"""What is asked before every step has to be answered right, each time, and to change nothing."""

import math

import pytest
import torch

from archspec.train.finite import Finite
from archspec.train.seeds import set_seed

BAD = [math.inf, -math.inf, math.nan]


def gradients():
    return [torch.randn(3, 2), torch.randn(4), torch.randn(5).double(), torch.randn(2).bfloat16()]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_loss_that_is_none_among_gradients_that_are(bad, dtype):
    finite = Finite()
    assert not finite(torch.tensor(bad, dtype=dtype), gradients())
    assert finite(torch.tensor(0.5, dtype=dtype), gradients())


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("which", range(4))
def test_any_number_of_any_gradient(bad, which):
    finite, given = Finite(), gradients()
    given[which].view(-1)[-1] = bad
    assert not finite(torch.tensor(0.5), given)
    assert finite(torch.tensor(0.5), gradients())


def test_complex_gradients():
    finite, given = Finite(), torch.randn(3, dtype=torch.complex64)
    assert finite(torch.tensor(0.5), [given])
    given[1] = complex(0, math.inf)
    assert not finite(torch.tensor(0.5), [given])


def test_nothing_is_changed():
    loss, given = torch.tensor(0.1), gradients()
    before = [loss.clone(), *(each.clone() for each in given)]
    assert Finite()(loss, given)
    assert all(torch.equal(old, new) for old, new in zip(before, [loss, *given], strict=True))


def test_a_seed_is_torch_s():
    torch.manual_seed(2**62 + 5)
    wanted = torch.rand(3)
    set_seed(torch.device("cpu"), 2**62 + 5)
    assert torch.equal(torch.rand(3), wanted)
