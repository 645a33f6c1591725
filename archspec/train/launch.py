"""Starting a training in several processes, and knowing that one is among them. torch is loaded where they start."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Mapping, Sequence

from archspec.errors import Diagnostic, UsageError

_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
_SECONDS_TO_SAVE = 300
_ALONE = ("--standalone", "--nproc-per-node")
_ASKED_TO_STOP = (130, 143)


def is_launched(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is one of several that `torchrun`, or something that sets what it sets, has started."""
    return all(name in environment for name in _VARIABLES) and environment["WORLD_SIZE"] != "1"


def is_first_process(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is the one that tells how it goes."""
    return not is_launched(environment) or environment["RANK"] == "0"


def launch(devices: int, arguments: Sequence[str]) -> int | None:
    """Run `archspec` with these arguments in several processes on this machine, by torch's own launcher.

    Args:
        devices: how many processes.
        arguments: of the command `archspec`.

    Returns:
        The exit status; None where this process is the only one, or one of several that were started already, and has
        the work to do itself.

    Raises:
        UsageError: AS622, a process has died.
    """
    if devices == 1 or is_launched():
        return None
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import parse_args, run

    logging.getLogger("torch.distributed").setLevel(logging.CRITICAL)  # it tells the same in a traceback
    os.environ.setdefault("TORCH_ELASTIC_SHUTDOWN_TIMEOUT", str(_SECONDS_TO_SAVE))
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // devices)))
    try:
        run(parse_args([*_ALONE, str(devices), "-m", "archspec", *arguments]))  # type: ignore[no-untyped-call]
    except SignalException as asked:
        return 128 + int(asked.sigval)
    except ChildFailedError as failed:
        return _status({rank: failure.exitcode for rank, failure in failed.failures.items()})
    return 0


def _status(codes: Mapping[int, int]) -> int:
    """The exit status of all, from those of the processes that failed; what they said themselves is not said again.

    Raises:
        UsageError: AS622, one of them was ended by a signal.
    """
    for rank, code in sorted(codes.items()):
        if code < 0 and -code != signal.SIGTERM:
            message = f"process {rank} of this run was ended by {_name(-code)}"
            help = "go on with `archspec train --resume RUN`, from the newest checkpoint in the run folder"
            raise UsageError(Diagnostic("AS622", message, help=help))
    stopped = [code for code in codes.values() if code in _ASKED_TO_STOP]
    return stopped[0] if len(stopped) == len(codes) and stopped else next(iter(codes.values()), 2)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
