"""A plan's numbers against sums by hand, what is left of them in a study that has begun, and its guards."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from configs import load, merge, plan_of

from scale_or_reason.common.errors import StudyError
from scale_or_reason.planning.assumptions import Assumptions
from scale_or_reason.planning.page import page
from scale_or_reason.planning.plan import Plan
from scale_or_reason.planning.report import duration, summary
from scale_or_reason.planning.shapes import shipped_shapes
from scale_or_reason.planning.work import Work
from scale_or_reason.study.cells import parse_model_id
from scale_or_reason.study.study import Study

#: Questions of each benchmark by docs/reference/benchmarks.md, with the limit on c_code_summarization.
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


@pytest.fixture(scope="module")
def paper(root: Path) -> dict[str, Any]:
    return load(root)


@pytest.fixture(scope="module")
def papers_plan(paper: dict[str, Any], root: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        return plan_of(paper, tmp_path_factory.mktemp("nothing"))


def cell(plan: Plan, stage: str, name: str) -> dict[str, Any]:
    return plan.cells.filter(stage=stage, cell=name).row(0, named=True)


# ---- FLOPs of three cells, written out ----


@pytest.mark.slow
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
    assert row["price"] == pytest.approx(2.5 * row["gpu_hours"])


@pytest.mark.slow
def test_hours_of_a_training_by_hand(paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch) -> None:
    """With samples of one length, two processes get 16 of 32 samples each and never wait."""
    monkeypatch.chdir(root)
    plan = plan_of(merge(paper, {"plan": {"tokens": {"length_spread": 0}}}), tmp_path)
    row = cell(plan, "training", "general/Qwen2.5-3B/seq/rho-0/seed-0")
    # 38 % of 989 TFLOP/s on 2 GPUs; 2 minutes to start and 6.17 GB to load at 2 GB/s
    seconds = row["flops"] / (0.38 * 989e12) / 2 + 120 + 2 * 3_085_938_688 / 2e9
    assert row["gpus"] == 2
    assert row["gpu_hours"] == pytest.approx(2 * seconds / 3600)


@pytest.mark.slow
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


@pytest.mark.slow
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
    without = 541 * tokens["benchmark_prompts"]["ifeval"]
    law = 396 * tokens["benchmark_prompts"]["consumer_qa"]
    assert base[1] - base[0] == pytest.approx(base[0] - without)
    assert base[2] - base[0] == pytest.approx(5 * (base[0] - without) - law)


@pytest.mark.parametrize(
    ("model_id", "expected"),
    [
        ("general/s/seq/rho-0/seed-0", "ift"),
        ("general/s/seq/rho-0.25/seed-0", "reasoning"),
        ("general/s/mix/rho-0.5/seed-0", "ift"),
        ("general/s/mix/rho-0.75/seed-0", "reasoning"),
        ("general/s/seq-reversed/rho-0.75/seed-0", "ift"),
        ("general/s/seq-reversed/rho-1/seed-0", "reasoning"),
        ("general/s/seq/rho-1/seed-0/max-tokens-99", "reasoning"),
        ("adapted/s/reasoning-then-ift/seed-0", "ift"),
        ("teacher/t/reasoning", "reasoning"),
        ("base/s/shots-3", None),
    ],
)
def test_who_reasons(paper: dict[str, Any], model_id: str, expected: str | None) -> None:
    assert Assumptions(paper, Study.from_config(paper)).answers_like(parse_model_id(model_id)) == expected


# ---- memory, totals, what is left, guards ----


def test_memory_by_configuration(papers_plan: Plan) -> None:
    rows = {(row["kind"], row["model"]): row for row in papers_plan.memory.to_dicts()}
    assert len(rows) == 5 + 5 + 1 + 3
    training = rows["training", "Qwen2.5-14B"]
    assert training["optimizer_gb"] == pytest.approx(12 * 14.770033664 / 8)
    assert training["configuration"] == "ZeRO 3, 8 processes"
    assert all(row["fits"] for row in rows.values())


@pytest.mark.slow
def test_what_does_not_fit_is_said(paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(root)
    alone = {"students": {"Qwen2.5-14B": {"processes": 1}}, "study": {"length_limits": {"max_tokens": []}}}
    short = {"judges": {"Llama-3.3-70B-Instruct": {"engine": {"tensor_parallel_size": 1}}}}
    plan = plan_of(merge(merge(paper, alone), short), tmp_path)
    assert set(plan.memory.filter(~pl.col("fits"))["model"]) == {"Qwen2.5-14B", "Llama-3.3-70B-Instruct"}
    text = summary(plan, None, "plan")
    assert "DOES NOT FIT: training of Qwen2.5-14B, ZeRO 3, 1 process" in text
    assert "DOES NOT FIT: engine of Llama-3.3-70B-Instruct" in text
    assert 'class="no">NO</td>' in page(plan, None, "<svg></svg>")


@pytest.mark.slow
def test_a_job_that_needs_more_gpus_than_there_are(
    paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(root)
    with pytest.raises(StudyError, match="needs more GPUs") as caught:
        plan_of(merge(paper, {"plan": {"num_gpus": 4}}), tmp_path)
    assert caught.value.key == "plan.num_gpus"


@pytest.mark.parametrize(("hours", "text"), [(0.01, "36 s"), (0.5, "30 min"), (7.5, "7.5 h"), (72, "3.0 days")])
def test_durations(hours: float, text: str) -> None:
    assert duration(hours) == text


def test_the_comparison_with_the_published_hours(papers_plan: Plan, paper: dict[str, Any]) -> None:
    text = summary(papers_plan, paper["plan"]["published"], "plan")
    share = papers_plan.cells["gpu_hours"].sum() / 70_000
    assert "Published: 70,000 H100-hours" in text and f"{share:.0%} of that" in text
    assert "not comparable" in summary(papers_plan, {"gpu": "A100", "gpu_hours": 1, "source": "x"}, "plan")
    assert "Published" not in summary(papers_plan, None, "plan")


@pytest.mark.slow
def test_what_is_there_is_not_counted_again(paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(root)
    before = plan_of(paper, tmp_path)
    finished = [
        "models/general/Qwen2.5-14B/seq/rho-1/seed-0/manifest.json",
        "answers/general/Qwen2.5-14B/seq/rho-1/seed-0/manifest.json",
        "pairs/math/reasoning/shard-3-of-32.parquet",
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
    assert "remaining" in summary(after, None, "plan") and "remaining" not in summary(before, None, "plan")


def test_unknown_gpu(paper: dict[str, Any], root: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="the GPU of the plan is unknown") as caught:
        plan_of(merge(paper, {"plan": {"gpu": "H10"}}), tmp_path)
    assert caught.value.key == "plan.gpu" and "did you mean" in caught.value.remedy


@pytest.mark.slow
def test_unknown_architecture(paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(root)
    own = merge(paper, {"students": {"Qwen2.5-3B": {"model": "my/model"}}})
    with pytest.raises(StudyError, match="architecture of a model is unknown") as caught:
        plan_of(own, tmp_path)
    assert caught.value.key == "plan.architectures.my/model" and "num_key_value_heads" in caught.value.expected
    stated = merge(own, {"plan": {"architectures": {"my/model": dict(shipped_shapes()["Qwen/Qwen2.5-3B"])}}})
    assert plan_of(stated, tmp_path).cells.equals(plan_of(paper, tmp_path).cells)
    incomplete = merge(own, {"plan": {"architectures": {"my/model": {"vocab_size": 10}}}})
    with pytest.raises(StudyError) as caught:
        plan_of(incomplete, tmp_path)
    assert str(caught.value.where) == "plan.architectures.my/model"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("removed", "key"),
    [
        (("kept_pair_share", "math"), "plan.kept_pair_share.math"),
        (("tokens", "training", "general", "reasoning"), "plan.tokens.training.general.reasoning"),
        (("tokens", "benchmark_prompts", "mmlu_pro_law"), "plan.tokens.benchmark_prompts.mmlu_pro_law"),
        (("tokens", "answers", "Math-OE"), "plan.tokens.answers.Math-OE.ift"),
        (("benchmark_items", "c_code_summarization"), "plan.benchmark_items.c_code_summarization"),
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
    assert key in str(caught.value.key).split(", ")


@pytest.mark.slow
def test_all_numbers_that_nobody_has_stated_are_named_at_once(
    paper: dict[str, Any], root: Path, tmp_path: Path
) -> None:
    config = deepcopy(paper)
    config["students"]["Qwen2.5-3B"]["model"] = "org/unknown"
    del config["plan"]["tokens"]["training"]["math"]
    del config["plan"]["kept_pair_share"]["general"]
    with pytest.raises(StudyError, match="the plan lacks 5 numbers") as caught:
        plan_of(config, tmp_path)
    assert set(str(caught.value.key).split(", ")) == {
        "plan.architectures.org/unknown",
        "plan.kept_pair_share.general",
        *(f"plan.tokens.training.math.{part}" for part in ("prompt", "ift", "reasoning")),
    }


@pytest.mark.slow
def test_questions_that_an_option_multiplies_must_be_counted(
    paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(root)
    config = merge(paper, {"benchmarks": {"options": {"coqa": {"turns": "every"}}, "samples_per_item": {"aime": 8}}})
    with pytest.raises(StudyError, match="number of items of a benchmark is unknown") as caught:
        plan_of(config, tmp_path)
    assert caught.value.key == "plan.benchmark_items.coqa"
    plan = plan_of(merge(config, {"plan": {"benchmark_items": {"coqa": 7983}}}), tmp_path)
    row = cell(plan, "evaluation", "general/Qwen2.5-7B/seq/rho-0/seed-0")
    assert row["sequences"] == sum(PAPER_ITEMS.values()) + 7483 + 7 * 30


def test_questions_of_a_world_and_of_a_file(root: Path, tmp_path: Path) -> None:
    config = load(root, "micro")
    own = Assumptions(config, Study.from_config(config))
    assert [own.items(name) for name in ("gsm8k", "c_code_summarization")] == [60, 60]
    (tmp_path / "c_code_summarization.jsonl").write_text("{}\n{}\n\n{}\n")
    config = merge(
        load(root), {"benchmarks": {"source": {"path": str(tmp_path)}, "max_items_by_benchmark": {"gsm8k": 7}}}
    )
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
    cut = parse_model_id("general/Qwen2.5-3B/seq/rho-1/seed-0/think-tokens-1000")
    assert assumed.answer_tokens(cut, "aime") == 1000 + 3
    # lengths spread evenly between none and twice their mean: the median is the mean, a quarter is half of it
    for percentile, share in ((50, 1), (25, 0.5)):
        cut = parse_model_id(f"general/Qwen2.5-3B/seq/rho-1/seed-0/think-tokens-p{percentile}")
        assert assumed.thought_at(cut, "aime") == share * (16_384 - 3)


@pytest.mark.slow
def test_the_plan_counts_further_answers_once(paper: dict[str, Any], tmp_path: Path) -> None:
    config = merge(paper, {"study": {"votes": {"samples_per_item": 8, "ratios": [0], "benchmarks": ["gsm8k", "aime"]}}})
    config = merge(config, {"benchmarks": {"samples_per_item": {"aime": 2}}})
    study = Study.from_config(config)
    assumed = Assumptions(config, study)
    units = {unit.cell: unit for unit in Work(config, study, assumed, tmp_path).units() if unit.stage == "evaluation"}
    cell = "general/Qwen2.5-3B/seq/rho-0/seed-0"
    answers = [round(call.count) for call in units[f"{cell}/samples-8"].calls]
    # 1,319 items with seven further answers, 30 with six beside the two that all models give
    assert answers == [1319 * 7, 30 * 6]
    assert len([name for name in units if name.endswith("/samples-8")]) == 5 * 2
    judged = [unit for unit in Work(config, study, assumed, tmp_path).units() if unit.stage == "judging"]
    own = next(unit for unit in judged if unit.cell.endswith(f"{cell}/samples-8"))
    assert round(sum(call.count for call in own.calls)) >= 1319 * 7 + 30 * 6


def test_reasoning_without_an_end_costs_the_teacher_all_its_tokens(paper: dict[str, Any]) -> None:
    assumed = Assumptions(paper, Study.from_config(paper))
    assert assumed.generated_tokens("general", "reasoning") == 2590
    assert assumed.generated_tokens("math", "ift") == 1180
    assert assumed.generated_tokens("math", "reasoning") == pytest.approx(0.51 * 9200 + 0.49 * 16_384)


@pytest.mark.slow
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


@pytest.mark.slow
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
