"""Layers of a caller's own. The documented example is the first case."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
import torch
from torch import nn

import archspec
from archspec import plugins

DOC = Path("docs/plugins.md").read_text()
CODE = re.search(r"```python\n(# layers\.py\n.*?)```", DOC, re.DOTALL)
SPEC = re.search(r"```yaml\n(archspec: 1\n.*?)```", DOC, re.DOTALL)


@pytest.fixture
def layers(tmp_path: Path) -> Path:
    assert CODE is not None
    path = tmp_path / "layers.py"
    path.write_text(CODE[1])
    return path


def spec(layer: str, input: str = "[4]") -> str:
    return f"archspec: 1\ninput: {input}\nlayers:\n  own: {layer}\n"


def test_the_documented_example(layers: Path) -> None:
    archspec.load_plugin(str(layers))
    assert SPEC is not None
    architecture = archspec.load(SPEC[1])
    model = architecture.build()
    assert architecture.prove(model) == ()
    assert architecture.num_params == sum(parameter.numel() for parameter in model.parameters())
    assert model.norm.momentum == 0.2
    batch = torch.randn(5, 3, 8, 8)
    reference = nn.BatchNorm2d(8, momentum=0.2)
    torch.testing.assert_close(model.norm(model.conv(batch)), reference(model.conv(batch)))


def test_on_the_command_line(layers: Path, tmp_path: Path) -> None:
    assert SPEC is not None
    net = tmp_path / "net.yaml"
    net.write_text(SPEC[1])
    command = [sys.executable, "-m", "archspec", "check", str(net)]
    without = subprocess.run(command, capture_output=True, text=True, check=False)
    assert without.returncode == 1
    assert "`RunningNorm`" in without.stdout
    assert subprocess.run([*command, "--plugin", str(layers)], check=False).returncode == 0


def test_a_layer_with_a_shape_rule_is_not_run() -> None:
    ran = []

    @archspec.register(shape=lambda args, x: x)
    class Quiet(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            ran.append(x)
            return x

    archspec.load(spec("Quiet"))
    assert not ran


def test_reproducible_and_apart_from_torchs_generator() -> None:
    @archspec.register
    class Own(nn.Module):
        def __init__(self, in_features: int) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(in_features, 3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self.weight

    torch.manual_seed(1)
    state = torch.get_rng_state()
    first, again, other = (archspec.build(spec("Own"), seed=seed).own.weight for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_init_rules_apply() -> None:
    @archspec.register
    class Own(nn.Module):
        def __init__(self, in_features: int) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(in_features, 3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self.weight

    model = archspec.build(spec("Own") + "init: {own.weight: ones}\n")
    assert torch.equal(model.own.weight, torch.ones(4, 3))


def test_several_outputs_and_a_merged_batch() -> None:
    @archspec.register
    class Halves(nn.Module):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return x.reshape(2 * len(x), 2), x.sum(1)

    architecture = archspec.load(spec("Halves") + "outputs: [own, own.1]\n")
    assert [str(type_) for type_ in architecture.output_types.values()] == ["[2·N, 2]", "[N]"]
    assert architecture.prove(architecture.build()) == ()


@pytest.mark.parametrize(
    ("layer", "code", "words"),
    [
        ("{Picky: {size: 0}}", "AS402", "size must be positive"),
        ("{Picky: {size: big}}", "AS401", "must be an integer"),
        ("{Picky: {sise: 1}}", "AS202", "has no argument `sise`"),
        ("{Picky: {size: 5}}", "AS330", "RuntimeError"),
        ("Picky", "AS203", "needs `size`"),
    ],
)
def test_faults(layer: str, code: str, words: str) -> None:
    @archspec.register(check=lambda args, x: None if args.size > 0 else "size must be positive")
    class Picky(nn.Module):
        def __init__(self, size: int) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(size, 2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self.weight

    (fault,) = archspec.check(spec(layer))
    assert fault.code == code
    assert words in fault.message
    assert fault.span is not None


def test_a_taken_name_names_both() -> None:
    class Linear(nn.Module):
        pass

    with pytest.raises(archspec.UsageError, match=r"`Linear` is torch\.nn\.Linear already, so .*Linear cannot"):
        archspec.register(Linear)
    with pytest.raises(archspec.UsageError, match="capital letter"):
        archspec.register(Linear, name="linear")
    archspec.register(Linear, name="Mine")
    archspec.register(Linear, name="Mine")

    class Other(nn.Module):
        pass

    with pytest.raises(archspec.UsageError, match=r"Linear already, so .*Other cannot"):
        archspec.register(Other, name="Mine")


def test_a_plugin_that_fails(tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_text("x = 1\nx.nothing\n")
    with pytest.raises(archspec.UsageError, match=r"bad\.py` fails \(line 2\): AttributeError"):
        archspec.load_plugin(str(path))
    with pytest.raises(archspec.UsageError, match="FileNotFoundError"):
        archspec.load_plugin(str(tmp_path / "none.py"))


@dataclass
class Point:
    """An entry point of an installed package."""

    name: str
    value: str
    load: Callable[[], type[nn.Module]] = lambda: nn.Identity


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Point]]:
    """What installed packages offer."""
    points: list[Point] = []
    monkeypatch.setattr(metadata, "entry_points", lambda *, group: points if group == "archspec.layers" else [])
    plugins._offered.cache_clear()
    yield points
    plugins._offered.cache_clear()


def test_an_installed_entry_point(installed: list[Point]) -> None:
    asked = []

    def load() -> type[nn.Module]:
        asked.append("loaded")
        return nn.Identity

    installed.append(Point("Offered", "package:Offered", load))
    assert archspec.check(spec("Linear: 3".join("{}"))) == ()
    assert not asked
    assert archspec.check(spec("Offered")) == ()
    assert asked == ["loaded"]


def test_an_installed_layer_keeps_the_rules_that_its_module_registers(installed: list[Point]) -> None:
    def load() -> type[nn.Module]:
        class Doubled(nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                raise AssertionError("a layer with a shape rule is not run")

        return archspec.register(name="Doubled", shape=lambda args, x: (*x[:-1], 2 * x[-1]))(Doubled)

    installed.append(Point("Doubled", f"{__name__}:Doubled", load))
    assert [str(each) for each in archspec.load(spec("Doubled")).output_types.values()] == ["[N, 8]"]


def test_a_name_of_two_installed_packages_names_both(installed: list[Point]) -> None:
    installed += [Point("Twice", "one:Twice"), Point("Twice", "one:Twice"), Point("Twice", "two.layers:Twice")]
    with pytest.raises(archspec.UsageError, match=r"one:Twice and two\.layers:Twice"):
        archspec.check(spec("Twice"))


def test_a_name_that_an_installed_package_offers_is_taken(installed: list[Point]) -> None:
    installed.append(Point("Offered2", "package.layers:Offered2"))
    with pytest.raises(archspec.UsageError, match=r"package\.layers:Offered2 of an installed package already, so "):
        archspec.register(nn.Identity, name="Offered2")


def test_an_installed_layer_that_cannot_be_loaded(installed: list[Point]) -> None:
    def load() -> type[nn.Module]:
        raise ImportError("No module named 'gone'")

    installed.append(Point("Broken", "package:Broken", load))
    with pytest.raises(archspec.UsageError, match=r"`Broken` cannot be loaded from package:Broken: ImportError"):
        archspec.check(spec("Broken"))
