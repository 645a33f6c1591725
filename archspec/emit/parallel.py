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


def run_all(jobs: Sequence[Job]) -> None:
    """Run jobs that do not depend on each other, the largest first. torch lets go of the interpreter in each."""
    threads = min(torch.get_num_threads(), len(jobs), _MOST_THREADS)
    if threads < 2 or sum(size for size, _ in jobs) < _WORTH_A_THREAD:
        for _, job in jobs:
            job()
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(job) for _, job in sorted(jobs, key=lambda job: -job[0])]:
            done.result()
