"""A small editor: it opens a spec in `yaml-language-server` and asks what an editor asks, over the real protocol."""

from __future__ import annotations

import fcntl
import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SERVER = FOLDER / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
_PATIENCE = 60.0
_SETTINGS = {"validate": True, "hover": True, "completion": True, "schemas": {}, "schemaStore": {"enable": False}}
_CAPABILITIES = {
    "workspace": {"configuration": True},
    "textDocument": {
        "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
        "hover": {"contentFormat": ["markdown"]},
    },
}


def install() -> str | None:
    """Make the server of package-lock.json be there, as `make editor` does; why it cannot be, where npm is absent."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "npm and node are not installed, and the language server is an npm package"
    with (FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test workers want it
        if not SERVER.exists():
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, timeout=300)
    return None


class Editor:
    """A running server. Positions are counted from 0, as the protocol counts them."""

    def __init__(self) -> None:
        command = ["node", str(SERVER), "--stdio"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._inbox: queue.Queue[dict[str, Any]] = queue.Queue()
        self._last_id = 0
        threading.Thread(target=self._read, daemon=True).start()
        self._request("initialize", {"processId": None, "rootUri": None, "capabilities": _CAPABILITIES})
        self._send({"method": "initialized", "params": {}})

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()

    def open(self, path: Path, text: str) -> list[dict[str, Any]]:
        """Open a file with this text (it need not be there) and wait for what the server underlines."""
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        published = self._wait(
            lambda message: (
                message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == path.as_uri()
            )
        )
        found: list[dict[str, Any]] = published["params"]["diagnostics"]
        return found

    def complete(self, path: Path, line: int, character: int) -> dict[str, dict[str, Any]]:
        """What is offered at a place, by its label."""
        answer = self._request("textDocument/completion", self._place(path, line, character))
        items = answer["items"] if isinstance(answer, dict) else answer
        return {item["label"]: item for item in items}

    def hover(self, path: Path, line: int, character: int) -> str:
        """What is shown when the pointer rests on a place; empty if nothing is."""
        answer = self._request("textDocument/hover", self._place(path, line, character))
        return answer["contents"]["value"] if answer else ""

    def _place(self, path: Path, line: int, character: int) -> dict[str, Any]:
        return {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": character}}

    def _request(self, method: str, params: dict[str, Any]) -> Any:
        self._last_id += 1
        mine = self._last_id
        self._send({"id": mine, "method": method, "params": params})
        answer = self._wait(lambda message: message.get("id") == mine and "method" not in message)
        assert "error" not in answer, answer
        return answer["result"]

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _wait(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next message that is wanted; the server's own requests are answered on the way."""
        while True:
            message = self._inbox.get(timeout=_PATIENCE)
            if "method" in message and "id" in message:
                self._answer(message)
            if wanted(message):
                return message

    def _answer(self, message: dict[str, Any]) -> None:
        result: Any = None
        if message["method"] == "workspace/configuration":
            items = message["params"]["items"]
            result = [_SETTINGS if item.get("section") == "yaml" else {} for item in items]
        self._send({"id": message["id"], "result": result})

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while True:
            length = 0
            while line := stream.readline().strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            if not length:
                return
            self._inbox.put(json.loads(stream.read(length)))
