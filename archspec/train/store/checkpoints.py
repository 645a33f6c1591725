"""The checkpoints of a run: one folder each, complete or not there; the newest good one is what a run goes on from."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import torch

from archspec.train.store.durable import HashedFile, link_or_copy, remove_folder, rename, sha256, sync_folder, write_new
from archspec.train.store.manifest import NAME, DamagedError, Manifest, verify

STATE = "state.pt"
_FOLDER = re.compile(r"epoch-(\d{1,9})-batch-(\d{1,12})")
_PART = re.compile(r"\..+\.part")


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A place in a run: so many batches of that epoch are done. Epochs count from 1."""

    epoch: int
    batch: int

    @property
    def folder(self) -> str:
        """The name of its checkpoint."""
        return f"epoch-{self.epoch}-batch-{self.batch}"


START = Moment(1, 0)


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Attributes:
    path: the folder of the folders; made with the first one.
    kept: how many stay, at least 1.
    """

    path: Path
    kept: int = 2

    def moments(self) -> list[Moment]:
        """Of what is there, good or not, the newest first. Clocks are not asked."""
        if not self.path.is_dir():
            return []
        found = (_FOLDER.fullmatch(entry.name) for entry in os.scandir(self.path))
        return sorted((Moment(int(match[1]), int(match[2])) for match in found if match), reverse=True)

    def folder(self, moment: Moment) -> Path:
        """Where the checkpoint of a moment is, or would be."""
        return self.path / moment.folder

    def is_good(self, moment: Moment) -> bool:
        """Whether it is there and every byte is as it was written."""
        try:
            verify(self.folder(moment))
        except DamagedError:
            return False
        return True

    def save(self, moment: Moment, state: Mapping[str, Any], beside: Iterable[Path] = ()) -> None:
        """Write a checkpoint, read it back, give it its name; only then older ones go.

        Args:
            moment: where the run is.
            state: tensors, numbers, strings, lists and dicts.
            beside: finished files which are kept along with it.

        Raises:
            OSError: it cannot be written. Those of before are as they were.
        """
        if self.is_good(moment):
            return
        self.path.mkdir(exist_ok=True)
        part = self.path / f".{moment.folder}.{os.getpid()}.part"
        try:
            part.mkdir()
            _fill(part, moment.folder, state, beside)
            if self.folder(moment).exists():  # a damaged one that was passed over
                remove_folder(self.folder(moment))
            rename(part, self.folder(moment))
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        self._prune()

    def sweep(self) -> None:
        """Remove what a killed process left half-written. For whoever holds the run's lock."""
        if self.path.is_dir():
            for entry in os.scandir(self.path):
                if _PART.fullmatch(entry.name):
                    shutil.rmtree(entry.path, ignore_errors=True)

    def _prune(self) -> None:
        """What cannot be removed now is no reason to stop: it will be tried again with the next one."""
        for moment in self.moments()[self.kept :]:
            with contextlib.suppress(OSError):
                remove_folder(self.folder(moment))


def _fill(folder: Path, name: str, state: Mapping[str, Any], beside: Iterable[Path]) -> None:
    files = {STATE: _write_state(folder / STATE, state)}
    for path in beside:
        link_or_copy(path, folder / path.name)
        files[path.name] = (sha256(path), path.stat().st_size)
    for file, (sum, _) in files.items():
        if sha256(folder / file) != sum:
            raise OSError(None, "the disk gives back other bytes than were written", str(folder / file))
    write_new(folder / NAME, Manifest(name, files).render())
    sync_folder(folder)


def _write_state(path: Path, state: Mapping[str, Any]) -> tuple[str, int]:
    with HashedFile(path) as file:
        try:
            torch.save(state, cast(IO[bytes], file))  # it only writes
        except Exception:
            if file.failure is not None:
                raise file.failure from None
            raise
        return file.sync(), file.size


def read_state(folder: Path) -> dict[str, Any]:
    """The state of a checkpoint whose files are as they were written. No code in it is ever run.

    Raises:
        DamagedError: they are not, or they hold something else than tensors and plain data.
    """
    verify(folder)
    try:
        state = torch.load(folder / STATE, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception:  # whatever a file that claims to be a checkpoint makes the reader raise
        raise DamagedError(f"holds something other than tensors and plain data in `{STATE}`") from None
    if not isinstance(state, dict):
        raise DamagedError(f"holds no state in `{STATE}`")
    return state
