"""Checkpoints: what a file holds, whether it fits a model, and its values into a module."""
