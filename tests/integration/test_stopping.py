"""A student of each architecture ends its answer by itself in vLLM, by the files that training saved and no others."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from made_mixture import make_mixture, make_rows
from safetensors import safe_open
from training_runs import command, run
from warm_engines import warm_vllm

from scale_or_reason.training.chat_templates import STOP_TOKENS, template_file

pytestmark = pytest.mark.integration

ANSWER = """
import sys
from vllm import LLM, SamplingParams
if __name__ == "__main__":
    llm = LLM(sys.argv[1], enforce_eager=True, max_model_len=256, dtype="float32")
    chats = [[{"role": "user", "content": f"question {i}: "}] for i in range(4)]
    for out in llm.chat(chats, SamplingParams(temperature=0, max_tokens=50), use_tqdm=False):
        print("ANSWER", repr(out.outputs[0].text), out.outputs[0].finish_reason)
"""


@pytest.mark.parametrize(
    ("student", "template", "architecture"),
    [("tiny_model", "chatml", "Qwen2ForCausalLM"), ("tiny_gemma", "gemma", "Gemma3ForCausalLM")],
)
def test_a_finished_student_stops_in_vllm(
    root: Path, tmp_path: Path, request: pytest.FixtureRequest, student: str, template: str, architecture: str
) -> None:
    base, file, stop = request.getfixturevalue(student), root / template_file(template), STOP_TOKENS[template]
    made = make_mixture(tmp_path, base, file, [{**row, "completion": "ok"} for row in make_rows(400)], stop)
    changes = {"learning_rate": 1e-2, "chat_template": file, "stop_token": stop}
    done = run(command(root, base, made, tmp_path / "model", **changes))
    assert done.returncode == 0, done.stderr
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["architectures"] == [architecture]
    assert "vision_config" not in config and "_attn_implementation" not in config
    with safe_open(tmp_path / "model" / "model.safetensors", "numpy") as saved:
        assert "lm_head.weight" not in saved.keys()  # noqa: SIM118 (no mapping); tied to the embedding

    script = tmp_path / "answer.py"
    script.write_text(ANSWER)
    quick = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_CPU_KVCACHE_SPACE": "1", "OMP_NUM_THREADS": "1"}
    done = warm_vllm().run([str(script), str(tmp_path / "model")], environment=os.environ | quick)
    replies = [line for line in done.stdout.splitlines() if line.startswith("ANSWER")]
    assert replies == ["ANSWER 'ok' stop"] * 4, done.stderr[-3000:]
