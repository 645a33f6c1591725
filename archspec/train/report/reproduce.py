"""How to make it again, go on with it, and use it; and where it came from."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from archspec.errors import plural
from archspec.train.account.account import Account
from archspec.train.device import pick_device
from archspec.train.report.html import Child, Markup, join, scrolls, tag

FILES: Mapping[str, str] = {
    "spec.yaml": "the model and its recipe, in one piece",
    "module.yaml": "the classes and tensors of the module that was trained",
    "recipe.yaml": "the recipe with every field",
    "run.json": "what this page says, as data",
    "metrics.csv": "the numbers by epoch",
    "metrics.jsonl": "the same as lines of JSON",
    "evaluation.json": "figures and confusion matrix of the best weights",
    "best.safetensors": "the best weights, with the spec inside where there is one",
    "last.safetensors": "the last weights, likewise",
    "curves.png": "the curves",
    "confusion.png": "the confusion matrix",
    "predictions.png": "the examples",
    "tensorboard": "what TensorBoard reads",
    "checkpoints": "what the run can go on from",
}


def reproduce(account: Account) -> Markup:
    """Commands, versions, the commit, the machine, each session, and the files."""
    return join(
        tag("h2", "To make it again, and to use it"),
        _commands(account),
        tag("h3", "Where it came from"),
        *(_session(each, place, len(account.sessions)) for place, each in enumerate(account.sessions, 1)),
        tag("h3", "The files"),
        _files(account),
    )


def _commands(account: Account) -> Markup:
    run = shlex.quote(str(account.folder))
    spec = shlex.quote(str(account.folder / "spec.yaml"))
    started = account.about.get("weights")
    lines = []
    if (account.folder / "spec.yaml").is_file():
        weights = f" --weights {shlex.quote(str(started))}" if started else ""
        where = _where(account)
        lines += [
            ("train it again, to the same bits on the same machine", f"archspec train {spec}{weights}{where}"),
            ("go on with it", f"archspec train --resume {run}{where}"),
            ("train it for longer", f"archspec train --resume {run}{where} --set train.epochs={_longer(account)}"),
            ("measure its best weights", f"archspec eval {run}"),
            ("ask it about pictures", f"archspec predict {run} IMAGE…"),
        ]
    best = repr(str(account.folder / "best.safetensors"))
    if (account.folder / "module.yaml").is_file():
        folder = repr(str(account.folder))
        lines += [
            ("go on with it, in Python, with the module", f"archspec.train(model, data, resume={folder})"),
            ("fill the module", f"model.load_state_dict(safetensors.torch.load_file({best}))"),
        ]
    else:
        lines.append(("take the model in Python", f"model = archspec.from_file({best})"))
    body = "\n\n".join(f"# {what}\n{command}" for what, command in lines)
    return scrolls(tag("pre", tag("code", body)), "commands")


def _where(account: Account) -> str:
    """The device and the processes of the last session, as far as the command would not choose them itself."""
    machine = _mapping(account.sessions[-1], "machine") if account.sessions else {}
    device, processes = str(machine.get("device", "")).partition(":")[0], machine.get("processes")
    chosen = f" --device {device}" if device and device != pick_device("auto").type else ""
    return chosen + (f" --devices {processes}" if isinstance(processes, int) and processes > 1 else "")


def _longer(account: Account) -> int:
    epochs = account.section("recipe").get("epochs")
    return 2 * epochs if isinstance(epochs, int) else 20


def _session(session: Mapping[str, Any], place: int, count: int) -> Markup:
    facts: list[tuple[str, Child]] = [
        ("command", tag("code", str(session.get("command")))),
        ("in", tag("code", str(session.get("folder")))),
        ("when", f"{_when(session.get('began'))} to {_when(session.get('ended'))}"),
        ("ended", _ended(session)),
        ("versions", ", ".join(f"{name} {each}" for name, each in _mapping(session, "versions").items())),
        ("code", _commit(_mapping(session, "git"))),
        ("machine", _machine(_mapping(session, "machine"))),
    ]
    if count > 1:
        epoch, batch = _moment(session)
        facts.insert(0, ("session", f"{place} of {count}, from epoch {epoch}, batch {batch}"))
    return tag("dl", *(join(tag("dt", name), tag("dd", each)) for name, each in facts), class_="facts")


def _moment(session: Mapping[str, Any]) -> tuple[object, object]:
    found = session.get("from")
    return (found[0], found[1]) if isinstance(found, list) and len(found) == 2 else ("?", "?")


def _mapping(session: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = session.get(name)
    return found if isinstance(found, Mapping) else {}


def _when(moment: object) -> str:
    return str(moment).replace("T", " ").replace("+00:00", " UTC") if moment else "…"


def _ended(session: Mapping[str, Any]) -> str:
    fault = session.get("fault")
    return f"{session.get('outcome') or 'killed, or still running'}" + (f" ({fault})" if fault else "")


def _commit(git: Mapping[str, Any]) -> Child:
    if not git:
        return "in no git repository"
    states = {True: ", with changes that are not committed", False: ", as committed"}
    branch = f" ({git.get('branch')})" if git.get("branch") else ""
    dirty = git.get("dirty")
    return join(tag("code", str(git.get("commit"))), branch, states.get(dirty, "") if isinstance(dirty, bool) else "")


def _machine(machine: Mapping[str, Any]) -> str:
    count = machine.get("processes")
    processes = f", {count} processes" if isinstance(count, int) and count > 1 else ""
    cores, threads = (_many(machine.get(each), each.removesuffix("s")) for each in ("cores", "threads"))
    return f"{machine.get('name')} ({machine.get('device')}), {cores}, {threads}, {machine.get('system')}{processes}"


def _many(count: object, what: str) -> str:
    return plural(count, what) if isinstance(count, int) else f"{count} {what}s"


def _files(account: Account) -> Markup:
    there = [(name, what) for name, what in FILES.items() if (account.folder / name).exists()]
    rows = [tag("li", tag("a", tag("code", name), href=name), f" – {what}") for name, what in there]
    return tag("ul", *rows)
