"""What checking a stranger's specs does, as Python itself reports it: files are read, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
WATCHED = """
import json, os, sys
from pathlib import Path
import archspec

seen, roots = [], [os.path.realpath(root) for root in (*sys.path, sys.prefix, sys.base_prefix, os.getcwd()) if root]
installed = tuple(root for root in roots if root != os.path.realpath(os.getcwd()))

def watch(event, args):
    if event == "open":
        path, mode, flags = args
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        inside = isinstance(path, str) and os.path.realpath(path).startswith(tuple(roots))
        if writes or not inside:
            seen.append([event, str(path), str(mode)])
    elif event == "exec":
        code = args[0].co_filename
        if again or not code.startswith((*installed, "<frozen ", "<string>")):
            seen.append([event, code])
    elif event == "import":
        if args[0].partition(".")[0] in FORBIDDEN:
            seen.append([event, args[0]])
    elif event.partition(".")[0] in ("socket", "subprocess", "ctypes", "urllib", "ftplib", "http", "pty", "shutil"):
        seen.append([event])
    elif event in EVENTS:
        seen.append([event, *map(str, args)])

EVENTS = ("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.remove", "os.rename", "os.mkdir", "os.chmod",
          "os.link", "os.symlink", "os.truncate", "os.putenv", "os.kill", "tempfile.mkstemp", "tempfile.mkdtemp",
          "pickle.find_class")
FORBIDDEN = ("torch", "torchvision", "numpy", "socket", "subprocess", "urllib", "requests", "evil")
paths = sys.argv[1:]
archspec.check(paths[0])
sys.addaudithook(watch)
again = False  # what is needed is imported, and standard modules make classes of texts of their own
told = [len(archspec.check(path)) for path in paths]
again = True  # and now nothing
told = [len(archspec.check(path)) for path in paths]
found = list(seen)
os.system("true"), open("mark", "w"), exec(compile("1", "<spec>", "exec"))  # which the watch must see
print(json.dumps([sum(map(bool, told)), found, len(seen) - len(found)]))
"""
HOSTILE = {
    "call.yaml": "vars: {x: \"$(__import__('os').system('touch done'))\"}\nlayers: {a: {Linear: $x}}\n",
    "kinds.yaml": "layers: [torch.os.system, os.system, evil.Layer, {'evil:Layer': 1}, nn.Module, builtins.eval]\n",
    "tag.yaml": "layers: [!!python/object/apply:os.system ['touch done']]\n",
    "paths.yaml": "extends: /etc/passwd\nimport: [../x.yaml, 'http://127.0.0.1:1/x.yaml', 'file:///etc/passwd', ~/x]\n",
    "weights.yaml": "layers: {a: {Linear: 3}}\nweights: {path: 'http://127.0.0.1:1/x.pt'}\n",
    "recipe.yaml": "layers: {a: {Linear: 3}}\ntrain: {data: {MNIST: {root: done, download: true}}, loss: {eval: {}}}\n",
    "plugin.yaml": "layers: {a: {Linear: 3}}\nplugin: evil.py\nallow_code: true\n",
}


def test_nothing_is_run_fetched_or_written(tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text("open('done', 'w')\n", encoding="utf-8")
    for name, text in HOSTILE.items():
        (tmp_path / name).write_text(f"archspec: 1\ninput: [4]\n{text}", encoding="utf-8")
    cases = sorted(map(str, (ROOT / "tests" / "diagnostics" / "cases").glob("*.yaml")))
    for case in cases:
        (tmp_path / os.path.basename(case)).write_bytes(Path(case).read_bytes())
    paths = [os.path.basename(case) for case in cases] + list(HOSTILE)
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *paths],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    refused, seen, provoked = json.loads(done.stdout)
    assert seen == []
    assert provoked == 3
    assert refused == len(paths)
    assert not (tmp_path / "done").exists()
