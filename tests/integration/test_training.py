"""Training with the real TRL and DeepSpeed on CPU, against an independent loop in plain PyTorch."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path

import polars as pl
import pytest
from made_mixture import MadeMixture, make_mixture, make_rows
from training_runs import DECAY, PEAK, STEPS, TEMPLATE, WARMUP, command, run

from scale_or_reason.common.tables import write_table

pytestmark = pytest.mark.integration

BRANCH = 0.75


def losses(output: Path) -> list[float]:
    return pl.read_csv(output / "training_log.csv")["loss"].to_list()


@pytest.fixture(scope="session")
def mixture(root: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> MadeMixture:
    """60 IFT rows, then 40 with reasoning: at 8 rows a step, 7 full steps and one of 4, then 5 full ones."""
    rows = make_rows(100, reasoning_from=60)
    return make_mixture(tmp_path_factory.mktemp("mixture"), tiny_model, root / TEMPLATE, rows)


@pytest.fixture(scope="session")
def trained(root: Path, tiny_model: Path, mixture: MadeMixture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished model of one process; what it saw is in ``seen`` beside it."""
    folder = tmp_path_factory.mktemp("trained")
    branches = f"{BRANCH}={folder / 'branch' / 'model'}"
    arguments = command(root, tiny_model, mixture, folder / "model", branches=branches)
    done = run(arguments, record=folder / "seen", by_itself=True)
    assert done.returncode == 0, done.stderr
    (folder / "stderr.txt").write_text(done.stderr)
    return folder / "model"


def expected_blocks() -> list[list[int]]:
    """The questions of each step by the definition: blocks of 8 in order, none across the border at 60."""
    return [list(range(i, min(i + 8, 60))) for i in range(0, 60, 8)] + [
        list(range(i, i + 8)) for i in range(60, 100, 8)
    ]


