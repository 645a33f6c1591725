"""How quiet the machine was while something was measured: what other processes took of its processors."""

from __future__ import annotations

import os
import resource
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """A moment: seconds that have gone by, that all processors were busy, and that our own processes took of it."""

    elapsed: float
    busy: float | None
    own: float

    @classmethod
    def now(cls) -> Clock:
        """This moment; on other systems than Linux it is not known how busy the machine is."""
        usage = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return cls(time.perf_counter(), _busy(), sum(each.ru_utime + each.ru_stime for each in usage))

    def others(self) -> float | None:
        """The share of the machine's processors that other processes have taken since."""
        now = Clock.now()
        if self.busy is None or now.busy is None or now.elapsed - self.elapsed < 1:
            return None
        taken = (now.busy - self.busy) - (now.own - self.own)
        return max(taken, 0.0) / ((now.elapsed - self.elapsed) * (os.cpu_count() or 1))


def _busy() -> float | None:
    """Seconds that all processors together have worked."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            fields = [int(field) for field in file.readline().split()[1:]]
    except OSError:
        return None
    user, nice, system, _idle, _wait, irq, softirq, steal = fields[:8]
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
