"""The commands and programs of a page, run from top to bottom in one folder; what is printed is what stands there."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.cli.run import Shell
from tests.docs.pages import Fence, fences, put

PAGES = [Path("docs/from-pytorch.md"), Path("docs/tutorial.md"), Path("docs/training.md"), Path("docs/runs.md")]
ELISION = "…"


@pytest.mark.parametrize("page", [page.resolve() for page in PAGES if page.exists()], ids=lambda page: page.stem)
def test_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: Shell) -> None:
    monkeypatch.chdir(tmp_path)
    _photos(tmp_path / "photos")
    for number, fence in enumerate(fences(page)):
        if fence.language == "yaml" and fence.words:
            Path(fence.words[0]).write_text(fence.text)
        if fence.words == ("run",):
            exec(compile(fence.text, f"{page}:{fence.line}", "exec"), _namespace())
        if fence.language == "console":
            _check(fences(page)[number], shell)


def _namespace() -> dict[str, Any]:
    return {"__name__": "page"}


def _check(fence: Fence, shell: Shell) -> None:
    shown = _transcripts(fence.text)
    made = [(command, _run(command, shell)) for command, _ in shown]
    pairs = zip(made, shown, strict=True)
    wrong = [ran for ran, (_, expected) in pairs if not _shows(_masked(expected), _masked(ran[1]))]
    if wrong and os.environ.get("ARCHSPEC_GOLDEN") == "rewrite" and ELISION not in fence.text.splitlines():
        put(fence, "".join(f"$ {command}\n{output}" for command, output in made))
    elif wrong:
        command, output = wrong[0]
        pytest.fail(f"{fence.page.name}:{fence.line}: {command}\n{output}")


def _transcripts(text: str) -> list[tuple[str, str]]:
    """Each command with what it prints."""
    found = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
    assert found[0] == ""
    return list(zip(found[1::2], found[2::2], strict=True))


def _run(command: str, shell: Shell) -> str:
    words = command.split("  #")[0].split()
    assert words[0] == "archspec"
    ran = shell(*words[1:])
    return ran.out + ran.err


def _masked(text: str) -> str:
    """Without times, and without the measured numbers of a training run."""
    text = re.sub(r"\d+(\.\d+)? (ms|s)\b", "TIME", text).replace("TIME  best", "TIME")
    return re.sub(r"\d+\.\d{3,}|(?<=at epoch )\d+", "NUMBER", text)


def _shows(expected: str, output: str) -> bool:
    """Whether the one is the other, but for lines that a line with `…` alone stands for."""
    parts = [re.escape(part) for part in re.split(rf"^{ELISION}\n", expected, flags=re.MULTILINE)]
    return re.fullmatch("(?:.*\n)*".join(parts), output) is not None


def _photos(folder: Path) -> None:
    """Small noisy images, the cats dark and the dogs light."""
    numbers = np.random.default_rng(0)
    for phase, count in (("train", 12), ("val", 6)):
        for kind, low in (("cats", 0), ("dogs", 128)):
            (folder / phase / kind).mkdir(parents=True)
            for index in range(count):
                pixels = numbers.integers(low, low + 128, (40, 36, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / phase / kind / f"{index}.png")
