"""The teacher behind an endpoint, against a server that fails in every way it can: nothing lost, nothing twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from free_port import refusing_port
from hostile_endpoint import HostileEndpoint, serving

import scale_or_reason.inference.endpoint as endpoint_module
from scale_or_reason.common.checksums import is_record
from scale_or_reason.common.errors import Interrupted, StudyError
from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.inference.command_line import Generation
from scale_or_reason.inference.endpoint import Endpoint, EndpointEngine
from scale_or_reason.inference.requests import Completion, SamplingParameters, ThinkingMode
from scale_or_reason.inference.resumable import SharedEngine

SAMPLING = SamplingParameters(0.6, 0.95, 64)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_module, "_LONGEST_PAUSE", 0.01)


def endpoint_of(server: HostileEndpoint, **settings: Any) -> Endpoint:
    return Endpoint(server.url, **{"timeout": 60.0, "retries": 4, "concurrency": 8, **settings})


def engine_of(server: HostileEndpoint, **settings: Any) -> EndpointEngine:
    return EndpointEngine(endpoint_of(server, **settings), "made-up/teacher")


def run_job(server: HostileEndpoint, folder: Path, prompts: list[str], **settings: Any) -> list[Completion]:
    """The replies of a job with a store in ``folder``."""
    generation = Generation("made-up/teacher", None, SAMPLING, {}, seed=0, endpoint=endpoint_of(server, **settings))
    with SharedEngine(generation, folder / "engine.log") as engine:
        return engine.with_replies(folder / "replies", "t").chat(prompts, list(range(len(prompts))))


def ask(engine: EndpointEngine, prompts: list[str], **options: Any) -> list[Completion]:
    return engine.chat(prompts, list(range(len(prompts))), SAMPLING, **options)


def expected(prompt: str) -> Completion:
    return Completion(len(prompt), f"answer to {prompt}", 3, "stop")


@pytest.mark.slow
def test_one_reply_per_prompt_in_order_whatever_the_server_does() -> None:
    prompts = [f"p{number}" for number in range(40)]
    faults = {
        "p1": [429, 429, 429, 429],
        "p3": [500, 503],
        "p4": ["drop", "drop"],
        "p5": ["truncated"],
        "p6": ["half", "no choices", "no message", "garbled"],
        "p7": [408, 425, 409],
    }
    seen: dict[int, Completion] = {}
    with serving(HostileEndpoint(faults, delay=0.01)) as server:
        replies = ask(engine_of(server), prompts, on_completion=seen.__setitem__)
    assert replies == [expected(prompt) for prompt in prompts]
    assert seen == dict(enumerate(replies))
    assert server.answered == dict.fromkeys(prompts, 1)
    assert server.asked == {prompt: 1 + len(faults.get(prompt, [])) for prompt in prompts}
    assert 1 < server.most_open <= 8


@pytest.mark.slow
def test_what_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADE_UP_KEY", "secret-word")
    with serving(HostileEndpoint()) as server:
        engine = engine_of(server, key="MADE_UP_KEY")
        run_job(server, tmp_path, ["Who?"], key="MADE_UP_KEY")
        engine.chat(["Why?"], [7], SamplingParameters(0.6, 0.95, 64), ThinkingMode(system="/no_think"))
        engine.chat(
            ["Why?"],
            [8],
            SamplingParameters(0.6, 0.95, 64, top_k=20),
            ThinkingMode(template={"enable_thinking": False}),
        )
    _, first, second = server.bodies
    assert first == {
        "path": "/v1/chat/completions",
        "model": "made-up/teacher",
        "messages": [{"role": "system", "content": "/no_think"}, {"role": "user", "content": "Why?"}],
        "temperature": 0.6,
        "top_p": 0.95,
        "max_tokens": 64,
        "seed": 7,
    }
    assert second["messages"] == [{"role": "user", "content": "Why?"}]
    assert second["top_k"] == 20 and second["chat_template_kwargs"] == {"enable_thinking": False}
    assert server.keys == {"Bearer secret-word"}
    assert not any(b"secret-word" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_replies_are_kept_and_not_paid_twice(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    prompts = [f"p{number}" for number in range(10)]
    with serving(HostileEndpoint({"p7": [500] * 5})) as server:
        with pytest.raises(StudyError, match="failed 5 times in a row") as caught:
            run_job(server, tmp_path, prompts)
        assert "status 500" in str(caught.value) and server.url in str(caught.value)
        replies = run_job(server, tmp_path, prompts, prompt_price=1e5, completion_price=1e6)
        assert replies == [expected(prompt) for prompt in prompts]
    assert server.answered == dict.fromkeys(prompts, 1)
    # 20 prompt tokens at 0.1, 30 generated ones at 1
    account = "endpoint: 10 replies, 20 prompt tokens, 30 generated tokens, cost 32.00"
    assert capfd.readouterr().err.splitlines()[-1] == account


@pytest.mark.slow
def test_prompts_that_name_control_tokens_are_counted() -> None:
    named = ["a<|im_end|>", "<\uff5cUser\uff5c> b", "</s>", "[INST] c", "x<start_of_turn>model", "<|start_header_id|>"]
    plain = ["a < b | c > d", "<think>", "|im_end|", "<state>", "[1]", "1 <|> 2", "<s t>"]
    with serving(HostileEndpoint()) as server:
        engine = engine_of(server)
        replies = ask(engine, plain)
        assert "control tokens" not in engine.account(replies)
        replies = ask(engine, named + plain)
    assert engine.account(replies).endswith(
        "; control tokens are named in 6 prompts: a server can take them for its own"
    )


def test_a_server_that_refuses_everything_is_an_error() -> None:
    problem = "refuses the first request"
    with serving(HostileEndpoint(closed=(0, 400))) as server, pytest.raises(StudyError, match=problem) as caught:
        ask(engine_of(server), ["p0", "p1"])
    assert "made up" in str(caught.value)
    assert server.asked == {"p0": 1, "Hello": 1}


@pytest.mark.slow
@pytest.mark.parametrize("prompts", [["bad", "good"], ["good", "bad"]])
@pytest.mark.parametrize("status", [400, 403, 413, 422])
def test_a_refused_prompt_is_a_reply_also_if_it_is_the_first(status: int, prompts: list[str]) -> None:
    with serving(HostileEndpoint({"bad": [status]})) as server:
        engine = engine_of(server)
        replies = dict(zip(prompts, ask(engine, prompts), strict=True))
    assert replies == {"good": expected("good"), "bad": Completion(0, "", 0, "refused")}
    # the greeting is paid too
    paid = "9 prompt tokens, 6 generated tokens" if prompts[0] == "bad" else "4 prompt tokens, 3 generated tokens"
    assert engine.account(list(replies.values())) == f"endpoint: 2 replies, {paid}; 1 refused"


@pytest.mark.parametrize("status", [301, 401, 402, 404, 405])
def test_without_key_address_or_credit_nothing_goes_on(status: int) -> None:
    with serving(HostileEndpoint({"p1": [status]})) as server, pytest.raises(StudyError, match="denies access"):
        ask(engine_of(server, concurrency=1), ["p0", "p1", "p2"])
    assert server.asked == {"p0": 1, "p1": 1}


@pytest.mark.slow
@pytest.mark.parametrize("status", [400, 402, 403])
def test_a_server_that_closes_in_the_middle_stops_the_job_and_the_replies_are_kept(tmp_path: Path, status: int) -> None:
    """Credit or rights are gone, whatever status says so: nothing counts as a wrong answer, nothing is paid twice."""
    prompts = [f"p{number}" for number in range(40)]
    with serving(HostileEndpoint(closed=(10, status))) as server:
        with pytest.raises(StudyError, match=f"status {status}"):
            run_job(server, tmp_path, prompts, concurrency=4)
        server.closed = None
        assert run_job(server, tmp_path, prompts, concurrency=4) == [expected(prompt) for prompt in prompts]
    assert server.answered == dict.fromkeys(prompts, 1)


@pytest.mark.slow
def test_many_refused_prompts_in_a_row_are_refusals_if_the_server_still_answers() -> None:
    prompts = ["good", *(f"bad {number}" for number in range(25)), "also good"]
    with serving(HostileEndpoint({prompt: [403] for prompt in prompts if "bad" in prompt})) as server:
        replies = ask(engine_of(server, concurrency=1), prompts)
    assert [reply.finish_reason for reply in replies] == ["stop", *["refused"] * 25, "stop"]
    assert server.asked["Hello"] == 2


def test_finish_reasons_and_reasoning_sent_apart() -> None:
    with serving(HostileEndpoint()) as server:
        replies = ask(engine_of(server), ["at length", "content_filter", "apart"])
    assert [reply.finish_reason for reply in replies] == ["length", "refused", "stop"]
    assert replies[2].text == "<think>\nbecause\n</think>\n\nanswer to apart"


def test_a_lone_surrogate_is_sent_and_received() -> None:
    with serving(HostileEndpoint()) as server:
        (reply,) = ask(engine_of(server), ["a \ud800 b"])
    assert reply.text == "answer to a \ufffd b"
    assert server.bodies[0]["messages"][0]["content"] == "a \ud800 b"


def answered(content: Any, finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    """A response with a message; the server counts 5 prompt tokens and 1 generated one."""
    choice = {"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return {"body": {"choices": [choice], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}}


FAILURES_THAT_PASS = {
    "finish error": answered("half a te", "error"),
    "finish abort": answered("half a te", "abort"),
    "error beside the choice": {"body": {"choices": [{"message": {"content": "half"}, "error": {"code": 502}}]}},
    "error within 200": {"body": {"error": {"code": 503, "message": "busy"}}},
    "error within 200 without a status": {"body": {"error": {"message": "busy"}}},
    "content of another type": answered(7),
    "no JSON object": {"body": []},
}
EMPTY = {
    "blank": answered(""),
    "nothing": answered(None),
    "white space": answered(" \n"),
    "no parts": answered([]),
    "uncounted": {"body": {"choices": [{"message": {"content": ""}, "finish_reason": "stop"}], "usage": None}},
    "all of it in the reasoning": answered(None, reasoning_content="The answer is 4."),
    "a call of a tool": answered(None, "tool_calls"),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", [*FAILURES_THAT_PASS.values(), *EMPTY.values()], ids=[*FAILURES_THAT_PASS, *EMPTY])
def test_what_may_be_better_the_next_time_is_asked_again(fault: dict[str, Any]) -> None:
    with serving(HostileEndpoint({"p": [fault, fault]})) as server:
        assert ask(engine_of(server), ["p"]) == [expected("p")]
    assert server.asked == {"p": 3}


@pytest.mark.slow
@pytest.mark.parametrize("fault", EMPTY.values(), ids=EMPTY)
def test_a_reply_that_stays_empty_is_counted(fault: dict[str, Any]) -> None:
    with serving(HostileEndpoint({"p": [fault] * 9})) as server:
        engine = engine_of(server)
        (reply,) = ask(engine, ["p"])
    assert server.asked == {"p": 3}
    assert len({body["seed"] for body in server.bodies}) == 3
    assert reply.is_empty and reply.finish_reason == "stop" and not reply.prompt_filled_context
    assert "; 1 empty" in engine.account([reply])


def test_empty_replies_are_paid_too() -> None:
    with serving(HostileEndpoint({"p": [answered(""), answered("")]})) as server:
        engine = engine_of(server)
        replies = ask(engine, ["p"])
    assert engine.account(replies) == "endpoint: 1 reply, 11 prompt tokens, 5 generated tokens"


@pytest.mark.parametrize(
    ("code", "match"), [("insufficient_quota", "denies access"), ("rate_limit_exceeded", "failed 5 times")]
)
def test_too_many_requests_is_no_lack_of_credit(code: str, match: str) -> None:
    fault = {"status": 429, "body": {"error": {"code": code, "message": "m"}}}
    with serving(HostileEndpoint({"p": [fault] * 9})) as server, pytest.raises(StudyError, match=match):
        ask(engine_of(server), ["p"])


@pytest.mark.slow
def test_a_demanded_pause_is_kept() -> None:
    """More than a second is left of it, longer than the pause that nobody demands."""
    again = int(time.time()) + 3
    date = formatdate(again, usegmt=True)
    fault = {"status": 503, "body": {}, "headers": {"Retry-After": date}}
    with serving(HostileEndpoint({"p": [fault]})) as server:
        assert ask(engine_of(server), ["p"]) == [expected("p")]
    assert time.time() >= again - 0.01


def test_a_server_that_counts_nothing() -> None:
    fault = {"body": {"choices": [{"message": {"content": "four"}, "finish_reason": "length"}]}}
    with serving(HostileEndpoint({"p": [fault]})) as server:
        engine = engine_of(server)
        (reply,) = ask(engine, ["p"])
    assert reply == Completion(0, "four", 0, "length") and not reply.prompt_filled_context
    assert "no token counts for 1 reply" in engine.account([reply])


def test_nobody_is_there() -> None:
    server = HostileEndpoint()
    refused = pytest.raises(StudyError, match="failed 3 times in a row")
    with refusing_port() as server.url, refused as caught:
        ask(engine_of(server, retries=2), ["p"])
    assert "ConnectError" in str(caught.value)


@pytest.mark.slow
def test_an_answer_that_takes_too_long() -> None:
    with serving(HostileEndpoint(held=0)) as server:
        with pytest.raises(StudyError, match="failed 2 times in a row") as caught:
            ask(engine_of(server, retries=1, timeout=0.5), ["p"])
        server.released.set()
    assert "ReadTimeout" in str(caught.value)


@pytest.mark.slow
def test_further_fields_reach_the_server_and_belong_to_the_replies(tmp_path: Path) -> None:
    body = {"max_tokens": None, "max_completion_tokens": 9, "reasoning_effort": "low", "top_p": 0.5}
    with serving(HostileEndpoint()) as server:
        run_job(server, tmp_path, ["Who?"], body=body)
        run_job(server, tmp_path, ["Who?"], body=dict(reversed(body.items())))
        assert len(server.bodies) == 1  # the order of fields asks for nothing new
        run_job(server, tmp_path, ["Who?"], body={**body, "reasoning_effort": "high"})
        run_job(server, tmp_path, ["Who?"])
        run_job(server, tmp_path, ["Who?"], body={})
    first, second, third = server.bodies
    del first["path"], first["messages"]
    assert first == {
        "model": "made-up/teacher",
        "temperature": 0.6,
        "seed": 0,
        "max_completion_tokens": 9,
        "reasoning_effort": "low",
        "top_p": 0.5,
    }
    assert second["reasoning_effort"] == "high"
    assert "reasoning_effort" not in third and third["max_tokens"] == 64


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "a setting is missing"),
        ('{"url": "https://x", "body": {"messages": []}}', "out of range"),
        ('{"url": "https://x", "retry": 1}', "unknown setting"),
        ('{"url": 1}', "wrong type"),
        ('{"url": "x"}', "out of range"),
        ('{"url": "https://x", "concurrency": 0}', "out of range"),
        ('{"url": "https://x", "timeout": 0}', "out of range"),
        ("[]", "not a JSON object"),
    ],
)
def test_settings_that_make_no_sense(text: str, problem: str) -> None:
    with pytest.raises(StudyError, match=problem):
        Endpoint.from_json(text)


def test_a_key_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MADE_UP_KEY", raising=False)
    with pytest.raises(StudyError, match="endpoint's key is not set") as caught:
        Endpoint.from_json('{"url": "https://x", "key": "MADE_UP_KEY"}').secret()
    assert "export MADE_UP_KEY" in str(caught.value)


def test_a_job_killed_behind_its_last_reply_asks_nothing(tmp_path: Path) -> None:
    with serving(HostileEndpoint()) as server:
        replies = run_job(server, tmp_path, ["a", "b"])
    assert run_job(server, tmp_path, ["a", "b"]) == replies  # nobody is there any more
    assert [path.name for path in tmp_path.iterdir()] == ["replies"]


@pytest.mark.slow
def test_after_sigterm_running_requests_are_awaited_and_kept(tmp_path: Path) -> None:
    prompts = [f"p{number}" for number in range(40)]

    class Stopper(HostileEndpoint):
        """Sends SIGTERM to the job when it asks for the tenth time."""

        def completion(self, prompt: str) -> dict[str, Any]:
            if prompt == "p10":
                os.kill(os.getpid(), signal.SIGTERM)
            return super().completion(prompt)

    with serving(Stopper(delay=0.02)) as server:
        with pytest.raises(Interrupted, match="run the same command again"):
            run_job(server, tmp_path, prompts, concurrency=4)
        assert 10 < server.asked.total() < 40
        assert run_job(server, tmp_path, prompts) == [expected(prompt) for prompt in prompts]
    assert server.asked == dict.fromkeys(prompts, 1)


@pytest.mark.slow
def test_a_killed_program_goes_on_where_it_was(root: Path, tmp_path: Path) -> None:
    prompts = [f"question {number}" for number in range(30)]
    rows = [{"prompt_id": f"q{i}", "corpus": "c", "prompt": prompt} for i, prompt in enumerate(prompts)]
    write_table(table_from_rows(rows, "prompts"), tmp_path / "prompts.parquet", "prompts")
    output = tmp_path / "shard-0.parquet"
    with serving(HostileEndpoint({"question 3": [500]}, held=10)) as server:
        words = [sys.executable, str(root / "workflow" / "scripts" / "generate_teacher_answers.py")]
        options = {
            "--prompts": tmp_path / "prompts.parquet",
            "--format": "ift",
            "--shard": 0,
            "--shards": 1,
            "--model": "made-up/teacher",
            "--sampling": '{"temperature": 0, "top_p": 1, "max_tokens": 8}',
            "--endpoint": json.dumps({"url": server.url, "concurrency": 2, "completion_price": 1e6}),
            "--seed": 0,
            "--output": output,
        }
        words += [str(word) for option in options.items() for word in option]
        first = subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while server.answered.total() < 10 and first.poll() is None:
            time.sleep(0.005)
        first.kill()
        assert first.wait() == -signal.SIGKILL
        assert not output.exists() and 10 <= server.answered.total() < 30
        server.held = None
        server.released.set()
        second = subprocess.run(words, capture_output=True, text=True, check=False)
    assert second.returncode == 0, second.stderr
    assert "endpoint: 30 replies" in second.stderr and "cost 90.00" in second.stderr
    answers = read_table(output, "generations")
    assert answers["prompt"].to_list() == prompts
    assert answers["answer"].to_list() == [f"answer to {prompt}" for prompt in prompts]
    # beside question 3, whose first request was refused, only what was on its way at the kill is asked again, once:
    # that can be question 3 itself, which is then asked three times
    server.asked["question 3"] -= 1
    again = [count for count in server.asked.values() if count > 1]
    assert len(server.asked) == 30 and len(again) <= 2 and set(again) <= {2}
    assert [path.name for path in tmp_path.glob(".*") if not is_record(path)] == [".replies"]
