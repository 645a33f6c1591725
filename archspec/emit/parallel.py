"""Work on several tensors at once, by as many threads as torch uses."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import torch

Job: TypeAlias = tuple[int, Callable[[], object]]
"""How many elements it fills, and how."""

_MOST_THREADS = 15  # beside this one
_WORTH_A_THREAD = 1 << 18
_WORTH_A_JOB = 1 << 13


def run_all(jobs: Iterable[Job]) -> None:
    """Run jobs that do not depend on each other, and record no gradient of what they write.

    torch lets go of the interpreter while it fills a tensor. For a small one that is hardly worth it: this thread does
    those first, while others begin with the largest.
    """
    small: deque[Job] = deque()
    large: deque[Job] = deque()
    for job in sorted(jobs, key=lambda job: -job[0]):
        (large if job[0] >= _WORTH_A_JOB else small).append(job)
    others = min(torch.get_num_threads() - 1, len(large), _MOST_THREADS)
    if others < 1 or sum(size for size, _ in large) < _WORTH_A_THREAD:
        _run(large)
        _run(small)
        return
    with ThreadPoolExecutor(others) as pool:
        waiting = [pool.submit(_run, large) for _ in range(others)]
        _run(small)
        _run(large)
        for done in waiting:
            done.result()


@torch.no_grad()
def _run(left: deque[Job]) -> None:
    """Take jobs from those that are left, until none is. What they write is not recorded: each thread has a mode."""
    while left:
        try:
            _, job = left.popleft()
        except IndexError:  # another thread took the last one
            return
        job()
