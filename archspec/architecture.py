"""A checked architecture: what a spec says, before and beside any module made from it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from archspec.building import MOST_PARAMS, built
from archspec.compiler import Compiled, Read, compile_text, compile_tree
from archspec.emit.table import Table, table
from archspec.errors import Diagnostic, SourceText, SpecError, clip, printable
from archspec.graph.costs import macs
from archspec.graph.nodes import Graph
from archspec.records import record
from archspec.refusals import only_blocks, only_recipe
from archspec.source.home import NOWHERE, Home
from archspec.source.tree import Node
from archspec.source.write import as_yaml
from archspec.spec.checkpoint import Checkpoint
from archspec.spec.overrides import Override
from archspec.spec.recipe import Recipe
from archspec.spec.recipe_file import is_recipe, recipe_override
from archspec.spec.settings import Weights, checkpoint_from_value, overrides_from_values
from archspec.tensors import Shape, TensorType
from archspec.version import __version__
from archspec.written_spec import as_json, without_weights, written

if TYPE_CHECKING:
    import torch
    from torch import nn


@record
class Architecture:
    """A spec that has been read, expanded and checked. No torch is needed to have one.

    Attributes:
        graph: its calls with their shapes.
        variables: the spec's variables and their values.
        recipe: its `train` section; None if it has none.
        warnings: what is legal but looks like a mistake.
        weights: the checkpoint that `build` fills the module from; None for none.
    """

    graph: Graph
    variables: Mapping[str, Any]
    recipe: Recipe | None
    warnings: tuple[Diagnostic, ...]
    weights: Checkpoint | None
    _text: SourceText
    _read: Read
    _tree: Node
    _overrides: tuple[Override, ...]

    @property
    def name(self) -> str:
        """The class name of the compiled module."""
        return self.graph.name

    @property
    def spec_text(self) -> str:
        """The spec as it was read; with overrides, or if it reuses other files, one YAML text that says it all."""
        if not self._overrides and self._read.is_whole:
            return self._text.text
        return self._written(self._tree)

    @property
    def spec_text_without_weights(self) -> str:
        """`spec_text` for a place where the weights that it started from cannot be found: told, but not asked for."""
        if self.weights is None:
            return self.spec_text
        started = f"# its weights started from {self.weights.path!r}; what they were trained to is beside this file\n"
        return started + self._written(without_weights(self._tree))

    @property
    def weights_metadata(self) -> Mapping[str, str]:
        """What a file of its weights says beside them, from which `archspec.from_file` makes the model again."""
        from archspec.weights.contained import metadata

        return metadata(as_json(without_weights(self._tree)), __version__)

    def _written(self, tree: Node) -> str:
        return written(tree, self._text, self._overrides, is_whole=self._read.is_whole)

    def to_python(self) -> str:
        """The model as a Python file of its own, which needs torch (for some layers torchvision) and no archspec.

        Its classes have the state-dict keys and the forward of what `build` makes.

        Raises:
            UsageError: AS708, a layer is a registered one, whose code only its author has.
        """
        from archspec.emit.python.source import python_source

        title = f"{self.name}, from {os.path.basename(self._text.name)}."
        if self.weights is not None:
            shown = printable(clip(self.weights.path)).replace("\\", "/").replace('"', "'")
            title += f"\n\nThe spec fills it from the checkpoint `{shown}`; this file leaves that to its caller.\n"
        return python_source(self.graph, title)

    def to_json(self) -> str:
        """The spec as JSON, in one piece: overrides in place, what it extends and imports included."""
        return as_json(self._tree)

    def to_yaml(self) -> str:
        """The spec as YAML without comments, in one piece as `to_json`."""
        return as_yaml(self._tree)

    @property
    def input_types(self) -> dict[str, TensorType]:
        """What forward takes, by argument name. The batch dimension is `N`."""
        return {parameter.name: parameter.type for parameter in self.graph.root.parameters}

    @property
    def output_types(self) -> dict[str, TensorType]:
        """What forward returns in training mode, by name; a single output is called `output`."""
        return {output.name: output.type for output in self.graph.outputs}

    @property
    def shapes(self) -> dict[str, Shape]:
        """The output shape of every layer and function, by its path, e.g. `layer1.0.conv1`."""
        return {call.path: call.outputs[0].shape for call in self.graph.calls()}

    @property
    def num_params(self) -> int:
        """The number of parameters."""
        return self.graph.num_params

    @property
    def macs(self) -> int:
        """Multiply-accumulates of matrix products and convolutions for one sample, in eval mode."""
        return macs(self.graph).inference

    @property
    def training_only_macs(self) -> int:
        """What a forward pass in training mode has beside `macs`, for outputs with `training: true`."""
        return macs(self.graph).training_only

    def table(self, *, full: bool = False) -> Table:
        """Name, kind, output shape, parameters and MACs of each layer."""
        return table(self.graph, full=full)

    def summary(self, *, full: bool = False) -> str:
        """The table as text; `full` unfolds repeats."""
        return self.table(full=full).render()

    def with_variables(self, **values: Any) -> Architecture:
        """The same spec with other values for some variables.

        Raises:
            SpecError: it is wrong with these values.
        """
        return self.with_overrides(overrides_from_values(values))

    def with_recipe(self, text: SourceText) -> Architecture:
        """The same spec with another `train` section: a recipe's.

        Raises:
            SpecError: the recipe is wrong, or it is with this spec.
        """
        return self.with_overrides([recipe_override(text)])

    def with_overrides(self, overrides: Sequence[Override]) -> Architecture:
        """The same spec with more settings, as `--set` has them.

        Raises:
            SpecError: one of them names nothing that can be set, or the spec is wrong with them.
        """
        overrides = (*self._overrides, *overrides)
        made = _architecture(self._text, compile_tree(self._read, overrides), overrides)
        return made if self.weights == made.weights else replace(made, weights=self.weights)

    def with_weights(self, weights: Weights) -> Architecture:
        """The same architecture, to be filled from another checkpoint.

        Args:
            weights: a path, which takes the place of the one in the spec's `weights` section, whose `key`, `allow` and
                `rename` stay; a mapping, which takes the place of the whole section; False for no checkpoint.

        Raises:
            SpecError: the mapping is no `weights` section.
        """
        return replace(self, weights=checkpoint_from_value(weights, self.weights))

    def check_weights(self) -> tuple[Diagnostic, ...]:
        """What keeps the checkpoint from being loaded, found without loading it and without torch; empty if nothing."""
        if self.weights is None:
            return ()
        from archspec.weights.check import check_weights

        return check_weights(self.graph, self.weights)

    def build(
        self,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | str | None = None,
        seed: int = 0,
        max_params: int = MOST_PARAMS,
        weights: Weights | None = None,
    ) -> nn.Module:
        """The module that this architecture compiles to, its weights initialised, or loaded from a checkpoint.

        `archspec.ledger(module)` tells afterwards what of the checkpoint went where.

        Args:
            device: where its tensors are made; `meta` allocates nothing. Default: torch's default device.
            dtype: of its floating-point tensors, as `torch.bfloat16` or `"bfloat16"`. Default: torch's default.
            seed: of the initial weights. A parameter's values depend on the seed and its name alone.
            max_params: the largest number of parameters for which memory is allocated.
            weights: a checkpoint, as for `with_weights`; by default the spec's own.

        Raises:
            SpecError: AS451 to AS459, the checkpoint that the spec names is not there, cannot be used or does not fit.
            UsageError: the same of one that is given here; AS703, the model has more parameters; AS704, there is no
                such device or dtype.
        """
        checkpoint = self.weights if weights is None else self.with_weights(weights).weights
        return built(self.graph, checkpoint, device=device, dtype=dtype, seed=seed, max_params=max_params)

    def prove(self, module: nn.Module) -> tuple[Diagnostic, ...]:
        """Run a built module once, in eval mode on random data, and compare every shape with the inferred one.

        Returns:
            A diagnostic (AS900) for each difference. There should be none: each is a fault of archspec.
        """
        from archspec.emit.prove import disagreements

        help = "this is a fault of archspec, not of the spec: please report it with the spec"
        return tuple(Diagnostic("AS900", sentence, help=help) for sentence in disagreements(self.graph, module))

    def save_weights(self, module: nn.Module, path: str | os.PathLike[str]) -> None:
        """Write a module's parameters and buffers as a safetensors file, whole or not at all.

        The file holds the spec too, so that `archspec.from_file` makes the module again of it alone.

        Raises:
            UsageError: AS705, the file cannot be written.
        """
        from archspec.emit.weights import save_weights

        save_weights(module, path, self.weights_metadata)

    def save_pt2(self, module: nn.Module, path: str | os.PathLike[str]) -> None:
        """Write a module of this architecture as a file for `torch.export.load`, which needs no archspec.

        It is the module in eval mode, for any batch size.

        Raises:
            UsageError: AS705, the file cannot be written; AS708, AS709, torch cannot export the module.
        """
        from archspec.emit.pt2 import save_pt2

        save_pt2(self.graph, module, path)

    def save_onnx(self, module: nn.Module, path: str | os.PathLike[str]) -> float | None:
        """Write a module of this architecture as an ONNX file: the module in eval mode, for any batch size.

        Returns:
            By how much onnxruntime's outputs differ from the module's, in parts of an output's largest magnitude;
            None where onnxruntime is not installed.

        Raises:
            UsageError: AS705, the file cannot be written; AS708, AS709, torch cannot export the module; AS710, `onnx`
                or `onnxscript` is not installed; AS711, the file is not the model.
        """
        from archspec.emit.onnx import save_onnx

        return save_onnx(self.graph, module, path)


def compiled(text: SourceText, overrides: Sequence[Override] = (), home: Home = NOWHERE) -> Architecture:
    """The architecture of a spec.

    Raises:
        SpecError: the spec is wrong.
    """
    return _architecture(text, compile_text(text, overrides, home), overrides)


def _architecture(text: SourceText, result: Compiled, overrides: Sequence[Override]) -> Architecture:
    if result.graph is None or result.tree is None or result.read is None:
        is_alone = result.tree is not None and is_recipe(result.tree)
        raise SpecError(result.diagnostics or [only_recipe(text) if is_alone else only_blocks(text)])
    return Architecture(
        graph=result.graph,
        variables=result.variables,
        recipe=result.recipe,
        warnings=result.diagnostics,
        weights=result.weights,
        _text=text,
        _read=result.read,
        _tree=result.tree,
        _overrides=tuple(overrides),
    )
