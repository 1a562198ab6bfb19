"""What a change of the config makes run again on a finished study, key by key.

One process makes all dry runs. Aggregates (scores, tables, figures) are cheap and follow whatever they show; the tests
list everything else.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from workflow_tree import SMALL, SMALL_STUDY, Tree

pytestmark = pytest.mark.workflow

#: Of the stand-in study: two trained cells, both also under another length limit, an adaptation, a base student with
#: one shot, the teacher in two modes; one judge, two benchmarks.
ANSWERS = {"evaluate_model": 3, "evaluate_base_model": 1, "evaluate_teacher": 1, "evaluate_within_limit": 2}
VERDICTS = {"judge_answers": 6, "judge_within_limit": 2}
GRADES = {"grade_answers": 6, "grade_within_limit": 2}
#: Of the cells and the adaptation alone.
TRAINED = {"evaluate_model": 3, "evaluate_within_limit": 2, "judge_answers": 3, "judge_within_limit": 2}
TRAINED |= {"grade_answers": 3, "grade_within_limit": 2}
TRAINING = {"train_student": 2, "adapt_student": 1, **TRAINED}
FROM_PAIRS = {"build_pairs": 2, "tokenise_pairs": 2, "build_mixture": 3, **TRAINING}
FROM_TEACHER = {"generate_teacher_answers": 4, **FROM_PAIRS}
FROM_PROMPTS = {"prepare_prompts": 2, "decontaminate_prompts": 2, **FROM_TEACHER}
#: Prompts of the first corpus alone.
FROM_GENERAL = {"prepare_prompts": 1, "decontaminate_prompts": 1, "generate_teacher_answers": 2, "build_pairs": 1}
FROM_GENERAL |= {"tokenise_pairs": 1, "build_mixture": 2, **TRAINING}
EVERYTHING = {"small_world_benchmark_rows": 2, "small_world_fewshot_rows": 2, "small_world_prompts": 2}
EVERYTHING |= {"prepare_benchmark": 2, "prepare_fewshot_pool": 2, **FROM_PROMPTS, **ANSWERS, **VERDICTS, **GRADES}
EXPENSIVE = ("generate", "build_pairs", "tokenise", "build_mixture", "train", "adapt", "evaluate", "judge", "grade")
CHEAP = ("prepare", "decontaminate", "small_world")
#: The tokens of the longest text in every table: prompt and answer, or what a judge reads and writes.
ANSWER_TOKENS, VERDICT_TOKENS = 600, 400
STUDENT = "micro-0.07M"
SECOND_JUDGE = {"model": "resources/micro/judge", "sampling": {"temperature": 0, "top_p": 1, "max_tokens": 96}}
SECOND_JUDGE |= {"protocol": "v1", "answer_tail_tokens": 48, "retries": 0}
FAMILIES: list[dict[str, Any]] = SMALL_STUDY["study"]["families"]  # type: ignore[assignment]


def study(**values: Any) -> dict[str, Any]:
    return {"study": values}


def student(**values: Any) -> dict[str, Any]:
    return {"students": {STUDENT: values}}


def training(**values: Any) -> dict[str, Any]:
    return {"training": values}


NOTHING: dict[str, dict[str, Any]] = {
    "no change": {},
    "single_cells.yaml and shards": {
        "compute": {"evaluation_grouping": "model", "models_per_judge_job": 1},
        "corpora": {"general": {"shards": 4}, "math": {"shards": 3}},
    },
    "models_per_judge_job": {"compute": {"models_per_judge_job": 2}},
    "resources and speed": {
        "compute": {
            "jobs": {"engine": {"mem_mb": 5, "runtime": 6, "threads": 3}, "training": {"threads": 4}},
            "by_size": [{"max_params_b": 1, "engine": {"mem_mb": 48}}],
            "gpu_type": "h100",
            "restarts": 3,
            "retry_scaling": {"mem_mb": 1, "runtime": 2},
            "device": "gpu",
        },
        "training": {
            "execution": {
                "micro_batch_tokens": 4096,
                "attention": "sdpa",
                "compile": "never",
                "gradient_checkpointing": True,
                "checkpoint_steps": 7,
                "report_to": ["wandb"],
            }
        },
        "students": {STUDENT: {"processes": 2, "nodes": 2, "deepspeed": "zero-2", "engine": {"max_num_seqs": 32}}},
        "engine": {"enforce_eager": False, "max_num_seqs": 64, "gpu_memory_utilization": 0.5},
    },
    "max_model_len that every text fits into": {
        "engine": {"max_model_len": 9999},
        "students": {STUDENT: {"engine": {"max_model_len": ANSWER_TOKENS + 1}}},
        "judges": {"micro-judge": {"engine": {"max_model_len": VERDICT_TOKENS + 1}}},
    },
    "order and spelling": {
        "study": {
            "ratios": [1.0, 0.0],
            "curricula": ["mix", "seq"],
            "adaptation_corpora": {"to": "math", "from": "general"},
        },
        "evaluation": {"sampling": {"top_p": 1}},
        "judges": {"micro-judge": {"sampling": {"temperature": 0.0, "top_p": 1.0}}},
        "training": {
            "optimizer": {"gradient_clipping": 1, "weight_decay": 0, "adam_beta2": 0.999},
            "schedule": {"decay_steps": 100},
        },
        "prompts": {"max_chars": 32768},
    },
    "what nothing uses": {
        "plan": {"num_gpus": 3, "mfu": {"training": 0.2}, "detection": {"discordance": 0.5}},
        "advise": {"budget_flops": 1e20, "teacher_share": 1, "search": True, "judging": True},
        "hub": {"mirror": "resources"},
        "students": {"micro-1M": {"learning_rate": "search"}},
        "training": {
            "learning_rate_search": {"samples": 7, "held_out": 5, "rates": [1e-3]},
            "mixture_learning_rate": "interpolate",  # there is no mixture
        },
        "study": {"explorer": False},
    },
}

#: Change -> all jobs but aggregates.
RERUNS: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    # less of a study
    "dropped ratio": (study(ratios=[1], adaptations=[]), {}),
    "dropped curriculum, shots, limit": (
        study(curricula=["seq"], base_shots=[], length_limits={"max_tokens": []}),
        {},
    ),
    "dropped adaptation": (study(adaptations=[]), {}),
    "dropped benchmark": (study(families=FAMILIES[1:]), {}),
    "no judges": (study(judges=[]), {}),
    "other jury and count of FLOPs": (
        study(judges=["micro-judge", "rule_graders"], flops="exact") | {"jury": {"majority": "all", "tie": "wrong"}},
        {},
    ),
    # more of it: the new part only
    "new ratio": (
        study(ratios=[0, 0.5, 1]),
        {
            "build_mixture": 2,
            "train_student": 2,
            "evaluate_student_of_a": 1,
            "judge_student_of_a": 1,
            "grade_answers": 2,
        },
    ),
    "new seed": (
        study(seeds=[0, 1]),
        {"train_student": 2, "adapt_student": 1, "evaluate_student": 1, "evaluate_adapted_student": 1}
        | {"judge_student_1": 1, "judge_adapted_student_1": 1, "judge_student_within_limit_1": 1}
        | {"grade_answers": 3, "evaluate_within_limit": 2, "grade_within_limit": 2},
    ),
    "new part of the data": (
        study(data_fractions=[0.5, 1]),
        {"train_branch": 2, "evaluate_student_of_c": 1, "judge_student_of_c": 1, "grade_answers": 2},
    ),
    "new hybrid students": (
        study(hybrid_students={"ratios": [0.5], "curricula": ["mix"]}),
        {"build_mixture": 1, "tokenise_hybrid_pairs": 1, "train_hybrid": 1, "evaluate_hybrid": 1}
        | {"judge_hybrid_student_1": 1, "grade_answers": 2},
    ),
    "new number of shots": (
        study(base_shots=[0, 1, 3]),
        {"evaluate_base_student_of_5": 1, "judge_base_student_of_5": 1, "grade_answers": 2},
    ),
    "new adaptation": (
        study(adaptations=["ift-then-reasoning", "ift-then-ift"]),
        {"build_mixture": 1, "adapt_student": 1, "evaluate_adapted_student_of_1": 1}
        | {"judge_adapted_student_of_1": 1, "grade_answers": 1},
    ),
    "new length limit": (
        study(length_limits={"max_tokens": [80, 90]}),
        {"evaluate_within_limit": 2, "grade_within_limit": 2, "judge_student_within_limit_of_a": 1},
    ),
    "new thinking budget": (
        study(thinking_budgets={"tokens": [16], "percentiles": [50], "ratios": [1], "benchmarks": ["gsm8k"]}),
        {"evaluate_student_within_budget": 1, "judge_student_within_budget_1": 1, "grade_within_budget": 2},
    ),
    "new votes": (
        study(votes={"samples_per_item": 4, "ratios": [1], "benchmarks": ["gsm8k"]}),
        {"evaluate_student_for_votes": 1, "judge_student_for_votes_1": 1, "grade_for_votes": 1},
    ),
    "new student": (
        study(students=["micro-0.19M", STUDENT]),
        {"train_student": 2, "adapt_student": 1, "evaluate_student": 1, "evaluate_adapted_student": 1}
        | {"evaluate_base_student": 1, "evaluate_within_limit": 2, "grade_answers": 4, "grade_within_limit": 2}
        | {f"judge_{who}_1": 1 for who in ("student", "adapted_student", "base_student", "student_within_limit")},
    ),
    "new judge": (
        study(judges=["micro-judge", "second"]) | {"judges": {"second": SECOND_JUDGE}},
        {f"judge_{who}_1": 1 for who in ("student", "adapted_student", "base_student", "teacher")}
        | {"judge_student_within_limit_1": 1},
    ),
    "adopted model": (
        {
            "adopted": {"theirs": {"model": "owner/theirs", "size_b": 0.003, "provenance": "published"}},
            **study(adopted=["theirs"]),
        },
        {"evaluate_adopted_model": 1, "judge_answers": 1, "grade_answers": 1},
    ),
    "samples_per_item": ({"benchmarks": {"samples_per_item": {"gsm8k": 2}}}, ANSWERS | VERDICTS | GRADES),
    "max_items": (
        {"benchmarks": {"max_items": 50}},
        {"prepare_benchmark": 2, "prepare_fewshot_pool": 2, "decontaminate_prompts": 2} | ANSWERS | VERDICTS | GRADES,
    ),
    # prompts and pairs
    "num_prompts": ({"corpora": {"general": {"num_prompts": 1601}}}, {"small_world_prompts": 1, **FROM_GENERAL}),
    "prompts": ({"prompts": {"min_chars": 3}}, FROM_PROMPTS),
    "deduplication": ({"deduplication": {"jaccard": 0.9}}, FROM_PROMPTS),
    "decontamination": ({"decontamination": {"ngram": 21}}, {"decontaminate_prompts": 2}),
    "tokenizer": (student(tokenizer="Qwen/Qwen2.5-0.5B"), {"tokenise_pairs": 2, **TRAINING}),
    "seed": (study(seed=1), EVERYTHING),
    # the protocol
    "learning rate": (
        student(learning_rate={"reasoning": 3e-3}),
        {"train_student": 1, "adapt_student": 1, "evaluate_model": 2, "evaluate_within_limit": 1}
        | {"judge_answers": 2, "judge_within_limit": 1, "grade_answers": 2, "grade_within_limit": 1},
    ),
    "batch": (training(batch={"size": 9}), TRAINING),
    "max_length": (training(max_length=500), TRAINING),
    "overlong": (training(overlong="truncate"), TRAINING),
    "schedule": (training(schedule={"warmup_steps": 21}), TRAINING),
    "optimizer": (training(optimizer={"weight_decay": 0.1}), TRAINING),
    "dtype of training": (training(dtype="bfloat16") | student(deepspeed="zero-1"), TRAINING),
    "mixtures.sampling": ({"mixtures": {"sampling": "independent"}}, {"build_mixture": 3, **TRAINING}),
    "adaptation_corpora": (
        study(adaptation_corpora={"from": "general", "to": "general"}),
        {"adapt_student": 1, "evaluate_model": 1, "judge_answers": 1, "grade_answers": 1},
    ),
    "evaluation.sampling": ({"evaluation": {"sampling": {"temperature": 0.6}}}, ANSWERS | VERDICTS | GRADES),
    "evaluation limit": (  # not under the other limit
        {"evaluation": {"sampling": {"max_tokens": 150}}},
        {"evaluate_model": 3, "evaluate_base_model": 1, "evaluate_teacher": 1, "judge_answers": 6, "grade_answers": 6},
    ),
    "max_model_len that a text reaches": (
        student(engine={"max_model_len": ANSWER_TOKENS})
        | {"judges": {"micro-judge": {"engine": {"max_model_len": VERDICT_TOKENS}}}},
        {"evaluate_model": 3, "evaluate_base_model": 1, "evaluate_within_limit": 2, **VERDICTS}
        | {"grade_answers": 4, "grade_within_limit": 2},
    ),
    "the teacher's": (
        {"teachers": {"micro-teacher": {"engine": {"max_model_len": ANSWER_TOKENS}}}},
        {**FROM_TEACHER, "evaluate_teacher": 1, "judge_answers": 5, "grade_answers": 5},
    ),
    "dtype of engines": (
        {"engine": {"dtype": "bfloat16"}},
        {**FROM_TEACHER, **ANSWERS, **VERDICTS, **GRADES},
    ),
    "dtype of the judge": ({"judges": {"micro-judge": {"engine": {"dtype": "bfloat16"}}}}, VERDICTS),
    "judge's sampling": ({"judges": {"micro-judge": {"sampling": {"temperature": 0.1}}}}, VERDICTS),
    "judge's retries": ({"judges": {"micro-judge": {"retries": 1}}}, VERDICTS),
    "judge's answer_tail_tokens": ({"judges": {"micro-judge": {"answer_tail_tokens": 49}}}, VERDICTS),
    "judge's protocol": ({"judges": {"micro-judge": {"protocol": "v2"}}}, VERDICTS),
    "judge's mode": ({"judges": {"micro-judge": {"mode": {"system": "hm"}}}}, VERDICTS),
    "structured": ({"judges": {"micro-judge": {"structured": True}}}, VERDICTS),
    "teacher's sampling": (
        {"teachers": {"micro-teacher": {"sampling": {"reasoning": {"temperature": 0.7}}}}},
        {"generate_teacher_answers": 2, **FROM_PAIRS},
    ),
    "template": (student(template="gemma"), {"tokenise_pairs": 2, **TRAINING}),
}


def runs(made: Tree, changes: list[dict[str, Any]]) -> list[dict[str, int]]:
    """The jobs of a dry run with each of these changes, aggregates left out."""
    program = str(Path(__file__).with_name("dry_runs.py"))
    done = subprocess.run(
        [sys.executable, program, json.dumps(SMALL), json.dumps(changes), "all", "models"],
        cwd=made.path,
        env=os.environ | made.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    found = json.loads(done.stdout.splitlines()[-1])
    return [
        {rule: n for rule, n in jobs.items() if rule.startswith(EXPENSIVE + CHEAP + ("refused",))} for jobs in found
    ]


def count_tokens(results: Path) -> None:
    """Put tables with numbers of tokens in the place of those of the stand-ins."""
    for table in [file for part in ("answers", "verdicts", "pairs") for file in results.rglob(f"{part}/**/*.parquet")]:
        is_verdict, time = "verdicts" in table.parts, table.stat().st_mtime_ns
        prompt, completion, longest = (
            ("judge_prompt_tokens", "judge_tokens", VERDICT_TOKENS)
            if is_verdict
            else ("prompt_tokens", "answer_tokens", ANSWER_TOKENS)
        )
        pl.DataFrame({prompt: [longest - 100, 1], completion: [100, 2]}).write_parquet(table)
        os.utime(table, ns=(time, time))


@pytest.fixture(scope="module")
def own_benchmark(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A benchmark in a file outside of the project."""
    file = tmp_path_factory.mktemp("own") / "sums.yaml"
    content = {"instruction": "Add.", "question": "{q}", "answer": "a", "grader": "math"}
    content |= {"rows": [{"q": "2 + 2?", "a": 4}], "fewshot": [{"q": "3 + 4?", "a": 7}]}
    file.write_text(json.dumps(content))  # which is YAML, too
    benchmarks = {"own": {"sums": {"path": str(file)}, "unused": {"path": "no/such/file"}}}
    return {"benchmarks": benchmarks, **study(families=[*FAMILIES, {"name": "Mine", "benchmarks": ["sums"]}])}


