"""A plan's numbers against sums by hand, the ZeRO paper, published parameter counts and small cases of a schedule."""

from __future__ import annotations

import json
import math
import struct
from copy import deepcopy
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_study import load, merge

from scale_or_reason.cells import parse_model_id
from scale_or_reason.errors import StudyError
from scale_or_reason.planning.assumptions import Assumptions, Calls
from scale_or_reason.planning.calibration import NOTHING_MEASURED, Calibration
from scale_or_reason.planning.estimate import Plan, make_plan
from scale_or_reason.planning.memory import ZeRO, activation_bytes, checkpoint_bytes, training_memory
from scale_or_reason.planning.page import page
from scale_or_reason.planning.report import duration, summary
from scale_or_reason.planning.shapes import Shape, shape_of, shipped_shapes
from scale_or_reason.planning.speed import Engine, decoding
from scale_or_reason.planning.wall import wall_hours
from scale_or_reason.study import Study

#: As the models' pages on the hub count them; of Gemma 3 4B and 12B the language model alone.
PUBLISHED_PARAMETERS = {
    "Qwen/Qwen2.5-0.5B": 494_032_768,
    "Qwen/Qwen2.5-1.5B": 1_543_714_304,
    "Qwen/Qwen2.5-3B": 3_085_938_688,
    "Qwen/Qwen2.5-7B": 7_615_616_512,
    "Qwen/Qwen2.5-14B": 14_770_033_664,
    "google/gemma-3-1b-pt": 999_885_952,
    "google/gemma-3-4b-pt": 3_880_099_328,
    "google/gemma-3-12b-pt": 11_765_788_416,
    "Qwen/Qwen3-235B-A22B": 235_093_634_560,
    "nvidia/Llama-3_3-Nemotron-Super-49B-v1_5": 49_867_145_216,
    "meta-llama/Llama-3.3-70B-Instruct": 70_553_706_496,
    "nvidia/Llama-3_1-Nemotron-Ultra-253B-v1": 253_401_000_000,
    "openai/gpt-oss-120b": 116_829_156_672,
}
#: Questions of each benchmark by docs/benchmarks.md, with the limit on c_code_summarization.
PAPER_ITEMS = {
    "winogrande": 1267,
    "openbookqa": 500,
    "mmlu_misc": 783,
    "squad": 10_570,
    "coqa": 500,
    "ifeval": 541,
    "aqua_rat": 254,
    "mmlu_math": 1064,
    "mmlu_pro_math": 1351,
    "gsm8k": 1319,
    "math_500": 500,
    "aime": 30,
    "mmlu_pro_law": 1101,
    "consumer_qa": 396,
    "mmlu_pro_code": 410,
    "c_code_summarization": 1000,
    "mmlu_pro_physics": 1299,
    "scibench": 580,
}
EXECUTION = {"micro_batch_tokens": 16_384, "gradient_checkpointing": True}


@pytest.fixture(scope="module")
def paper(root: Path) -> dict[str, Any]:
    return load(root)


def plan_of(
    config: dict[str, Any], results: Path, calibration: Calibration = NOTHING_MEASURED, **measured: float
) -> Plan:
    study = Study.from_config(config)
    return make_plan(config, study, Assumptions(config, study, calibration), results, measured)


