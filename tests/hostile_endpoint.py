"""An OpenAI-compatible server on this machine that misbehaves as it is told, and remembers what it was asked."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from free_port import serving_on_free_port


class HostileEndpoint:
    """``faults``: what happens to the first requests with a prompt, one after the other, before it is answered.

    A fault is a name, a status, or a response as a map with ``status``, ``body`` and ``headers``. ``closed``: after so
    many answers all other requests get a status. ``held``: after so many answers all other requests wait until
    ``released`` is set, so that whoever asks does not end before a test has killed it.
    """

    def __init__(
        self,
        faults: dict[str, list[Any]] | None = None,
        delay: float = 0.0,
        closed: tuple[int, int] | None = None,
        held: int | None = None,
    ) -> None:
        self.closed, self.held, self.released = closed, held, threading.Event()
        self.faults = {prompt: list(own) for prompt, own in (faults or {}).items()}
        self.delay = delay
        self.url = ""
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.keys: set[str | None] = set()
        self.open = self.most_open = 0
        self.lock = threading.Lock()

    def completion(self, prompt: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": f"answer to {prompt}"}
        if "apart" in prompt:
            message["reasoning_content"] = "because"
        reason = next((word for word in ("length", "content_filter") if word in prompt), "stop")
        usage = {"prompt_tokens": len(prompt), "completion_tokens": 3}
        return {"choices": [{"message": message, "finish_reason": reason}], "usage": usage}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    endpoint: HostileEndpoint

    def log_message(self, *arguments: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt, endpoint = body["messages"][-1]["content"], self.endpoint
        with endpoint.lock:
            endpoint.asked[prompt] += 1
            endpoint.bodies.append({"path": self.path, **body})
            endpoint.keys.add(self.headers["Authorization"])
            endpoint.open += 1
            endpoint.most_open = max(endpoint.most_open, endpoint.open)
            fault = endpoint.faults[prompt].pop(0) if endpoint.faults.get(prompt) else None
            waits = endpoint.held is not None and endpoint.answered.total() >= endpoint.held
            if endpoint.closed and endpoint.answered.total() >= endpoint.closed[0]:
                fault = endpoint.closed[1]
        try:
            if waits:
                endpoint.released.wait()
            time.sleep(endpoint.delay)
            self._respond(prompt, fault)
        except (BrokenPipeError, ConnectionResetError):
            pass  # whoever asked was killed
        finally:
            with endpoint.lock:
                endpoint.open -= 1

    def _respond(self, prompt: str, fault: Any) -> None:
        # a reply that never arrives whole need not be the one that will
        content = HostileEndpoint.completion if fault else type(self.endpoint).completion
        whole = json.dumps(content(self.endpoint, prompt)).encode()
        if fault == "drop":
            self._hang_up()
        elif fault == "half":
            self._send(200, whole, sent=len(whole) // 2)
        elif fault == "truncated":
            self._send(200, whole[: len(whole) // 2])
        elif fault == "no choices":
            self._send(200, b'{"choices": [], "usage": {}}')
        elif fault == "no message":
            self._send(200, b'{"choices": [{"message": null, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}}')
        elif fault == "garbled":
            self._send(200, whole, {"Content-Encoding": "gzip"})
        elif isinstance(fault, dict):
            self._send(fault.get("status", 200), json.dumps(fault["body"]).encode(), fault.get("headers"))
        elif isinstance(fault, int):
            self._send(fault, b'{"error": {"message": "made up"}}', {"Retry-After": "0"} if fault == 429 else {})
        else:
            self._send(200, whole)
            with self.endpoint.lock:
                self.endpoint.answered[prompt] += 1

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None, sent: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:sent])
        self.wfile.flush()
        if sent is not None:
            self._hang_up()

    def _hang_up(self) -> None:
        """At once; ``connection.close`` would leave the client waiting for the end of its patience."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving(endpoint: HostileEndpoint) -> Iterator[HostileEndpoint]:
    """Serve on a free port of this machine while the block runs."""
    with serving_on_free_port(type("Handler", (_Handler,), {"endpoint": endpoint})) as url:
        endpoint.url = f"{url}/v1"
        yield endpoint