def reference_run(model_folder: Path, rows: list[dict[str, str]]) -> tuple[list[float], list[float], list[float], dict]:
    """The same training in plain PyTorch: explicit masks, full logits, the schedule written out."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32, attn_implementation="eager")
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    curve, norms, accuracies = [], [], []
    for step, block in enumerate(expected_blocks()):
        total, count, right = torch.zeros(()), 0, 0
        for index in block:
            row = rows[index]
            prompt = f"<|im_start|>user\n{row['prompt']}<|im_end|>\n<|im_start|>assistant\n"
            ids = tokenizer(prompt)["input_ids"]
            target = tokenizer(row["completion"] + "<|im_end|>")["input_ids"]
            logits = model(torch.tensor([ids + target])).logits[0, len(ids) - 1 : -1]
            total = total + torch.nn.functional.cross_entropy(logits, torch.tensor(target), reduction="sum")
            count += len(target)
            right += int((logits.argmax(-1) == torch.tensor(target)).sum())
        optimizer.zero_grad()
        (total / count).backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)))
        if step < WARMUP:
            share = step / WARMUP
        elif step < STEPS - DECAY:
            share = 1.0
        else:
            share = 1 - (step - (STEPS - DECAY)) / DECAY
        optimizer.param_groups[0]["lr"] = PEAK * (0.1 + 0.9 * share)
        optimizer.step()
        curve.append(total.item() / count)
        accuracies.append(right / count)
    return curve, norms, accuracies, model.state_dict()


def weights(folder: Path) -> dict:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def test_equal_to_a_plain_loop(trained, tiny_model, mixture):
    curve, norms, accuracies, state = reference_run(tiny_model, mixture.rows)
    assert losses(trained) == pytest.approx(curve, rel=1e-4)
    log = pl.read_csv(trained / "training_log.csv")
    assert log["grad_norm"].to_list() == pytest.approx(norms, rel=1e-3)
    assert log["mean_token_accuracy"].to_list() == pytest.approx(accuracies, abs=0.005)
    assert accuracies[-1] > 0.2
    assert min(norms) > 0.1  # so clipping has had something to do
    for name, value in weights(trained).items():
        assert (value - state[name]).abs().max() < 2e-4, name


def test_manifest_and_lengths(trained, mixture):
    manifest = json.loads((trained / "manifest.json").read_text())
    facts, settings = manifest["training"], manifest["settings"]
    assert (settings["attention"], settings["compile"]) == ("sdpa", "never")  # auto on a CPU
    rows = pl.DataFrame(mixture.rows)
    template = len("Xuser\nX\nXassistant\n")  # X: a special token; all others are bytes
    prompt = [template + len(text) for text in rows["prompt"]]
    # the think tags are one token each
    shorter = {"ift": 0, "reasoning": len("<think>") + len("</think>") - 2}
    completion = [len(text) - shorter[name] + 1 for text, name in rows.select("completion", "format").iter_rows()]
    lengths = pl.read_parquet(trained / "sequence_lengths.parquet")
    assert lengths.schema == {"prompt_tokens": pl.Int64, "completion_tokens": pl.Int64}
    assert lengths["prompt_tokens"].to_list() == prompt
    assert lengths["completion_tokens"].to_list() == completion
    assert (facts["sequences"], facts["dropped"], facts["truncated"], facts["steps"]) == (100, 0, 0, STEPS)
    assert (facts["prompt_tokens"], facts["completion_tokens"]) == (sum(prompt), sum(completion))
    assert facts["schedule"][0]["stable_steps"] == STEPS - WARMUP - DECAY
    assert len(facts["schedule"]) == 1 and not facts["schedule"][0]["shortened"]
    assert facts["checks"] == {"skipped_steps": 0, "zero_gradient_steps": 0, "tensors": 26, "unchanged_tensors": 0}
    assert facts["final_loss"] == pytest.approx(sum(losses(trained)[-10:]) / 10)
    log = pl.read_csv(trained / "training_log.csv")
    assert log["items"].to_list() == [len(block) for block in expected_blocks()]
    assert log["tokens"].sum() == sum(prompt) + sum(completion)


def test_no_wall_of_warnings(trained):
    lines = (trained.parent / "stderr.txt").read_text().splitlines()
    assert len(lines) < 8, lines
    assert any(re.search(r"step 13/13: loss \d+\.\d+, [\d,]+ tokens/s, 0:00 left", line) for line in lines)


def seen_questions(folder: Path, processes: int, tokenizer_folder: Path) -> list[list[list[int]]]:
    """``[rank][micro_batch]`` the numbers of the questions that the model was shown."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    ranks = []
    for rank in range(processes):
        batches = json.loads((folder / f"rank-{rank}.json").read_text())
        texts = [" ".join(tokenizer.batch_decode(rows)) for rows in batches]
        ranks.append([[int(number) for number in re.findall(r"question (\d+):", text)] for text in texts])
    return ranks


def test_order_with_one_and_two_processes(root, tiny_model, mixture, trained, tmp_path):
    """Every step sees the block of the mixture that is its turn, whoever works on it."""
    (alone,) = seen_questions(trained.parent / "seen", 1, tiny_model)
    assert [sorted(batch) for batch in alone] == expected_blocks()

    zero = root / "config/deepspeed/zero-2.json"
    small = command(root, tiny_model, mixture, tmp_path / "model", deepspeed=zero, micro_batch_tokens=200)
    done = run(small, processes=2, record=tmp_path / "seen")
    assert done.returncode == 0, done.stderr
    first, second = seen_questions(tmp_path / "seen", 2, tiny_model)
    assert len(first) == len(second)
    accumulation = len(first) // STEPS
    assert accumulation > 1
    both = [a + b for a, b in zip(first, second, strict=True)]
    steps = [sorted(chain(*both[i : i + accumulation])) for i in range(0, len(both), accumulation)]
    assert steps == expected_blocks()
    assert all(first[::accumulation])  # both have worked on every step
    assert all(second[::accumulation])
    assert losses(tmp_path / "model") == pytest.approx(losses(trained), rel=1e-4)
    assert any(not a + b for a, b in zip(first, second, strict=True))  # empty micro-batches count for nothing
    accuracies = [pl.read_csv(f / "training_log.csv")["mean_token_accuracy"] for f in (trained, tmp_path / "model")]
    assert accuracies[1].to_list() == pytest.approx(accuracies[0].to_list(), abs=0.005)


