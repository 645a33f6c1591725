"""Seeds in processes of their own: one that ends its process is named, and those behind it are still run."""

from __future__ import annotations

import os
import signal
from collections import Counter

import pytest

from tests.fuzz.processes import MOST_MEMORY, Died, each_seed


def squared(seed: int) -> int:
    """The work: some seeds end their process, one of them by asking for too much memory."""
    if seed in (1, 4):
        os.kill(os.getpid(), signal.SIGKILL)
    if seed == 2:
        bytearray(MOST_MEMORY + 1)
    return seed * seed


def test_a_seed_that_ends_its_process_is_named_and_the_rest_go_on() -> None:
    made = list(each_seed(squared, 0, 5, workers=2))
    assert Counter(made) == Counter([0, Died(1, "SIGKILL"), Died(2, "exit 1"), 9, Died(4, "SIGKILL")])


def test_a_campaign_with_a_dead_process_has_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.fuzz import campaign  # here, so that the processes above need not import it

    made = [Died(7, "SIGFPE"), campaign.Tally(Counter(specs=1))]
    monkeypatch.setattr(campaign, "each_seed", lambda *asked: iter(made))
    monkeypatch.setattr("sys.argv", ["tests.fuzz", "--cases", "0", "--specs", "2", "--seed", "7"])
    assert campaign.main() == 1
    assert "the process of the seed 7 died: SIGFPE" in capsys.readouterr().out
    made.pop(0)
    assert campaign.main() == 0
