"""One input to the front end, under watch: nothing but success and `SpecError`, in bounded time and memory."""

from __future__ import annotations

import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from types import FrameType

from archspec.compiler import compile_text
from archspec.errors import Diagnostic, SpecError
from archspec.source import load_file
from archspec.source.home import home_of_file

MOST_SECONDS = 2.0
"""Of the processor, on a machine that has nothing else to do; a busy one takes several times as many."""

PATIENT = 20.0
"""For tests, which run on any machine: what has no bounds takes longer than that too."""

MOST_BYTES = 300 * 2**20
LONGEST_MESSAGE = 5_000
SUFFIXES = (".yaml", ".json")

_folder = tempfile.TemporaryDirectory(prefix="archspec-fuzz-")
BESIDE = {
    "base.yaml": "archspec: 1\ninput: [$channels, 16, 16]\nvars: {channels: 3, num_classes: 10}\nlayers:\n"
    "  conv1: {Conv2d: {out_channels: 8, kernel_size: 3, padding: 1}}\n  bn1: BatchNorm2d\n  relu: ReLU\n"
    "  body: {layers: {conv1: {Conv2d: {out_channels: 8, kernel_size: 1}}, relu: ReLU}, skip: add}\n"
    "  deep: {Conv2d: {out_channels: 8, kernel_size: 1}, repeat: 2}\n  flatten: Flatten\n"
    "  fc: {Linear: $num_classes}\n",
    "parts/blocks.yaml": "archspec: 1\nvars: {base: 4}\nblocks:\n  unit:\n    params: {channels: $base}\n"
    "    layers: [{Conv2d: {out_channels: $channels, kernel_size: 1}}, ReLU]\n",
    "loop.yaml": "archspec: 1\nextends: net.yaml\n",
    "over.yaml": "archspec: 1\nextends: base.yaml\nimport: [parts/blocks.yaml]\nvars: {base: 4}\n"
    "layers: {fc: {Linear: 3}, bn1: null}\n",
}
"""What a spec may extend and import: files that lie beside it."""


class Wrong(Exception):
    """An input led to something else than success or refusal, or took too long."""


class _Late(BaseException):
    """Raised by the watchdog; no handler of ours may catch it."""


def bound_memory() -> None:
    """From here on, this process may take so much more memory: what asks for more gets a `MemoryError`."""
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + MOST_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def check_bytes(content: bytes, suffix: str, seconds: float = MOST_SECONDS) -> tuple[Diagnostic, ...]:
    """What the checker says of a file with this content, rendered and as data.

    The time is that of the processor, so that a busy machine does not count.

    Raises:
        Wrong: another exception, too much time or memory, or a diagnostic that nobody can read or that has
            no help.
    """
    path = Path(_folder.name) / f"net{suffix}"
    if not (path.parent / "parts").is_dir():
        (path.parent / "parts").mkdir()
        for name, text in BESIDE.items():
            (path.parent / name).write_text(text, encoding="utf-8")
    path.write_bytes(content)
    before = signal.signal(signal.SIGPROF, _late)
    # Again and again: raised inside a callback of the garbage collector, an exception is printed and forgotten.
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.1)
    try:
        found = _checked(path)
        for fault in found:
            if len(fault.render()) > LONGEST_MESSAGE or not fault.as_data():
                raise Wrong(f"{fault.code} has {len(fault.render()):,} characters")
            if not fault.help:
                raise Wrong(f"{fault.code} says not what to write: {fault.message}")
        SpecError(found)
    except Wrong:
        raise
    except _Late:
        raise Wrong(f"more than {seconds} s") from None
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        # Not `from error`: pytest shows the arguments of each of its frames, and a graph shown whole takes for ever.
        raise Wrong(f"{type(error).__name__} {_place(error)}: {str(error)[:200]}") from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return found


def _checked(path: Path) -> tuple[Diagnostic, ...]:
    try:
        return compile_text(load_file(path), home=home_of_file(path)).diagnostics
    except SpecError as refused:
        return refused.diagnostics


def _late(signum: int, frame: FrameType | None) -> None:
    raise _Late


def _place(error: BaseException) -> str:
    """The innermost line of archspec's own, which tells one fault from another."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "archspec" in frame.filename]
    last = next((frame for frame in reversed(frames) if "/tests/" not in frame.filename), None)
    return "" if last is None else f"in {Path(last.filename).name}, {last.name}"


def seconds_of(content: bytes, suffix: str) -> float:
    """The processor time that an input takes."""
    started = time.process_time()
    check_bytes(content, suffix)
    return time.process_time() - started
