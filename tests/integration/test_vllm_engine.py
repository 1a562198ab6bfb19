"""VllmEngine on a CPU, against vLLM's own LLM.chat, transformers' generate and counts done by hand."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from tiny_generator import build_generator
from warm_engines import warm_vllm

from scale_or_reason.common.errors import StudyError
from scale_or_reason.inference.vllm_engine import VllmEngine
from scale_or_reason.judging.verdicts import parse_verdict

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "generator"
    build_generator(folder)
    return folder


@pytest.fixture(scope="module")
def facts(generator: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the engine did. In a process of its own, since vLLM changes torch for good in the process it runs in."""
    output = tmp_path_factory.mktemp("probe") / "facts.json"
    probe = Path(__file__).with_name("probe_engine.py")
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = warm_vllm().run([str(probe), str(generator), str(output)], environment=environment)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(output.read_text())


def test_chat_is_what_llm_chat_says(facts: dict[str, Any]) -> None:
    assert facts["whole"] == facts["bare"]
    assert facts["counted"] == facts["whole"]


def test_an_answer_depends_on_its_own_seed_alone(facts: dict[str, Any]) -> None:
    """Not on the order of the requests, on what was asked together, or on what was asked before."""
    assert facts["reversed"] == facts["whole"]
    assert facts["pieces"] == facts["whole"]
    changed = [a["text"] != b["text"] for a, b in zip(facts["other seeds"], facts["whole"], strict=True)]
    assert sum(changed) > len(changed) / 2


def test_thinking_off_puts_an_empty_reasoning_into_the_prompt(facts: dict[str, Any]) -> None:
    """One token for each tag and one for each of four line breaks."""
    for off, on in zip(facts["off"], facts["whole"], strict=True):
        assert off["prompt_tokens"] == on["prompt_tokens"] + 6


def test_prompt_tokens(facts: dict[str, Any]) -> None:
    """Of "question 0: " in the chat format: two starts, one end, and the bytes between them."""
    assert facts["whole"][0]["prompt_tokens"] == 3 + len("user\n" + "question 0: " + "\n" + "assistant\n")


def test_a_think_tag_that_the_template_opened_is_part_of_the_answer(facts: dict[str, Any]) -> None:
    assert all(reply["text"].startswith("<think>\n") for reply in facts["opened"])


def test_special_tokens_stay_and_the_end_token_goes(facts: dict[str, Any]) -> None:
    replies = [reply for name in ("whole", "off", "other seeds") for reply in facts[name]]
    texts = "".join(reply["text"] for reply in replies)
    assert "<think>" in texts
    assert "</think>" in texts
    assert "<|im_end|>" not in texts
    stopped = [reply for reply in replies if reply["finish_reason"] == "stop"]
    cut = [reply for reply in replies if reply["finish_reason"] == "length"]
    assert stopped
    assert all(reply["tokens"] == 40 for reply in cut)
    assert len(stopped) + len(cut) == len(replies)


def test_a_prompt_without_room_is_not_asked(facts: dict[str, Any]) -> None:
    assert facts["context"] == 512
    for replies in (facts["too long"][:3], facts["too long"][3:]):
        assert [reply["tokens"] > 0 for reply in replies] == [True, False, True]
        assert (replies[1]["text"], replies[1]["finish_reason"]) == ("", "length")
        assert replies[1]["prompt_tokens"] >= 600
    assert [reply["tokens"] for reply in facts["nearly too long"]] == [1, 0]


def test_greedy_text_is_that_of_transformers(facts: dict[str, Any]) -> None:
    assert facts["greedy"] == facts["greedy by transformers"]


def test_a_begun_answer_is_continued_as_by_transformers(facts: dict[str, Any]) -> None:
    reply, too_long = facts["resumed"]
    # vLLM leaves out the bytes of a last letter that the limit has cut
    assert reply["text"].rstrip("\ufffd") == facts["resumed by transformers"].rstrip("\ufffd") != ""
    assert reply["tokens"] == 12
    chat = 3 + len("user\n" + "question" + "\n" + "assistant\n")
    assert reply["prompt_tokens"] == chat + 2 + len("\nabc\n" + "\n\n")
    assert (too_long["text"], too_long["tokens"], too_long["finish_reason"]) == ("", 0, "length")
    # the name of a control token in an answer stays text: a token per letter
    assert facts["resumed behind a name"][0]["prompt_tokens"] == reply["prompt_tokens"] + len("<|im_end|>")


