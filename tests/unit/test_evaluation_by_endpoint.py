"""A served teacher answers a benchmark: no fault of the server becomes a wrong answer in silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hostile_endpoint import HostileEndpoint, serving

from scale_or_reason.common.tables import read_table, table_from_rows, write_table

pytestmark = pytest.mark.slow

MODEL_ID = "teacher/served/ift"
#: In no file and on no screen after any of these runs.
SECRETS = {"SERVER_KEY": "planted-key-of-the-server", "HF_TOKEN": "hf_plantedPlantedPlantedPlanted"}


class Solver(HostileEndpoint):
    """Solves every question; ``usage`` is what it says about tokens."""

    usage: Any = {"prompt_tokens": 9, "completion_tokens": 3}  # noqa: RUF012

    def completion(self, prompt: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": r"\boxed{3}"}
        return {"choices": [{"message": message, "finish_reason": "stop"}], "usage": self.usage}


def message(content: Any, finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    choice = {"message": {"content": content, **more}, "finish_reason": finish}
    return {"body": {"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}}


def evaluate(root: Path, folder: Path, server: HostileEndpoint) -> subprocess.CompletedProcess[str]:
    item = {"benchmark": "gsm8k", "gold": ["3"], "choices": [], "extra": "{}"}
    rows = [item | {"item_id": f"q{number}", "prompt": f"q{number}", "question": f"q{number}"} for number in range(30)]
    write_table(table_from_rows(rows, "items"), folder / "items.parquet", "items")
    options = {
        "--model": "any",
        "--model-ids": MODEL_ID,
        "--items": str(folder / "items.parquet"),
        "--sampling": '{"temperature": 0, "top_p": 1, "max_tokens": 64}',
        "--endpoint": json.dumps(
            {"url": server.url, "key": "SERVER_KEY", "concurrency": 4, "retries": 2, "timeout": 60}
        ),
        "--seed": "0",
        "--output-dir": str(folder),
    }
    words = [sys.executable, str(root / "workflow/scripts/evaluate_model.py")]
    words += [word for option in options.items() for word in option]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | SECRETS)
    written = {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    written["screen"] = (done.stdout + done.stderr).encode()
    assert not [name for name, content in written.items() for secret in SECRETS.values() if secret.encode() in content]
    return done


def account(folder: Path) -> dict[str, int]:
    value: dict[str, int] = json.loads((folder / MODEL_ID / "manifest.json").read_text())["benchmarks"]["gsm8k"]
    return value


def test_refused_and_empty_answers_are_counted_and_named(root: Path, tmp_path: Path) -> None:
    faults = {
        "q3": [message("half a te", "error")],
        "q5": [403],
        "q7": [message("no", "content_filter")],
        "q9": [message("")] * 3,
        "q11": [message(None, reasoning_content="It is 3.")] * 3,
        "q13": [message([{"type": "thinking", "thinking": "1+2"}, {"type": "text", "text": r"\boxed{3}"}], "end_turn")],
        "q15": [message(r"\boxed{3}", None), 500],
    }
    with serving(Solver(faults)) as server:
        done = evaluate(root, tmp_path, server)
    assert done.returncode == 0, done.stderr
    counts = account(tmp_path)
    assert (counts["answers"], counts["truncated"], counts["prompt_too_long"]) == (30, 0, 0)
    assert (counts["refused"], counts["empty"], counts["uncounted"]) == (2, 2, 0)
    last = "30 answers; truncated 0, prompt too long 0, refused 2, empty 2, uncounted 0"
    assert done.stderr.strip().splitlines()[-1] == last
    table = read_table(tmp_path / MODEL_ID / "gsm8k.parquet", "answers")
    ends = dict(table.select("item_id", "finish_reason").iter_rows())
    assert {item: end for item, end in ends.items() if end != "stop"} == {
        "q5": "refused",
        "q7": "refused",
        "q9": "empty",
        "q11": "empty",
    }
    answers = dict(table.select("item_id", "answer").iter_rows())
    assert answers["q13"] == "<think>\n1+2\n</think>\n\n\\boxed{3}"
    assert answers["q3"] == answers["q15"] == r"\boxed{3}"


def test_a_server_that_counts_nothing_has_no_prompts_that_are_too_long(root: Path, tmp_path: Path) -> None:
    server = Solver()
    server.usage = None
    with serving(server):
        done = evaluate(root, tmp_path, server)
    assert done.returncode == 0, done.stderr
    assert account(tmp_path) == {
        **{"answers": 30, "prompt_tokens": 0, "answer_tokens": 0, "truncated": 0, "prompt_too_long": 0},
        **{"refused": 0, "empty": 0, "uncounted": 30},
    }


@pytest.mark.parametrize("status", [402, 403])
def test_without_credit_the_job_stops_and_its_replies_are_kept(root: Path, tmp_path: Path, status: int) -> None:
    with serving(Solver(closed=(10, status))) as server:
        stopped = evaluate(root, tmp_path, server)
        assert stopped.returncode != 0 and f"status {status}" in stopped.stderr
        assert not list(tmp_path.rglob("gsm8k.parquet"))
        server.closed = None
        done = evaluate(root, tmp_path, server)
    assert done.returncode == 0, done.stderr
    assert (account(tmp_path)["answers"], account(tmp_path)["refused"]) == (30, 0)
    assert set(server.answered.values()) == {1}


def test_a_server_that_repeats_the_key_in_its_error_puts_it_into_no_log(root: Path, tmp_path: Path) -> None:
    told = {"status": 401, "body": {"error": {"message": f"Incorrect API key: {SECRETS['SERVER_KEY']}"}}}
    with serving(Solver({f"q{number}": [told] * 9 for number in range(30)})) as server:
        done = evaluate(root, tmp_path, server)
    assert done.returncode != 0 and "401" in done.stderr and "Traceback" not in done.stderr
    assert server.keys == {f"Bearer {SECRETS['SERVER_KEY']}"}
