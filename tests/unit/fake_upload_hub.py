"""A hub on this machine that takes uploads: the part of the hub's API that `snakemake push` uses, with refusals."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

from free_port import serving_on_free_port

WRITER, READER = "hf_" + "w" * 30, "hf_" + "r" * 30
#: Files above this size, and binary ones, go to the large storage, as on the hub.
LARGE = 2000


@dataclass
class Repo:
    """A repository: files by path, how often it was committed to, and whether it is private."""

    private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    large: set[str] = field(default_factory=set)
    commits: int = 0


@dataclass
class UploadHub:
    """Repositories by kind and name, objects of the large storage, requests, and the bytes that were sent."""

    organisations: set[str] = field(default_factory=lambda: {"my-org"})
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    uploaded: int = 0
    #: Path -> statuses that are still to be answered.
    faults: dict[str, list[int]] = field(default_factory=dict)
    url: str = ""


@contextmanager
def running_upload_hub() -> Iterator[UploadHub]:
    hub = UploadHub()
    with serving_on_free_port(type("Handler", (_Handler,), {"hub": hub})) as hub.url:
        yield hub


class _Handler(BaseHTTPRequestHandler):
    hub: UploadHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        return

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self._body()
        path = unquote(urlsplit(self.path).path)
        request = f"{self.command} {path}"
        self.hub.requests.append(request)
        for part, statuses in self.hub.faults.items():
            if part in request and statuses:
                return self._send(statuses.pop(0), {"error": "a fault"})
        if path.startswith("/storage/"):  # signed addresses need no token
            self.hub.objects[path.rsplit("/", 1)[1]] = body
            self.hub.uploaded += len(body)
            return self._send(200, {})
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in (WRITER, READER):
            return self._send(401, {"error": "Invalid credentials in Authorization header"})
        if self.command == "POST" and token == READER and path != "/api/validate-yaml":
            return self._send(403, {"error": "You don't have the rights to create a model under the namespace"})
        return self._known(path, body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _known(self, path: str, body: bytes) -> None:
        if path == "/api/validate-yaml":
            text = json.loads(body)["content"]
            return self._send(200 if text.startswith("---\n") else 400, {"errors": [], "warnings": []})
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path.endswith("/info/lfs/objects/batch"):
            return self._batch(json.loads(body))
        parts = path.strip("/").split("/")
        key = (parts[1].removesuffix("s"), "/".join(parts[2:4]))
        repo = self.hub.repos.get(key)
        if repo is None:
            return self._send(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        verb = parts[4] if len(parts) > 4 else "info"
        if verb == "info":
            return self._send(200, {"id": key[1], "sha": "0" * 40, "private": repo.private, "siblings": []})
        if verb == "tree":
            return self._send(200, [_entry(repo, name) for name in sorted(repo.files)])
        if verb == "preupload":
            files = json.loads(body)["files"]
            return self._send(200, {"files": [_mode(one) for one in files]})
        return self._commit(repo, body)

    def _create(self, wanted: dict[str, Any]) -> None:
        if wanted["organization"] not in self.hub.organisations:
            return self._send(403, {"error": "no such namespace of yours"})
        name = f"{wanted['organization']}/{wanted['name']}"
        key = (wanted.get("type") or "model", name)
        if key in self.hub.repos:
            return self._send(409, {"error": "You already created this repo"})
        self.hub.repos[key] = Repo(wanted.get("visibility") == "private" or wanted.get("private") is True)
        return self._send(200, {"url": f"{self.hub.url}/{name}", "name": name, "id": name})

    def _batch(self, wanted: dict[str, Any]) -> None:
        objects = []
        for one in wanted["objects"]:
            known = {"oid": one["oid"], "size": one["size"]}
            if one["oid"] not in self.hub.objects:
                known["actions"] = {"upload": {"href": f"{self.hub.url}/storage/{one['oid']}", "header": {}}}
            objects.append(known)
        self._send(200, {"transfer": "basic", "objects": objects})

    def _commit(self, repo: Repo, body: bytes) -> None:
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                content = base64.b64decode(value["content"])
                self.hub.uploaded += len(content)
                repo.files[value["path"]] = content
            elif entry["key"] == "lfsFile":
                content = self.hub.objects[value["oid"]]
                assert hashlib.sha256(content).hexdigest() == value["oid"] and len(content) == value["size"]
                repo.files[value["path"]] = content
                repo.large.add(value["path"])
            else:
                assert entry["key"] == "header", entry
        repo.commits += 1
        self._send(200, {"commitUrl": f"{self.hub.url}/x/y/commit/{'1' * 40}", "commitOid": "1" * 40})

    def _send(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, text)
        if status >= 400 and isinstance(value, dict) and "error" in value:
            self.send_header("X-Error-Message", value["error"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _mode(one: dict[str, Any]) -> dict[str, Any]:
    binary = b"\0" in base64.b64decode(one["sample"])
    large = binary or (one["size"] > LARGE and not one["path"].endswith(".md"))
    return {"path": one["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}


def _entry(repo: Repo, name: str) -> dict[str, Any]:
    content = repo.files[name]
    blob = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
    entry: dict[str, Any] = {"type": "file", "path": name, "size": len(content), "oid": blob}
    if name in repo.large:
        entry["oid"] = "f" * 40  # of the pointer, not of the content
        entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
    return entry
