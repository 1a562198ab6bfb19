"""The search for a learning rate, program by program, with a tiny model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from made_mixture import MadeMixture, make_mixture, make_rows
from training_runs import PATIENCE, TEMPLATE, command, run

from scale_or_reason.common.checksums import is_record
from scale_or_reason.common.tables import read_table, table_from_rows, write_table

pytestmark = pytest.mark.integration
SAMPLES, HELD_OUT, GOOD = 80, 21, 3e-3


@pytest.fixture(scope="module")
def search(root: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What the programs of the search get."""
    folder = tmp_path_factory.mktemp("search")
    rows = make_rows(120)
    made = make_mixture(folder, tiny_model, root / TEMPLATE, rows)
    counts = dict.fromkeys(("prompt_tokens", "ift_tokens", "reasoning_tokens", "seed"), 0)
    others = dict.fromkeys(("teacher", "sampling", "ift_finish", "reasoning_finish", "reasoning"), "")
    pairs = [
        {"prompt_id": f"q{i}", "prompt": row["prompt"], "ift": row["completion"], **others, **counts}
        for i, row in enumerate(rows)
    ]
    write_table(table_from_rows(pairs, "pairs"), folder / "pairs.parquet", "pairs")
    paths = {"samples": folder / "samples.parquet", "held_out": folder / "held_out.parquet", "tokens": made.tokens}
    sample = [sys.executable, str(root / "workflow/scripts/sample_search_data.py")]
    sample += ["--pairs", str(folder / "pairs.parquet"), "--format", "ift", "--seed", "0"]
    sample += ["--samples", str(SAMPLES), "--held-out", str(HELD_OUT)]
    sample += ["--output", str(paths["samples"]), "--held-out-output", str(paths["held_out"])]
    subprocess.run(sample, check=True, timeout=PATIENCE)
    return paths | {"folder": folder}


def trained_with(root: Path, model: Path, search: dict[str, Path], output: Path, **changes: object) -> list[str]:
    """The command line of a training on the search's samples."""
    return command(root, model, MadeMixture(search["samples"], search["tokens"], []), output, **changes)


def attempt(
    root: Path, model: Path, search: dict[str, Path], rate: float, processes: int = 1, **changes: object
) -> tuple[subprocess.CompletedProcess[str], Path]:
    """A trial, and what it writes."""
    output = search["folder"] / f"lr-{rate}-{processes}.json"
    changes = {"learning_rate": rate, "held_out": search["held_out"], **changes}
    script, *options = trained_with(root, model, search, output, **changes)
    trial = [script.replace("train_student.py", "try_learning_rate.py"), *options]
    return run([*trial, "--student", "tiny", "--format", "ift"], processes), output


@pytest.fixture(scope="module")
def good(root: Path, tiny_model: Path, search: dict[str, Path]) -> Path:
    """What a trial of a rate that learns writes."""
    done, output = attempt(root, tiny_model, search, GOOD)
    assert done.returncode == 0, done.stderr
    return output


def plain_loss(model_folder: Path, held_out: Path) -> float:
    """The loss per completion token, in plain PyTorch, text by text."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    rows, total, count = make_rows(120), 0.0, 0
    for name in read_table(held_out, "mixture")["prompt_id"]:
        row = rows[int(name[1:])]
        ids = tokenizer(f"<|im_start|>user\n{row['prompt']}<|im_end|>\n<|im_start|>assistant\n")["input_ids"]
        target = tokenizer(row["completion"] + "<|im_end|>")["input_ids"]
        with torch.no_grad():
            logits = model(torch.tensor([ids + target])).logits[0, len(ids) - 1 : -1]
        total += torch.nn.functional.cross_entropy(logits, torch.tensor(target), reduction="sum").item()
        count += len(target)
    return total / count


def test_a_search_chooses_and_a_training_takes_its_choice(
    root: Path, tiny_model: Path, search: dict[str, Path], good: Path
):
    files = [good]
    for rate in (1e-6, 1e30):  # one that hardly learns, one that is absurd
        done, output = attempt(root, tiny_model, search, rate)
        assert done.returncode == 0, done.stderr
        files.append(output)
    best, slow, absurd = (json.loads(file.read_text()) for file in files)
    assert best["held_out_loss"] < slow["held_out_loss"]
    assert absurd["held_out_loss"] is None
    assert absurd["diverged"].startswith("the loss is ")
    assert best["held_out"] == HELD_OUT
    left = [path.name for path in search["folder"].glob(".*") if not is_record(path)]
    assert left == []  # neither models nor checkpoints

    rates = search["folder"] / "rates.json"
    choose = [sys.executable, str(root / "workflow/scripts/choose_learning_rates.py"), "--trials", *map(str, files)]
    choose += ["--output", str(rates), "--csv", str(search["folder"] / "trials.csv")]
    subprocess.run(choose, check=True, timeout=PATIENCE)
    assert json.loads(rates.read_text()) == {"ift": GOOD}

    script, *options = trained_with(root, tiny_model, search, search["folder"] / "model")
    place = options.index("--learning-rate")
    options[place : place + 2] = ["--learning-rate-from", str(rates), "--ratio", "0"]
    done = run([script, *options])
    assert done.returncode == 0, done.stderr
    facts = json.loads((search["folder"] / "model" / "manifest.json").read_text())
    assert facts["settings"]["learning_rate"] == GOOD
    # the same training as the trial's: its student's loss, text by text
    assert best["held_out_loss"] == pytest.approx(plain_loss(search["folder"] / "model", search["held_out"]), rel=1e-5)

    options[options.index("--ratio") + 1] = "1"
    done = run([script, *options])
    assert done.returncode == 2
    assert "the search has no learning rate for a format" in done.stderr and "reasoning" in done.stderr


def test_two_processes_measure_the_same(root: Path, tiny_model: Path, search: dict[str, Path], good: Path):
    zero = root / "config/deepspeed/zero-2.json"
    both, output = attempt(root, tiny_model, search, GOOD, processes=2, deepspeed=zero, micro_batch_tokens=200)
    assert both.returncode == 0, both.stderr
    losses = [json.loads(file.read_text())["held_out_loss"] for file in (output, good)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_held_out_questions_may_not_be_trained_on(root: Path, tiny_model: Path, search: dict[str, Path]):
    mixed = search["folder"] / "mixed.parquet"
    both = pl.concat([read_table(search["held_out"], "mixture"), read_table(search["samples"], "mixture")[:3]])
    write_table(both.with_columns(position=pl.int_range(pl.len(), dtype=pl.Int64)), mixed, "mixture")
    done, _ = attempt(root, tiny_model, search, GOOD, held_out=mixed)
    assert done.returncode == 2
    assert "held-out prompts are in the training data" in done.stderr and "3 of 24" in done.stderr
