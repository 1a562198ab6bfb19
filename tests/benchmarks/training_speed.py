"""Tokens per second of our training, of TRL with its defaults, and of TRL with its own packing: ``make bench-train``.

    python tests/benchmarks/training_speed.py                                        # a student of 1.9M on two cores
    python tests/benchmarks/training_speed.py --shapes Qwen2.5-1.5B --tokens 4000000  # on a GPU

All three train the same random model on the same samples, in the same optimizer steps of 32, in turns. Lengths are
drawn about the papers', of both formats; on a CPU a quarter of them, since a sample of 16,384 tokens takes minutes
there. Counted are the tokens of the samples, not of padding. Speed is that of the steps alone; the start-up is the rest
of the process. The share of the peak (MFU) is of the fastest matrix product that the machine makes in this very run;
its FLOPs are those of the model as it is built, causal attention, three forward passes.
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
from statistics import median
from typing import Any

import numpy as np
import polars as pl
from ratios import record

from scale_or_reason.common.tables import table_from_rows, write_table
from scale_or_reason.flops.exact import Decoder, exact_training_flops

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
TEMPLATE = ROOT / "src" / "scale_or_reason" / "training" / "templates" / "chatml.jinja"
#: Mean tokens of a sample and the spread of their logarithm.
FORMATS = {"ift": (450, 0.9), "reasoning": (4000, 0.8)}
LONGEST, ITEMS = 16_384, 32
#: hidden, feed-forward, layers, heads, key and value heads, vocabulary, tied.
SHAPES: dict[str, tuple[int, int, int, int, int, int, bool]] = {
    "tiny": (64, 192, 2, 2, 2, 261, True),
    "1.9M": (160, 640, 5, 5, 5, 2048, True),
    "Qwen2.5-0.5B": (896, 4864, 24, 14, 2, 151_936, True),
    "Qwen2.5-1.5B": (1536, 8960, 28, 12, 2, 151_936, True),
    "Qwen2.5-7B": (3584, 18_944, 28, 28, 4, 152_064, False),
}
WAYS = ("ours", "TRL", "TRL, packed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, help="(1.9M; on a GPU the three of Qwen2.5)")
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS))
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--tokens", type=int, help="in the samples (60,000; on a GPU 2,000,000)")
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    parser.add_argument(
        "--bare", metavar="FILE", help="run TRL as this JSON file says and stop: for the program itself"
    )
    arguments = parser.parse_args()
    if arguments.bare:
        print(json.dumps(bare(**json.loads(Path(arguments.bare).read_text()))))
        return
    import torch

    on_gpu = torch.cuda.is_available()
    if not on_gpu:
        os.environ["DS_ACCELERATOR"] = "cpu"  # DeepSpeed would say on stdout that it looked for a GPU
    shapes = arguments.shapes or (["Qwen2.5-0.5B", "Qwen2.5-1.5B", "Qwen2.5-7B"] if on_gpu else ["1.9M"])
    peak = matmul_peak()
    print(f"{machine()}; fastest matrix product: {peak / 1e12:.3g} TFLOP/s", flush=True)
    for shape in shapes:
        for answer_format in arguments.formats:
            with tempfile.TemporaryDirectory() as folder:
                work = Path(folder)
                lengths = write_inputs(
                    work, shape, answer_format, arguments.tokens or (2_000_000 if on_gpu else 60_000)
                )
                print(f"{shape}, {answer_format}: {len(lengths)} samples, {lengths.sum():,} tokens", flush=True)
                compare(work, shape, answer_format, lengths, arguments.ways, arguments.rounds, peak)


def machine() -> str:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else f"{os.cpu_count()} CPU cores"


def matmul_peak() -> float:
    """The best of several square products, in FLOP/s, in the number format that is trained in."""
    import torch

    on_gpu = torch.cuda.is_available()
    device, dtype, size = ("cuda", torch.bfloat16, 8192) if on_gpu else ("cpu", torch.float32, 1024)
    left, right = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    best = 0.0
    for _ in range(20):
        if on_gpu:
            torch.cuda.synchronize()
        began = time.perf_counter()
        left @ right
        if on_gpu:
            torch.cuda.synchronize()
        best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best


def write_inputs(work: Path, shape: str, answer_format: str, tokens: int) -> np.ndarray:
    """A model with random weights, and pairs whose samples have drawn lengths, which are returned."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    sys.path.append(str(ROOT / "tests" / "integration"))
    from byte_tokenizer import save_byte_tokenizer

    hidden, feed_forward, layers, heads, key_values, vocabulary, tied = SHAPES[shape]
    on_gpu = torch.cuda.is_available()
    config = Qwen2Config(
        hidden_size=hidden,
        intermediate_size=feed_forward,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_values,
        vocab_size=vocabulary,
        tie_word_embeddings=tied,
        max_position_embeddings=2 * LONGEST,
        bos_token_id=None,
        eos_token_id=0,
        dtype="bfloat16" if on_gpu else "float32",
    )
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16 if on_gpu else torch.float32)
    Qwen2ForCausalLM(config).save_pretrained(work / "model")
    torch.set_default_dtype(torch.float32)
    save_byte_tokenizer(work / "model", eos="<|endoftext|>", chat_template=TEMPLATE.read_text(encoding="utf-8"))

    (mean, spread), scale = FORMATS[answer_format], 1 if on_gpu else 4
    generator = np.random.default_rng(0)
    draws = generator.lognormal(np.log(mean / scale) - spread**2 / 2, spread, max(ITEMS, 4 * tokens * scale // mean))
    lengths = np.clip(draws, 40, LONGEST // scale).astype(np.int64)
    steps = max(1, round(int(np.searchsorted(lengths.cumsum(), tokens)) / ITEMS))
    lengths = lengths[: steps * ITEMS]
    words = [bytes(generator.integers(97, 123, length)).decode() for length in lengths]  # a token per letter
    around = len("Xuser\nX\nXassistant\nX")  # of the chat format; X is one token
    texts = [(word[:10], word[10 : length - around]) for word, length in zip(words, lengths.tolist(), strict=True)]
    nothing = dict.fromkeys(("teacher", "sampling", "ift_finish", "reasoning_finish"), "")
    nothing |= dict.fromkeys(("prompt_tokens", "ift_tokens", "reasoning_tokens", "seed"), 0)
    pairs, mixture = [], []
    for index, (prompt, answer) in enumerate(texts):
        pairs.append({"prompt_id": str(index), "prompt": prompt, "ift": answer, "reasoning": answer} | nothing)
        mixture.append({"position": index, "phase": 0, "prompt_id": str(index), "format": answer_format})
    write_table(table_from_rows(pairs, "pairs"), work / "pairs.parquet", "pairs")
    write_table(table_from_rows(mixture, "mixture"), work / "mixture.parquet", "mixture")
    options = {"pairs": work / "pairs.parquet", "tokenizer": work / "model", "chat-template": TEMPLATE}
    run([sys.executable, str(SCRIPTS / "tokenise_pairs.py"), *spelled(options | {"output": work / "tokens"})])
    return lengths


def compare(
    work: Path, shape: str, answer_format: str, lengths: np.ndarray, ways: list[str], rounds: int, peak: float
) -> None:
    """A line for each way: its median speed, and its ratio to ours in each round."""
    flops = exact_training_flops(Decoder.from_config(json.loads((work / "model" / "config.json").read_text())), lengths)
    measured: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            measured[way].append(train(work, way, shape))
            tokens = measured[way][-1]["tokens"]  # TRL trains on the line break after an answer too
            if abs(tokens - lengths.sum()) > 0.02 * lengths.sum():
                raise SystemExit(f"{way}: not the same work, {tokens} tokens")
    for way in ways:
        speeds = [one["tokens"] / one["seconds"] for one in measured[way]]
        ratios = [own["tokens"] / own["seconds"] / speed for own, speed in zip(measured["ours"], speeds, strict=True)]
        memory = measured[way][-1]["gpu_memory_gb"]
        if way != "ours":
            record(f"training steps, {shape}, {answer_format} lengths", way, ratios)
        print(
            f"  {way:12} {median(speeds):10,.0f} tokens/s, MFU {flops / lengths.sum() * median(speeds) / peak:4.0%}, "
            f"start-up {median(one['startup'] for one in measured[way]):.1f} s"
            + (f", {memory:.1f} GB" if memory else "")
            + (f"; ours is {', '.join(f'{ratio:.2f}' for ratio in ratios)} times as fast" if way != "ours" else ""),
            flush=True,
        )


def train(work: Path, way: str, shape: str) -> dict[str, Any]:
    """Seconds of the steps and of the rest, tokens, and the GPU's memory."""
    began = time.monotonic()
    settings = settings_of(shape)
    if way == "ours":
        output = Path(tempfile.mkdtemp(dir=work)) / "student"
        run(own_command(work, output, settings))
        facts = json.loads((output / "manifest.json").read_text())["training"]
        tokens = facts["prompt_tokens"] + facts["completion_tokens"]
        result = {"seconds": facts["seconds"], "tokens": tokens, "gpu_memory_gb": facts["gpu_memory_gb"]}
    else:
        file = work / "bare.json"
        file.write_text(json.dumps({"work": str(work), "packed": way == "TRL, packed", **settings}))
        result = json.loads(run([sys.executable, __file__, "--bare", str(file)]).splitlines()[-1])
    return result | {"startup": time.monotonic() - began - result["seconds"]}


def settings_of(shape: str) -> dict[str, Any]:
    """The same for all ways: memory is traded for time as the papers' sizes need it."""
    import torch

    on_gpu = torch.cuda.is_available()
    return {"checkpointing": on_gpu and shape != "Qwen2.5-0.5B", "row": LONGEST if on_gpu else LONGEST // 4}


def own_command(work: Path, output: Path, settings: dict[str, Any]) -> list[str]:
    import torch

    on_gpu = torch.cuda.is_available()
    options: dict[str, Any] = {
        "model": work / "model",
        "mixture": work / "mixture.parquet",
        "tokens": work / "tokens",
        "chat-template": TEMPLATE,
        "deepspeed": ROOT / "config" / "deepspeed" / ("zero-1.json" if on_gpu else "cpu.json"),
        "learning-rate": 1e-5,
        "batch-unit": "items",
        "batch-size": ITEMS,
        "max-length": settings["row"],
        "micro-batch-tokens": settings["row"],
        "gradient-checkpointing": "on" if settings["checkpointing"] else "off",
        "dtype": "bfloat16" if on_gpu else "float32",
        "seed": 0,
        "output": output,
    }
    launcher = [sys.executable, str(SCRIPTS / "torchrun.py"), "--nproc-per-node", "1"]
    return [*launcher, str(SCRIPTS / "train_student.py"), *spelled(options)]


def bare(work: str, packed: bool, checkpointing: bool, row: int) -> dict[str, Any]:
    """TRL as its documentation shows it; a batch of eight is its default, four of them are a step."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    on_gpu = torch.cuda.is_available()
    model, pairs = f"{work}/model", pl.read_parquet(f"{work}/pairs.parquet")
    conversations = [
        {"prompt": [{"role": "user", "content": prompt}], "completion": [{"role": "assistant", "content": answer}]}
        for prompt, answer in pairs.select("prompt", "ift").rows()
    ]
    # packed rows hold several samples: as many rows a step as 32 samples fill on average
    letters = pairs.select(pl.sum_horizontal(pl.col("prompt", "ift").str.len_bytes())).to_series()
    rows = max(1, round(ITEMS * letters.mean() / row))
    arguments = SFTConfig(
        output_dir=f"{work}/bare",
        use_cpu=not on_gpu,
        bf16=on_gpu,
        packing=packed,
        max_length=row,
        per_device_train_batch_size=1 if packed else 8,
        gradient_accumulation_steps=rows if packed else ITEMS // 8,
        gradient_checkpointing=checkpointing,
        num_train_epochs=1,
        learning_rate=1e-5,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
    )
    trainer = SFTTrainer(
        AutoModelForCausalLM.from_pretrained(model, dtype=torch.bfloat16 if on_gpu else torch.float32),
        args=arguments,
        train_dataset=Dataset.from_list(conversations),
        processing_class=AutoTokenizer.from_pretrained(model),
    )
    began = time.monotonic()
    trainer.train()
    seconds = time.monotonic() - began
    trainer.save_model()
    memory = torch.cuda.max_memory_allocated() / 2**30 if on_gpu else None
    tokens = sum(map(len, trainer.train_dataset["input_ids"]))
    return {"seconds": seconds, "tokens": tokens, "gpu_memory_gb": memory}


def spelled(options: dict[str, Any]) -> list[str]:
    return [part for name, value in options.items() for part in (f"--{name}", str(value))]


def run(command: list[str]) -> str:
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr[-3000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
