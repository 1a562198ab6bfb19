"""A results folder with a file of every kind, written as the workflow writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from configs import load
from safetensors.numpy import save_file

from scale_or_reason.common.files import atomic_directory, atomic_path, write_json, write_text
from scale_or_reason.common.manifests import manifest
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import write_table

MODEL = "models/general/micro-1M/seq/rho-0.5/seed-0"
ANSWERS = "answers/general/micro-1M/seq/rho-0.5/seed-0"
ROOT = Path(__file__).resolve().parents[2]
FILES = [
    "world/prompts/general.jsonl",
    "benchmarks/gsm8k.parquet",
    "mixtures/general/seq/rho-0.5.parquet",
    f"{MODEL}/model.safetensors",
    f"{MODEL}/config.json",
    f"{MODEL}/manifest.json",
    "tokens/general/tok/tokens.bin",
    "tokens/general/tok/manifest.json",
    f"{ANSWERS}/gsm8k.parquet",
    f"{ANSWERS}/manifest.json",
    "tables/scores.csv",
    "figures/v2/fig02.png",
    "explorer.html",
]

#: From the manifest of a real run of the small study.
RECIPE = {
    "learning_rate": 0.002,
    "warmup_steps": 20,
    "decay_steps": 100,
    "min_lr_ratio": 0.1,
    "schedule_per": "training",
    "batch_unit": "items",
    "batch_size": 8,
    "max_length": 512,
    "overlong": "drop",
    "weight_decay": 0.0,
    "gradient_clipping": 1.0,
    "adam_beta1": 0.9,
    "adam_beta2": 0.999,
    "adam_epsilon": 1e-08,
    "dtype": "float32",
    "seed": 1913905992,
    "replica": 0,
}


def table(path: Path, schema: str) -> None:
    write_table(pl.DataFrame({name: [None] * 3 for name in SCHEMAS[schema]}, schema=SCHEMAS[schema]), path, schema)


def settings_of(config: dict) -> dict:
    return {"sampling": dict(config["evaluation"]["sampling"]) | {"min_p": 0.0}, "seed": config["study"]["seed"]}


def make_study(results: Path) -> Path:
    write_text('{"prompt": "why?"}\n', results / "world/prompts/general.jsonl")
    table(results / "benchmarks/gsm8k.parquet", "items")
    table(results / "mixtures/general/seq/rho-0.5.parquet", "mixture")
    with atomic_directory(results / "tokens/general/tok") as folder:
        (folder / "tokens.bin").write_bytes(bytes(range(200)))
        (folder / "manifest.json").write_text('{"pairs": 3}')
    with atomic_directory(results / MODEL) as folder:
        save_file({"a.weight": np.ones((30, 3), np.float32)}, folder / "model.safetensors")
        write_json({"model_type": "other"}, folder / "config.json")
        inputs = {"mixture": results / "mixtures/general/seq/rho-0.5.parquet", "tokens": results / "tokens/general/tok"}
        write_json(manifest(inputs, RECIPE), folder / "manifest.json")
    table(results / ANSWERS / "gsm8k.parquet", "answers")
    inputs = {"items": results / "benchmarks/gsm8k.parquet", "model": results / MODEL / "manifest.json"}
    facts = manifest(inputs, settings_of(load(ROOT, "micro")))
    write_json(facts, results / ANSWERS / "manifest.json")
    write_text("a,b\n1,2\n", results / "tables/scores.csv")
    with atomic_path(results / "figures/v2/fig02.png") as file:
        file.write_bytes(b"\x89PNG" + bytes(50))
    write_text("<html></html>", results / "explorer.html")
    (results / "models/general/micro-1M/mix/rho-0.5").mkdir(parents=True)
    (results / "models/general/micro-1M/mix/rho-0.5/seed-0").symlink_to("../../seq/rho-0.5/seed-0")
    (results / "logs").mkdir()
    (results / "logs/x.log").write_text("no result")
    return results
