"""All jobs of a study: their cells, the tokens that models process, and their output files.

This list repeats the job graph of ``workflow/rules`` up to the tables of scores and costs; a test compares it with
Snakemake's. Later tables and figures are omitted, since they are small CPU jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from scale_or_reason.planning.assumptions import Assumptions, Calls
from scale_or_reason.planning.branches import branch_calls
from scale_or_reason.planning.units import Unit
from scale_or_reason.study.catalogue import RULE_GRADERS, AdoptedModel, Judge, Student, TeacherModel
from scale_or_reason.study.cells import (
    FORMATS,
    Adaptation,
    AnyModel,
    BudgetedCell,
    Cell,
    CellVariant,
    HybridMode,
    LimitedCell,
    SampledCell,
    format_ratio,
)
from scale_or_reason.study.learning_rates import format_rate
from scale_or_reason.study.result_paths import result_path
from scale_or_reason.study.study import Study

#: Bytes per token in the store of tokenised pairs.
_TOKEN_BYTES = 4


class Work:
    """All units of a study, in the order of its stages."""

    def __init__(self, config: Mapping[str, Any], study: Study, assumed: Assumptions, results: Path) -> None:
        self.config, self.study, self.assumed, self.results = config, study, assumed, results

    def units(self) -> list[Unit]:
        """One unit per cell of each job, stage by stage."""
        parts: tuple[Callable[[], Iterator[Unit]], ...] = (
            self._prompts,
            self._benchmarks,
            self._generation,
            self._pairs,
            self._mixtures,
            self._learning_rates,
            self._training,
            self._evaluation,
            self._judging,
            self._grading,
            self._scores,
        )
        return [unit for part in parts for unit in part()]

    def _cpu_unit(self, stage: str, rule: str, cell: str, target: str, disk: float = 0.0) -> Unit:
        return Unit(stage, rule, f"{rule}/{cell}", cell, self.results / target, disk=disk)

    @property
    def _corpora(self) -> Sequence[str]:
        """The corpora with trainings."""
        trained = self.study.trainings() or self.study.adapted() or self.study.hybrids()
        return tuple(self.study.corpora) if trained else ()

    def _prompts(self) -> Iterator[Unit]:
        for corpus in self._corpora:
            if "small_world" in self.config:
                yield self._cpu_unit(
                    "prompts", "small_world_prompts", corpus, result_path("small_world_prompts", corpus=corpus)
                )
            yield self._cpu_unit("prompts", "prepare_prompts", corpus, result_path("prompts", corpus=corpus))
            yield self._cpu_unit("prompts", "decontaminate_prompts", corpus, result_path("overlaps", corpus=corpus))

    def _benchmarks(self) -> Iterator[Unit]:
        own = "small_world" in self.config and Path(self.config["benchmarks"]["source"]["path"]).is_relative_to(
            self.results
        )
        parts = [("small_world_benchmark_rows", "small_world_rows", "prepare_benchmark", "items")]
        if any(self.study.base_shots):
            rows = "small_world_fewshot_rows"
            parts.append((rows, rows, "prepare_fewshot_pool", "fewshot_pool"))
        for rows_rule, rows, rule, table in parts:
            for name in self.study.benchmarks:
                if own:
                    yield self._cpu_unit("benchmarks", rows_rule, name, result_path(rows, benchmark=name))
                yield self._cpu_unit("benchmarks", rule, name, result_path(table, benchmark=name))

    def _generation(self) -> Iterator[Unit]:
        teacher = self.study.teacher
        if teacher is None or self.config["pairs"]["source"] != "generate":
            return
        for name in self._corpora:
            corpus, prompt = self.study.corpora[name], self.assumed.training_lengths(name)[0]
            for answer_format in FORMATS:
                tokens = self.assumed.generated_tokens(name, answer_format)
                for shard in range(corpus.shards):
                    cell = f"{name}/{answer_format}/shard-{shard}"
                    calls = (Calls(corpus.num_prompts / corpus.shards, prompt, tokens),)
                    place = {"corpus": name, "format": answer_format, "shard": shard, "shards": corpus.shards}
                    target = self.results / result_path("teacher_answers", **place)
                    sizes = self._context(teacher), teacher.sampling[answer_format]["max_tokens"]
                    yield Unit("generation", "generate_teacher_answers", cell, cell, target, teacher, calls, *sizes)

    def _context(self, model: Student | TeacherModel | AdoptedModel | Judge) -> int:
        """The longest sequence of a model's engine, 0 if not set."""
        return int(model.engine.get("max_model_len") or 0)

    def _pairs(self) -> Iterator[Unit]:
        rule = "build_pairs" if self.config["pairs"]["source"] == "generate" else "import_released_pairs"
        for corpus in self._corpora:
            disk = self._pair_tokens(corpus) * self.assumed.number("disk.bytes_per_token", "bytes")
            yield self._cpu_unit("pairs", rule, corpus, result_path("pairs", corpus=corpus), disk)

    def _pair_tokens(self, corpus: str) -> float:
        """Tokens of all kept prompts and answers."""
        prompt, answers = self.assumed.training_lengths(corpus)
        kept = self.study.corpora[corpus].num_prompts * self.assumed.kept_pairs(corpus)
        return kept * (prompt + sum(answers.values()))

    def _mixtures(self) -> Iterator[Unit]:
        plain: list[Cell | Adaptation] = [*self.study.trainings(), *self.study.adapted()]
        trained = [*plain, *self.study.hybrids()]
        for training in {
            self.study.lineage(model)[-1].mixture: self.study.lineage(model)[-1] for model in trained
        }.values():
            target = result_path(
                "mixture", corpus=training.corpus, curriculum=training.curriculum, ratio=format_ratio(training.ratio)
            )
            yield self._cpu_unit("mixtures", "build_mixture", training.mixture, target)
        rules = {"tokens": "tokenise_pairs"} if plain else {}
        rules |= {"hybrid_tokens": "tokenise_hybrid_pairs"} if self.study.hybrids() else {}
        for (kind, rule), corpus in product(rules.items(), self._corpora):
            if kind == "hybrid_tokens" and corpus not in self.study.grid_corpora:
                continue
            for tokenizer in dict.fromkeys(student.tokenizer_name for student in self.study.students.values()):
                cell = f"{corpus}/{tokenizer}"
                disk = _TOKEN_BYTES * self._pair_tokens(corpus)
                target = result_path(kind, corpus=corpus, tokenizer=tokenizer)
                yield self._cpu_unit("mixtures", rule, cell, target, disk)

    def _learning_rates(self) -> Iterator[Unit]:
        search = self.config["training"]["learning_rate_search"]
        if not self.study.searched or not self.study.grid_corpora:
            return
        corpus = self.study.grid_corpora[0]
        for answer_format in self.study.formats_with_rates:
            cell = f"{corpus}/{answer_format}"
            target = result_path("search_data", corpus=corpus, format=answer_format)
            yield self._cpu_unit("learning_rates", "sample_search_data", cell, target)
        prompt, answers = self.assumed.training_lengths(corpus)
        for name in self.study.searched:
            for answer_format in self.study.formats_with_rates:
                # the loss of the held-out prompts is a forward pass: a third of a step
                calls = (Calls(search["samples"] + search["held_out"] / 3, prompt, answers[answer_format]),)
                for rate in search["rates"]:
                    cell = f"{corpus}/{name}/{answer_format}/lr-{format_rate(rate)}"
                    place = {"corpus": corpus, "student": name, "format": answer_format, "rate": format_rate(rate)}
                    target, student = result_path("search_trial", **place), self.study.students[name]
                    yield Unit("learning_rates", "try_learning_rate", cell, cell, self.results / target, student, calls)
            yield self._cpu_unit(
                "learning_rates", "choose_learning_rates", name, result_path("learning_rate", student=name)
            )

    def _training(self) -> Iterator[Unit]:
        for cell in self.study.trainings():
            yield self._training_unit("train_student", cell)
        for cell in self.study.branches():
            yield self._training_unit("train_branch", cell)
        for cell in self.study.hybrids():
            yield self._training_unit("train_hybrid", cell)
        for model in self.study.adapted():
            yield self._training_unit("adapt_student", model)

    def _training_unit(self, rule: str, model: Cell | Adaptation) -> Unit:
        training = self.study.lineage(model)[-1]
        sequences = self.study.corpora[training.corpus].num_prompts * self.assumed.kept_pairs(training.corpus)
        prompt, answers = self.assumed.training_lengths(training.corpus)
        shares = {"ift": 1 - training.ratio, "reasoning": training.ratio}
        if training.curriculum == "seq-reversed":
            shares = dict(reversed(shares.items()))
        calls = tuple(Calls(sequences * share, prompt, answers[name]) for name, share in shares.items() if share)
        if training.data_fraction != 1:
            calls = branch_calls(calls, training.curriculum, training.data_fraction, self.config["training"])
        target = self.results / result_path("model", model_id=model.model_id)
        student, mixed = self.study.students[model.student], training.curriculum == "mix"
        return Unit("training", rule, model.model_id, model.model_id, target, student, calls, mixed=mixed)

    def _evaluation(self) -> Iterator[Unit]:
        by_student = self.config["compute"]["evaluation_grouping"] == "student"
        for model in self.study.answering():
            together = model.kind in ("base", "teacher") or (by_student and not isinstance(model, LimitedCell))
            job = _owner(model) + _variant(model) if together else model.model_id
            if isinstance(model, HybridMode):
                job = model.cell.model_id
            calls = tuple(self._answers(model, benchmark) for benchmark in self.study.benchmarks_of(model))
            target = self.results / result_path("evaluation", model_id=model.model_id)
            entry = self._entry(model)
            longest = getattr(model, "max_tokens", self.config["evaluation"]["sampling"]["max_tokens"])
            sizes = self._context(entry), longest
            yield Unit("evaluation", "evaluate_model", job, model.model_id, target, entry, calls, *sizes)

    def _answers(self, model: AnyModel, benchmark: str) -> Calls:
        """A model's answers to a benchmark; under a thinking budget what follows a cut thought.

        A budget in tokens may cut every thought, a percentile cuts only the longer ones.
        """
        items = self.assumed.items(benchmark)
        question = self.assumed.question_tokens(benchmark, getattr(model, "shots", None))
        if isinstance(model, BudgetedCell):
            cut = items * (1 - (model.budget.percentile or 0) / 100)
            thought = self.assumed.thought_at(model, benchmark)
            return Calls(cut, question + thought, self.assumed.behind_thought(benchmark))
        return Calls(self._given(model, benchmark), question, self.assumed.answer_tokens(model, benchmark))

    def _given(self, model: AnyModel, benchmark: str) -> float:
        """The number of answers of a model to a benchmark; for votes, of those beyond what all models give."""
        answers = self.assumed.items(benchmark)
        if not isinstance(model, SampledCell):
            return answers
        first = self.study.votes.first_samples()[benchmark]
        return answers * (model.samples - first) / first

    def _entry(self, model: AnyModel) -> Student | TeacherModel | AdoptedModel:
        if model.kind == "adopted":
            return self.study.adopted[model.student]
        if model.kind != "teacher":
            return self.study.students[model.student]
        assert self.study.teacher is not None
        return self.study.teacher

    def _judging(self) -> Iterator[Unit]:
        size = self.config["compute"]["models_per_judge_job"]
        owners: dict[str, list[str]] = {}
        for model in self.study.answering():
            group = _owner(model) + _variant(model)
            owners.setdefault(group, []).append(model.model_id)
        batch = {
            model_id: f"{owner}/batch-{rank // size + 1}"
            for owner, members in owners.items()
            for rank, model_id in enumerate(members)
        }
        for judge in self.study.judges.values():
            for model in self.study.answering():
                calls = tuple(
                    call
                    for benchmark in self.study.benchmarks_of(model)
                    for call in self.assumed.judging_calls(judge, model, benchmark, self._given(model, benchmark))
                )
                job = f"{judge.name}/{batch[model.model_id]}"
                target = self.results / result_path("judging", judge=judge.name, model_id=model.model_id)
                cell = f"{judge.name}/{model.model_id}"
                sizes = self._context(judge), judge.sampling["max_tokens"]
                yield Unit("judging", "judge_answers", job, cell, target, judge, calls, *sizes)

    def _grading(self) -> Iterator[Unit]:
        for model in self.study.answering() if self.study.rule_graders else []:
            last = self.study.benchmarks_of(model)[-1]
            target = result_path("verdicts", judge=RULE_GRADERS, model_id=model.model_id, benchmark=last)
            yield self._cpu_unit("grading", "grade_answers", model.model_id, target)

    def _scores(self) -> Iterator[Unit]:
        rules = {"scores": "score_models", "costs": "compute_flops"}
        if self.study.limited():
            rules["limited_scores"] = "score_models_within_limit"
        for table, rule in rules.items():
            yield self._cpu_unit("scores", rule, table, result_path("table", table=table))


def _variant(model: AnyModel) -> str:
    """Tells the groups of a student's models apart by how they answer."""
    if isinstance(model, CellVariant):
        return f"/{model.suffix}"
    return "/hybrid" if isinstance(model, HybridMode) else ""


def _owner(model: AnyModel) -> str:
    """The key of the models that share a job if jobs are grouped.

    These are the models of a student, corpus and seed; a base student with all shots; the teacher in both modes.
    """
    columns = model.columns()
    seed = "" if columns["seed"] is None else f"/seed-{columns['seed']}"
    return f"{columns['corpus'] or columns['kind']}/{columns['student']}{seed}"
