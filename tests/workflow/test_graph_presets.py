"""The graph of whole studies: the presets, their figures, the explorer and inspection pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from stated_jobs import TRAININGS, numbers_on, stated_jobs, with_engines
from workflow_tree import MICRO, Tree, plant

from scale_or_reason.reporting.figures.registry import FIGURES

pytestmark = pytest.mark.workflow


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
    words = r"`make demo` has (\d+) trainings and (\d+) jobs with an engine"
    assert numbers_on("docs/reference/measurements.md", words) == (jobs["train_student"], with_engines(jobs))


def test_the_study_on_a_laptop(tree: Tree) -> None:
    jobs = tree.dry_run(study=(*MICRO, "config/studies/laptop.yaml"))
    page = "docs/how-to/run_on_a_laptop.md"
    assert numbers_on(page, r"\| whole study \| (\d+) \|") == (sum(jobs.values()) + 1,)  # and the rule `all`
    assert numbers_on(page, r"\| trainings, [^|]*\| (\d+) \|") == (jobs["train_student"],)
    answers = jobs["evaluate_student"] + jobs["evaluate_base_student"]
    assert numbers_on(page, r"\| answers of 3 students, [^|]*\| (\d+) \|") == (answers,)


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


def test_one_gpu_needs_no_teacher(tree: Tree) -> None:
    jobs = tree.dry_run(study=("config/studies/single_gpu.yaml",))
    assert (jobs["import_released_pairs"], jobs["train_student"], jobs["prepare_benchmark"]) == (1, 6, 12)
    assert not {"generate_teacher_answers", "build_pairs", "evaluate_teacher"} & jobs.keys()
    assert not any(rule.startswith("judge_") for rule in jobs)


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
