"""A hub on this machine: the part of the hub's API that downloads use, with faults on demand."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

from free_port import serving_on_free_port

Files = dict[str, bytes]


@dataclass
class Repo:
    """A repository: the files of each commit, and the commit of each branch."""

    commits: dict[str, Files] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    gated: bool = False

    def push(self, files: Files, branch: str = "main") -> str:
        """A new commit on a branch; its id."""
        commit = hashlib.sha1(repr((sorted(files), len(self.commits), files)).encode()).hexdigest()
        self.commits[commit] = files
        self.branches[branch] = commit
        return commit


#: What a fault answers: a status with headers, or the number of bytes after which the connection ends.
Fault = tuple[int, dict[str, str]] | int


@dataclass
class Hub:
    """The repositories by kind and name, every request that came, and faults: path -> answers still to be given."""

    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    url: str = ""

    def repo(self, kind: str, name: str, files: Files | None = None) -> Repo:
        """The repository, which is made if it does not exist."""
        repo = self.repos.setdefault((kind, name), Repo())
        if files is not None:
            repo.push(files)
        return repo

    def fault_of(self, path: str) -> Fault | None:
        for part, answers in self.faults.items():
            if part in path and answers:
                return answers.pop(0)
        return None


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A hub that answers on a free port."""
    hub = Hub()
    with serving_on_free_port(type("Handler", (_Handler,), {"hub": hub})) as hub.url:
        yield hub


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        return

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.requests[f"{self.command} {path}"] += 1
        fault = self.hub.fault_of(f"{self.command} {path}")
        if isinstance(fault, tuple):
            self._send(fault[0], b"{}", fault[1])
            return
        kind, parts = self._kind(path)
        name = "/".join(parts[:2])
        repo = self.hub.repos.get((kind, name))
        if repo is None:
            self._send(401, b"{}", {"X-Error-Code": "RepoNotFound"})
            return
        verb, revision, rest = parts[2], parts[3] if len(parts) > 3 else "main", "/".join(parts[4:])
        commit = repo.branches.get(revision, revision)
        if commit not in repo.commits:
            self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            return
        answers: dict[str, Callable[[], None]] = {
            "revision": lambda: self._json({"id": name, "sha": commit, "siblings": []}),
            "tree": lambda: self._json(_tree(repo.commits[commit])),
            "resolve": lambda: self._file(repo, commit, rest, fault),
        }
        answers[verb]()

    def _kind(self, path: str) -> tuple[str, list[str]]:
        parts = path.strip("/").split("/")
        if parts[0] == "api":
            return parts[1].removesuffix("s"), parts[2:]
        return ("dataset", parts[1:]) if parts[0] == "datasets" else ("model", parts)

    def _file(self, repo: Repo, commit: str, name: str, cut: int | None) -> None:
        if repo.gated:
            self._send(403, b"{}", {"X-Error-Code": "GatedRepo"})
            return
        content = repo.commits[commit].get(name)
        if content is None:
            self._send(404, b"{}", {"X-Error-Code": "EntryNotFound"})
            return
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0] or 0)
        headers = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._send(206 if start else 200, content[start:], headers, cut)

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str], cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.close_connection = True


def _tree(files: Files) -> list[dict[str, Any]]:
    return [
        {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
        for name, content in files.items()
    ]
