"""`import`: blocks of other files, with the variables of their file, and files that only hold blocks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from torch import nn

import archspec
from archspec import SpecError
from archspec.source import limits

LIBRARY = """archspec: 1
description: Heads.
vars: {width: 8, twice: $(width * 2), act: ReLU, unused: 3}
blocks:
  head: {params: {n: int}, layers: {hidden: {inner: {n: $twice}}, act: $act, out: {Linear: $n}}}
  inner: {params: {n: int, width: 2}, layers: {fc: {Linear: $(n * width)}}}
  plain: {layers: [ReLU]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "heads.yaml").write_text(LIBRARY)
    return tmp_path


def net(folder: Path, text: str) -> Path:
    path = folder / "net.yaml"
    path.write_text("archspec: 1\ninput: [4]\n" + text)
    return path


def codes(path: Path) -> list[str]:
    return [fault.code for fault in archspec.check(path)]


def test_blocks_come_with_those_that_they_use(folder: Path) -> None:
    module = archspec.build(net(folder, "import: blocks/heads.yaml\nlayers: {head: {head: 3}}\n"))
    assert module.head.hidden.fc.out_features == 32
    assert module.head.out.out_features == 3


def test_a_block_keeps_the_variables_of_its_file(folder: Path) -> None:
    """The importing file's variables of the same names are others; the block's are arguments of it."""
    variables, layers = "vars: {width: 100, act: Tanh}\n", "layers: {a: {head: 3}, b: {head: {n: 3, twice: 5}}}\n"
    architecture = archspec.load(net(folder, "import: [blocks/heads.yaml]\n" + variables + layers))
    assert architecture.variables == {"width": 100, "act": "Tanh"}
    assert architecture.shapes["a.hidden.fc"][1] == 32
    assert architecture.shapes["b.hidden.fc"][1] == 10
    assert {call.op.name for call in architecture.graph.calls()} == {"Linear", "ReLU"}
    text = architecture.spec_text
    assert archspec.load(text).shapes == architecture.shapes
    assert "unused" not in text


def test_nothing_else_comes(folder: Path) -> None:
    architecture = archspec.load(net(folder, "import: [zoo:resnet34]\nlayers: {fc: {Linear: 2}}\n"))
    assert architecture.recipe is None
    assert architecture.name == "Model"
    assert list(architecture.shapes) == ["fc"]
    assert architecture.variables == {}


def test_a_block_of_the_zoo(folder: Path) -> None:
    path = folder / "net.yaml"
    path.write_text("archspec: 1\ninput: [3, 8, 8]\nimport: zoo:resnet34\nlayers: {a: {res_block: {channels: 8}}}\n")
    assert archspec.build(path).a.bn1.num_features == 8


def test_a_file_of_blocks_is_checked_alone(folder: Path) -> None:
    library = folder / "blocks" / "heads.yaml"
    assert archspec.check(library) == ()
    library.write_text(LIBRARY.replace("Linear: $n}", "Lineer: $n}"))
    (fault,) = archspec.check(library)
    assert (fault.code, fault.help) == ("AS201", "did you mean `Linear`?")
    library.write_text(LIBRARY.replace("width: 8", "width: $twice"))
    assert codes(library) == ["AS206"]


def test_a_file_of_blocks_is_no_model(folder: Path) -> None:
    for act in (archspec.load, archspec.build, archspec.train):
        with pytest.raises(SpecError) as caught:
            act(folder / "blocks" / "heads.yaml")
        assert [fault.code for fault in caught.value.diagnostics] == ["AS113"]


@pytest.mark.parametrize("rest", ["input: [3]", "layers: {b: b}", "train: {data: digits}"])
def test_a_part_of_a_model_is_no_file_of_blocks(rest: str, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"archspec: 1\nblocks: {{b: {{layers: [ReLU]}}}}\n{rest}\n")
    assert "AS103" in codes(path)


def test_libraries_import_libraries(folder: Path) -> None:
    more = folder / "blocks" / "more.yaml"
    more.write_text("archspec: 1\nimport: [heads.yaml]\nblocks: {two: {layers: {a: {head: 2}, b: {head: 3}}}}\n")
    assert archspec.check(more) == ()
    path = net(folder, "import: [blocks/more.yaml, blocks/heads.yaml]\nlayers: {two: two, head: {head: 1}}\n")
    assert archspec.check(path) == ()  # `head` comes on two ways, and is one block
    more.write_text("archspec: 1\nimport: [heads.yaml]\n")
    assert codes(net(folder, "import: [blocks/more.yaml]\nlayers: {head: {head: 1}}\n")) == []


