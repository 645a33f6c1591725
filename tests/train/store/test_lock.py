"""One run per folder, told apart by process and within one; a dead holder holds nothing."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from archspec.errors import UsageError
from archspec.train.store.lock import NAME, locked

HOLDER = """
import sys, time
from pathlib import Path
from archspec.train.store.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(100)
"""


def test_another_process_is_refused_until_it_is_dead(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(UsageError, match=f"process {holder.pid} on ") as caught, locked(tmp_path):
        pass
    assert caught.value.diagnostic.code == "AS605"
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with locked(tmp_path):
        assert f"process {os.getpid()}" in (tmp_path / NAME).read_text()


def test_a_second_run_of_one_process_is_refused(tmp_path):
    with locked(tmp_path):
        with pytest.raises(UsageError, match="of this process"), locked(tmp_path / "." / ""):
            pass
        with pytest.raises(UsageError), locked(tmp_path):
            pass
    with locked(tmp_path):
        pass


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_folder_that_cannot_be_written_to(tmp_path, monkeypatch, number):
    def refusing(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(UsageError, match=os.strerror(number)) as caught, locked(tmp_path):
        pass
    assert caught.value.diagnostic.code == "AS603"
