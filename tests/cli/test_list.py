"""`archspec list`."""

from __future__ import annotations

import json
import subprocess
import sys

import archspec
from tests.cli.run import Shell


def test_a_line_for_each_network(shell: Shell) -> None:
    run = shell("list")
    lines = run.out.splitlines()
    assert run.status == 0
    assert lines[0].split() == ["name", "spec", "input", "params", "MACs"]
    assert ["zoo:vgg16_bn", "classification/vgg.yaml", "3×224×224", "138,365,992", "15,470,264,320"] in [
        line.split() for line in lines
    ]
    assert len(lines) == 2 + len(archspec.list_zoo())
    assert len({len(line) for line in lines}) == 1


def test_words_choose(shell: Shell) -> None:
    names = [line.split()[0] for line in shell("list", "GPT2", "segmentation").out.splitlines()[2:]]
    assert "zoo:gpt2_xl" in names
    assert "zoo:segnet" in names
    assert "zoo:vgg16" not in names
    assert len(shell("list", "nothing_of_that_name").out.splitlines()) == 2


def test_as_data(shell: Shell) -> None:
    (found,) = json.loads(shell("list", "--json", "siamese").out)
    assert found == {
        "name": "zoo:siamese",
        "spec": "similarity/siamese.yaml",
        "inputs": {"left": [1, 105, 105], "right": [1, 105, 105]},
        "params": 38_951_745,
        "macs": 1_817_251_840,
    }


def test_without_torch() -> None:
    code = (
        "import sys; sys.argv = ['archspec', 'list']\n"
        "from archspec.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print({'torch', 'torchvision'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "set()"
