"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archspec.errors import Diagnostic, UsageError


@contextmanager
def written(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A place beside `path` to write into, under the same name; what lies there afterwards is moved to where `path` is.

    Other files may be written beside it, which are moved first. Where anything goes wrong, nothing is left.

    Raises:
        UsageError: AS705, it cannot be written.
    """
    target = Path(path)
    folder = None
    try:
        if not target.name or target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name[:80]}."))
        mode = _usual_mode(folder)
        yield folder / target.name
        for file in sorted(folder.iterdir(), key=lambda file: file.name == target.name):
            file.chmod(mode)  # safetensors makes files that their owner alone can read
            os.replace(file, target.parent / file.name)
    except OSError as error:
        help = "choose a file in a folder that exists and that you may write to"
        message = f"cannot write `{target}`: {(error.strerror or str(error)).lower()}"
        raise UsageError(Diagnostic("AS705", message, help=help)) from None
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _usual_mode(folder: Path) -> int:
    probe = folder / "probe"
    probe.touch()
    mode = probe.stat().st_mode & 0o777
    probe.unlink()
    return mode
