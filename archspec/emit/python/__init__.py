"""A model as a Python file of its own, which imports torch and nothing of archspec."""
