"""The folder of a run: found or refused before training, and never with a half-written file in it."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from archspec.errors import Diagnostic, UsageError
from archspec.train.store.durable import link_or_copy, rename
from archspec.train.store.header import order_metadata

FILES = ("spec.yaml", "module.yaml", "run.json", "metrics.csv", "best.safetensors", "last.safetensors", "report.html")
"""By which a folder is known to hold a run."""
METRICS, METRICS_LINES = "metrics.csv", "metrics.jsonl"
_MOST_RUNS = 100_000


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Attributes:
    path: the folder, which exists.
    metadata: what its checkpoints say beside their tensors.
    """

    path: Path
    metadata: Mapping[str, str] = field(default_factory=dict)

    def write(self, name: str, data: bytes) -> None:
        """A whole file at once: whoever looks sees the old one or the new one."""
        self._replace(name, lambda temporary: _write_bytes(temporary, data))

    def save_weights(self, name: str, state: Mapping[str, Tensor]) -> None:
        """A checkpoint as safetensors, the same bytes for the same weights; shared tensors are written once each."""
        own = _without_sharing(state)

        def write(temporary: Path) -> None:
            temporary.touch()
            mode = temporary.stat().st_mode  # safetensors makes files that their owner alone can read
            save_file(own, temporary, {"format": "pt", **self.metadata})
            order_metadata(temporary)
            temporary.chmod(mode)

        self._replace(name, write)

    def load_weights(self, name: str, model: nn.Module) -> None:
        """A checkpoint of this run into its model, in place."""
        state = load_file(self.path / name)
        model.load_state_dict(state)

    def append_metrics(self, row: Mapping[str, object], *, first: bool) -> None:
        """A row of `metrics.csv` and `metrics.jsonl`, on the disk when this returns; the first one with the head."""
        self._append(METRICS, _csv([list(row)] if first else [], [list(row.values())]))
        self._append(METRICS_LINES, _json_lines([row]))

    def rewrite_metrics(self, rows: Sequence[Mapping[str, object]]) -> None:
        """`metrics.csv` and `metrics.jsonl` of these rows and no others; no files for none."""
        if not rows:
            for name in (METRICS, METRICS_LINES):
                (self.path / name).unlink(missing_ok=True)
            return
        self.write(METRICS, _csv([list(rows[0])], [list(row.values()) for row in rows]).encode("utf-8"))
        self.write(METRICS_LINES, _json_lines(rows).encode("utf-8"))

    def _append(self, name: str, text: str) -> None:
        with open(self.path / name, "a", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    def best_files(self) -> list[Path]:
        """The weights of the best epochs."""
        return sorted(self.path.glob("best*.safetensors"))

    def keep_best_of(self, names: Iterable[str]) -> None:
        """Remove the weights of all other measurements; `best.safetensors` stays."""
        kept = {"best.safetensors", *names}
        for path in self.best_files():
            if path.name not in kept:
                path.unlink()

    def bring_back(self, checkpoint: Path) -> None:
        """The weights of the best epochs as they were at a checkpoint that is whole."""
        there = {path.name for path in checkpoint.glob("best*.safetensors")}
        for path in self.best_files():
            if path.name not in there:
                path.unlink()
        for name in there:
            self._replace(name, partial(link_or_copy, checkpoint / name))

    def _replace(self, name: str, write: Callable[[Path], None]) -> None:
        temporary = self.path / f".{name}.{os.getpid()}.part"
        try:
            write(temporary)
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
            rename(temporary, self.path / name)
        finally:
            temporary.unlink(missing_ok=True)


def _csv(*parts: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    for rows in parts:
        csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _json_lines(rows: Iterable[Mapping[str, object]]) -> str:
    """JSON has no word for what is not finite: it is null there."""
    return "".join(json.dumps({name: _finite(value) for name, value in row.items()}) + "\n" for row in rows)


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _without_sharing(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    seen: set[int] = set()
    own = {}
    for name, tensor in state.items():
        tensor = tensor.detach().cpu().contiguous()
        address = tensor.untyped_storage().data_ptr()
        own[name] = tensor.clone() if address in seen else tensor
        seen.add(address)
    return own


def open_run_folder(name: str, out: str | os.PathLike[str] | None) -> RunFolder:
    """The folder to write into, made where it is not there.

    Args:
        name: the spec's; without `out` the folder is `runs/<name>-<n>` with the next free number.
        out: the folder that the user asked for.

    Raises:
        UsageError: AS602, it holds a run already; AS603, it cannot be written to.
    """
    try:
        folder = _next_free(name) if out is None else _given(Path(out).expanduser())
        probe = folder.path / f".probe.{os.getpid()}.part"
        probe.touch()
        probe.unlink()
    except OSError as error:
        where = error.filename or out
        message = f"cannot write into `{where}`: {error.strerror or error}"
        help = "give a folder that can be written to, with `--out DIR`"
        raise UsageError(Diagnostic("AS603", message, help=help)) from None
    return folder


def _given(path: Path) -> RunFolder:
    path.mkdir(parents=True, exist_ok=True)
    held = [name for name in FILES if (path / name).exists()]
    if held:
        message = f"`{path}` holds a run already ({', '.join(held)})"
        help = "give another folder with `--out`, or leave it out for the next free one"
        raise UsageError(Diagnostic("AS602", message, help=help))
    return RunFolder(path)


def _next_free(name: str) -> RunFolder:
    stem = re.sub(r"[^\w.-]+", "_", name)[:80].strip(".") or "run"
    runs = Path("runs")
    runs.mkdir(exist_ok=True)
    taken = [
        int(found[1])
        for entry in runs.iterdir()
        if (found := re.fullmatch(rf"{re.escape(stem)}-(\d{{1,6}})", entry.name))
    ]
    for number in range(max(taken, default=0) + 1, _MOST_RUNS):
        try:
            (runs / f"{stem}-{number}").mkdir()
        except FileExistsError:
            continue
        return RunFolder(runs / f"{stem}-{number}")
    raise OSError(None, "there are too many runs", str(runs))