@pytest.fixture(scope="module")
def papers_plan(paper: dict[str, Any], root: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        return plan_of(paper, tmp_path_factory.mktemp("nothing"))


def cell(plan: Plan, stage: str, name: str) -> dict[str, Any]:
    return plan.cells.filter(stage=stage, cell=name).row(0, named=True)


# ---- FLOPs of three cells, written out ----


def test_the_flops_of_a_training_by_hand(papers_plan: Plan) -> None:
    """Half of 1.3 million x 0.76 questions of 140 tokens with answers of 435 tokens, half with 2,590; 3B student."""
    row = cell(papers_plan, "training", "general/Qwen2.5-3B/mix/rho-0.5/seed-0")
    v, d, f, h, n = 151_936, 2048, 11_008, 16, 36
    flops = 0
    for l in (140 + 435, 140 + 2590):  # noqa: E741 (the paper's symbol)
        attention = 6 * l * d * d + 2 * l * l * d + 3 * l * l * h + 2 * l * l * d + 2 * l * d * d
        flops += 494_000 * 3 * (2 * l * v * d + attention * n + 4 * l * d * f * n + 2 * l * d * v)
    assert row["flops"] == pytest.approx(flops, rel=1e-12)
    assert row["sequences"] == pytest.approx(988_000)
    assert row["completion_tokens"] == pytest.approx(494_000 * (435 + 2590))
    # 35 % of 989 TFLOP/s on 8 GPUs; 2 minutes to start and 6.17 GB to load at 2 GB/s
    seconds = flops / (0.35 * 989e12) / 8 + 120 + 2 * 3_085_938_688 / 2e9
    assert row["gpu_hours"] == pytest.approx(8 * seconds / 3600)
    assert row["price"] == pytest.approx(2.5 * row["gpu_hours"])


def test_exact_flops_of_a_training_by_hand(papers_plan: Plan) -> None:
    """Each token goes once through all matrices, with two heads for keys and values, and sees those before it."""
    row = cell(papers_plan, "training", "math/Qwen2.5-3B/seq/rho-0/seed-0")
    matrices = 36 * (2 * 2048 * 2048 + 2 * 2048 * 2 * 128 + 3 * 2048 * 11_008) + 151_936 * 2048
    length = 87 + 1180
    attention = 36 * 4 * 16 * 128 * length * (length + 1) / 2
    assert row["flops_exact"] == pytest.approx(0.51 * 300_000 * 3 * (2 * matrices * length + attention), rel=1e-12)


def generation_by_hand(v: int, d: int, f: float, h: int, n: int, p: float, g: int) -> float:
    layers = (6 * p * d * d + 2 * p * p * d + 3 * p * p * h + 2 * p * p * d + 2 * p * d * d) * n
    total = 2 * p * d * v + layers + 4 * p * d * f * n + 2 * d * v
    for c in range(1, g + 1):
        c += p
        total += 4 * d * v + (8 * d * d + 4 * c * d + 3 * c * h) * n + 4 * d * f * n
    return total


def test_the_flops_of_the_teachers_answers_by_hand(papers_plan: Plan) -> None:
    """A shard of the general questions with thinking off: 1.3 million / 128 of 140 tokens, answers of 435."""
    row = cell(papers_plan, "generation", "general/ift/shard-7")
    # eight experts of 1,536 are active
    by_hand = 1_300_000 / 128 * generation_by_hand(151_936, 4096, 8 * 1536, 64, 94, 140, 435)
    assert row["flops"] == pytest.approx(by_hand, rel=1e-12)
    assert row["gpus"] == 8


def test_the_flops_of_judging_by_hand(papers_plan: Plan) -> None:
    """A judge that is asked in two steps about answers under another limit: mmlu_math, math_500, aime.

    The students reason, so the judge sees what is left behind it: answers as long as plain ones, their last 1,024
    tokens.
    """
    row = cell(papers_plan, "judging", "Llama-3.3-70B-Instruct/math/Qwen2.5-7B/seq/rho-1/seed-0/max-tokens-32768")
    by_hand = 0.0
    for items, question, shown in ((1064, 88, 695), (500, 86, 1024), (30, 120, 1024)):
        for prompt in (question + 150 + shown, question + 150 + 30 + 30):
            by_hand += items * generation_by_hand(128_256, 8192, 28_672, 64, 80, prompt, 200)
    assert row["flops"] == pytest.approx(by_hand, rel=1e-12)
    assert row["sequences"] == 2 * (1064 + 500 + 30)


def test_what_a_model_reads_and_writes_in_an_evaluation(papers_plan: Plan, paper: dict[str, Any]) -> None:
    tokens = paper["plan"]["tokens"]
    families = {name: family["name"] for family in paper["study"]["families"] for name in family["benchmarks"]}
    reasoning = cell(papers_plan, "evaluation", "general/Qwen2.5-7B/seq/rho-0.25/seed-0")
    plain = cell(papers_plan, "evaluation", "general/Qwen2.5-7B/mix/rho-0.5/seed-0")
    assert reasoning["sequences"] == plain["sequences"] == sum(PAPER_ITEMS.values())
    longer = sum(
        count * (tokens["answers"][families[name]]["reasoning"] - tokens["answers"][families[name]]["ift"])
        for name, count in PAPER_ITEMS.items()
    )
    assert reasoning["completion_tokens"] - plain["completion_tokens"] == pytest.approx(longer)
    base = [cell(papers_plan, "evaluation", f"base/Qwen2.5-7B/shots-{shots}")["prompt_tokens"] for shots in (0, 1, 5)]
    # ifeval shows no examples, consumer_qa has four
    without = 541 * tokens["questions"]["ifeval"]
    law = 396 * tokens["questions"]["consumer_qa"]
    assert base[1] - base[0] == pytest.approx(base[0] - without)
    assert base[2] - base[0] == pytest.approx(5 * (base[0] - without) - law)


@pytest.mark.parametrize(
    ("model_id", "expected"),
    [
        ("general/s/seq/rho-0/seed-0", "ift"),
        ("general/s/seq/rho-0.25/seed-0", "reasoning"),
        ("general/s/mix/rho-0.5/seed-0", "ift"),
        ("general/s/mix/rho-0.75/seed-0", "reasoning"),
        ("general/s/seq/rho-1/seed-0/max-tokens-99", "reasoning"),
        ("adapted/s/reasoning-then-ift/seed-0", "ift"),
        ("teacher/t/reasoning", "reasoning"),
        ("base/s/shots-3", None),
    ],
)
def test_who_reasons(paper: dict[str, Any], model_id: str, expected: str | None) -> None:
    assert Assumptions(paper, Study.from_config(paper)).answers_like(parse_model_id(model_id)) == expected


# ---- shapes and memory ----


def test_every_model_of_the_catalogues_has_a_shape(paper: dict[str, Any]) -> None:
    named = {entry["model"] for catalogue in ("students", "teachers", "judges") for entry in paper[catalogue].values()}
    assert named == set(shipped_shapes()) == set(PUBLISHED_PARAMETERS)


@pytest.mark.parametrize("model", PUBLISHED_PARAMETERS)
def test_parameters_are_those_that_are_published(model: str) -> None:
    tolerance = 0 if model.startswith(("Qwen/Qwen2.5", "meta")) else 5e-4
    assert shape_of(model, {}).parameters == pytest.approx(PUBLISHED_PARAMETERS[model], rel=tolerance, abs=0)


@pytest.mark.parametrize("model", ["students/micro-0.07M", "students/micro-1.9M", "judge"])
def test_parameters_of_real_weights(root: Path, model: str) -> None:
    folder = root / "resources" / "micro" / model
    with (folder / "model.safetensors").open("rb") as stream:
        header = json.loads(stream.read(struct.unpack("<Q", stream.read(8))[0]))
    stored = sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
    assert shape_of(str(folder), {}).parameters == stored


def test_active_parameters_of_experts() -> None:
    assert shape_of("Qwen/Qwen3-235B-A22B", {}).active_parameters == pytest.approx(22e9, rel=0.02)
    assert shape_of("openai/gpt-oss-120b", {}).active_parameters == pytest.approx(5.13e9 + 0.58e9, rel=0.01)
    dense = shape_of("Qwen/Qwen2.5-7B", {})
    assert dense.active_parameters == dense.parameters


def test_keys_and_values() -> None:
    # of each token two vectors of 4 x 128 in 28 layers, 2 bytes a number
    shape = shape_of("Qwen/Qwen2.5-7B", {})
    assert shape.cache_bytes(2) == 2 * 28 * 4 * 128 * 2
    assert shape.cache_bytes(2, tensor_parallel=4) == shape.cache_bytes(2)
    assert shape.cache_bytes(2, tensor_parallel=8) == 2 * shape.cache_bytes(2)  # four heads on eight GPUs: each twice


@pytest.mark.parametrize(("stage", "per_parameter"), [(0, 16), (1, 2 + 2 + 12 / 64), (2, 2 + 14 / 64), (3, 16 / 64)])
def test_zero_of_7_5_billion_parameters_on_64_gpus(stage: int, per_parameter: float) -> None:
    """Figure 1 of the ZeRO paper: 120, 31.4, 16.6 and 1.9 GB."""
    shape = shape_of("Qwen/Qwen2.5-7B", {})
    memory = training_memory(shape, ZeRO(stage), 64, EXECUTION, "bfloat16", 0.0)
    states = memory.weights + memory.gradients + memory.optimizer
    assert states == pytest.approx(shape.parameters * per_parameter)
    published = {0: 120, 1: 31.4, 2: 16.6, 3: 1.9}[stage]
    assert states * 7.5e9 / shape.parameters / 1e9 == pytest.approx(published, rel=0.02)


def test_float32_needs_no_second_copy() -> None:
    shape = shape_of("Qwen/Qwen2.5-7B", {})
    memory = training_memory(shape, ZeRO(0), 1, EXECUTION, "float32", 0.0)
    assert (memory.weights, memory.gradients, memory.optimizer) == tuple(k * shape.parameters for k in (4, 4, 8))


def test_what_is_offloaded_is_on_the_host(root: Path) -> None:
    zero = ZeRO.from_file(root / "config" / "deepspeed" / "zero-3-offload.json")
    assert zero == ZeRO(3, offload_optimizer=True, offload_weights=True)
    assert ZeRO.from_file(root / "config" / "deepspeed" / "zero-2.json") == ZeRO(2)
    shape = shape_of("Qwen/Qwen2.5-14B", {})
    memory = training_memory(shape, zero, 8, EXECUTION, "bfloat16", 0.0)
    assert memory.weights == memory.optimizer == 0
    assert memory.host == pytest.approx(14 * shape.parameters / 8)
    assert memory.gradients == pytest.approx(2 * shape.parameters / 8)


def test_activations_by_hand() -> None:
    """Ten tokens of a layer with d = 4, two heads of 2, one for keys and values, f = 8, in 2 bytes a number."""
    values = {"vocab_size": 10, "hidden_size": 4, "intermediate_size": 8, "num_attention_heads": 2}
    shape = Shape.from_config(values | {"num_hidden_layers": 3, "num_key_value_heads": 1})
    layer = 2 * (6 * 4 + 2 * 4 + 2 * 2 + 4 * 8) + 2 * 4 * 4
    assert activation_bytes(shape, 10, 2, checkpointing=False) == 10 * 3 * layer
    assert activation_bytes(shape, 10, 2, checkpointing=True) == 10 * (3 * 4 * 2 + layer)


def test_memory_of_an_engine() -> None:
    """A 70B model on four GPUs: a quarter of 141 GB each, and of 100 x 1,000 tokens x 327,680 bytes."""
    shape = shape_of("meta-llama/Llama-3.3-70B-Instruct", {})
    memory = Engine.from_settings(shape, 4, {"tensor_parallel_size": 4}).memory(1000, 100, overhead=1e9)
    assert memory.weights == pytest.approx(141.1e9 / 4, rel=1e-3)
    assert memory.cache == pytest.approx(1e5 * 2 * 80 * 8 * 128 * 2 / 4)
    assert memory.total == memory.weights + memory.cache + 1e9
    assert shape_of("openai/gpt-oss-120b", {}).weight_bytes(2) == 65.3e9  # four bits an expert's number


def test_numbers_in_eight_bits() -> None:
    shape = shape_of("Qwen/Qwen3-235B-A22B", {})
    small = Engine.from_settings(shape, 8, {"quantization": "fp8", "kv_cache_dtype": "fp8_e5m2"})
    full = Engine.from_settings(shape, 8, {"dtype": "bfloat16"})
    assert (small.weight_bytes, small.cache_bytes) == (full.weight_bytes / 2, full.cache_bytes / 2)
    assert Engine.from_settings(shape, 8, {"dtype": "float32"}).weight_bytes == 4 * shape.parameters


def test_a_checkpoint_holds_weights_and_optimizer() -> None:
    shape = shape_of("Qwen/Qwen2.5-0.5B", {})
    assert checkpoint_bytes(shape, "bfloat16") == 14 * shape.parameters
    assert checkpoint_bytes(shape, "float32") == 12 * shape.parameters


def test_memory_by_configuration(papers_plan: Plan) -> None:
    rows = {(row["kind"], row["model"]): row for row in papers_plan.memory.to_dicts()}
    assert len(rows) == 5 + 5 + 1 + 3
    training = rows["training", "Qwen2.5-14B"]
    assert training["optimizer_gb"] == pytest.approx(12 * 14.770033664 / 8)
    assert training["configuration"] == "ZeRO 3, 8 processes"
    assert all(row["fits"] for row in rows.values())


def test_what_does_not_fit_is_said(paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(root)
    alone = {"students": {"Qwen2.5-14B": {"processes": 1}}, "study": {"length_limits": {"max_tokens": []}}}
    short = {"judges": {"Llama-3.3-70B-Instruct": {"engine": {"tensor_parallel_size": 1}}}}
    plan = plan_of(merge(merge(paper, alone), short), tmp_path)
    assert set(plan.memory.filter(~pl.col("fits"))["model"]) == {"Qwen2.5-14B", "Llama-3.3-70B-Instruct"}
    text = summary(plan, None, "plan")
    assert "DOES NOT FIT: training of Qwen2.5-14B, ZeRO 3, 1 processes" in text
    assert "DOES NOT FIT: engine of Llama-3.3-70B-Instruct" in text
    assert 'class="no">NO</td>' in page(plan, None, "<svg></svg>")


# ---- speed and time ----


def test_decoding_is_bound_by_memory_until_arithmetic_takes_longer(paper: dict[str, Any]) -> None:
    shape, calls = shape_of("Qwen/Qwen2.5-7B", {}), (Calls(10_000, 100, 1000),)

    def speed(**changes: Any) -> float:
        config = merge(paper, {"plan": changes})
        assumed = Assumptions(config, Study.from_config(config))
        return decoding(Engine.from_settings(shape, 1, {}), calls, assumed.gpu(), assumed).tokens_per_second

    # 256 sequences of 600 tokens on average: 15.2 GB of weights and 8.8 GB of keys and values, at half of 3.35 TB/s
    moved = 2 * shape.parameters + 256 * 600 * shape.cache_bytes(2)
    assert speed(decode={"step_ms": 0}) == pytest.approx(256 / (moved / (0.5 * 3.35e12)))
    assert speed() == pytest.approx(256 / (moved / (0.5 * 3.35e12) + 0.005))
    slow = speed(decode={"step_ms": 0}, mfu={"prefill": 1e-4})
    per_token = 4 * 3584 * 152_064 + 28 * (8 * 3584**2 + 4 * 600 * 3584 + 3 * 600 * 28 + 4 * 3584 * 18_944)
    assert slow == pytest.approx(1e-4 * 989e12 / per_token)


def test_a_batch_is_as_large_as_the_memory_allows(paper: dict[str, Any]) -> None:
    assumed = Assumptions(paper, Study.from_config(paper))
    shape = shape_of("Qwen/Qwen3-235B-A22B", {})
    work = decoding(
        Engine.from_settings(shape, 8, {"tensor_parallel_size": 8}), (Calls(1e6, 100, 8000),), assumed.gpu(), assumed
    )
    room = 8 * (0.92 * 80e9 - 4e9) - 2 * shape.parameters
    assert work.context == 4100
    assert work.sequences == room // (4100 * shape.cache_bytes(2, 8)) < 256
    few = decoding(
        Engine.from_settings(shape, 8, {"tensor_parallel_size": 8}), (Calls(3, 100, 8000),), assumed.gpu(), assumed
    )
    assert few.sequences == 3


jobs = st.lists(st.tuples(st.floats(0.01, 50), st.integers(1, 8)), min_size=1, max_size=30)


@given(jobs, st.integers(8, 64))
def test_jobs_share_gpus(work: list[tuple[float, int]], places: int) -> None:
    took = wall_hours(work, places)
    area = sum(hours * gpus for hours, gpus in work)
    assert took >= max(max(hours for hours, _ in work), area / places) - 1e-9
    assert took <= sum(hours for hours, _ in work) + 1e-9


def test_small_schedules() -> None:
    assert wall_hours([], 4) == 0
    assert wall_hours([(3, 1), (2, 1), (1, 1)], 2) == 3
    assert wall_hours([(2, 4), (2, 4), (1, 8)], 8) == 3  # two beside each other, then the large one
    assert wall_hours([(5, 0), (1, 0)], 1) == 6


def test_a_job_that_needs_more_gpus_than_there_are(
    paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(root)
    with pytest.raises(StudyError, match="needs more GPUs") as caught:
        plan_of(merge(paper, {"plan": {"gpus": 4}}), tmp_path)
    assert caught.value.key == "plan.gpus"


@pytest.mark.parametrize(("hours", "text"), [(0.01, "36 s"), (0.5, "30 min"), (7.5, "7.5 h"), (72, "3.0 days")])
def test_durations(hours: float, text: str) -> None:
    assert duration(hours) == text


# ---- totals, what is left, guards ----


def test_the_comparison_with_the_published_hours(papers_plan: Plan, paper: dict[str, Any]) -> None:
    text = summary(papers_plan, paper["plan"]["published"], "plan")
    share = papers_plan.cells["gpu_hours"].sum() / 70_000
    assert "Published: 70,000 H100-hours" in text and f"{share:.0%} of that" in text
    assert "cannot be compared" in summary(papers_plan, {"gpu": "A100", "gpu_hours": 1, "source": "x"}, "plan")
    assert "Published" not in summary(papers_plan, None, "plan")


def test_what_is_there_is_not_counted_again(paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(root)
    before = plan_of(paper, tmp_path)
    finished = [
        "models/general/Qwen2.5-14B/seq/rho-1/seed-0/manifest.json",
        "answers/general/Qwen2.5-14B/seq/rho-1/seed-0/manifest.json",
        "pairs/math/reasoning/shard-3.parquet",
        "tokens/math/Qwen2.5-0.5B/manifest.json",
    ]
    for name in finished:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("{}")
    # a folder without its manifest is no model
    (tmp_path / "models/math/Qwen2.5-14B/seq/rho-1/seed-0").mkdir(parents=True)
    after = plan_of(paper, tmp_path)
    assert after.cells.filter("done")["cell"].to_list() == [
        "math/reasoning/shard-3",
        "math/Qwen2.5-0.5B",
        "general/Qwen2.5-14B/seq/rho-1/seed-0",
        "general/Qwen2.5-14B/seq/rho-1/seed-0",
    ]
    assert after.stages["gpu_hours"].sum() == pytest.approx(before.stages["gpu_hours"].sum())
    done = after.cells.filter("done")["gpu_hours"].sum()
    assert done > 0
    assert after.stages["gpu_hours_left"].sum() == pytest.approx(before.stages["gpu_hours"].sum() - done)
    assert after.stages["jobs_left"].sum() == before.stages["jobs"].sum() - 4
    assert "left to do" in summary(after, None, "plan") and "left to do" not in summary(before, None, "plan")


def test_unknown_gpu(paper: dict[str, Any], root: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="nothing is known about this GPU") as caught:
        plan_of(merge(paper, {"plan": {"gpu": "H10"}}), tmp_path)
    assert caught.value.key == "plan.gpu" and "did you mean" in caught.value.remedy


def test_unknown_architecture(paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(root)
    own = merge(paper, {"students": {"Qwen2.5-3B": {"model": "my/model"}}})
    with pytest.raises(StudyError, match="architecture of a model is not known") as caught:
        plan_of(own, tmp_path)
    assert caught.value.key == "plan.architectures.my/model" and "num_key_value_heads" in caught.value.expected
    stated = merge(own, {"plan": {"architectures": {"my/model": dict(shipped_shapes()["Qwen/Qwen2.5-3B"])}}})
    assert plan_of(stated, tmp_path).cells.equals(plan_of(paper, tmp_path).cells)
    incomplete = merge(own, {"plan": {"architectures": {"my/model": {"vocab_size": 10}}}})
    with pytest.raises(StudyError) as caught:
        plan_of(incomplete, tmp_path)
    assert str(caught.value.where) == "plan.architectures.my/model"


@pytest.mark.parametrize(
    ("removed", "key"),
    [
        (("kept_pairs", "math"), "plan.kept_pairs.math"),
        (("tokens", "training", "general", "reasoning"), "plan.tokens.training.general.reasoning"),
        (("tokens", "questions", "mmlu_pro_law"), "plan.tokens.questions.mmlu_pro_law"),
        (("tokens", "answers", "Math-OE"), "plan.tokens.answers.Math-OE.ift"),
        (("items", "c_code_summarization"), "plan.items.c_code_summarization"),
    ],
)
def test_a_number_that_nobody_has_stated(
    paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch, removed: tuple[str, ...], key: str
) -> None:
    monkeypatch.chdir(root)
    config = deepcopy(paper)
    entry = config["plan"]
    for part in removed[:-1]:
        entry = entry[part]
    del entry[removed[-1]]
    with pytest.raises(StudyError) as caught:
        plan_of(config, tmp_path)
    assert caught.value.key == key


def test_questions_that_an_option_multiplies_must_be_counted(
    paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(root)
    config = merge(paper, {"benchmarks": {"options": {"coqa": {"turns": "every"}}, "samples": {"aime": 8}}})
    with pytest.raises(StudyError, match="nobody has counted") as caught:
        plan_of(config, tmp_path)
    assert caught.value.key == "plan.items.coqa"
    plan = plan_of(merge(config, {"plan": {"items": {"coqa": 7983}}}), tmp_path)
    row = cell(plan, "evaluation", "general/Qwen2.5-7B/seq/rho-0/seed-0")
    assert row["sequences"] == sum(PAPER_ITEMS.values()) + 7483 + 7 * 30


def test_questions_of_a_world_and_of_a_file(root: Path, tmp_path: Path) -> None:
    config = load(root, "micro")
    own = Assumptions(config, Study.from_config(config))
    assert [own.items(name) for name in ("gsm8k", "c_code_summarization")] == [60, 60]
    (tmp_path / "c_code_summarization.jsonl").write_text("{}\n{}\n\n{}\n")
    config = merge(load(root), {"benchmarks": {"source": {"path": str(tmp_path)}, "limits": {"gsm8k": 7}}})
    hub = Assumptions(config, Study.from_config(config))
    assert [hub.items(name) for name in ("gsm8k", "c_code_summarization", "aime")] == [7, 3, 30]


def test_a_benchmarks_own_length_comes_before_its_familys(paper: dict[str, Any]) -> None:
    config = merge(paper, {"plan": {"tokens": {"answers": {"aime": {"ift": 3, "reasoning": 20_000}}}}})
    assumed = Assumptions(config, Study.from_config(config))
    model = parse_model_id("general/Qwen2.5-3B/seq/rho-1/seed-0")
    assert assumed.answer_tokens(model, "gsm8k") == 8770
    assert assumed.answer_tokens(model, "aime") == 16_384  # what it may write
    longer = parse_model_id("general/Qwen2.5-3B/seq/rho-1/seed-0/max-tokens-32768")
    assert assumed.answer_tokens(longer, "aime") == 20_000


def test_reasoning_without_an_end_costs_the_teacher_all_its_tokens(paper: dict[str, Any]) -> None:
    assumed = Assumptions(paper, Study.from_config(paper))
    assert assumed.generated_tokens("general", "reasoning") == 2590
    assert assumed.generated_tokens("math", "ift") == 1180
    assert assumed.generated_tokens("math", "reasoning") == pytest.approx(0.51 * 9200 + 0.49 * 16_384)


def test_a_server_costs_tokens_and_no_gpus(paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(root)
    endpoint = {"url": "https://host/v1", "prompt_price": 1.0, "completion_price": 4.0}
    served = {
        "teachers": {"Qwen3-235B-A22B": {"endpoint": endpoint}},
        "judges": {"gpt-oss-120b": {"endpoint": endpoint, "tokenizer": "my/tokenizer", "architecture": None}},
    }
    plan = plan_of(merge(paper, served), tmp_path)
    row = cell(plan, "generation", "general/ift/shard-0")
    assert (row["gpus"], row["gpu_hours"]) == (0, 0)
    assert row["price"] == pytest.approx(1_300_000 / 128 * (140 * 1.0 + 435 * 4.0) / 1e6)
    unknown = cell(plan, "judging", "gpt-oss-120b/base/Qwen2.5-3B/shots-0")
    assert unknown["flops"] is None and unknown["price"] > 0
    assert "gpt-oss-120b" not in plan.memory["model"]


def test_searched_rates_are_trained_for_a_while(paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(root)
    plan = plan_of(merge(paper, {"students": {"Qwen2.5-3B": {"learning_rate": "search"}}}), tmp_path)
    searched = plan.cells.filter(stage="learning_rates", model="Qwen2.5-3B")
    assert searched.height == 7 * 2
    trained = cell(plan, "training", "general/Qwen2.5-3B/seq/rho-1/seed-0")
    one = cell(plan, "learning_rates", "general/Qwen2.5-3B/reasoning/lr-2e-05")
    # 20,000 questions and a forward pass, a third of a step, over 1,000
    assert one["flops"] / trained["flops"] == pytest.approx((20_000 + 1000 / 3) / 988_000)


# ---- the page ----


def test_the_page_needs_no_network(papers_plan: Plan, paper: dict[str, Any]) -> None:
    text = page(papers_plan, paper["plan"]["published"], "<svg></svg>")
    assert "<svg></svg>" in text and "70,000" in text and "ZeRO 3, 8 processes" in text
    assert not any(word in text for word in ("http:", "https:", "<script", "@import", "src="))
