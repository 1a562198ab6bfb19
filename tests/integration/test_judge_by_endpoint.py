"""A server judges: whatever it says becomes yes, no or unparsable, and a killed job pays for no reply twice."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hostile_endpoint import HostileEndpoint, serving
from warm_engines import warm_trainer

from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.judging.protocols import get_protocol

pytestmark = pytest.mark.integration

YES, NO = r"\boxed{yes}", r"\boxed{no}"
#: What the judge says about each answer, try by try, and the verdict that follows with two more tries.
SCRIPT: dict[str, tuple[list[Any], str]] = {
    "agrees": ([YES], "yes"),
    "shouts": ([r"So \boxed{YES}."], "yes"),
    "text": ([r"\boxed{\text{no}}"], "no"),
    "both": ([rf"{YES}? Rather {NO}"], "no"),
    "prose": (["They are equivalent, yes.", "Yes.", "yes"], "unparsable"),
    # each of the judge's three tries is sent again twice, since its reply is empty
    "nothing": (["", None, ""] * 3, "unparsable"),
    "refusal": (["I'm sorry, I can't help.", "I can't.", YES], "yes"),
    "filtered": ([{"finish_reason": "content_filter"}, NO], "no"),
    "other box": ([r"\boxed{42}", r"\boxed{yes or no}", r"\boxed{}"], "unparsable"),
    "thinks": ([rf"<think>{YES}</think>{NO}"], "no"),
    "thinks on": ([rf"<think>{YES}", rf"<think>{NO}", f"<think>{YES}"], "unparsable"),
    "apart": ([{"reasoning_content": YES, "content": NO}], "no"),
    "uncounted": ([{"content": YES, "usage": None}], "yes"),
}


class ScriptedServer(HostileEndpoint):
    """Finds the question in the prompt and replies by the script."""

    def __init__(self, script: dict[str, list[Any]], **more: Any) -> None:
        super().__init__(**more)
        self.script = {name: list(replies) for name, replies in script.items()}
        self.tries: Counter[str] = Counter()

    def completion(self, prompt: str) -> dict[str, Any]:
        name = prompt.split("Question:\n")[1].split("\n")[0]
        with self.lock:
            said = self.script[name][self.tries[name]]
            self.tries[name] += 1
        said = said if isinstance(said, dict) else {"content": said}
        message = {"role": "assistant", "content": said.get("content"), **said}
        usage = said.get("usage", {"prompt_tokens": 20, "completion_tokens": 3})
        return {"choices": [{"message": message, "finish_reason": said.get("finish_reason", "stop")}], "usage": usage}


def tables(folder: Path, names: list[str], models: list[str], answer: str = "It is 3.") -> list[str]:
    """Items and answers named after what the judge will say; the options that name the files."""
    item = {"benchmark": "gsm8k", "prompt": "p", "gold": ["3"], "choices": [], "extra": "{}"}
    items = [item | {"item_id": name, "question": name} for name in names]
    write_table(table_from_rows(items, "items"), folder / "items.parquet", "items")
    counts = {"prompt_tokens": 9, "answer_tokens": 9, "finish_reason": "stop"}
    paths = []
    for number, model_id in enumerate(models):
        keys = {"model_id": model_id, "benchmark": "gsm8k", "sample": 0, "answer": answer}
        rows = [keys | counts | {"item_id": name} for name in names]
        paths.append(folder / f"answers-{number}.parquet")
        write_table(table_from_rows(rows, "answers"), paths[-1], "answers")
    return ["--items", str(folder / "items.parquet"), "--answers", *map(str, paths)]


def command(root: Path, folder: Path, url: str, files: list[str], *more: str) -> list[str]:
    endpoint = json.dumps({"url": url, "key": "JUDGE_KEY", "concurrency": 4, "timeout": 60})
    sampling = '{"temperature": 0.7, "top_p": 0.95, "max_tokens": 64}'
    options = {"--judge": "served", "--model": "any", "--endpoint": endpoint, "--sampling": sampling, "--seed": "0"}
    options |= {"--tokenizer": str(root / "resources/micro/tokenizer"), "--answer-tail-tokens": "64"}
    options |= {"--output-dir": str(folder / "verdicts")}
    program = [sys.executable, str(root / "workflow/scripts/judge_answers.py")]
    return [*program, *files, *more, *(word for pair in options.items() for word in pair)]


ENVIRONMENT = os.environ | {"JUDGE_KEY": "secret"}


def test_whatever_the_server_says_becomes_a_verdict(root: Path, tmp_path: Path) -> None:
    server = ScriptedServer({name: replies for name, (replies, _) in SCRIPT.items()})
    files = tables(tmp_path, list(SCRIPT), ["m"])
    (step,) = get_protocol("v1").steps("3")
    prompts = {name: step.ask({"question": name, "answer": "It is 3.", "truth": "3"}) for name in SCRIPT}
    server.faults = {prompts["text"]: [500, "drop", "truncated"], prompts["both"]: ["no choices", "half"]}
    with serving(server):
        run = command(root, tmp_path, server.url, files, "--protocol", "v1", "--mode", '{"system": "think"}')
        done = warm_trainer().run(run[1:], environment=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    verdicts = read_table(tmp_path / "verdicts/m/gsm8k.parquet", "verdicts")
    assert dict(verdicts.select("item_id", "verdict").iter_rows()) == {name: end for name, (_, end) in SCRIPT.items()}
    assert server.tries == {name: len(replies) for name, (replies, _) in SCRIPT.items()}
    tokens = dict(verdicts.select("item_id", "judge_tokens").iter_rows())
    assert (tokens["agrees"], tokens["prose"], tokens["uncounted"]) == (3, 9, 0)
    assert "no token counts for 1 reply" in done.stdout + done.stderr
    assert server.bodies[0]["messages"][0] == {"role": "system", "content": "think"}
    assert server.keys == {"Bearer secret"}
    account = json.loads((tmp_path / "verdicts/m/manifest.json").read_text())
    assert account["verdicts"]["gsm8k"] == {
        **{"yes": 4, "no": 5, "unparsable": 4},
        **{"asked_again": 6, "refused": 1},
    }
    assert account["settings"]["protocol"] == "v1"
    assert "secret" not in json.dumps(account)


def test_two_steps_by_a_server(root: Path, tmp_path: Path) -> None:
    """Reasoning goes, the final answer is copied first, and the truth is shown only then."""
    server = ScriptedServer({"q": [r"\boxed{3}", YES]})
    files = tables(tmp_path, ["q"], ["m"], answer="<think>maybe 4</think>\n\nIt is 3.")
    with serving(server):
        run = command(root, tmp_path, server.url, files, "--protocol", "v2", "--structured")
        done = warm_trainer().run(run[1:], environment=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    first, second = (body["messages"][-1]["content"] for body in server.bodies)
    assert "maybe 4" not in first
    assert first.endswith("User Answer:\nIt is 3.")
    assert second.endswith("Final result of the User Answer:\n3\nGround Truth:\n3")
    assert [body["structured_outputs"]["regex"].count("yes|no") for body in server.bodies] == [0, 1]
    row = read_table(tmp_path / "verdicts/m/gsm8k.parquet", "verdicts").row(0, named=True)
    assert (row["verdict"], row["extracted"], row["extraction"], row["reply"]) == ("yes", "3", r"\boxed{3}", YES)
    assert (row["judge_prompt_tokens"], row["judge_tokens"]) == (40, 6)


def test_a_job_killed_in_the_second_model_pays_for_no_reply_twice(root: Path, tmp_path: Path) -> None:
    """Snakemake deletes the tables of a job that did not end, also those of models that were finished."""
    names = [f"q{number}" for number in range(24)]
    server = ScriptedServer({name: [YES] * 4 for name in names}, held=30)
    files = tables(tmp_path, names, ["first", "second"])
    finished = tmp_path / "verdicts/first/gsm8k.parquet"
    with serving(server):
        run = command(root, tmp_path, server.url, files, "--protocol", "v1")
        job = warm_trainer().start(run[1:], tmp_path / "log.txt", ENVIRONMENT)
        while sum(server.answered.values()) < 30 and job.poll() is None:
            time.sleep(0.005)
        job.kill()
        assert job.wait(600) == -signal.SIGKILL
        assert finished.is_file()
        finished.unlink()
        paid = sum(server.answered.values())
        server.held = None
        server.released.set()
        done = warm_trainer().run(run[1:], environment=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    assert paid >= 30
    # those that were on their way when the job was killed may have been answered and not heard
    assert sum(server.answered.values()) <= 48 + 4
    for model_id in ("first", "second"):
        table = read_table(tmp_path / "verdicts" / model_id / "gsm8k.parquet", "verdicts")
        assert table["verdict"].to_list() == ["yes"] * 24


def test_what_is_judged_is_kept_and_what_has_changed_is_judged_again(root: Path, tmp_path: Path) -> None:
    names = ["q0", "q1"]
    server = ScriptedServer({name: [YES] * 9 for name in names})
    table = tmp_path / "verdicts/first/gsm8k.parquet"

    def judge(*models: str, answer: str = "It is 3.") -> int:
        """How many answers the judge is asked about."""
        before = sum(server.tries.values())
        run = command(root, tmp_path, server.url, tables(tmp_path, names, [*models], answer), "--protocol", "v1")
        done = warm_trainer().run(run[1:], environment=ENVIRONMENT)
        assert done.returncode == 0, done.stderr
        return sum(server.tries.values()) - before

    with serving(server):
        assert judge("first") == 2
        written = table.stat()
        assert judge("first", "second") == 2
        assert table.stat().st_mtime > written.st_mtime
        assert table.stat().st_ino == written.st_ino
        table.unlink()
        assert judge("first", "second") == 0
        assert table.is_file()
        assert judge("first", "second", answer="It is 4.") == 4
        assert judge("first", "second") == 0
