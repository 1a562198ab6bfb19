"""The graph of the paper's study and of the presets, as Snakemake sees them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from stated_jobs import TRAININGS, stated_jobs
from workflow_tree import MICRO, Tree, plant

from scale_or_reason.reporting.figures.registry import FIGURES

pytestmark = pytest.mark.workflow


def test_all_cells_can_be_asked_for(tree: Tree) -> None:
    jobs = tree.dry_run("models")
    assert jobs["train_student"] == 80
    assert jobs["link_mixed_endpoint"] == 20
    assert jobs["adapt_student"] == 20
    assert not {"evaluate_model", "judge_answers", "judge_student_1", "score_models"} & jobs.keys()


@pytest.mark.parametrize(
    ("curriculum", "ratio"),
    [("seq", "0.25"), ("seq", "1"), ("mix", "0"), ("mix", "0.25"), ("seq-reversed", "1"), ("seq-reversed", "0.25")],
)
def test_a_cells_model_needs_one_training(tree: Tree, curriculum: str, ratio: str) -> None:
    jobs = tree.dry_run(f"results/micro/models/general/micro-1M/{curriculum}/rho-{ratio}/seed-0", study=MICRO)
    links = {"mix": "link_mixed_endpoint", "seq-reversed": "link_reversed_endpoint"}
    alias = {links[curriculum]: 1} if curriculum in links and ratio in "01" else {}
    assert jobs == {
        **alias,
        "train_student": 1,
        "build_mixture": 1,
        "tokenise_pairs": 1,
        "build_pairs": 1,
        "decontaminate_prompts": 1,
        "generate_teacher_answers": 2,
        "prepare_prompts": 1,
        "small_world_prompts": 1,
        # to keep benchmark questions out of the training data
        "prepare_benchmark": 18,
        "small_world_benchmark_rows": 18,
    }


def test_a_cells_scores_need_that_cell_only(tree: Tree) -> None:
    target = "results/micro/scores/general/micro-1M/seq/rho-0.5/seed-0.parquet"
    jobs = tree.dry_run(target, study=(*MICRO, "config/studies/single_cells.yaml"))
    one_each = ("train_student", "evaluate_model", "judge_answers", "grade_answers", "score_model", "build_mixture")
    assert all(jobs[rule] == 1 for rule in one_each)
    others = {"evaluate_base_student", "evaluate_teacher", "adapt_student", "score_models", "compute_flops"}
    assert not others & jobs.keys()


def test_what_a_model_cost_needs_that_models_trainings_only(tree: Tree) -> None:
    target = "results/micro/costs/adapted/micro-1M/ift-then-reasoning/seed-0.parquet"
    jobs = tree.dry_run(target, study=(*MICRO, "config/studies/single_cells.yaml"))
    one_each = ("train_student", "adapt_student", "evaluate_model", "judge_answers", "compute_flops_of_model")
    assert all(jobs[rule] == 1 for rule in one_each)
    # of both trainings
    assert jobs["build_mixture"] == jobs["build_pairs"] == 2
    assert not {"compute_flops", "score_model", "score_models", "grade_answers"} & jobs.keys()


def test_a_searched_learning_rate_comes_before_the_training(tree: Tree, tmp_path: Path) -> None:
    overlay = tmp_path / "search.yaml"
    students = "  students: [micro-1M, micro-0.49M]\n  figures: []\n"
    overlay.write_text(
        f"students: {{micro-1M: {{learning_rate: search}}}}\nstudy:\n  data_fractions: [0.5, 1]\n{students}"
    )
    study = (*MICRO, str(overlay))
    cells = [f"results/micro/models/general/{student}/mix/rho-0.5/seed-0" for student in ("micro-1M", "micro-0.49M")]
    branch = "results/micro/models/general/micro-1M/mix/rho-0.5/data-0.5/seed-0"
    run = tree.snakemake("-n", "-p", "--quiet=reason", *cells, branch, study=study)
    jobs = run.jobs
    assert (jobs["sample_search_data"], jobs["try_learning_rate"], jobs["choose_learning_rates"]) == (2, 2 * 5, 1)
    assert (jobs["train_student"], jobs["train_branch"]) == (2, 1)
    trainings = re.findall(r"train_student\.py .*", run.stdout + run.stderr)
    # the run on half of the data is a branch of the full run, which is told where to put its checkpoint
    (tail,) = [line for line in trainings if "--data-fraction" in line]
    assert " --data-fraction 0.5 " in tail and f"--output {branch} " in tail
    trainings.remove(tail)
    assert [line.count(f" --branches 0.5={branch} ") for line in trainings if "students/micro-1M" in line] == [1]
    searched = next(line for line in trainings if "students/micro-1M" in line)
    other = next(line for line in trainings if "students/micro-0.49M" in line)
    rule = "--ratio 0.5 --mixture-learning-rate reasoning"
    assert f"--learning-rate-from results/micro/learning_rates/micro-1M.json {rule}" in searched
    assert "--learning-rate 0.002" in other and "--learning-rate-from" not in other
    # an adaptation takes the same search, and the table of trials is among the study's tables
    adapted = tree.dry_run("results/micro/models/adapted/micro-1M/ift-then-ift/seed-0", study=study)
    assert adapted["try_learning_rate"] == 2 * 5
    assert tree.dry_run("tables", study=study)["choose_learning_rates"] == 1
    with overlay.open("a") as stream:
        stream.write("  ratios: [0]\n  adaptations: []\n")
    assert tree.dry_run("tables", study=study)["try_learning_rate"] == 5  # nobody trains on reasoning


def test_a_training_over_two_nodes_is_started_by_srun_on_each(tree: Tree, tmp_path: Path) -> None:
    overlay = tmp_path / "nodes.yaml"
    overlay.write_text("students: {Qwen2.5-14B: {processes: 16, nodes: 2}}\n")
    cells = [f"results/v2/models/math/Qwen2.5-{size}B/seq/rho-1/seed-0" for size in (7, 14)]
    run = tree.snakemake("-n", "-p", "-c16", *cells, study=(str(overlay),))
    starts = [line for line in run.stdout.splitlines() if "train_student.py" in line]
    start_7b, start_14b = (next(line for line in starts if f"Qwen2.5-{size}B" in line) for size in (7, 14))
    assert "exec python workflow/scripts/torchrun.py --nproc-per-node 4 workflow" in start_7b
    srun = "exec srun --nodes 2 --ntasks 2 --ntasks-per-node 1 --cpus-per-task 16 --kill-on-bad-exit python"
    assert f"{srun} workflow/scripts/torchrun.py --nproc-per-node 8 --nnodes 2 workflow" in start_14b


def test_or_its_students_cells_where_these_are_evaluated_together(tree: Tree) -> None:
    jobs = tree.dry_run("results/micro/scores/general/micro-1M/seq/rho-0.5/seed-0.parquet", study=MICRO)
    one_each = ("evaluate_student", "judge_student_1", "grade_answers", "score_model")
    assert all(jobs[rule] == 1 for rule in one_each)
    assert jobs["train_student"] == 5 + 3
    outside = tree.dry_run("results/micro/scores/general/micro-1M/seq/rho-0.1/seed-0.parquet", study=MICRO)
    assert (outside["train_student"], outside["evaluate_model"], outside["judge_answers"]) == (1, 1, 1)


def test_evaluating_by_student_evaluates_the_same_models(tree: Tree) -> None:
    together = tree.dry_run(study=MICRO)
    apart = tree.dry_run(study=(*MICRO, "config/studies/single_cells.yaml"))
    assert (apart["evaluate_model"], apart["judge_answers"]) == (100, 122)
    assert (together["evaluate_student"], together["evaluate_adapted_student"]) == (5 * 2, 5)
    assert (together["judge_student_1"], together["judge_adapted_student_1"]) == (5 * 2, 5)
    changed = {rule for rule in apart | together if apart.get(rule) != together.get(rule)}
    assert all(rule.startswith(("evaluate_", "judge_")) for rule in changed)


@pytest.mark.parametrize(("size", "jobs"), [(2, (4, 2, 2, 1)), (3, (3, 2, 2, 1)), (100, (1, 1, 1, 1))])
def test_a_judge_takes_models_in_batches_of_any_size(tree: Tree, tmp_path: Path, size: int, jobs: tuple) -> None:
    overlay = tmp_path / "batches.yaml"
    overlay.write_text(f"compute: {{models_per_judge_job: {size}}}\nstudy: {{students: [micro-1M, micro-0.49M]}}\n")
    counts = tree.dry_run("scores", study=(*MICRO, str(overlay)))
    kinds = {"judge_student": 4, "judge_adapted_student": 2, "judge_base_student": 2, "judge_teacher": 1}
    found = [sum(rule.startswith(f"{kind}_") for rule in counts) for kind in kinds]
    assert tuple(found) == jobs
    for kind, students in kinds.items():
        assert {count for rule, count in counts.items() if rule.startswith(f"{kind}_")} == {students}
    assert "judge_answers" not in counts


def test_rule_graders_may_vote(tree: Tree, tmp_path: Path) -> None:
    overlay = tmp_path / "voting.yaml"
    overlay.write_text("study: {judges: [micro-judge, rule_graders], rule_graders: false}\n")
    target = "results/micro/scores/teacher/micro-teacher/ift.parquet"
    commands = {}
    for name, study in (("beside", MICRO), ("voting", (*MICRO, str(overlay)))):
        printed = tree.snakemake("-n", "-p", target, study=study).stdout
        (commands[name],) = [line for line in printed.splitlines() if "score_models.py" in line]
    votes = {name: command.split("--jurors ")[1].split(" --")[0].split() for name, command in commands.items()}
    assert votes == {"beside": ["micro-judge"], "voting": ["micro-judge", "rule_graders"]}


def test_labels_are_taken_where_people_vote(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "model_id,benchmark,item_id,sample,answer_hash,person,label\nm,b,1,0,,anna,yes\nm,b,1,0,,ben,no\n"
    )
    overlay = tmp_path / "labels.yaml"
    overlay.write_text(f"labels: {{path: {tmp_path / 'labels.csv'}}}\n")
    study = (*MICRO, str(overlay))
    scores = "results/micro/scores/teacher/micro-teacher/ift.parquet"
    assert "take_labels" not in tree.dry_run(scores, study=study)  # they are compared with judges only
    overlay.write_text(overlay.read_text() + "study: {judges: [micro-judge, rule_graders, human]}\n")
    assert tree.dry_run(scores, study=study)["take_labels"] == 1
    # persons are jurors of their own, beside whom nothing else is judged again
    overlay.write_text(overlay.read_text().replace("human", "human-anna, human-ben"))
    assert tree.dry_run(scores, study=study)["take_labels"] == 1


def test_an_adaptation_trains_twice(tree: Tree) -> None:
    jobs = tree.dry_run("results/micro/models/adapted/micro-1M/ift-then-reasoning/seed-0", study=MICRO)
    assert (jobs["train_student"], jobs["adapt_student"], jobs["build_mixture"]) == (1, 1, 2)


def test_a_replica_needs_no_new_config(tree: Tree) -> None:
    asked = (
        "results/micro/models/general/micro-1M/seq/rho-0.1/seed-7",
        "results/micro/models/general/micro-1M/seq/rho-0.1/seed-0",
    )
    run = tree.snakemake("-n", "-p", *asked, study=MICRO)
    assert run.jobs["train_student"] == 2
    told = re.findall(r"train_student\.py .*--seed (\d+) --replica (\d+)", run.stdout + run.stderr)
    assert {replica for _, replica in told} == {"0", "7"}
    assert len({seed for seed, _ in told}) == 2


@pytest.mark.parametrize(
    "target",
    [
        "results/micro/answers/general/micro-1M/mix/rho-1/seed-0/gsm8k.parquet",  # answered under seq
        "results/micro/scores/general/micro-1M/mix/rho-1/seed-0/max-tokens-99.parquet",
        "results/micro/scores/adapted/micro-1M/ift-then-ift/seed-0/max-tokens-99.parquet",  # cells of the grid only
        "results/micro/models/general/micro-1M/mix/rho-0.5/hybrid/seed-0",  # a study without hybrid students
        "results/micro/models/general/Qwen2.5-3B/seq/rho-1/seed-0",  # a student of another study
        "results/micro/models/general/micro-1M/seq/rho-1.5/seed-0",
    ],
)
def test_what_the_study_does_not_have_cannot_be_asked_for(tree: Tree, target: str) -> None:
    run = tree.snakemake("-n", target, study=MICRO, check=False)
    assert run.status == 1
    assert "MissingRuleException" in run.stdout + run.stderr or "\nerror: " in f"\n{run.stderr}"


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


def test_the_papers_numbers_are_compared_where_they_are(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "v2_table1.csv").write_text("")
    overlay = tmp_path / "reference.yaml"
    small = "study: {students: [micro-1M], corpora: [general], adaptations: [], figures: []}\n"
    overlay.write_text(f"paper_results: {{path: {tmp_path}}}\n{small}")
    jobs = tree.dry_run("tables", study=(*MICRO, str(overlay)))
    assert jobs["compare_with_papers"] == jobs["measure_uncertainty"] == 1
    overlay.write_text(small)
    assert "compare_with_papers" not in tree.dry_run("tables", study=(*MICRO, str(overlay)))


@pytest.mark.parametrize("study", [(), MICRO, ("config/studies/v1.yaml",), ("config/studies/single_gpu.yaml",)])
def test_the_explorer_is_made_with_the_rest(tree: Tree, study: tuple) -> None:
    jobs = tree.dry_run(study=study)
    assert jobs["build_explorer"] == jobs["measure_uncertainty"] == 1


@pytest.mark.parametrize("study", [MICRO, ("config/studies/single_gpu.yaml",)])
def test_a_study_may_go_without_the_explorer(tree: Tree, study: tuple, tmp_path: Path) -> None:
    overlay = tmp_path / "without.yaml"
    overlay.write_text("study: {explorer: false}\n")
    without = tree.dry_run(study=(*study, str(overlay)))
    assert "build_explorer" not in without and set(without) <= set(tree.dry_run(study=study))


def test_the_demo(tree: Tree) -> None:
    jobs = tree.dry_run("all", "job_timings", study=(*MICRO, "config/studies/demo.yaml"))
    assert jobs["train_student"] == 3 * 4  # ratios 0, .5, 1; at .5 both curricula
    assert "adapt_student" not in jobs
    assert stated_jobs("make demo") == (sum(jobs.values()) + 1, jobs["train_student"])  # and the rule `all`


def test_the_whole_small_study(tree: Tree) -> None:
    jobs = tree.dry_run("all", "job_timings", study=(*MICRO, "config/studies/micro_axes.yaml"))
    trainings = sum(count for rule, count in jobs.items() if rule in TRAININGS)
    assert stated_jobs("make micro") == (sum(jobs.values()) + 1, trainings)


def test_the_first_version(tree: Tree) -> None:
    jobs = tree.dry_run(study=("config/studies/v1.yaml",))
    assert (jobs["train_student"], jobs["prepare_benchmark"], jobs["judge_student_1"]) == (80, 12, 10)
    figures = {rule: count for rule, count in jobs.items() if rule.startswith("figure_")}
    assert sum(figures.values()) == 18 + 1  # and the curves of trainings
    assert not {"figure_sequential", "figure_shots", "figure_family_table"} & figures.keys()


def test_the_second_pair(tree: Tree) -> None:
    jobs = tree.dry_run(study=("config/studies/gemma.yaml",))
    assert (jobs["train_student"], jobs["generate_teacher_answers"], jobs["evaluate_teacher"]) == (24, 64, 1)
    figures = {rule: count for rule, count in jobs.items() if rule.startswith("figure_")}
    assert figures == {"figure_overhead": 1, "figure_accuracy_by_flops": 2, "figure_training_curves": 1}


def test_every_figure_can_be_asked_for(tree: Tree) -> None:
    """Also those that the study does not list, and has no data for."""
    targets = [f"results/micro/figures/{figure}.{suffix}" for figure in FIGURES for suffix in ("pdf", "png", "csv")]
    jobs = tree.dry_run(*targets, study=MICRO)
    figures = {rule: count for rule, count in jobs.items() if rule.startswith("figure_")}
    assert sum(figures.values()) == len(FIGURES) == 18 + 21 + 1 + 2
    assert figures["figure_ratio_gap"] == 7


def test_a_figure_needs_its_tables_only(tree: Tree) -> None:
    assert tree.dry_run("results/micro/figures/v1/fig10.csv", study=MICRO) == {"figure_length_limit": 1}
    jobs = tree.dry_run("results/micro/figures/v2/fig21.pdf", study=MICRO)
    assert not {"compute_flops", "tabulate_outcomes", "measure_answer_lengths"} & jobs.keys()
    jobs = tree.dry_run("results/micro/figures/v2/fig04.png", study=MICRO)
    assert (jobs["tabulate_outcomes"], jobs["measure_answer_lengths"], jobs["score_models"]) == (1, 1, 1)


def test_the_papers_presets_draw_their_own_figures(root: Path) -> None:
    def chosen(file: str) -> list[str]:
        return yaml.safe_load((root / "config" / file).read_text())["study"]["figures"]

    second_pair = ["v2/fig09", "v2/fig10", "v2/fig11"]
    v1, v2 = ([name for name in FIGURES if name.startswith(version)] for version in ("v1/", "v2/"))
    assert chosen("studies/v1.yaml") == [*v1, "training_curves"]
    assert chosen("studies/gemma.yaml") == [*second_pair, "training_curves"]
    assert chosen("config.yaml") == [*(name for name in v2 if name not in second_pair), "training_curves"]
    without = {*second_pair, "v1/fig10", "v2/fig13"}
    assert chosen("studies/micro.yaml") == [*(name for name in v1 + v2 if name not in without), "training_curves"]


@pytest.mark.parametrize(
    ("study", "student", "template"),
    [
        ((), "Qwen2.5-3B", ("chatml", "<|im_end|>")),
        (("config/studies/gemma.yaml",), "Gemma3-4B", ("gemma", "<end_of_turn>")),
    ],
)
def test_students_are_taught_their_own_chat_format(tree: Tree, study: tuple, student: str, template: tuple) -> None:
    name = "gemma" if study else "v2"
    printed = tree.snakemake(
        "-n", "-p", f"results/{name}/models/general/{student}/seq/rho-0/seed-0", study=study
    ).stdout
    for program in ("tokenise_pairs", "train_student"):
        (command,) = re.findall(rf"scripts/{program}\.py .*", printed)
        options = re.findall(r"--chat-template \S+/(\w+)\.jinja|--stop-token '(\S+)'", command)
        assert {word for option in options for word in option if word} == set(template)


def test_one_gpu_needs_no_teacher(tree: Tree) -> None:
    jobs = tree.dry_run(study=("config/studies/single_gpu.yaml",))
    assert (jobs["import_released_pairs"], jobs["train_student"], jobs["prepare_benchmark"]) == (1, 6, 12)
    assert not {"generate_teacher_answers", "build_pairs", "evaluate_teacher"} & jobs.keys()
    assert not any(rule.startswith("judge_") for rule in jobs)


def test_another_benchmark_makes_no_teacher_answer_again(tree: Tree) -> None:
    """Overlaps follow from questions and benchmarks; the teacher is asked before anybody looks for them."""
    jobs = tree.dry_run("results/micro/pairs/general/ift/shard-0-of-1.parquet", study=MICRO)
    assert jobs == {"generate_teacher_answers": 1, "prepare_prompts": 1, "small_world_prompts": 1}


def test_an_inspection_page_starts_no_engine(tree: Tree) -> None:
    """Only the table that its item or prompt is looked up in is made."""
    item = "results/micro/inspect/items/math_500/test%2Falgebra%2F1.json.html"
    prompt = "results/micro/inspect/prompts/math/0123456789abcdef.html"
    of_item = {"inspect_item": 1, "prepare_benchmark": 1, "small_world_benchmark_rows": 1}
    of_prompt = {"inspect_prompt": 1, "prepare_prompts": 1, "small_world_prompts": 1}
    assert tree.dry_run(item, prompt, study=MICRO) == of_item | of_prompt


def test_an_inspection_page_shows_all_models_that_are_asked(tree: Tree) -> None:
    targets = [f"results/v2/inspect/items/{benchmark}/1.html" for benchmark in ("aime", "gsm8k")]
    printed = tree.snakemake("-n", "-p", *targets).stdout
    shown = {
        Path(output).parent.name: set(ids.split())
        for ids, output in re.findall(r"inspect_item\.py .*?--model-ids (.*?) --.* --output (\S+)", printed)
    }
    assert len(shown["gsm8k"]) == 122
    assert len(shown["aime"] - shown["gsm8k"]) == 20
    assert {f"general/Qwen2.5-3B/seq/rho-{ratio}/seed-0/max-tokens-32768" for ratio in "01"} < shown["aime"]


def test_real_rows(root: Path, shared_dir: Path, tmp_path: Path) -> None:
    real = plant(root, tmp_path / "real")
    rows = f"--config=benchmarks={{source: {{path: {shared_dir / 'data' / 'benchmark_rows'}}}}}"
    study = (*MICRO, "config/studies/real_rows.yaml")
    assert real.dry_run(rows, study=study) == {
        "prepare_benchmark": 16,
        "evaluate_base_student": 1,
        "grade_answers": 1,
        "score_models": 1,
        "compute_flops": 1,
    }


def test_graphs_are_printed_alone_and_the_drawn_one_is_current(tree: Tree, root: Path) -> None:
    graph = tree.snakemake("--rulegraph", study=MICRO).stdout
    assert graph.startswith("digraph")
    rules = re.findall(r'label ?= ?"(\w+)"', graph)
    assert "train_student" in rules
    drawn = re.findall(r">(\w+)</text>", (root / "docs" / "rulegraph.svg").read_text())
    assert sorted(drawn) == sorted(rules), "make rulegraph"
