"""The graph of the variants of cells: hybrid students, parts of the data, thinking budgets, votes, length limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from workflow_tree import MICRO, Tree

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize(
    ("study", "student", "overlays", "judged_together"),
    [
        ("micro", "micro-1M", (*MICRO, "config/studies/micro_hybrid.yaml"), 1),
        ("hybrid", "Qwen2.5-3B", ("config/studies/hybrid.yaml",), 3),  # in three orders
    ],
)
def test_both_modes_of_a_hybrid_student_need_one_training(
    tree: Tree, study: str, student: str, overlays: tuple[str, ...], judged_together: int
) -> None:
    cell = f"general/{student}/mix/rho-0.5/hybrid/seed-0"
    scores = [f"results/{study}/scores/{cell}/{mode}.parquet" for mode in ("think", "no-think")]
    run = tree.snakemake("-n", "-p", "--quiet=reason", *scores, study=overlays)
    jobs = run.jobs
    assert jobs["tokenise_hybrid_pairs"] == 1
    assert {jobs[rule] for rule in ("build_mixture", "train_hybrid", "evaluate_hybrid")} == {judged_together}
    assert (jobs["grade_answers"], jobs["score_model"]) == (2, 2)
    assert not {"tokenise_pairs", "train_student", "evaluate_model", "evaluate_student"} & jobs.keys()
    lines = (run.stdout + run.stderr).splitlines()
    command = {
        name: next(line for line in lines if f"/{name}.py " in line and "/seq" not in line)
        for name in ("train_student", "tokenise_pairs", "evaluate_model")
    }
    assert f"--tokens results/{study}/hybrid_tokens/general/" in command["train_student"]
    assert " /no_think" in command["tokenise_pairs"] and " /no_think" in command["evaluate_model"]
    assert f"--model-ids {cell}/no-think {cell}/think " in command["evaluate_model"]


#: Each axis for some cells, and the models that follow, by hand. At ratios 0 and 1 one training serves both curricula.
RESTRICTED = """
study:
  students: [micro-0.07M, micro-1M]
  ratios: [0, 0.5, 1]
  adaptations: []
  base_shots: []
  families: [{name: Math-OE, benchmarks: [gsm8k, aime]}]
  data_fractions: {fractions: [0.25, 1], ratios: [0, 0.5], curricula: [mix], corpora: [math], students: [micro-1M]}
  thinking_budgets:
    {tokens: [16], percentiles: [50], ratios: [0.5, 1], curricula: [seq], corpora: [general], students: [micro-0.07M],
     benchmarks: [gsm8k]}
  votes: {samples_per_item: 4, ratios: [0, 0.5], curricula: [mix], corpora: [general], benchmarks: [aime]}
  hybrid_students: {ratios: [0.5], curricula: [seq-reversed], corpora: [math], students: [micro-1M]}
"""
FURTHER_MODELS = {
    "math/micro-1M/seq/rho-0/data-0.25/seed-0",
    "math/micro-1M/mix/rho-0.5/data-0.25/seed-0",
    *(f"general/micro-0.07M/seq/rho-{r}/seed-0/think-tokens-{cut}" for r in ("0.5", "1") for cut in ("16", "p50")),
    *(
        f"general/micro-{size}/{mix}/seed-0/samples-4"
        for size in ("0.07M", "1M")
        for mix in ("seq/rho-0", "mix/rho-0.5")
    ),
    *(f"math/micro-1M/seq-reversed/rho-0.5/hybrid/seed-0/{mode}" for mode in ("no-think", "think")),
}


def test_restricted_axes_have_exactly_their_models(tree: Tree, tmp_path: Path) -> None:
    overlay = tmp_path / "restricted.yaml"
    overlay.write_text(RESTRICTED)
    targets = ("answers", "results/micro/tables/test_time.csv")
    run = tree.snakemake("-n", "-p", "--quiet=reason", *targets, study=(*MICRO, str(overlay)))
    words = re.findall(r"--model-ids ((?:[^-\s]\S* )+)", run.stdout + run.stderr)
    models = {name for found in words for name in found.split() if not name.startswith("teacher/")}
    usual = {
        f"{corpus}/{student}/{mix}/seed-0"
        for corpus in ("general", "math")
        for student in ("micro-0.07M", "micro-1M")
        for mix in ("seq/rho-0", "seq/rho-0.5", "mix/rho-0.5", "seq/rho-1")
    }
    assert models == usual | FURTHER_MODELS
    jobs = run.jobs
    assert (jobs["train_student"], jobs["train_branch"], jobs["train_hybrid"]) == (2 * 2 * 4, 2, 1)
    # one job for a student's cut thoughts, and one for each student's further answers
    assert (jobs["evaluate_student_within_budget"], jobs["evaluate_student_for_votes"]) == (1, 2)
    assert (jobs["judge_student_within_budget_1"], jobs["judge_student_for_votes_1"]) == (1, 2)
    assert (jobs["grade_within_budget"], jobs["grade_for_votes"], jobs["measure_test_time"]) == (4, 4, 1)


def test_a_number_of_votes_that_the_study_does_not_have_has_no_rule(tree: Tree, tmp_path: Path) -> None:
    overlay = tmp_path / "restricted.yaml"
    overlay.write_text(RESTRICTED)
    folder = "results/micro/answers/general/micro-1M/seq/rho-0/seed-0"
    run = tree.snakemake("-n", f"{folder}/samples-8/manifest.json", study=(*MICRO, str(overlay)), check=False)
    assert run.status == 1
    assert "MissingRuleException" in run.stdout + run.stderr or "\nerror: " in f"\n{run.stderr}"


def test_a_cell_under_another_limit_needs_that_cell_only(tree: Tree) -> None:
    jobs = tree.dry_run("results/micro/scores/general/micro-1M/mix/rho-0.5/seed-0/max-tokens-99.parquet", study=MICRO)
    one_each = ("train_student", "evaluate_within_limit", "judge_within_limit", "grade_within_limit", "score_model")
    assert all(jobs[rule] == 1 for rule in one_each)
    assert not {"evaluate_student", "judge_student_1", "grade_answers"} & jobs.keys()


def test_a_limit_that_the_study_does_not_have_is_judged_alone(tree: Tree) -> None:
    cell = "results/micro/verdicts/micro-judge/general/micro-1M/seq/rho-1/seed-0"
    jobs = tree.dry_run(f"{cell}/max-tokens-99/manifest.json", study=MICRO)
    assert jobs["judge_within_limit"] == 1 and "judge_student_within_limit_1" not in jobs


def test_other_limits_answer_again_beside_the_studys_own(tree: Tree, tmp_path: Path) -> None:
    overlay = tmp_path / "limits.yaml"
    overlay.write_text("study: {length_limits: {max_tokens: [99, 120]}}\n")
    jobs = tree.dry_run("results/micro/tables/length_limits.csv", study=(*MICRO, str(overlay)))
    assert jobs["evaluate_within_limit"] == jobs["grade_within_limit"] == 5 * 2 * 2 * 2
    assert jobs["judge_student_within_limit_1"] == 5 * 2  # in one batch both formats under both limits
    # nothing waits for models that are in no length limit's row
    assert jobs["score_models_within_limit"] == 1
    assert not {"score_models", "adapt_student", "evaluate_base_student", "evaluate_teacher"} & jobs.keys()