@pytest.fixture(scope="module")
def reruns(
    made_once: Tree, tmp_path_factory: pytest.TempPathFactory, own_benchmark: dict[str, Any]
) -> dict[str, dict[str, int]]:
    folder = tmp_path_factory.mktemp("counted") / "copy"
    shutil.copytree(made_once.path, folder, symlinks=True)
    count_tokens(folder / "results" / "micro")
    changes = NOTHING | {name: change for name, (change, _) in RERUNS.items()} | {"own benchmark": own_benchmark}
    return dict(zip(changes, runs(Tree(folder), list(changes.values())), strict=True))


@pytest.mark.parametrize("change", NOTHING)
def test_makes_nothing_old(reruns: dict[str, dict[str, int]], change: str) -> None:
    assert reruns[change] == {}


@pytest.mark.parametrize("change", RERUNS)
def test_makes_old(reruns: dict[str, dict[str, int]], change: str) -> None:
    assert reruns[change] == RERUNS[change][1]


def test_a_benchmark_of_ones_own_is_answered_and_graded_by_all(reruns: dict[str, dict[str, int]]) -> None:
    new = {"prepare_benchmark": 1, "prepare_fewshot_pool": 1, "decontaminate_prompts": 2}
    answers = {"evaluate_model": 3, "evaluate_base_model": 1, "evaluate_teacher": 1}
    assert reruns["own benchmark"] == {**new, **answers, "judge_answers": 6, "grade_answers": 6}