def test_names_that_mean_two_blocks(folder: Path) -> None:
    (folder / "other.yaml").write_text("archspec: 1\nblocks: {head: {layers: [ReLU]}}\n")
    assert codes(net(folder, "import: [blocks/heads.yaml, other.yaml]\nlayers: {a: {head: 1}}\n")) == ["AS243"]
    own = "import: other.yaml\nblocks: {head: {layers: [Tanh]}}\nlayers: {a: head}\n"
    assert codes(net(folder, own)) == ["AS243"]


def test_a_base_and_its_overlay_import(folder: Path) -> None:
    (folder / "base.yaml").write_text(
        "archspec: 1\ninput: [4]\nimport: blocks/heads.yaml\nlayers: {a: {head: 3}, b: ReLU}\n"
    )
    path = folder / "net.yaml"
    path.write_text(
        "archspec: 1\nextends: base.yaml\nimport: blocks/heads.yaml\nlayers: {b: {head: 2}}\n"
        "blocks: {inner: {layers: {fc: {Linear: 7}}}}\n"
    )
    assert codes(path) == ["AS243"]
    path.write_text(path.read_text().replace("import: blocks/heads.yaml\n", ""))
    assert archspec.load(path).shapes["b.hidden.fc"][1] == 7


def test_files_and_values_have_bounds(tmp_path: Path) -> None:
    names = [f"b{index}.yaml" for index in range(limits.MAX_FILES + 1)]
    for index, name in enumerate(names):
        (tmp_path / name).write_text(f"archspec: 1\nblocks: {{b{index}: {{layers: [ReLU]}}}}\n")
    many = "import: [{}]\nlayers: {{fc: {{Linear: 2}}}}\n"
    assert codes(net(tmp_path, many.format(", ".join(names[:-1])))) == []
    assert codes(net(tmp_path, many.format(", ".join(names)))) == ["AS242"]
    for index in range(5):
        values = ", ".join(["0"] * 25_000)
        (tmp_path / f"b{index}.yaml").write_text(
            f"archspec: 1\nvars: {{v: [{values}]}}\nblocks: {{b{index}: {{layers: [ReLU]}}}}\n"
        )
    assert codes(net(tmp_path, many.format("b0.yaml, b1.yaml"))) == []
    assert codes(net(tmp_path, many.format("b0.yaml, b1.yaml, b2.yaml"))) == ["AS242"]
    assert codes(net(tmp_path, many.format("b0.yaml, b1.yaml, b2.yaml, b3.yaml, b4.yaml"))) == ["AS242"]


def test_variables_in_many_blocks_are_counted(tmp_path: Path) -> None:
    """A file of 28,000 values whose 2,000 blocks would hold 40 million."""
    blocks = "".join(f"  b{index}: {{layers: [{{Linear: $v}}]}}\n" for index in range(2_000))
    (tmp_path / "b.yaml").write_text(f"archspec: 1\nvars: {{v: [{', '.join(['0'] * 20_000)}]}}\nblocks:\n{blocks}")
    (fault,) = archspec.check(net(tmp_path, "import: [b.yaml]\nlayers: {fc: {Linear: 2}}\n"))
    assert fault.code == "AS242"


def test_the_command_line(folder: Path) -> None:
    path = net(folder, "import: ../lib.yaml\nlayers: {a: part}\n")
    path.rename(folder / "blocks" / "net.yaml")
    (folder / "lib.yaml").write_text("archspec: 1\nblocks: {part: {layers: {fc: {Linear: 2}}}}\n")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "archspec", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    spec = str(folder / "blocks" / "net.yaml")
    refused = run("check", spec)
    assert refused.returncode == 1
    assert "AS240" in refused.stdout
    assert run("check", spec, "--allow-root", str(folder)).returncode == 0
    built = run("build", spec, "--allow-root", str(folder))
    assert "part" in built.stdout
    assert built.returncode == 0
    assert run("check", "zoo:resnet34").returncode == 0


