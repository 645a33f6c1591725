"""Which commit a run was started at, and whether the files were as committed."""

from __future__ import annotations

import os
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

_SECONDS = 5
_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class GitState:
    """Attributes:
    commit: the full name of the commit that is checked out.
    branch: the branch; None where there is none.
    dirty: whether files that git follows were changed; None where git did not say in time.
    """

    commit: str
    branch: str | None
    dirty: bool | None

    def as_data(self) -> dict[str, object]:
        """As `run.json` has it."""
        return asdict(self)


def git_state(folder: Path) -> GitState | None:
    """The state of the repository that a folder is in; None without git, or outside of any."""
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if not commit:
        return None
    branch = _git(folder, "symbolic-ref", "--quiet", "--short", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no", "--ignore-submodules")
    return GitState(commit.strip(), (branch or "").strip() or None, None if changes is None else bool(changes.strip()))


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints; None where it fails. A repository's own watcher is not run."""
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            env={**os.environ, **_QUIET},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
