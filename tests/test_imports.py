"""Who may import whom, and what an import costs: the table of the architecture, and "checking never loads torch"."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "archspec"

SHARED = {"collector", "errors", "globs", "records", "suggest", "tensors", "version"}
MAY_IMPORT: dict[str, set[str]] = {
    "source": set(),
    "spec": {"source"},
    "ops": set(),
    "elaborate": {"source.tree", "spec", "ops", "graph"},  # the document's argument values are located nodes
    "schema": {"spec", "ops", "elaborate"},
    "graph": {"ops"},
    "emit": {"graph", "ops"},
    "weights": {
        "graph",
        "emit",
        "spec.checkpoint",
        "source.confine",
        "source.tree",
    },  # what a spec asks of a checkpoint
    "train": {"source", "spec", "ops", "elaborate", "graph", "emit", "weights"},
    "cli": set(),
}
WITHOUT_TORCH = {"source", "spec", "ops", "elaborate", "schema", "graph"}
HEAVY = {"torch", "torchvision", "rich", "matplotlib", "numpy", "pydantic", "PIL", "safetensors"}


@dataclass(frozen=True)
class Import:
    """One import statement's target.

    Attributes:
        importer: the dotted name of the importing module.
        target: the dotted name of the imported module.
        line: where it stands.
        for_types: it stands under `if TYPE_CHECKING`.
    """

    importer: str
    target: str
    line: int
    for_types: bool

    def __str__(self) -> str:
        return f"{self.importer} (line {self.line}) imports {self.target}"


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _statements(node: ast.AST, for_types: bool = False) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child, for_types
        yield from _statements(child, for_types or _is_type_checking(child))


def _targets(statement: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    assert statement.level == 0, "write imports from the package's root"
    source = statement.module or ""
    inner = [f"{source}.{alias.name}" for alias in statement.names]
    return [name if name in MODULES else source for name in inner]


def _imports_of(module: str) -> list[Import]:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    return [
        Import(module, target, statement.lineno, for_types)
        for statement, for_types in _statements(tree)
        for target in dict.fromkeys(_targets(statement))
    ]


IMPORTS = [item for module in MODULES for item in _imports_of(module)]


def _room(module: str) -> str:
    """`elaborate` for `archspec.elaborate.scope`, `errors` for `archspec.errors`, nothing for `archspec`."""
    return module.split(".")[1] if "." in module else ""


def _is_ours(module: str) -> bool:
    return module.split(".")[0] == "archspec"


def _is_allowed(item: Import) -> bool:
    room, target = _room(item.importer), _room(item.target)
    if room not in MAY_IMPORT or target == room:
        return True
    if {target, item.target.removeprefix("archspec.")} & (SHARED | MAY_IMPORT[room]):
        return True
    if room == "cli":
        return target == ""
    return room == "train" and target == "architecture" and item.for_types


def test_every_room_is_in_the_table() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms <= set(MAY_IMPORT)


def test_rooms_import_only_what_the_table_allows() -> None:
    wrong = [str(item) for item in IMPORTS if _is_ours(item.target) and not _is_allowed(item)]
    assert wrong == []


def test_shared_modules_import_only_each_other() -> None:
    wrong = [
        str(item)
        for item in IMPORTS
        if _room(item.importer) in SHARED and _is_ours(item.target) and _room(item.target) not in SHARED
    ]
    assert wrong == []


def test_the_front_end_does_not_import_torch() -> None:
    wrong = [
        str(item)
        for item in IMPORTS
        if _room(item.importer) in WITHOUT_TORCH | SHARED | {"cli"} and item.target.split(".")[0] in HEAVY - {"rich"}
    ]
    assert wrong == []


def test_modules_do_not_import_each_other_in_circles() -> None:
    edges: dict[str, set[str]] = {module: set() for module in MODULES}
    for item in IMPORTS:
        if item.target in MODULES and item.target != item.importer and not item.for_types:
            edges[item.importer].add(item.target)
    assert _circle(edges) is None


def _circle(edges: dict[str, set[str]]) -> list[str] | None:
    """The modules of one circle, or None."""
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str] | None:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return None
        for target in sorted(edges[module]):
            found = visit(target, [*path, module])
            if found is not None:
                return found
        done.add(module)
        return None

    for module in edges:
        found = visit(module, [])
        if found is not None:
            return found
    return None


def test_a_circle_would_be_found() -> None:
    assert _circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert _circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None


_COMMAND = """
import sys
from archspec.cli.main import main
sys.argv = ["archspec", *{arguments!r}]
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
"""
_LOADED = """
import json
print("\\n" + json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""
_MODULES = """
print("\\n" + "\\n".join(sys.modules))
"""


def _loaded_by(code: str) -> set[str]:
    """The top-level packages that a fresh interpreter holds after running the code."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\n{_LOADED}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import archspec", id="import"),
        pytest.param(_COMMAND.format(arguments=["--help"]), id="help"),
        pytest.param(_COMMAND.format(arguments=["check", "specs/convnet.yaml"]), id="check"),
        pytest.param(_COMMAND.format(arguments=["schema"]), id="schema"),
        pytest.param("import archspec; archspec.load('specs/resnet34.yaml')", id="load"),
    ],
)
def test_light_work_loads_nothing_heavy(code: str) -> None:
    loaded = _loaded_by(code)
    assert "archspec" in loaded
    assert loaded & HEAVY == set()


def test_checking_does_not_load_the_schema() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND.format(arguments=["check", "specs/convnet.yaml"]) + _MODULES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "archspec.spec.read" in done.stdout.splitlines()
    assert [line for line in done.stdout.splitlines() if line.startswith("archspec.schema")] == []
