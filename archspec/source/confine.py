"""Files that a spec names: only inside the folder trees that its caller has opened, whatever the path says.

A path is refused by its form before the file system is asked; then its links are followed, and it is refused if they
lead out; then the file is opened step by step from the tree's root without following any link, so that nobody can put
one in between. A hard link cannot be told from the file itself.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace

from archspec.errors import Diagnostic, Edit, SourceText, SpecError, clip
from archspec.records import record
from archspec.source.files import SUFFIXES, check_status, decoded, spec_names, unreadable, whole
from archspec.source.home import ZOO, Home
from archspec.source.tree import Scalar
from archspec.source.zoo import load_zoo, zoo_home
from archspec.source.zoo_index import zoo_files, zoo_names
from archspec.suggest import nearest

_LONGEST = 1_024
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_FORMS = (
    (re.compile(r"[A-Za-z]:"), "is an absolute path of Windows"),
    (re.compile(r"\\\\|//"), "is a path of the network"),
    (re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9_]+$"), f"is no path, and only `{ZOO}` names a collection"),
    (re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:"), "is a URL, and nothing is fetched"),
    (re.compile(r"/"), "is an absolute path"),
    (re.compile(r"~"), "starts at a home folder"),
    (re.compile(r".*[\x00-\x1f\x7f]", re.DOTALL), "contains a control character"),
    (re.compile(r".*\\", re.DOTALL), "contains `\\`"),
    (re.compile(r".*[$%]", re.DOTALL), "contains a `$` or `%`: variables have no meaning in a path"),
)


@record
class Found:
    """A file that a spec names.

    Attributes:
        text: its text, which knows who includes it.
        home: what the paths in it mean.
    """

    text: SourceText
    home: Home


def load_included(path: Scalar, home: Home) -> Found:
    """The file that a spec names.

    Args:
        path: as written, a string.
        home: of the spec that names it.

    Raises:
        SpecError: AS240, the path leads out or is of a form that is not followed; AS241, there is no such file;
            AS245, it is not in the zoo; AS002 to AS005, it cannot be read.
    """
    written = str(path.value)
    if written.startswith(ZOO):
        return Found(load_zoo(written, path.span), zoo_home(written))
    place = locate(path, home)
    shown = os.path.normpath(os.path.join(home.shown, written)).replace(os.sep, "/")
    try:
        content = _read(place, path, home, shown)
        text = SourceText(shown, decoded(shown, content), included=path.span)
    except SpecError as error:
        raise SpecError(replace(each, span=path.span) for each in error.diagnostics) from None
    return Found(text, Home(os.path.dirname(place), os.path.dirname(shown), home.trees, place))


def locate(path: Scalar, home: Home, suffixes: tuple[str, ...] = SUFFIXES) -> str:
    """The real path of a file that a spec names, inside one of its trees; the file need not exist.

    Args:
        path: as written, a string.
        home: of the spec that names it.
        suffixes: how its name may end.

    Raises:
        SpecError: AS240.
    """
    written = str(path.value)
    fault = _form_fault(written)
    if fault is not None:
        raise _refused(path, fault[0], fault[1], _in_zoo(path))
    if home.folder is None:
        message = f"`{clip(written, 200)}` leads nowhere: a spec that is given as text has no folder"
        help = (
            f"name a spec of the zoo, `{ZOO}…`, or let the caller allow a folder: `allow_roots=[…]`, `--allow-root DIR`"
        )
        raise _refused(path, message, help)
    straight = os.path.normpath(os.path.join(home.folder, written))
    if _tree_of(straight, home) is None:
        raise _refused(path, f"`{clip(written, 200)}` leads out of {_trees(home)}", _inside_help(home))
    if not written.lower().endswith(suffixes):
        help = f"name a file that ends in {', '.join(suffixes)}"
        edit = _with_suffix(path, straight, suffixes) or _in_zoo(path)
        raise _refused(path, f"`{clip(written, 200)}` is no spec file by its name", help, edit)
    real = os.path.realpath(straight)
    if _tree_of(real, home) is None:
        message = f"`{clip(written, 200)}` is or passes a symbolic link that leads out of {_trees(home)}"
        raise _refused(path, message, _inside_help(home))
    return real


def _with_suffix(path: Scalar, place: str, suffixes: tuple[str, ...]) -> Edit | None:
    """`extends: base`, where `base.yaml` is there."""
    suffix = next((each for each in suffixes if os.path.isfile(place + each)), None)
    return None if suffix is None else Edit(path.span, f"{path.value}{suffix}")


def _form_fault(written: str) -> tuple[str, str] | None:
    """Why a path of this form is not followed whatever is there, and what to write."""
    shown = clip(written, 200)
    relative = "write the path from this file's folder, with `/`, e.g. `blocks/resnet.yaml`"
    if not written.strip():
        return "a path cannot be empty", relative
    if len(written) > _LONGEST:
        return f"a path of {len(written):,} characters; at most {_LONGEST:,}", relative
    for form, why in _FORMS:
        if form.match(written):
            return f"`{shown}` {why}", relative
    return None


def _tree_of(place: str, home: Home) -> str | None:
    return next((tree for tree in home.trees if place.startswith(tree.rstrip(os.sep) + os.sep)), None)


def _trees(home: Home) -> str:
    return "the folder of the spec" if len(home.trees) == 1 else "the folder of the spec and those that are allowed"


def _inside_help(home: Home) -> str:
    return "copy the file into the spec's folder, or let the caller allow its folder: `--allow-root DIR`"


def _in_zoo(path: Scalar) -> Edit | None:
    """`torchvision.models.resnet18` and `timm:resnet50`, where the zoo has one of that name."""
    name = re.split(r"[:./]", str(path.value))[-1]
    return Edit(path.span, f"{ZOO}{name}") if name in zoo_names() or name in zoo_files() else None


def _refused(path: Scalar, message: str, help: str, edit: Edit | None = None) -> SpecError:
    if edit is not None:
        help = f"write `{edit.text}`"
    return SpecError([Diagnostic("AS240", message, path.span, help=help, edit=edit)])


def _read(place: str, path: Scalar, home: Home, shown: str) -> bytes:
    tree = _tree_of(place, home)
    assert tree is not None
    try:
        handle = _open_below(tree, os.path.relpath(place, tree).split(os.sep))
    except (FileNotFoundError, NotADirectoryError):
        raise SpecError([_missing(place, path, shown)]) from None
    except (OSError, ValueError) as error:
        raise unreadable(shown, error) from None
    try:
        check_status(shown, os.fstat(handle))
        with os.fdopen(handle, "rb", closefd=False) as file:
            return whole(shown, file)
    except OSError as error:
        raise unreadable(shown, error) from None
    finally:
        os.close(handle)


def _open_below(tree: str, steps: list[str]) -> int:
    """Open a file from the tree's root, one folder after the other, without following a link."""
    if os.open not in os.supports_dir_fd:
        return os.open(os.path.join(tree, *steps), _FLAGS | getattr(os, "O_BINARY", 0))
    at = os.open(tree, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for index, step in enumerate(steps, 1):
        folder, kind = at, 0 if index == len(steps) else os.O_DIRECTORY
        try:
            at = os.open(step, _FLAGS | kind, dir_fd=folder)
        finally:
            os.close(folder)
    return at


def _missing(place: str, path: Scalar, shown: str) -> Diagnostic:
    folder, base = os.path.split(place)
    message = f"there is no file `{clip(shown, 200)}`"
    if not os.path.isdir(folder):
        return Diagnostic("AS241", message, path.span, help=f"there is no folder `{os.path.dirname(shown)}` either")
    names = sorted(spec_names(folder))
    same = [name for name in names if os.path.splitext(name)[0] == os.path.splitext(base)[0]]
    near = same or nearest(base, names, limit=3)
    start = str(path.value).replace("\\", "/").rpartition("/")
    listed = [f"`{start[0]}{start[1]}{name}`" for name in near or names[:5]]
    help = f"did you mean {' or '.join(listed)}?" if near else "the folder holds " + (", ".join(listed) or "no spec")
    return Diagnostic("AS241", message, path.span, help=help)