def test_tokens_as_batch_unit(root, tiny_model, mixture, tmp_path):
    """Steps hold about 1,000 tokens, in rows of at most 400, or all in one row."""
    for tokens in (400, 16384):
        output = tmp_path / str(tokens)
        options = {"batch_unit": "tokens", "batch_size": 1000, "micro_batch_tokens": tokens}
        done = run(command(root, tiny_model, mixture, output, **options))
        assert done.returncode == 0, done.stderr
    assert losses(tmp_path / "400") == pytest.approx(losses(tmp_path / "16384"), rel=1e-4)
    log = pl.read_csv(tmp_path / "400/training_log.csv")
    assert log["tokens"].max() < 1160
    assert log["tokens"].mean() == pytest.approx(1000, abs=200)


def test_one_schedule_per_phase(root, tiny_model, mixture, tmp_path):
    """The steps of the two phases, 8 and 5: up over 2, down over the last of each to a tenth of the peak."""
    done = run(command(root, tiny_model, mixture, tmp_path / "model", schedule_per="phase", decay_steps=2))
    assert done.returncode == 0, done.stderr
    shares = [0.1, 0.55, 1, 1, 1, 1, 1, 0.55, 0.1, 0.55, 1, 1, 0.55]
    log = pl.read_csv(tmp_path / "model/training_log.csv")
    assert log["learning_rate"].to_list() == pytest.approx([share * PEAK for share in shares])


def test_replicas_train_on_the_same_samples_in_another_order(root, tiny_model, mixture, trained, tmp_path):
    done = run(command(root, tiny_model, mixture, tmp_path / "model", replica=1))
    assert done.returncode == 0, done.stderr
    first, second = (pl.read_parquet(folder / "sequence_lengths.parquet") for folder in (trained, tmp_path / "model"))
    assert not first.equals(second)
    for phase in (slice(0, 60), slice(60, 100)):
        assert first[phase].sort(pl.all()).equals(second[phase].sort(pl.all()))
    finished = weights(tmp_path / "model")
    assert any((value != finished[name]).any() for name, value in weights(trained).items())


def test_a_branch_equals_a_short_run_bit_for_bit(root, tiny_model, mixture, trained, tmp_path):
    branch = trained.parent / "branch" / "model"
    done = run(command(root, tiny_model, mixture, branch, data_fraction=BRANCH))
    assert done.returncode == 0, done.stderr
    # 3/4 of each phase: 6 of 8 steps and 4 of 5; the plateau ends where the last 5 steps begin
    assert f"resuming after step {10 - DECAY} of 10" in done.stderr
    assert [file.name for file in branch.parent.iterdir()] == ["model"]  # the checkpoint has served

    rows = pl.read_parquet(mixture.mixture)
    rows = rows.filter((pl.col("position") < 48) | pl.col("position").is_between(60, 91))
    write_table(rows, tmp_path / "part.parquet", "mixture")
    short = tmp_path / "short"
    done = run(command(root, tiny_model, mixture, short, mixture=tmp_path / "part.parquet"))
    assert done.returncode == 0 and "resuming" not in done.stderr, done.stderr
    own, expected = weights(branch), weights(short)
    assert own.keys() == expected.keys() and all(value.equal(expected[name]) for name, value in own.items())
    assert losses(branch) == losses(short) and len(losses(short)) == 10
    assert losses(branch)[:-DECAY] == losses(trained)[: 10 - DECAY]
    assert pl.read_parquet(branch / "mixture.parquet").equals(rows)
    # the time of the shared steps counts: that is what a run of this length takes
    seconds = json.loads((branch / "manifest.json").read_text())["training"]["seconds"]
    assert seconds > sum(pl.read_csv(trained / "training_log.csv")["seconds"].to_list()[: 10 - DECAY])
    for name in ("sequences", "prompt_tokens", "completion_tokens", "steps", "schedule"):
        facts, of_short = (json.loads((folder / "manifest.json").read_text())["training"] for folder in (branch, short))
        assert facts[name] == of_short[name], name
    # from which FLOPs are counted: a branch costs what a run of its length costs
    lengths = [pl.read_parquet(folder / "sequence_lengths.parquet") for folder in (branch, short)]
    assert lengths[0].equals(lengths[1]) and lengths[0].height == rows.height


