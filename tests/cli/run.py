"""The command line in this process, as a shell would see it."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from archspec.cli.main import main


@dataclass(frozen=True)
class Run:
    """What a command left: its exit status and what it wrote."""

    status: int
    out: str
    err: str


class Shell:
    """Runs `archspec …`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: object) -> Run:
        self._monkeypatch.setattr(sys, "argv", ["archspec", *map(str, arguments)])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return Run(0 if stopped.value.code is None else int(stopped.value.code), out, err)
