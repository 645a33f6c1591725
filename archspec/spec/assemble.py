"""A spec and the files that it extends and imports, into one tree that needs no other file."""

from __future__ import annotations

from archspec.errors import Diagnostic, SourceText, SpecError, in_file_order, plural
from archspec.records import record
from archspec.source import read
from archspec.source.confine import Found, load_included
from archspec.source.home import Home
from archspec.source.limits import MAX_CHAIN, MAX_FILES, MAX_INCLUDED
from archspec.source.tree import Mapping, Node, Scalar, Sequence, describe
from archspec.spec.document import REUSE
from archspec.spec.extend import extended
from archspec.spec.imports import blocks_of, with_blocks, without_idle_defaults
from archspec.spec.laying import Laying
from archspec.spec.read import KEYS, LANGUAGE_VERSION, check_keys, check_version
from archspec.spec.reader import Reader


@record
class Assembled:
    """One tree, the faults that do not keep the rest from being checked, and what paths mean in each file read."""

    tree: Mapping
    faults: list[Diagnostic]
    homes: list[tuple[SourceText, Home]]


def assemble(tree: Mapping, home: Home) -> Assembled:
    """The tree with its base under it and its imported blocks in it.

    Args:
        tree: as read.
        home: what the paths in it mean.

    Raises:
        SpecError: a file is refused, not there or faulty; files include each other in a circle, or too many.
    """
    assembler = _Assembler()
    whole = assembler.whole(assembler.versioned(tree), home, [_Step(home.file, tree.span.source.name)])
    return Assembled(without_idle_defaults(whole), assembler.faults, assembler.homes)


@record
class _Step:
    """A file that is being assembled."""

    identity: str
    shown: str


class _Assembler:
    """Reads each file once, however often it is named."""

    def __init__(self) -> None:
        self.faults: list[Diagnostic] = []
        self.homes: list[tuple[SourceText, Home]] = []
        self._files: dict[str, Mapping] = {}
        self._nodes = 0

    def whole(self, tree: Mapping, home: Home, path: list[_Step]) -> Mapping:
        """A file's tree without `extends` and `import`."""
        refused: list[Diagnostic] = []
        bases = self._all(self._paths(tree, "extends"), home, path, refused)
        libraries = self._all(self._paths(tree, "import"), home, path, refused)
        if refused or (tree.get("extends") is not None and not bases):
            raise SpecError(in_file_order([*self.faults, *refused]))
        own = Mapping(tuple(pair for pair in tree if pair[0].value not in REUSE), tree.span)
        for base in bases:
            laying = Laying()
            own = extended(laying, base, own)
            self.faults += laying.faults
        imported = _imported(tree, libraries)
        own, faults = with_blocks(own, imported) if imported else (own, [])
        self.faults += faults
        return own

    def _paths(self, tree: Mapping, word: str) -> list[Scalar]:
        """The paths under `extends` or `import`; what is no path is a fault."""
        node = tree.get(word)
        if node is None:
            return []
        reader = Reader()
        found: list[Scalar] = []
        if isinstance(node, Scalar) and isinstance(node.value, str):
            found = [node]
        elif word == "extends":
            help = "name one file; it may extend another in its turn"
            reader.expected(node, "the path of one spec", "`extends`", help)
        elif isinstance(node, Sequence):
            found = reader.strings(node, "`import`")
        else:
            reader.expected(node, "a list of paths", "`import`", "write e.g. `import: [blocks/resnet.yaml]`")
        self.faults += reader.faults
        return found

    def _all(self, paths: list[Scalar], home: Home, path: list[_Step], refused: list[Diagnostic]) -> list[Mapping]:
        read_ones: list[Mapping] = []
        for each in paths:
            if self._nodes > MAX_INCLUDED:
                break  # which is said once, of the file that was too many
            try:
                read_ones.append(self._file(each, home, path))
            except SpecError as error:
                refused += error.diagnostics
        return read_ones

    def _file(self, written: Scalar, home: Home, path: list[_Step]) -> Mapping:
        found = load_included(written, home)
        shown = found.text.name
        names = [step.identity for step in path]
        if found.home.file in names:
            circle = [*(step.shown for step in path[names.index(found.home.file) :]), shown]
            raise _refused(written, "these files include each other: " + " → ".join(f"`{name}`" for name in circle))
        if len(path) > MAX_CHAIN:
            raise _refused(written, f"more than {MAX_CHAIN} files include each other in a row")
        if found.home.file not in self._files:
            if len(self._files) >= MAX_FILES:
                raise _refused(written, f"a spec extends and imports at most {plural(MAX_FILES, 'file')}")
            self.homes.append((found.text, found.home))
            tree = self._read(found, written)
            self._files[found.home.file] = self.whole(tree, found.home, [*path, _Step(found.home.file, shown)])
        return self._files[found.home.file]

    def _read(self, found: Found, written: Scalar) -> Mapping:
        tree = read(found.text)
        self._nodes += _count(tree)
        if self._nodes > MAX_INCLUDED:
            raise _refused(
                written, f"the files that this spec extends and imports hold more than {MAX_INCLUDED:,} values"
            )
        if not isinstance(tree, Mapping):
            message = f"expected a mapping at the top level, found {describe(tree)}"
            raise SpecError([Diagnostic("AS101", message, tree.span, help="start it with `archspec: 1`")])
        reader = Reader()
        check_keys(reader, tree)
        self.faults += reader.faults
        return self.versioned(Mapping(tuple(pair for pair in tree if pair[0].value in KEYS), tree.span))

    def versioned(self, tree: Mapping) -> Mapping:
        """The tree with the language version that each file has to say; a fault if it does not."""
        reader = Reader()
        check_version(reader, tree)
        if not reader.faults:
            return tree
        self.faults += reader.faults
        version = (Scalar("archspec", tree.span), Scalar(LANGUAGE_VERSION, tree.span))
        return Mapping((version, *(pair for pair in tree if pair[0].value != "archspec")), tree.span)


def _imported(tree: Mapping, libraries: list[Mapping]) -> list[tuple[Scalar, Node]]:
    """The blocks of all imported files, each once."""
    found: dict[int, tuple[Scalar, Node]] = {}
    size = 0
    for library in libraries:
        for key, block in blocks_of(library):
            if id(key) not in found:
                found[id(key)] = (key, block)
                size += _count(block)
            if size > MAX_INCLUDED:
                at = tree.key("import")
                assert at is not None
                raise _refused(
                    at, f"the imported blocks, with the variables that they use, hold more than {MAX_INCLUDED:,} values"
                )
    return list(found.values())


def _refused(at: Scalar, message: str) -> SpecError:
    return SpecError([Diagnostic("AS242", message, at.span, help="put what they share into one file")])


def _count(node: Node) -> int:
    if isinstance(node, Scalar):
        return 1
    values = node.items if isinstance(node, Sequence) else [value for _, value in node]
    return 1 + sum(map(_count, values))