def test_specs_that_reuse_nothing_do_not_pay_for_it() -> None:
    code = (
        "import sys, archspec; archspec.load('specs/convnet.yaml');"
        "print([name for name in sys.modules if name.endswith(('assemble', 'extend', 'imports', 'confine'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


HOUSE = """archspec: 1
vars: {size: 5}
defaults: {Conv2d: {kernel_size: $size, bias: false}}
blocks:
  step: {params: {act: {ReLU: }}, layers: {conv: {Conv2d: 2}, act: $act}}
  own: {defaults: {Conv2d: {kernel_size: 1}}, layers: {conv: {Conv2d: 2}}}
"""
HOST = """archspec: 1
input: [3, 16, 16]
import: [house.yaml, bare.yaml]
vars: {size: 3}
defaults: {Conv2d: {kernel_size: $size}, ReLU: {inplace: true}, LeakyReLU: {negative_slope: 0.5}}
layers:
  conv: {Conv2d: 2}
  step: step
  given: {step: {act: {LeakyReLU: }}}
  own: own
  bare: bare
"""


@pytest.fixture
def host(folder: Path) -> Path:
    (folder / "house.yaml").write_text(HOUSE)
    (folder / "bare.yaml").write_text("archspec: 1\nblocks: {bare: {layers: {act: ReLU}}}\n")
    (folder / "host.yaml").write_text(HOST)
    return folder / "host.yaml"


def _has_each_its_own(module: nn.Module) -> None:
    convs = [module.get_submodule(name) for name in ("conv", "step.conv", "given.conv", "own.conv")]
    assert [(conv.kernel_size[0], conv.bias is None) for conv in convs] == [
        (3, False),
        (5, True),
        (5, True),
        (1, False),
    ]
    assert not module.get_submodule("step.act").inplace
    assert not module.get_submodule("bare.act").inplace
    assert module.get_submodule("given.act").negative_slope == 0.5  # written in the importing file


def test_a_block_keeps_the_defaults_of_its_file(host: Path) -> None:
    _has_each_its_own(archspec.build(host))


def test_what_is_kept_has_the_same_defaults(host: Path) -> None:
    architecture = archspec.load(host)
    _has_each_its_own(archspec.load(json.loads(architecture.to_json())).build())
    text = architecture.to_yaml()
    (host.parent / "kept.yaml").write_text(text)
    _has_each_its_own(archspec.build(host.parent / "kept.yaml"))
    assert [fault.code for fault in archspec.check(host)] == ["AS231"]  # of the ReLU that it has not itself
    assert [fault.code for fault in archspec.check(host.parent / "kept.yaml")] == ["AS231"]


def test_an_overlay_s_defaults_do_not_reach_into_imported_blocks(host: Path) -> None:
    overlay = host.parent / "overlay.yaml"
    overlay.write_text("archspec: 1\nextends: host.yaml\ndefaults: {GELU: {approximate: tanh}, Conv2d: {padding: 1}}\n")
    module = archspec.build(overlay)
    _has_each_its_own(module)
    assert [module.get_submodule(name).padding[0] for name in ("conv", "step.conv", "own.conv")] == [1, 0, 0]
    assert [fault.code for fault in archspec.check(overlay)] == ["AS231"]


def test_nothing_is_written_of_defaults_that_nobody_has(folder: Path) -> None:
    path = net(folder, "import: blocks/heads.yaml\nlayers: {head: {head: 3}}\n")
    assert "defaults" not in archspec.load(path).to_yaml()


def test_a_parameter_s_default_is_a_variable_of_its_file(folder: Path) -> None:
    """Also where the spec is kept as one text, in which the variable is a parameter after the one that uses it."""
    (folder / "lib.yaml").write_text(
        "archspec: 1\nvars: {base: 4}\nblocks: {unit: {params: {n: $(base + 1)}, layers: {fc: {Linear: $n}}}}\n"
    )
    architecture = archspec.load(net(folder, "import: lib.yaml\nlayers: {a: unit, b: {unit: 3}}\n"))
    assert [architecture.shapes[name][1] for name in ("a.fc", "b.fc")] == [5, 3]
    assert archspec.load(architecture.spec_text).shapes == architecture.shapes


def test_a_long_chain_of_variables(folder: Path) -> None:
    chain = "".join(f"  v{index}: $v{index - 1}\n" for index in range(1, 3_000))
    (folder / "lib.yaml").write_text(
        f"archspec: 1\nvars:\n  v0: 7\n{chain}blocks: {{b: {{layers: {{fc: {{Linear: $v2999}}}}}}}}\n"
    )
    assert archspec.load(net(folder, "import: lib.yaml\nlayers: {a: b}\n")).shapes["a.fc"][1] == 7
