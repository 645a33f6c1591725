"""The kernel's own timer: SIGKILL for this process after so many seconds, wherever it is then."""

from __future__ import annotations

import ctypes
import signal
import sys


class _Event(ctypes.Structure):
    """`struct sigevent` of Linux; to notify by 0 is to send the signal."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signo", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_byte * 48),
    )


class _Times(ctypes.Structure):
    """`struct itimerspec`: every so many seconds, first after so many."""

    _fields_ = (
        ("interval", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("first", ctypes.c_long),
        ("first_ns", ctypes.c_long),
    )


def kill_after(seconds: float) -> None:
    """No thread of ours has to run for it. Where there is no such timer, the alarm's ends a process as abruptly."""
    if sys.platform != "linux":
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
        return
    library, timer = ctypes.CDLL(None, use_errno=True), ctypes.c_void_p()
    event = _Event(signo=signal.SIGKILL)
    times = _Times(0, 0, int(seconds), max(1, int(seconds % 1 * 1e9)))
    if library.timer_create(1, ctypes.byref(event), ctypes.byref(timer)):  # 1 is CLOCK_MONOTONIC
        raise OSError(ctypes.get_errno(), "timer_create")
    if library.timer_settime(timer, 0, ctypes.byref(times), None):
        raise OSError(ctypes.get_errno(), "timer_settime")
