"""The checkpoints of a run: one folder each, complete or not there; the newest good one is what a run goes on from."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import torch

from archspec.train.ranks import ALONE, Ranks
from archspec.train.store.durable import HashedFile, link_or_copy, remove_folder, rename, sha256, sync_folder, write_new
from archspec.train.store.manifest import NAME, DamagedError, Manifest, damage_of, verify

STATE, SHARDS = "state.pt", ".metadata"
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
    ranks: the processes that write each of them together.
    """

    path: Path
    kept: int = 2
    ranks: Ranks = ALONE

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
        return damage_of(self.folder(moment)) is None

    def save(self, moment: Moment, state: Mapping[str, Any], beside: Iterable[Path] = ()) -> None:
        """Write a checkpoint, read it back, give it its name; only then older ones go.

        Args:
            moment: where the run is.
            state: tensors, numbers, strings, lists and dicts. Of several processes each has the whole of what is not
                sharded.
            beside: finished files which are kept along with it.

        Raises:
            OSError: it cannot be written. Those of before are as they were.
        """
        part = self.ranks.first(lambda: self._begin(moment))
        if part is None:
            return
        try:
            shards: dict[str, tuple[str, int]] = {}
            if self.ranks.are_several:
                state, shards = self._write_shards(part, state)
            self.ranks.first(lambda: self._finish(part, moment, state, shards, beside))
        except BaseException:
            if self.ranks.is_first:
                shutil.rmtree(part, ignore_errors=True)
            raise

    def _begin(self, moment: Moment) -> Path | None:
        """An empty folder to fill; None where the checkpoint is there."""
        if self.is_good(moment):
            return None
        self.path.mkdir(exist_ok=True)
        part = self.path / f".{moment.folder}.{os.getpid()}.part"
        part.mkdir()
        return part

    def _write_shards(
        self, part: Path, state: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], dict[str, tuple[str, int]]]:
        """The state without what every process has written its part of, and all these files."""
        from archspec.train.store import shards  # late: one process needs none of it

        state, tensors = shards.taken_apart(state)
        shards.write(part, tensors)
        written = self.ranks.gather(shards.own_files(part, self.ranks.rank))
        return state, {name: file for each in written for name, file in each.items()}

    def _finish(
        self,
        part: Path,
        moment: Moment,
        state: Mapping[str, Any],
        shards: Mapping[str, tuple[str, int]],
        beside: Iterable[Path],
    ) -> None:
        _fill(part, moment.folder, state, shards, beside)
        if self.folder(moment).exists():  # a damaged one that was passed over
            remove_folder(self.folder(moment))
        rename(part, self.folder(moment))
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


def _fill(
    folder: Path,
    name: str,
    state: Mapping[str, Any],
    shards: Mapping[str, tuple[str, int]],
    beside: Iterable[Path],
) -> None:
    files = {STATE: _write_state(folder / STATE, state), **shards}
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


def read_state(folder: Path, empty: Callable[[Any, Any, Any], torch.Tensor] | None = None) -> dict[str, Any]:
    """The state of a checkpoint whose files are as they were written. No code in it is ever run.

    Args:
        folder: of the checkpoint.
        empty: where a tensor that several processes have written is read into, from its place in the state, its size
            and its type; by default into an ordinary one.

    Raises:
        DamagedError: they are not, or they hold something else than tensors and plain data.
    """
    verify(folder)
    return read_verified(folder, empty)


def read_verified(folder: Path, empty: Callable[[Any, Any, Any], torch.Tensor] | None = None) -> dict[str, Any]:
    """As `read_state`, of a checkpoint of which somebody else knows that its files are as they were written."""
    try:
        state = torch.load(folder / STATE, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception:  # whatever a file that claims to be a checkpoint makes the reader raise
        raise DamagedError(f"holds something other than tensors and plain data in `{STATE}`") from None
    if not isinstance(state, dict):
        raise DamagedError(f"holds no state in `{STATE}`")
    if not (folder / SHARDS).exists():
        return state
    from archspec.train.store import shards  # late: a checkpoint of one process has none

    return shards.put_together(state, folder, empty or (lambda place, size, dtype: torch.empty(size, dtype=dtype)))
