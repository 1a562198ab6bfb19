"""The assumptions of a plan: the config's ``plan``, overridden by a pilot's measurements. Used values are recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scale_or_reason.benchmarks.base import Benchmark
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.benchmarks.row_files import rows_file, rows_folder
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted
from scale_or_reason.judging.protocols import get_protocol
from scale_or_reason.planning.calibration import NOTHING_MEASURED, Calibration, answer_groups
from scale_or_reason.study.catalogue import Judge
from scale_or_reason.study.cells import (
    FORMATS,
    Adaptation,
    Adopted,
    AnyModel,
    BaseStudent,
    BudgetedCell,
    CellVariant,
    HybridMode,
    LimitedCell,
    Teacher,
)
from scale_or_reason.study.local_files import made_by_study
from scale_or_reason.study.problems import did_you_mean
from scale_or_reason.study.selection import max_items_of
from scale_or_reason.study.study import Study

#: Tokens of a final answer, and of a ground truth, in a judge's second message.
_SHORT_ANSWER = 30


@dataclass(frozen=True)
class GpuType:
    """A GPU: dense peak in 10^12 operations per second in the compute dtype, memory in 10^9 bytes, bandwidth in
    10^12 bytes per second, price per hour.
    """

    name: str
    tflops: float
    memory_gb: float
    bandwidth_tb_s: float
    price_per_hour: float


@dataclass(frozen=True)
class Note:
    """One assumption used by a plan."""

    assumption: str
    value: float | str
    unit: str
    source: str


@dataclass(frozen=True)
class Calls:
    """``count`` sequences and their mean tokens: the prompt, and the completion that is generated or trained on."""

    count: float
    prompt: float
    completion: float


@dataclass
class Assumptions:
    """The numbers used by a plan; every access is recorded in ``notes``."""

    config: Mapping[str, Any]
    study: Study
    calibration: Calibration = NOTHING_MEASURED
    notes: dict[str, Note] = field(default_factory=dict)
    #: With a list, missing numbers are added to it, and a stand-in is used, so that all of them can be named at once.
    missing: list[StudyError] | None = None

    @property
    def settings(self) -> Mapping[str, Any]:
        """The config's section ``plan``."""
        return self.config["plan"]

    def gpu(self) -> GpuType:
        """The GPU that the plan is for. Raises :class:`StudyError` if ``plan.gpu_types`` has no such entry."""
        types, name = self.settings["gpu_types"], self.settings["gpu"]
        if name not in types:
            raise StudyError(
                "the GPU of the plan is unknown",
                where="config",
                key="plan.gpu",
                found=name,
                expected=", ".join(types),
                remedy=did_you_mean(name, types) or f"add it as plan.gpu_types.{name}",
            )
        units = {"tflops": "TFLOP/s", "memory_gb": "GB", "bandwidth_tb_s": "TB/s", "price_per_hour": "per GPU-hour"}
        for key, unit in units.items():
            self._note(f"gpu_types.{name}.{key}", types[name][key], unit)
        return GpuType(name, **types[name])

    def number(self, key: str, unit: str) -> float:
        """A number of the section, such as ``mfu.training``."""
        value: Any = self.settings
        for part in key.split("."):
            value = value[part]
        return float(self._note(key, value, unit))

    def kept_pairs(self, corpus: str) -> float:
        """The share of a corpus' prompts that are trained on: both answers finished, no overlap, not too long."""
        measured = self.calibration.kept.get(corpus)
        return self._measured_or(f"kept_pair_share.{corpus}", measured, "share of the prompts", "corpus", corpus)

    def training_lengths(self, corpus: str) -> tuple[float, dict[str, float]]:
        """Mean tokens of a prompt, and of its answer in each format."""
        lengths = {}
        for part in ("prompt", *FORMATS):
            measured = self.calibration.training.get((corpus, part))
            lengths[part] = self._measured_or(f"tokens.training.{corpus}.{part}", measured, "tokens", "corpus", corpus)
        return lengths.pop("prompt"), lengths

    def generated_tokens(self, corpus: str, answer_format: str) -> float:
        """Mean tokens that the teacher generates per prompt.

        They exceed those that students are trained on if unfinished reasoning is dropped, since such an answer reaches
        the teacher's limit.
        """
        if (corpus, answer_format) in self.calibration.generated:
            value = self.calibration.generated[corpus, answer_format]
            return self.measured(f"tokens.generated.{corpus}.{answer_format}", value, "tokens")
        mean = self.training_lengths(corpus)[1][answer_format]
        cut = self.settings["tokens"]["dropped_reach_limit"]
        self._note("tokens.dropped_reach_limit", ", ".join(cut) or "none", "corpora")
        if answer_format == "ift" or corpus not in cut:
            return mean
        assert self.study.teacher is not None
        kept, limit = self.kept_pairs(corpus), self.study.teacher.sampling[answer_format]["max_tokens"]
        return kept * mean + (1 - kept) * limit

    def items(self, benchmark: str) -> int:
        """The number of answers per model to a benchmark: items times samples per item.

        Raises :class:`StudyError` if neither the config nor the benchmark has the number of items.
        """
        settings = self.config["benchmarks"]
        limit = max_items_of(benchmark, settings)
        own = get_benchmark(benchmark)
        chosen = own.with_options(settings["options"].get(benchmark, {}))
        rows = self._rows(benchmark, own, chosen)
        count = rows if limit is None else min(rows, limit)
        self._note(f"benchmark_items.{benchmark}", count, "questions", "config and benchmark")
        return count * int(settings["samples_per_item"].get(benchmark, 1))

    def _rows(self, benchmark: str, own: Benchmark, chosen: Benchmark) -> int:
        """Items before any limit: of the small world, of a JSONL file, from ``plan.benchmark_items``, or of the hub."""
        folder = rows_folder(benchmark, self.config["benchmarks"]["source"])
        if folder and "small_world" in self.config and made_by_study(folder, self.study.name):
            return int(self.config["small_world"]["benchmark_rows"])
        if isinstance(own.own_rows, tuple):
            return len(own.own_rows)
        several = chosen.expand is not own.expand
        file = rows_file(folder, benchmark) if folder else None
        if file and file.is_file() and not several:
            with file.open(encoding="utf-8") as lines:
                return sum(not line.isspace() for line in lines)
        stated = self.settings["benchmark_items"].get(benchmark)
        if stated is not None:
            return int(stated)
        if chosen.hub is None or chosen.hub.rows is None or several:
            error = StudyError(
                "the number of items of a benchmark is unknown",
                where="config",
                key=f"plan.benchmark_items.{benchmark}",
                found="no number",
                expected="the number of items before any limit",
                remedy="count its rows and set the number there",
            )
            return self._without(error)
        return chosen.hub.rows

    def question_tokens(self, benchmark: str, shots: int | None = None) -> float:
        """Mean tokens of a question with its instruction and ``shots`` solved examples."""
        if (benchmark, shots) in self.calibration.questions:
            name = f"tokens.benchmark_prompts.{benchmark}" + (
                f", {counted(shots, 'shot')}" if shots is not None else ""
            )
            return self.measured(name, self.calibration.questions[benchmark, shots], "tokens")
        own = self._measured_or(f"tokens.benchmark_prompts.{benchmark}", None, "tokens", "benchmark", benchmark)
        return own * (1 + get_benchmark(benchmark).examples_shown(shots or 0))

    def answer_tokens(self, model: AnyModel, benchmark: str) -> float:
        """Mean tokens of a model's answer, at most its limit."""
        limit = (
            model.max_tokens if isinstance(model, LimitedCell) else self.config["evaluation"]["sampling"]["max_tokens"]
        )
        if isinstance(model, BudgetedCell):
            limit = min(limit, self.thought_at(model, benchmark) + self.behind_thought(benchmark))
        for group in self._groups(model):
            if (group, benchmark) in self.calibration.answers:
                value = self.calibration.answers[group, benchmark]
                return min(limit, self.measured(f"tokens.answers.{benchmark}.{group}", value, "tokens"))
        return min(limit, self._assumed_answer(self.answers_like(model), benchmark))

    def thought_at(self, model: BudgetedCell, benchmark: str) -> float:
        """The tokens after which a model's thoughts are cut.

        A percentile is known only once there are answers. Before, the lengths of thoughts are taken to be spread evenly
        between none and twice their mean.
        """
        if model.budget.tokens is not None:
            return model.budget.tokens
        thought = max(0.0, self.answer_tokens(model.cell, benchmark) - self.behind_thought(benchmark))
        return thought * model.budget.number / 50

    def behind_thought(self, benchmark: str) -> float:
        """Mean tokens of what follows a thought: as many as an answer without one."""
        return self._assumed_answer("ift", benchmark)

    def _groups(self, model: AnyModel) -> list[str]:
        """The groups with measurements of similar models: the model's own groups, then that of its format."""
        if not self.calibration.answers:
            return []
        own = model.cell if isinstance(model, CellVariant) else model
        like = self.answers_like(model)
        return [*answer_groups(own.model_id), *([like] if like else [])]

    def _assumed_answer(self, answer_format: str | None, benchmark: str) -> float:
        if answer_format is None:
            return self.number("tokens.base_answer", "tokens")
        answers = self.settings["tokens"]["answers"]
        family = next(name for name, members in self.study.families.items() if benchmark in members)
        key = benchmark if benchmark in answers else family
        return self._measured_or(f"tokens.answers.{key}.{answer_format}", None, "tokens", "family", key)

    def answers_like(self, model: AnyModel) -> str | None:
        """The format in which a model answers; None for base students.

        A sequential training ends with reasoning, so the student reasons at every ratio above 0; after mixed training
        it reasons above ``tokens.mixed_reasons_above`` (v1 figure 3). Reasoning first ends with plain answers, so the
        student answers plainly at every ratio below 1.
        """
        if isinstance(model, BaseStudent):
            return None
        if isinstance(model, Teacher | HybridMode):
            return model.format
        if isinstance(model, Adopted):
            return "reasoning"  # the longer one, since nothing is known
        if isinstance(model, Adaptation):
            return model.second
        threshold = 1.0 if model.curriculum == "seq-reversed" else 0.0
        if model.curriculum == "mix":
            threshold = self.number("tokens.mixed_reasons_above", "ratio")
        return "reasoning" if model.ratio > threshold or model.ratio == 1 else "ift"

    def judging_calls(self, judge: Judge, model: AnyModel, benchmark: str, count: float) -> tuple[Calls, ...]:
        """The judge's prompts and replies for a model's ``count`` answers to a benchmark."""
        for group in self._groups(model):
            key = (judge.name, group, benchmark)
            if key in self.calibration.verdicts:
                prompt, reply = self.calibration.verdicts[key]
                name = f"tokens.judge.{judge.name}.{benchmark}.{group}"
                self.measured(f"{name}.prompt", prompt, "tokens")
                return (Calls(count, prompt, self.measured(f"{name}.reply", reply, "tokens")),)
        protocol = get_protocol(judge.protocol)
        has_truth = get_benchmark(benchmark).grader != "ifeval"
        steps = protocol.equivalence if has_truth else protocol.instructions
        question = self.question_tokens(benchmark) + self.number("tokens.judge.instruction", "tokens")
        answer = self.answer_tokens(model, benchmark)
        if not protocol.shows_reasoning and self.answers_like(model) == "reasoning":
            answer = self._assumed_answer("ift", benchmark)  # the answer without its reasoning
        first = question + min(answer, judge.answer_tail_tokens)
        reply = min(self.number("tokens.judge.reply", "tokens"), judge.sampling["max_tokens"])
        truth = _SHORT_ANSWER if has_truth else 0
        if len(steps) == 1:
            return (Calls(count, first + truth, reply),)
        later = question + _SHORT_ANSWER + truth
        return (Calls(count, first, reply), *(Calls(count, later, reply) for _ in steps[1:]))

    def _measured_or(self, key: str, measured: float | None, unit: str, kind: str, name: str) -> float:
        """``measured``, else the config's number. Raises :class:`StudyError` if the config has none."""
        if measured is not None:
            return self.measured(key, measured, unit)
        value: Any = self.settings
        for part in _split(key, name):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is None:
            error = StudyError(
                f"the plan has no number for this {kind}",
                where="config",
                key=f"plan.{key}",
                found="no number",
                expected=unit,
                remedy=f"set it there, or run a pilot with this {kind} and set plan.calibrate_from to its study",
            )
            return self._without(error)
        return float(self._note(key, value, unit))

    def _without(self, error: StudyError) -> int:
        """A stand-in for a missing number, if missing numbers are collected; else raise ``error``."""
        if self.missing is None:
            raise error
        self.missing.append(error)
        return 1

    def measured(self, key: str, value: float, unit: str) -> float:
        """A value that the pilot has measured, noted among the assumptions."""
        return self._note(key, value, unit, f"measured in {self.calibration.study}")

    def _note(self, key: str, value: Any, unit: str, source: str = "config") -> Any:
        self.notes.setdefault(key, Note(f"plan.{key}", value, unit, source))
        return value


def _split(key: str, name: str) -> list[str]:
    """The parts of a key; the ``name`` in it may contain dots."""
    return [name if part == "\0" else part for part in key.replace(name, "\0", 1).split(".")]