def test_a_stop_string_ends_the_text_before_it(facts: dict[str, Any]) -> None:
    stopped = facts["stopped"]
    assert stopped["text"] == facts["greedy"].split(stopped["stop"])[0]
    assert stopped["finish_reason"] == "stop"


def test_last_tokens(facts: dict[str, Any]) -> None:
    """d, the two bytes of é, f: a cut inside a letter keeps the letter."""
    assert facts["ends"] == ["f", "éf", "déf", "</think>déf", "c</think>déf", "abc</think>déf"]


def test_replies_are_held_to_a_form(facts: dict[str, Any]) -> None:
    """A random model cannot end its reply before the form is met; only the length limit can."""
    for pattern, replies in facts["held to a form"].items():
        for reply in replies:
            assert reply["finish_reason"] == "length" or re.fullmatch(pattern, reply["text"])
    strict, extraction, verdict = facts["held to a form"].values()
    assert {parse_verdict(reply["text"]) for reply in strict} == {"yes", "no"}
    unheld = [reply for name in ("whole", "off", "other seeds") for reply in facts[name]]
    assert any(reply["finish_reason"] == "stop" for reply in unheld)
    assert not any(reply["finish_reason"] == "stop" for reply in extraction + verdict)


def test_names_of_control_tokens_in_prompts_stay_text(facts: dict[str, Any]) -> None:
    """The model gets the control tokens of the template only; ordinary prompts get the replies that they get alone."""
    control = facts["control"]
    tokens = [[token for token in prompt if len(token) > 1] for prompt in control["tokens"]]  # all others are bytes
    frame = sorted(tokens, key=len)[5]
    assert {"<|im_start|>", "<|im_end|>"} <= set(frame)
    for kind, expected in (("chat", frame), ("complete", [])):
        texts = control["texts"][:5] if kind == "chat" else control["texts"][5:]
        found = tokens[:5] if kind == "chat" else tokens[5:]
        for prompt in control["prompts"]:
            ((place, text),) = [pair for pair in enumerate(texts) if prompt in pair[1]]
            special = [token for token in found[place] if token not in ("<think>", "</think>")]
            assert special == [token for token in expected if token not in ("<think>", "</think>")], text
            assert found[place].count("<think>") - expected.count("<think>") == prompt.count("<think>")
        replies = control["replies"][kind]
        assert [reply["prompt_tokens"] for reply in replies][::3] == [
            r["prompt_tokens"] for r in control["alone"][kind]
        ]
        assert replies[::3] == control["alone"][kind]


def test_overhead_is_small(facts: dict[str, Any]) -> None:
    assert facts["overhead"]["engine"] < 1.4 * facts["overhead"]["bare"]  # measured: 1.03


def test_settings_that_vllm_does_not_know_or_cannot_meet_are_refused(facts: dict[str, Any]) -> None:
    unknown, unmet = facts["refusals"]
    assert "unknown vLLM setting" in unknown
    assert "max_num_seqs" in unknown
    assert "could not load the model" in unmet
    assert "max_model_len" in unmet


def test_reserved_settings_are_refused(generator: Path) -> None:
    with pytest.raises(StudyError, match="must not be set"):
        VllmEngine(str(generator), {"trust_remote_code": True})


def test_seeds_drawn_many_at_a_time_give_the_tokens_of_vllms_own_sampler() -> None:
    done = warm_vllm().run([str(Path(__file__).with_name("probe_sampler.py"))], environment=os.environ | {})
    assert done.returncode == 0, done.stderr[-4000:]
    facts = json.loads(done.stdout.splitlines()[-1])
    assert all(facts.values()) and len(facts) == 4, facts
