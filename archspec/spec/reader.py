"""What all readers of the tree share: collected faults, and the few questions that they ask of a node."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property

from archspec.errors import Diagnostic, Edit, Span, SpecError, clip, in_file_order
from archspec.source.limits import MAX_FAULTS
from archspec.source.tree import Hidden, Mapping, Node, Scalar, Sequence, describe
from archspec.suggest import nearest, respelled

TRUST = frozenset(
    (
        *("allow_code", "allow_network", "allow_pickle", "allow_unsafe", "unsafe", "weights_only"),
        *("trust", "trusted", "trust_remote_code", "trust_repo", "safe", "sandbox"),
        *("limits", "max_params", "no_limits", "plugin", "plugins"),
    )
)
_ELSEWHERE = {
    "layers": ("architecture", "backbone", "body", "graph", "model", "modules", "net", "network", "nodes", "stack"),
    "input": ("input_shape", "input_size", "in_shape", "shape"),
    "vars": ("constants", "hyperparameters", "params", "parameters", "variables"),
    "blocks": ("components", "definitions", "functions", "templates"),
    "params": ("parameters", "args"),
    "archspec": ("version",),
    "train": ("training",),
    "batch_size": ("batch", "bs"),
    "epochs": ("num_epochs", "max_epochs"),
    "loss": ("criterion", "loss_fn"),
    "data": ("dataset",),
    "scheduler": ("lr_scheduler",),
}
"""What other formats call the parts of a spec."""
_OF_OPTIMISERS = {
    "lr": "lr",
    "learning_rate": "lr",
    "momentum": "momentum",
    "weight_decay": "weight_decay",
    "betas": "betas",
}


_OF_TRAINING = {
    **{word: word for word in ("loss", "optimizer", "scheduler", "epochs", "batch_size", "data", "metrics")},
    "criterion": "loss",
    "optimiser": "optimizer",
    "dataset": "data",
}
"""What is often written beside the layers and stands under `train`."""
_OF_CALLERS = {
    "device": "it is chosen where one trains: `archspec train SPEC --device cuda`",
    "gpu": "the device is chosen where one trains: `archspec train SPEC --device cuda`",
    **dict.fromkeys(("out", "output_dir", "save_dir", "log_dir"), "it is named where one trains: `--out DIR`"),
    **dict.fromkeys(("num_workers", "workers"), "it belongs to the data: `data: {ImageFolder: {root: …, workers: 4}}`"),
    "shuffle": "training data are shuffled anew in each epoch",
    "resume": "a run is gone on with by `archspec train --resume RUN`",
}
"""What other formats say in the recipe."""
_PRETRAINED = ("pretrained", "checkpoint", "state_dict")
"""What other formats say of the weights that there are before training."""
_NAMING = ("layers", "branches", "inputs")
"""Keys under which names stand."""
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,15})")
_INSTEAD = (
    ("a mapping", "write `name: value` for each, on lines below it or in `{…}`"),
    ("a list", "write it in square brackets, `[a, b]`"),
    ("an integer", "write a whole number"),
    ("a number", "write a number"),
    ("a string", "write a text"),
    ("a value", "write one, or leave the key out"),
    ("`true`", "write one of the two"),
    ("one of", "write one of these"),
)
"""What to write where nothing better is known, by how the words for what is expected start."""


def bare_list(node: Mapping) -> str | None:
    """What stands in the braces of `{3, 8, 8}`, to YAML a mapping of keys without values; None for anything else."""
    text = node.span.text
    bare = all(isinstance(value, Scalar) and value.span.start == value.span.end for _, value in node)
    if not bare or not text.startswith("{") or set(text) & set(":#\n") or not len(node):
        return None
    return text[1:-1].strip().removesuffix(",")


def meant_key(name: str, known: Iterable[str]) -> str | None:
    """The key that was probably meant: the nearest in spelling, or what other formats call so."""
    known = tuple(known)
    near = nearest(name, known)
    if near:
        return near[0]
    return next((key for key, names in _ELSEWHERE.items() if key in known and name in names), None)


def listed(names: list[str]) -> str:
    """`a`, `b` and `c`."""
    shown = [f"`{name}`" for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _capital_names(node: Node, under: str) -> Iterator[str]:
    items = [(under, item) for item in node] if isinstance(node, Sequence) else []
    for key, value in node if isinstance(node, Mapping) else ():
        items.append((str(key.value), value))
        if under in _NAMING and str(key.value)[:1].isupper():
            yield str(key.value)
    for word, value in items:
        if word == "inputs" and isinstance(value, Scalar):
            yield str(value.value)
        yield from _capital_names(value, word)


class Reader:
    """Collects the faults of one document.

    Attributes:
        blocks: the names of the document's blocks.
        tree: the whole document, where it is at hand.
    """

    def __init__(self, blocks: Collection[str] = (), tree: Node | None = None) -> None:
        self.faults: list[Diagnostic] = []
        self.blocks = blocks
        self.tree = tree

    @cached_property
    def capital_names(self) -> frozenset[str]:
        """The names of entries and inputs that begin with a capital, as kinds do."""
        return frozenset() if self.tree is None else frozenset(_capital_names(self.tree, ""))

    def fault(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        help: str | None = None,
        notes: tuple[str, ...] = (),
        edit: Edit | None = None,
        label: str = "",
        warning: bool = False,
    ) -> None:
        """Record a fault, or a warning.

        Raises:
            SpecError: with all of them, when there are as many as are told of one text.
        """
        severity = "warning" if warning else "error"
        self.faults.append(
            Diagnostic(
                code,
                message,
                span,
                label=label,
                notes=notes,
                help=help,
                edit=edit,
                severity=severity,  # type: ignore[arg-type]
            )
        )
        if len(self.faults) >= MAX_FAULTS:
            raise SpecError(in_file_order(self.faults))

    def expected(self, node: Node, what: str, whose: str, help: str | None = None, edit: Edit | None = None) -> None:
        """Record that `whose` value has another form than expected, unless another fault hides it."""
        if isinstance(node, Hidden):
            return
        if help is None and what.startswith(("an integer", "a number")) and isinstance(node, Scalar) and node.quoted:
            meant = str(node.value)
            if _NUMBER.fullmatch(meant):
                help, edit = "remove the quotes", Edit(node.span, meant, safe=True)
        help = help or next((words for start, words in _INSTEAD if what.startswith(start)), None)
        self.fault("AS101", f"{whose} must be {what}, found {describe(node)}", node.span, help=help, edit=edit)

    def mapping(self, node: Node, whose: str, help: str | None = None) -> Mapping | None:
        """The node if it is a mapping."""
        if isinstance(node, Mapping):
            return node
        self.expected(node, "a mapping", whose, help)
        return None

    def text(self, node: Node, whose: str) -> str | None:
        """The value of a string scalar."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value
        quoted = f'"{node.span.text}"' if isinstance(node, Scalar) and node.value is not None else None
        self.expected(
            node,
            "a string",
            whose,
            help=f"quote it: `{quoted}`" if quoted else None,
            edit=Edit(node.span, quoted, safe=True) if quoted else None,
        )
        return None

    def strings(self, node: Node, whose: str) -> list[Scalar]:
        """The scalars of a list of strings; faulty ones are left out."""
        if not isinstance(node, Sequence):
            self.expected(node, "a list", whose)
            return []
        return [item for item in node if self.text(item, f"each of {whose}") is not None and isinstance(item, Scalar)]

    def unknown_key(self, key: Scalar, known: Iterable[str], where: str, value: Node | None = None) -> None:
        """Record a key that does not exist there, with the nearest one that does; `value` is what it has."""
        if self.trust(key):
            return
        known = tuple(known)
        name = str(key.value)
        if name in _OF_OPTIMISERS and "optimizer" in known:
            meant = _OF_OPTIMISERS[name]
            help = f"it belongs to the optimiser: `optimizer: {{SGD: {{{meant}: …}}}}`"
            self.fault("AS102", f"{where} has no key `{name}`", key.span, help=help)
            return
        if name in _OF_CALLERS and "optimizer" in known:
            self.fault("AS102", f"{where} has no key `{name}`", key.span, help=_OF_CALLERS[name])
            return
        if name in _OF_TRAINING and "train" in known:
            short = value is not None and "\n" not in value.span.text
            shown = clip(value.span.text) if value is not None and short else "…"
            help = f"how it is trained stands under `train`: `train: {{{_OF_TRAINING[name]}: {shown}}}`"
            self.fault("AS102", f"{where} has no key `{name}`", key.span, help=help)
            return
        if name in _PRETRAINED and "weights" in known:
            help = "name a file of weights beside the spec, `weights: model.safetensors`: nothing is fetched"
            self.fault("AS102", f"{where} has no key `{name}`", key.span, help=help)
            return
        guess = meant_key(name, known)
        if guess is not None:
            span = Span(key.span.source, key.span.start + 1, key.span.end - 1) if key.quoted else key.span
            help, edit = f"did you mean `{guess}`?", respelled(span, name, guess, known)
        else:
            help, edit = f"{where} can have " + ", ".join(f"`{name}`" for name in known), None
            if (
                "vars" in known
                and isinstance(value, Scalar)
                and value.value is not None
                and "\n" not in value.span.text
            ):
                help = f"a value that layers use stands under `vars: {{{clip(name)}: {clip(value.span.text)}}}`; {help}"
        self.fault("AS102", f"{where} has no key `{clip(name)}`", key.span, help=help, edit=edit)

    def trust(self, key: Scalar) -> bool:
        """Record a key that would loosen what a spec may do; whether it is one."""
        if key.value not in TRUST:
            return False
        message = f"`{key.value}`: security options cannot be set in a spec"
        self.fault("AS111", message, key.span, help="leave it out: a spec is data, whoever opens it decides")
        return True

    def corrected(self, node: Mapping, known: tuple[str, ...], apart: Collection[str] = ()) -> Mapping:
        """The mapping with each misspelt key, a fault recorded already, under the name that it was meant to be.

        So the misspelling is the only fault. The keys in `apart` mean something else.
        """
        present = {key.value for key, _ in node}
        entries: list[tuple[Scalar, Node]] = []
        for key, value in node:
            guess = None if key.value in known or key.value in apart else meant_key(str(key.value), known)
            if guess is not None and guess not in present:
                present.add(guess)
                key = Scalar(guess, key.span)
            entries.append((key, value))
        return Mapping(tuple(entries), node.span, node.removed)

    def keys(self, node: Mapping, known: tuple[str, ...], where: str) -> None:
        """Record every key of a mapping that is none of the known ones."""
        for key, value in node:
            if key.value not in known:
                self.unknown_key(key, known, where, value)
