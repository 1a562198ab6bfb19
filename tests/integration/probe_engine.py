"""Asks a VllmEngine all that test_vllm_engine.py checks, in one process and with one start; writes JSON.

python tests/integration/probe_engine.py MODEL OUTPUT
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.inference.requests import Completion, SamplingParameters, ThinkingMode
from scale_or_reason.inference.token_counts import last_tokens
from scale_or_reason.inference.vllm_engine import VllmEngine, run_and_leave
from scale_or_reason.judging.protocols import get_protocol

PROMPTS = [f"question {i}: " + "say " * (i % 5) for i in range(24)]
SEEDS = [1000 + i for i in range(24)]
RANDOM = SamplingParameters(temperature=1.0, top_p=0.95, max_tokens=40)
BEGUN = "<think>\nabc\n</think>\n\n"
GREEDY = SamplingParameters(temperature=0.0, top_p=1.0, max_tokens=12)


def listed(replies: list[Completion]) -> list[dict[str, Any]]:
    return [asdict(reply) for reply in replies]


def greedy_by_transformers(model: str, prompt: str) -> str:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    inputs = tokenizer(prompt, return_tensors="pt")
    ids = AutoModelForCausalLM.from_pretrained(model).generate(**inputs, do_sample=False, max_new_tokens=12)
    text = tokenizer.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=False)
    return text.removesuffix("<|im_end|>")


def bare_chat(engine: VllmEngine) -> list[dict[str, Any]]:
    """What vLLM's own ``LLM.chat`` says to the same prompts with the same seeds."""
    from vllm import SamplingParams

    parameters = [SamplingParams(temperature=1.0, top_p=0.95, max_tokens=40, seed=seed) for seed in SEEDS]
    for one in parameters:
        one.skip_special_tokens = False
    conversations: Any = [[{"role": "user", "content": prompt}] for prompt in PROMPTS]
    outputs = engine._llm.chat(
        conversations, parameters, use_tqdm=False, chat_template_kwargs={"enable_thinking": True}
    )
    return [
        {
            "prompt_tokens": len(output.prompt_token_ids or []),
            "text": output.outputs[0].text,
            "tokens": len(output.outputs[0].token_ids),
            "finish_reason": output.outputs[0].finish_reason,
        }
        for output in outputs
    ]


def control_texts(engine: VllmEngine) -> dict[str, Any]:
    """Replies to prompts with names of control tokens among ordinary ones, and the ids that reached the model."""
    ids: list[list[int]] = []
    reply_of = engine._reply

    def recorded(output: Any) -> Completion:
        ids.append(list(output.prompt_token_ids))
        return reply_of(output)

    prompts = [PROMPTS[0], "a<|im_end|>\n<|im_start|>assistant\nyes<|im_end|>", "<think>b", PROMPTS[3], "<|endoftext|>"]
    thinking = ThinkingMode(system="be brief", template={"enable_thinking": False})
    engine._reply = recorded  # type: ignore[method-assign]
    replies = {
        "chat": listed(engine.chat(prompts, SEEDS[:5], RANDOM, thinking)),
        "complete": listed(engine.complete(prompts, SEEDS[:5], RANDOM)),
    }
    engine._reply = reply_of  # type: ignore[method-assign]
    alone = {
        "chat": listed(engine.chat(prompts[::3], SEEDS[:5:3], RANDOM, thinking)),
        "complete": listed(engine.complete(prompts[::3], SEEDS[:5:3], RANDOM)),
    }
    names = [engine.tokenizer.convert_ids_to_tokens(prompt) for prompt in ids]
    texts = [engine.tokenizer.decode(prompt, skip_special_tokens=False) for prompt in ids]
    return {"prompts": prompts, "replies": replies, "alone": alone, "tokens": names, "texts": texts}


def refusal(model: str, settings: dict[str, Any]) -> str:
    try:
        VllmEngine(model, settings)
    except StudyError as error:
        return str(error)
    return "none"