def test_adaptation_and_overlong_samples(root, tiny_model, mixture, trained, tmp_path):
    adapted = command(
        root, tiny_model, mixture, tmp_path / "model", init_from=trained, max_length=50, overlong="truncate"
    )
    done = run(adapted)
    assert done.returncode == 0, done.stderr
    facts = json.loads((tmp_path / "model/manifest.json").read_text())
    assert facts["settings"]["init_from"] == str(trained)
    assert "init_from" in facts["inputs"]
    lengths = pl.read_parquet(trained / "sequence_lengths.parquet")
    longer = lengths.filter(pl.sum_horizontal("prompt_tokens", "completion_tokens") > 50)
    hopeless = lengths.filter(pl.col("prompt_tokens") >= 50)
    assert facts["training"]["dropped"] == len(hopeless) > 0
    assert facts["training"]["truncated"] == len(longer) - len(hopeless) > 0
    assert losses(tmp_path / "model")[0] < losses(trained)[0]


@pytest.mark.parametrize(
    ("learning_rate", "problem"), [(1e30, r"the loss is \S+ at step"), (1, r"the loss has risen to \d\S+ at step")]
)
def test_bad_loss_stops_with_the_step_and_a_remedy(root, tiny_model, mixture, tmp_path, learning_rate, problem):
    done = run(command(root, tiny_model, mixture, tmp_path / "model", learning_rate=learning_rate))
    assert done.returncode == 2
    said = re.search(rf"error: {problem} (\d+) of 13", done.stderr)
    assert said is not None, done.stderr
    block = expected_blocks()[int(said[1]) - 1]
    assert f"rows {block[0]}..{block[-1]} of the mixture" in done.stderr
    assert "what to do: lower the learning rate" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "model").exists()
    if learning_rate != 1:
        return  # the mark of a diverged run is the same for both
    again = command(root, tiny_model, mixture, tmp_path / "model", learning_rate=learning_rate)
    refused = subprocess.run([sys.executable, "-X", "importtime", *again], capture_output=True, text=True)
    assert refused.returncode == 2
    assert said[0] in refused.stderr and "remove this file to run it again" in refused.stderr
    imported = set(re.findall(r"^import time:.*\| +(\S+)$", refused.stderr, flags=re.MULTILINE))
    assert "polars" in imported and not imported & {"torch", "deepspeed", "transformers", "trl"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "results/nowhere/at/all"}, "the model does not exist"),
        ({"chat_template": "missing.jinja"}, "a file is missing"),
        ({"stop_token": "<end_of_turn>"}, "lacks the token that ends an answer"),
        ({"stop_token": "<think>"}, "does not put an answer between"),
        ({"max_length": 5}, "no sequences to train on"),
        ({"max_length": 1025}, "context is shorter than the longest sample"),
        ({"dtype": "bfloat16"}, "ZeRO stage 0 does not train correctly in bfloat16"),
        ({"micro_batch_tokens": 20}, "does not fit into a micro-batch"),
    ],
)
def test_guards(root, tiny_model, mixture, tmp_path, changes, message):
    done = run(command(root, tiny_model, mixture, tmp_path / "model", **changes))
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_tokens_of_another_tokenizer_and_damaged_ones_are_refused(root, tiny_model, mixture, tmp_path):
    tokens = tmp_path / "tokens"
    shutil.copytree(mixture.tokens, tokens)
    facts = json.loads((tokens / "manifest.json").read_text())
    (tokens / "manifest.json").write_text(json.dumps(facts | {"tokenizer": "0123456789abcdef"}))
    done = run(command(root, tiny_model, mixture, tmp_path / "model", tokens=tokens))
    assert done.returncode == 2
    assert "tokenised for another kind of student" in done.stderr and "students.*.tokenizer" in done.stderr

    (tokens / "manifest.json").write_text(json.dumps(facts))
    data = bytearray((tokens / "tokens.bin").read_bytes())
    data[len(data) // 2] ^= 1
    (tokens / "tokens.bin").write_bytes(data)
    done = run(command(root, tiny_model, mixture, tmp_path / "model", tokens=tokens), processes=2)
    assert done.returncode == 2
    assert done.stderr.count("error: the tokenised pairs are damaged") == 1 and "Traceback" not in done.stderr
    assert not (tmp_path / "model").exists()


def test_a_tokenizer_that_loads_as_another_one_is_refused(root, tiny_model, mixture, tmp_path, monkeypatch):
    """A Qwen2 hub id splits text as Qwen2 does, whatever its tokenizer.json says; test_tokenizer_checks.py has more."""
    from tokenizers import Regex, Tokenizer, pre_tokenizers

    model = tmp_path / "hub" / "models--somebody--other" / "snapshots" / ("0" * 40)
    shutil.copytree(tiny_model, model)
    (model.parents[1] / "refs").mkdir()
    (model.parents[1] / "refs" / "main").write_text(model.name)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    by_pairs = pre_tokenizers.Split(Regex("[0-9]{2}"), behavior="removed")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([by_pairs, tokenizer.pre_tokenizer])
    tokenizer.save(str(model / "tokenizer.json"))
    done = run(command(root, tiny_model, mixture, tmp_path / "model", model="somebody/other"), by_itself=True)
    assert done.returncode == 2
    assert "other token ids than its tokenizer.json" in done.stderr


def test_guards_on_files(root, tiny_model, mixture, tmp_path):
    """Caught before anything slow is imported."""
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "config.json").write_text("{}")
    (pickled / "pytorch_model.bin").write_text("")
    optimizer = tmp_path / "optimizer.json"
    optimizer.write_text('{"optimizer": {"type": "Adam"}}')
    empty = tmp_path / "empty.parquet"
    write_table(pl.read_parquet(mixture.mixture).clear(), empty, "mixture")
    other = tmp_path / "other.parquet"
    write_table(pl.read_parquet(mixture.mixture).with_columns(prompt_id=pl.lit("?")), other, "mixture")
    cases: list[tuple[dict[str, object], str]] = [
        ({"model": pickled}, "no safetensors weights"),
        ({"deepspeed": optimizer}, "overrides the recipe"),
        ({"mixture": empty}, "the mixture is empty"),
        ({"mixture": other}, "prompts of the mixture have no tokens"),
        ({"tokens": tmp_path / "nowhere"}, "tokenised pairs are missing"),
    ]
    for changes, message in cases:
        done = run(command(root, tiny_model, mixture, tmp_path / "model", **changes))
        assert done.returncode == 2
        assert message in done.stderr


