"""The expression language of specs: `$name`, `$(…)`, by a lexer, a parser and an evaluator of our own.

Nothing here reaches Python's own evaluation: an expression can do arithmetic and nothing else.
Diagnostics AS210 to AS229.
"""

from archspec.elaborate.expressions.functions import FUNCTIONS
from archspec.elaborate.expressions.template import evaluate_text, resolve, whole_names
from archspec.elaborate.expressions.vocabulary import ATTRIBUTES
from archspec.source.tree import UNKNOWN, Unknown

__all__ = ["ATTRIBUTES", "FUNCTIONS", "UNKNOWN", "Unknown", "evaluate_text", "resolve", "whole_names"]
