"""Work on several tensors at once, by as many threads as torch uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import torch

Job: TypeAlias = tuple[int, Callable[[], object]]
"""How many elements it fills, and how."""

_MOST_THREADS = 16
_WORTH_A_THREAD = 1 << 18
_WORTH_A_JOB = 1 << 13


def run_all(jobs: Sequence[Job]) -> None:
    """Run jobs that do not depend on each other, the largest first. torch lets go of the interpreter in each.

    A thread costs more than a small job takes, so those are done here while others do the large ones.
    """
    large = sorted((job for job in jobs if job[0] >= _WORTH_A_JOB), key=lambda job: -job[0])
    threads = min(torch.get_num_threads(), len(large), _MOST_THREADS)
    if threads < 2 or sum(size for size, _ in large) < _WORTH_A_THREAD:
        for _, job in jobs:
            job()
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(job) for _, job in large]
        for size, job in jobs:
            if size < _WORTH_A_JOB:
                job()
        for done in waiting:
            done.result()
