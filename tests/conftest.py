"""One thread per process: the tests run side by side, and threads that wait for each other cost more than they give."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
