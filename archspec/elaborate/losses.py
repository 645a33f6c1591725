"""Which outputs each loss takes, and faults of losses that can be told without torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archspec.errors import Diagnostic, clip
from archspec.spec.recipe import LOSS_TARGETS, SEVERAL_OUTPUTS, OutputLoss, Recipe
from archspec.suggest import nearest


def outputs_of_loss(name: str | None, loss: OutputLoss, outputs: Sequence[str]) -> tuple[str, ...]:
    """Those of its `from`, else the one that it stands under, else the model's first ones."""
    if loss.outputs:
        return loss.outputs
    count = len(SEVERAL_OUTPUTS.get(loss.loss.name, ("input",)))
    return tuple(outputs[:count]) if name is None or count > 1 else (name,)


def check_losses(recipe: Recipe) -> Iterator[Diagnostic]:
    """A loss is given as many outputs as it takes, and no target where it takes none."""
    for each in recipe.losses.values():
        named = each.loss
        wanted = SEVERAL_OUTPUTS.get(named.name, ("input",))
        if each.outputs and len(each.outputs) != len(wanted):
            message = f"`{named.name}` takes {_counted(len(wanted))}, but `from` has {len(each.outputs)}"
            yield Diagnostic(
                "AS506", message, named.span, help=f"write `from: [{', '.join(wanted)}]`, by their own names"
            )
        if each.target is not None and LOSS_TARGETS.get(named.name) == "none":
            yield Diagnostic("AS506", f"`{named.name}` has no target", named.span, help="leave `target` out")


def check_outputs(recipe: Recipe, outputs: Sequence[str]) -> list[Diagnostic]:
    """A fault for each of the recipe's losses whose outputs the model does not have.

    Args:
        recipe: the `train` section.
        outputs: the names of the model's outputs in training mode.
    """
    listed = ", ".join(f"`{name}`" for name in outputs)
    note = f"it has one output, {listed}, and `loss` is for it" if len(outputs) == 1 else f"it has {listed}"
    faults = []
    for name, each in recipe.output_losses:
        taken = outputs_of_loss(name, each, outputs)
        wanted = len(SEVERAL_OUTPUTS.get(each.loss.name, ("input",)))
        if len(taken) < wanted:
            message = f"`{each.loss.name}` takes {_counted(wanted)}, and the model has {len(outputs)}"
            help = "name them in `outputs`, or take a loss of fewer: `archspec explain AS511` shows how"
            faults.append(Diagnostic("AS511", message, each.loss.span, notes=(note,), help=help))
        for output in taken:
            if output not in outputs:
                near = nearest(output, outputs)
                help = f"did you mean `{near[0]}`?" if near else "name an entry in `outputs`, or one of these here"
                message = f"the model has no output `{clip(output)}` for a loss"
                faults.append(Diagnostic("AS511", message, each.loss.span, notes=(note,), help=help))
    return faults


def _counted(outputs: int) -> str:
    return f"{outputs} outputs" if outputs > 1 else "one output"