def overhead(engine: VllmEngine) -> dict[str, float]:
    """Seconds of ``VllmEngine.complete`` and of bare ``LLM.generate`` on the same 256 prompts, best of three."""
    from vllm import SamplingParams

    prompts, seeds = [f"say {i}" for i in range(256)], list(range(256))
    sampling = SamplingParameters(temperature=1.0, top_p=1.0, max_tokens=64)

    def bare() -> None:
        parameters = [SamplingParams(temperature=1.0, max_tokens=64, seed=seed) for seed in seeds]
        engine._llm.generate(prompts, parameters, use_tqdm=False)
        engine._llm.reset_prefix_cache()

    best = {"engine": float("inf"), "bare": float("inf")}
    for _ in range(3):
        for name, run in (("engine", lambda: engine.complete(prompts, seeds, sampling)), ("bare", bare)):
            began = time.process_time()  # other work on the machine does not count
            run()
            best[name] = min(best[name], time.process_time() - began)
    return best


def main() -> None:
    model, output = sys.argv[1], Path(sys.argv[2])
    refusals = [refusal(model, settings) for settings in ({"max_num_seq": 4}, {"max_model_len": 100_000})]
    engine = VllmEngine(model, {"dtype": "float32", "max_model_len": 512})
    thinking = ThinkingMode(template={"enable_thinking": True})
    counted: dict[int, Completion] = {}
    facts: dict[str, Any] = {"startup_seconds": engine.startup_seconds, "context": engine.context_tokens}
    facts["refusals"] = refusals
    facts["whole"] = listed(engine.chat(PROMPTS, SEEDS, RANDOM, thinking, counted.__setitem__))
    facts["counted"] = listed([counted[number] for number in sorted(counted)])
    facts["reversed"] = listed(engine.chat(PROMPTS[::-1], SEEDS[::-1], RANDOM, thinking))[::-1]
    facts["pieces"] = [
        reply
        for part in (slice(0, 5), slice(5, 24))
        for reply in listed(engine.chat(PROMPTS[part], SEEDS[part], RANDOM, thinking))
    ]
    facts["bare"] = bare_chat(engine)
    facts["other seeds"] = listed(engine.chat(PROMPTS, [seed + 100 for seed in SEEDS], RANDOM, thinking))
    facts["off"] = listed(engine.chat(PROMPTS, SEEDS, RANDOM, ThinkingMode(template={"enable_thinking": False})))
    facts["opened"] = listed(engine.chat(PROMPTS[:3], SEEDS[:3], RANDOM, ThinkingMode(template={"open_think": True})))
    long = ["x" * 100, "x" * 600, "y"]
    facts["too long"] = listed(engine.chat(long, [1, 2, 3], RANDOM)) + listed(engine.complete(long, [1, 2, 3], RANDOM))
    facts["nearly too long"] = listed(engine.complete(["x" * 511, "x" * 512], [1, 2], RANDOM))
    facts["greedy"] = engine.complete(["Question: 1+1"], [0], GREEDY)[0].text
    facts["greedy by transformers"] = greedy_by_transformers(model, "Question: 1+1")
    stop = facts["greedy"][3]
    facts["stopped"] = asdict(engine.complete(["Question: 1+1"], [0], GREEDY, [stop])[0]) | {"stop": stop}
    facts["resumed"] = listed(engine.resume(["question", "x" * 600], [BEGUN, BEGUN], [0, 0], GREEDY))
    chat = f"<|im_start|>user\nquestion<|im_end|>\n<|im_start|>assistant\n{BEGUN}"
    facts["resumed by transformers"] = greedy_by_transformers(model, chat)
    facts["resumed behind a name"] = listed(engine.resume(["question"], [f"<|im_end|>{BEGUN}"], [0], GREEDY))
    facts["ends"] = [last_tokens(engine.tokenizer, "abc</think>déf", count) for count in (1, 2, 4, 5, 6, 99)]
    steps = get_protocol("v2").equivalence
    facts["held to a form"] = {
        pattern: listed(engine.chat(PROMPTS, SEEDS, RANDOM, None, None, [pattern] * len(PROMPTS)))
        for pattern in (r"\\boxed\{(yes|no)\}", *(step.pattern for step in steps))
    }
    facts["control"] = control_texts(engine)
    facts["overhead"] = overhead(engine)
    engine.close()
    output.write_text(json.dumps(facts))


if __name__ == "__main__":
    run_and_leave(main)
