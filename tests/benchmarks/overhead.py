"""What the programs of the workflow cost over the bare engines on the same work: ``make overhead``.

    python tests/benchmarks/overhead.py --prompts 900 --rounds 3

Training: train_student.py (torchrun, DeepSpeed) against a plain TRL loop. Generation: evaluate_model.py against
``LLM.generate``. Pairs are tokenised before, once for all trainings of a study; the plain loop tokenises for itself.
Each pair is run in turns, whole processes with their start and their files; what counts is the ratio
of the times within a round, since a machine is slower at one time than at another.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import polars as pl
from ratios import record

from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.small_world.exercises import user_message
from scale_or_reason.small_world.generate import GENERATORS

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
STUDENT, TEACHER = (ROOT / "resources" / "micro" / name for name in ("students/micro-0.49M", "teacher"))
TEMPLATE = ROOT / "src" / "scale_or_reason" / "training" / "templates" / "chatml.jinja"
LEARNING_RATE, BATCH_SIZE, MAX_LENGTH, WARMUP, DECAY = 1e-3, 8, 512, 5, 10
NEW_TOKENS, CONTEXT = 160, 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=900, help="to train on, and to answer (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of each pair (%(default)s)")
    parser.add_argument("--bare", choices=BARE, help="run this bare engine once and stop: for the program itself")
    parser.add_argument("--work", type=Path, help="folder with the inputs, for --bare")
    arguments = parser.parse_args()
    if arguments.bare:
        print(json.dumps(BARE[arguments.bare](arguments.work)))
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        write_inputs(work, arguments.prompts)
        for stage in BARE:
            print(compare(stage, work, arguments.rounds), flush=True)


def write_inputs(work: Path, count: int) -> None:
    """A mixture of reasoning answers and a table of items, ``count`` rows each."""
    rng = Random(0)
    mixture, pairs, items = [], [], []
    for index in range(count):
        name = rng.choice(list(GENERATORS))
        problem = GENERATORS[name](rng)
        prompt = user_message(name, problem)
        mixture.append({"position": index, "phase": 0, "prompt_id": str(index), "format": "reasoning"})
        pair = {"prompt_id": str(index), "prompt": prompt, "ift": problem.ift, "reasoning": problem.reasoning}
        pairs.append(pair | dict.fromkeys(("teacher", "sampling", "ift_finish", "reasoning_finish"), ""))
        question = get_benchmark(name).read(problem.row)
        item = {"benchmark": "gsm8k", "item_id": str(index), "prompt": prompt, "question": question.text}
        items.append(item | {"gold": question.gold, "choices": question.choices, "extra": "{}"})
    write_table(table_from_rows(mixture, "mixture"), work / "mixture.parquet", "mixture")
    counts = dict.fromkeys(("prompt_tokens", "ift_tokens", "reasoning_tokens", "seed"), 0)
    write_table(table_from_rows([pair | counts for pair in pairs], "pairs"), work / "pairs.parquet", "pairs")
    write_table(table_from_rows(items, "items"), work / "items.parquet", "items")
    options = {
        "pairs": work / "pairs.parquet",
        "tokenizer": STUDENT,
        "chat-template": TEMPLATE,
        "output": work / "tokens",
    }
    timed([sys.executable, str(SCRIPTS / "tokenise_pairs.py"), *spelled(options)])


def compare(stage: str, work: Path, rounds: int) -> str:
    """One line: seconds of both, median over the rounds, and the ratio in each round."""
    bare_times, own_times = [], []
    for _ in range(rounds):
        seconds, out = timed([sys.executable, __file__, "--bare", stage, "--work", str(work)])
        bare_times.append(seconds)
        bare_tokens = json.loads(out.splitlines()[-1])["tokens"]
        seconds, _ = timed(OWN[stage](work))
        own_times.append(seconds)
        own_tokens = TOKENS[stage](work)
        if abs(own_tokens - bare_tokens) > 0.01 * bare_tokens:
            raise SystemExit(
                f"{stage}: not the same work, {own_tokens} tokens against {bare_tokens} of the bare engine"
            )
    ratios = ", ".join(f"{own / bare:.2f}" for own, bare in zip(own_times, bare_times, strict=True))
    speeds = [bare / own for own, bare in zip(own_times, bare_times, strict=True)]
    record(f"{stage}, whole program with start-up", BARE_NAMES[stage], speeds)
    return (
        f"{stage}: {own_tokens} tokens; bare engine {median(bare_times):.1f} s, "
        f"the workflow's program {median(own_times):.1f} s; ratios {ratios}"
    )


def timed(command: list[str]) -> tuple[float, str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "VLLM_ENABLE_V1_MULTIPROCESSING": "0"}
    environment |= {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1"}
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr[-3000:]}")
    return time.monotonic() - began, done.stdout


def own_training(work: Path) -> list[str]:
    options: dict[str, Any] = {
        "model": STUDENT,
        "mixture": work / "mixture.parquet",
        "tokens": work / "tokens",
        "chat-template": TEMPLATE,
        "deepspeed": ROOT / "config" / "deepspeed" / "cpu.json",
        "learning-rate": LEARNING_RATE,
        "batch-unit": "items",
        "batch-size": BATCH_SIZE,
        "max-length": MAX_LENGTH,
        "warmup-steps": WARMUP,
        "decay-steps": DECAY,
        "micro-batch-tokens": 8192,
        "seed": 0,
        "output": tempfile.mkdtemp(dir=work) + "/student",
    }
    launcher = [sys.executable, str(SCRIPTS / "torchrun.py"), "--nproc-per-node", "1"]
    return [*launcher, str(SCRIPTS / "train_student.py"), *spelled(options)]


def own_generation(work: Path) -> list[str]:
    options: dict[str, Any] = {
        "model": TEACHER,
        "model-ids": "teacher/t/reasoning",
        "items": work / "items.parquet",
        "sampling": json.dumps({"temperature": 0, "top_p": 1, "max_tokens": NEW_TOKENS}),
        "engine": json.dumps({"dtype": "float32", "max_model_len": CONTEXT}),
        "seed": 0,
        # a folder of its own for each run, since replies that exist are not generated again
        "output-dir": tempfile.mkdtemp(dir=work) + "/answers",
    }
    return [sys.executable, str(SCRIPTS / "evaluate_model.py"), *spelled(options)]


def spelled(options: dict[str, Any]) -> list[str]:
    return [part for name, value in options.items() for part in (f"--{name}", str(value))]


def trained_tokens(work: Path) -> int:
    newest = max(work.glob("*/student/manifest.json"), key=lambda file: file.stat().st_mtime)
    training = json.loads(newest.read_text())["training"]
    return training["prompt_tokens"] + training["completion_tokens"]


def answered_tokens(work: Path) -> int:
    tables = work.glob("*/answers/teacher/t/reasoning/gsm8k.parquet")
    newest = max(tables, key=lambda file: file.stat().st_mtime)
    return int(read_table(newest, "answers")["answer_tokens"].sum())


def bare_training(work: Path) -> dict[str, int]:
    """TRL as its documentation shows it, with the same recipe and without DeepSpeed."""
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    tokenizer = AutoTokenizer.from_pretrained(STUDENT)
    tokenizer.chat_template = TEMPLATE.read_text(encoding="utf-8")
    rows = read_table(work / "pairs.parquet", "pairs").select("prompt", "reasoning").rows()
    conversations = [
        {
            "prompt": [{"role": "user", "content": prompt}],
            "completion": [{"role": "assistant", "content": completion}],
        }
        for prompt, completion in rows
    ]
    arguments = SFTConfig(
        output_dir=str(work / "bare"),
        use_cpu=True,
        bf16=False,
        per_device_train_batch_size=BATCH_SIZE,
        num_train_epochs=1,
        learning_rate=LEARNING_RATE,
        lr_scheduler_type="warmup_stable_decay",
        warmup_steps=WARMUP,
        lr_scheduler_kwargs={"num_decay_steps": DECAY, "min_lr_ratio": 0.1},
        max_length=MAX_LENGTH,
        logging_steps=1,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        gradient_checkpointing=False,
    )
    model = AutoModelForCausalLM.from_pretrained(STUDENT, dtype="float32")
    trainer = SFTTrainer(
        model, args=arguments, train_dataset=Dataset.from_list(conversations), processing_class=tokenizer
    )
    trainer.train()
    trainer.save_model()
    return {"tokens": sum(map(len, trainer.train_dataset["input_ids"]))}


def bare_generation(work: Path) -> dict[str, int]:
    """The engine as its documentation shows it; greedy, so that the answers are those of the program."""
    from vllm import LLM, SamplingParams

    llm = LLM(str(TEACHER), dtype="float32", max_model_len=CONTEXT, enforce_eager=True)
    prompts = pl.read_parquet(work / "items.parquet")["prompt"].to_list()
    chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
    texts = [
        llm.get_tokenizer().apply_chat_template(chat, tokenize=False, add_generation_prompt=True) for chat in chats
    ]
    outputs = llm.generate(texts, SamplingParams(temperature=0, max_tokens=NEW_TOKENS), use_tqdm=False)
    answers = [output.outputs[0] for output in outputs]
    (work / "bare.json").write_text(json.dumps([answer.text for answer in answers]), encoding="utf-8")
    return {"tokens": sum(len(answer.token_ids) for answer in answers)}


BARE_NAMES = {"training": "TRL's documented script", "generation": "vLLM's documented script"}
BARE = {"training": bare_training, "generation": bare_generation}
OWN = {"training": own_training, "generation": own_generation}
TOKENS = {"training": trained_tokens, "generation": answered_tokens}


if __name__ == "__main__":
    main()