def test_seconds_and_speed_of_every_step(trained):
    log = pl.read_csv(trained / "training_log.csv")
    facts = json.loads((trained / "manifest.json").read_text())["training"]
    assert (log["seconds"] > 0).all()
    assert log["tokens_per_second"].to_list() == pytest.approx((log["tokens"] / log["seconds"]).to_list())
    # the whole run also has a start and an end, whose share depends on the machine
    assert 0 < log["seconds"].sum() <= facts["seconds"] + 0.01


#: Stands in for the package of the same name: writes what it is told to a file.
TENSORBOARD = """
class SummaryWriter:
    def __init__(self, log_dir=None):
        self.file = open(log_dir + ".txt", "w")
    def add_scalar(self, name, value, step):
        print(name, step, value, file=self.file, flush=True)
    add_text = flush = close = add_hparams = lambda self, *_, **__: None
"""


#: Runs a program with the packages of this folder.
WITH_PACKAGES = """
import runpy, sys
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_the_log_is_reported_where_it_is_wanted(root, tiny_model, mixture, trained, tmp_path):
    (tmp_path / "tensorboardX.py").write_text(TENSORBOARD)
    (tmp_path / "with_packages.py").write_text(WITH_PACKAGES)
    program = [str(tmp_path / "with_packages.py"), *command(root, tiny_model, mixture, tmp_path / "model")]
    done = run([*program, "--report-to", "tensorboard"])
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "model.tensorboard.txt").read_text().splitlines()
    reported = [float(line.split()[2]) for line in lines if line.startswith("train/loss ")]
    assert reported == pytest.approx(losses(trained))


def test_a_report_without_its_package_is_refused_before_the_training(root, tiny_model, mixture, tmp_path):
    done = run([*command(root, tiny_model, mixture, tmp_path / "model"), "--report-to", "wandb"])
    assert done.returncode == 2
    assert "package of a log destination is not installed" in done.stderr and "pip install wandb" in done.stderr
