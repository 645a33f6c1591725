"""Keras, whose own JSON describes a model too: ResNet-50 checked, created and run, on its torch backend."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

import archspec
from benchmarks.measure import Case, Comparison, Row, least, milliseconds, share, take_turns
from benchmarks.networks import NETWORKS, SIDE, forward, images, training_step

_NETWORK = NETWORKS[1]
_COLD = "import sys, keras; keras.models.model_from_json(open(sys.argv[1]).read())"


def cases() -> Iterator[Case]:
    """Nothing where Keras is not installed."""
    if importlib.util.find_spec("keras") is not None:
        yield Case("cold", _cold)
        yield Case("creation", _creation)
        yield Case("steps", _steps)


def _keras() -> Any:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    keras.config.set_image_data_format("channels_first")  # as the spec, and torch's convolutions, have it
    return keras


def _json(side: int | None = None) -> str:
    """Keras' own ResNet-50, described by Keras."""
    shape = None if side is None else (3, side, side)
    top = {"include_top": False, "pooling": "avg"} if side is not None else {}
    return str(_keras().applications.ResNet50(weights=None, input_shape=shape, **top).to_json())


def _process(*command: str) -> Callable[[], object]:
    environment = os.environ | {"KERAS_BACKEND": "torch"}
    return lambda: subprocess.run(command, check=True, capture_output=True, env=environment)


def _cold(effort: float) -> Iterator[Row]:
    """Whole processes. Keras has no check but to make the model."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        path.write_text(_json(), encoding="utf-8")
        python = sys.executable
        theirs = _process(python, "-c", _COLD, str(path))
        for what, command in (("check", ("check", "zoo:resnet50")), ("build", ("build", "zoo:resnet50"))):
            ours = _process(python, "-m", "archspec", *command)
            found = Comparison.of(take_turns(ours, theirs, share(5, effort), warm_up=1))
            target = (0.0, 0.10) if what == "check" else (0.0, 1.0)
            yield found.row(f"ResNet-50, cold `archspec {what}` / cold `model_from_json`", target)


def _creation(effort: float) -> Iterator[Row]:
    keras, text = _keras(), _json()
    architecture = archspec.load(_NETWORK.spec)
    theirs, checked, whole = least(
        lambda: keras.models.model_from_json(text),
        architecture.build,
        lambda: archspec.build(_NETWORK.spec),
        turns=share(5, effort),
    )
    for what, mine in (("checked spec", checked), ("spec", whole)):
        told = f"ResNet-50, {what} to random weights, {torch.get_num_threads()} threads / `model_from_json`"
        yield Row(told, milliseconds(mine), milliseconds(theirs), mine / theirs, (0.0, 0.15))


def _steps(effort: float) -> Iterator[Row]:
    """Their network has biases in its convolutions, and here no last layer, which its JSON fixes to other images."""
    model = _keras().models.model_from_json(_json(SIDE))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for size, count in ((1, 20), (32, 4)):
        batch = images(size)

        def theirs(batch: torch.Tensor = batch) -> Any:
            with torch.inference_mode():
                return model(batch, training=False)

        turns = take_turns(forward(_NETWORK.ours(), batch), theirs, share(count, effort), clock=time.process_time)
        yield Comparison.of(turns).row(f"ResNet-50, forward, batch {size} / Keras'", (0.0, 1.02))
    yield _training(model, effort)
    torch.set_num_threads(threads)


def _training(model: Any, effort: float) -> Row:
    model.compile(optimizer=_keras().optimizers.SGD(1e-6), loss="mse")
    batch = images(32)
    wanted = torch.zeros(32, 2048)
    ours = training_step(_NETWORK.ours(), batch)
    turns = take_turns(
        ours, lambda: model.train_on_batch(batch, wanted), share(4, effort), warm_up=1, clock=time.process_time
    )
    return Comparison.of(turns).row("ResNet-50, training step, batch 32 / Keras' `train_on_batch`", (0.0, 1.02))
