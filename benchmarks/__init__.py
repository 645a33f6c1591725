"""Ratios of archspec to hand-written PyTorch, each measured within one run; `python -m benchmarks` prints them."""
