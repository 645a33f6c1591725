"""The data file against the installed torch and torchvision; the loader without torch."""

import json
import subprocess
import sys

import pytest

from archspec.ops.called import NO_DEFAULT
from archspec.ops.signatures import TORCH_GROUPS, described_version, signatures
from archspec.train import installed

AGAIN = "run `python tools/generate_signatures.py` with the newest supported torch"


def _release(version):
    return tuple(int(part) for part in version.split("+")[0].split(".")[:2])


@pytest.mark.parametrize("group", TORCH_GROUPS)
def test_file_says_what_the_installed_packages_have(group):
    package = "torchvision" if group == "transforms" else "torch"
    described, found = _release(described_version(package)), _release(installed.versions()[package])
    known, present = dict(signatures(group)), dict(installed.installed_signatures(group))
    if found == described:
        assert known == present, AGAIN
    elif found > described:
        assert set(known) <= set(present), f"{package} {found} has dropped names: {AGAIN}"
    else:
        assert set(present) <= set(known), f"{package} {found} has names that {described} has not"


def test_groups_have_what_everybody_uses():
    optimizers = signatures("optimizers")
    assert {"SGD", "Adam", "AdamW", "RMSprop", "LBFGS"} <= set(optimizers)
    assert "Optimizer" not in optimizers
    assert optimizers["SGD"].primary == "lr"
    assert optimizers["Adam"].argument("betas").default == [0.9, 0.999]
    assert optimizers["SGD"].argument("params") is None
    step = signatures("schedulers")["StepLR"]
    assert [a.name for a in step.arguments] == ["step_size", "gamma"]
    assert step.arguments[0].required
    assert step.arguments[0].default is NO_DEFAULT
    assert "LRScheduler" not in signatures("schedulers")
    assert signatures("losses")["TripletMarginLoss"].inputs == ("anchor", "positive", "negative")
    assert [a.name for a in signatures("inits")["kaiming_normal"].arguments] == ["a", "mode", "nonlinearity"]
    assert signatures("transforms")["RandomRotation"].argument("interpolation").default == "nearest"
    assert "bilinear" in signatures("transforms")["RandomRotation"].argument("interpolation").choices
    assert {"digits", "ImageFolder", "MNIST", "CIFAR10", "VOCSegmentation"} <= set(signatures("datasets"))
    assert {"accuracy", "top_k", "mean_iou", "dice", "mae", "perplexity"} <= set(signatures("metrics"))


@pytest.mark.parametrize("group", TORCH_GROUPS)
def test_docs_are_one_clean_line(group):
    for signature in signatures(group).values():
        assert signature.doc
        assert "\n" not in signature.doc
        assert "`" not in signature.doc
        assert len(signature.doc) <= 210


def test_plain_defaults_are_torch_s_own():
    """A default of the file, given as an argument, makes the same optimiser as none."""
    import torch

    for name, signature in signatures("optimizers").items():
        if (kind := getattr(torch.optim, name, None)) is None:
            continue
        plain = {a.name: a.default for a in signature.arguments if a.default is not NO_DEFAULT}
        plain = {key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()}
        weights = [torch.nn.Parameter(torch.zeros(2, 2))]
        assert kind(weights, **plain).defaults == kind(weights).defaults, name


def test_loading_imports_no_torch():
    code = (
        "import sys, json; from archspec.ops.signatures import signatures; from archspec.elaborate.recipe import *;"
        "import archspec.train; signatures('optimizers'); check_recipe(Recipe());"
        "print(json.dumps([n for n in ('torch', 'torchvision', 'matplotlib', 'rich', 'numpy') if n in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
