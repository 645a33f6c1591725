"""Trying before training: one batch, a batch by heart, a profile, a range of learning rates. None of it makes a run."""
