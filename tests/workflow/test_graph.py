"""The graph of cells and adaptations: what their trainings, answers, verdicts and scores need."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from workflow_tree import MICRO, Tree

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


def test_another_benchmark_makes_no_teacher_answer_again(tree: Tree) -> None:
    """Overlaps follow from questions and benchmarks; the teacher is asked before anybody looks for them."""
    jobs = tree.dry_run("results/micro/pairs/general/ift/shard-0-of-1.parquet", study=MICRO)
    assert jobs == {"generate_teacher_answers": 1, "prepare_prompts": 1, "small_world_prompts": 1}
