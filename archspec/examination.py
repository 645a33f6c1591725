"""What a check finds out about a spec."""

from __future__ import annotations

from archspec.compiler import Compiled
from archspec.emit.fragment_table import fragment_table
from archspec.emit.table import table
from archspec.errors import Diagnostic
from archspec.records import record
from archspec.spec.recipe_file import is_recipe


@record
class Examination:
    """What a check finds out about a spec, right or wrong.

    Attributes:
        diagnostics: every fault and warning, in file order.
    """

    diagnostics: tuple[Diagnostic, ...]
    _compiled: Compiled | None = None

    def with_fault(self, diagnostic: Diagnostic) -> Examination:
        """The same with one more diagnostic."""
        return Examination((*self.diagnostics, diagnostic), self._compiled)

    @property
    def is_recipe(self) -> bool:
        """Whether this is a recipe by itself, without a model."""
        tree = None if self._compiled is None else self._compiled.tree
        return tree is not None and is_recipe(tree)

    def summary(self, *, full: bool = False) -> str | None:
        """The table of its layers; after a fault, as far as it is known, the faulty entry marked. None: nothing is."""
        if self._compiled is None:
            return None
        if self._compiled.graph is not None:
            return table(self._compiled.graph, full=full).render()
        fragment = self._compiled.fragment
        return None if fragment is None else fragment_table(fragment, full=full)
