"""Creation: with random weights and from one safetensors file, beside the constructors of torchvision and timm."""

from __future__ import annotations

import functools
import importlib.util
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

import archspec
from benchmarks.measure import Case, Row, least, milliseconds, share
from benchmarks.networks import NETWORKS, Network

_TURNS = 9
_RANDOM, _LOADED = (0.0, 0.45), (0.0, 0.25)
_TIMM = {"resnet50": "resnet50", "vit_b_16": "vit_base_patch16_224", "convnext_tiny": "convnext_tiny"}


def cases() -> Iterator[Case]:
    """A network each. What is made is dropped at once; of every way the least time counts, in turns with the others."""
    for network in NETWORKS:
        yield Case(network.name, functools.partial(_rows, network))


def _rows(network: Network, effort: float) -> Iterator[Row]:
    threads = f"{torch.get_num_threads()} threads"
    architecture = archspec.load(network.spec)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        architecture.save_weights(architecture.build(), path)
        ways = (
            ("checked spec to random weights", architecture.build, _RANDOM),
            ("spec to random weights", functools.partial(archspec.build, network.spec), _RANDOM),
            ("checked spec and file to the model", functools.partial(architecture.build, weights=path), _LOADED),
            ("one file to the model", functools.partial(archspec.from_file, path), _LOADED),
            ("spec and file to the model", functools.partial(archspec.build, network.spec, weights=path), _LOADED),
        )
        peers = {"torchvision's constructor": network.original, **_timm(network)}
        found = list(least(*peers.values(), *(make for _, make, _ in ways), turns=share(_TURNS, effort)))
    for peer, theirs in zip(peers, found, strict=False):
        for (what, _, target), mine in zip(ways, found[len(peers) :], strict=True):
            told = f"{network.name}, {what}, {threads} / {peer}"
            wanted = target if peer.startswith("torchvision") else (0.0, 1.0)
            yield Row(told, milliseconds(mine), milliseconds(theirs), mine / theirs, wanted)


def _timm(network: Network) -> dict[str, functools.partial[object]]:
    if importlib.util.find_spec("timm") is None or network.name not in _TIMM:
        return {}
    import timm

    return {"timm's constructor": functools.partial(timm.create_model, _TIMM[network.name])}
