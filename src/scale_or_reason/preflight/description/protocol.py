"""The sections that are the same for every student of a study: data, training and evaluation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from scale_or_reason.preflight.description.catalogues import Kind
from scale_or_reason.preflight.description.parts import (
    Count,
    NotNegative,
    Positive,
    PositiveShare,
    Section,
    Share,
    Size,
    Text,
    key,
)
from scale_or_reason.preflight.description.shared import Sampling


class Hub(Section):
    """How data sets of the hub are reached."""

    mirror: Text | None = key(
        "A folder with copies of the hub's data sets; `null` for the hub itself.",
        when="Set it on machines without a network. Fill it with `hf download --repo-type dataset OWNER/NAME "
        "--local-dir FOLDER/OWNER/NAME`. `snakemake prefetch` makes this unnecessary.",
    )


class BenchmarkSource(Section):
    """Where the rows of the benchmarks come from."""

    kind: Kind = key("`hub` for the hub's data sets; `jsonl` for files with the hub's columns.")
    path: Text | None = key(
        "A folder with `NAME.jsonl`, and optionally `NAME.pool.jsonl`, for each benchmark. With `hub`, only "
        "`c_code_summarization` is read from it, which no hub has.",
        default=None,
    )


class OwnBenchmark(Section):
    """A benchmark of your own, described in one file."""

    path: Text = key(
        "A YAML file with instruction, question, answer, grader and rows "
        "([how](../how-to/bring_your_own_benchmark.md))."
    )


class Benchmarks(Section):
    """How benchmarks are loaded and how many items they have."""

    source: BenchmarkSource = key(when="Use `kind: jsonl` without a network, or for rows of your own.")
    own: dict[str, OwnBenchmark] = key(
        "Benchmarks of your own, by name. `study.families` selects them like the others.", named=True
    )
    max_items: Size | None = key(
        "The largest number of items of each benchmark; `null` for all.",
        when="Set it for a quick look; confidence intervals grow accordingly.",
    )
    max_items_by_benchmark: dict[str, Size] = key(
        "The same for single benchmarks; the smaller limit applies.",
        when="C code summarisation has 95,000 rows, and the papers do not say how many they use. Limit `squad` "
        "(10,570 rows) too if reasoning students take too long.",
    )
    fewshot_pool: Size = key(
        "The largest number of rows of each benchmark that are set aside as few-shot examples.",
        when="It must be at least the largest entry of `study.base_shots`.",
    )
    options: dict[str, dict[str, str | int]] = key(
        "Options of single benchmarks for what the papers leave open, such as `{coqa: {turns: every}}`."
    )
    samples_per_item: dict[str, Size] = key(
        "The number of answers per item, for single benchmarks.",
        when="`{aime: 8}` answers every AIME item 8 times; its 30 items alone have an interval of plus or minus 9 "
        "points.",
    )


class Prompts(Section):
    """Which prompts of a source are used."""

    min_chars: Size = key("The shortest prompt.", unit="characters")
    max_chars: Size | None = key(
        "The longest prompt; `null` for no limit.",
        when="Longer prompts are mostly pasted documents; with their answers they would exceed `training.max_length`.",
        unit="characters",
    )


class Deduplication(Section):
    """Which prompts count as duplicates."""

    jaccard: PositiveShare | None = key(
        "The Jaccard similarity of five-word runs from which two prompts are duplicates; `null` drops exact copies "
        "only. Prompts that differ in a number, a sign, a variable or what they ask are never duplicates.",
        when="Lower it to drop more.",
    )


class Decontamination(Section):
    """Which prompts overlap with a benchmark."""

    ngram: Size = key(
        "A prompt that shares this many consecutive words with a benchmark item is dropped.",
        when="Lower it to drop more.",
        unit="words",
    )


class Pairs(Section):
    """Where the pairs of an IFT answer and a reasoning answer come from."""

    source: Literal["generate", "released"] = key(
        "`generate`: the study's teacher answers. `released`: the pairs that the papers' authors published are used "
        "(`corpora.NAME.released`).",
        when="`released` needs no teacher: set `study.teacher` to `null` unless you evaluate the teacher.",
    )
    tokenizer: Text = key(
        "A hub id or a folder: the tokenizer that counts the tokens of released answers.",
        when="Use the tokenizer of the model that wrote them.",
    )


class Mixtures(Section):
    """How IFT and reasoning answers are combined."""

    sampling: Literal["nested", "independent"] = key(
        "`nested`: a prompt with a reasoning answer at ratio 0.25 also has one at 0.5, which reduces the noise of "
        "comparisons between ratios. `independent`: each ratio is drawn anew."
    )


class Batch(Section):
    """The global batch of an optimizer step."""

    unit: Literal["items", "tokens"] = key("What a batch is counted in.")
    size: Size = key("The number of items or tokens.")


class LearningRateSearch(Section):
    """How the learning rates of students with `learning_rate: search` are found.

    A short training tries each rate in each format; the rate with the lowest loss on held-out prompts is used. In the
    papers' grid a search costs 1/50 of the student's trainings.
    """

    rates: list[Positive] = key(
        "The learning rates to try; the shipped ones are the papers' grid.", unique=True, min_length=1
    )
    samples: Size = key(
        "The number of prompts of the first corpus to train on, for each rate and format.",
        when="Raise it if `learning_rates/STUDENT.csv` shows losses that hardly differ.",
    )
    held_out: Size = key("The number of prompts on which the loss is measured.")


class Schedule(Section):
    """The learning-rate schedule: linear warm-up, constant rate, linear decay."""

    per: Literal["training", "phase"] = key(
        "What goes through warm-up and decay once: the whole training, or each of the two phases of a sequential one."
    )
    warmup_steps: Count = key("The length of the warm-up.", unit="steps")
    decay_steps: Count = key(
        "The length of the decay. A run that is shorter than both together shortens both.", unit="steps"
    )
    min_lr_ratio: Share = key("The learning rate at the end of the decay, as a share of the peak.")


#: At 1 the optimizer would divide by zero.
Momentum = Annotated[float, Field(ge=0, lt=1)]


class Optimizer(Section):
    """AdamW (fused). The papers give no further values; the shipped ones are the defaults of the training library."""

    weight_decay: NotNegative = key("The weight decay.")
    gradient_clipping: NotNegative = key("The largest norm of the gradient; 0 for no clipping.")
    adam_beta1: Momentum = key("The decay rate of the first moment.")
    adam_beta2: Momentum = key("The decay rate of the second moment.")
    adam_epsilon: Positive = key("The constant for numerical stability.")


class Execution(Section):
    """Memory and speed of training. A change retrains no student."""

    micro_batch_tokens: Size = key(
        "The number of tokens that one GPU processes at a time; at least `training.max_length`.",
        when="Lower it if training runs out of memory. Room above `max_length` lets short samples fill a row beside "
        "the longest one, so that GPUs wait less for each other.",
        unit="tokens",
    )
    attention: Literal["auto", "varlen", "sdpa", "flash_attention_2", "flash_attention_3"] = key(
        "The attention kernel. `auto` uses PyTorch's flash attention for packed rows (`varlen`) on a GPU in bfloat16, "
        "otherwise a flash-attention package if one is installed, otherwise PyTorch's `sdpa`, one call per document. "
        "`sdpa` is slow on a GPU; the training log then warns and gives the reason."
    )
    compile: Literal["auto", "never"] = key(
        "Whether `torch.compile` compiles the layers. `auto` compiles on a GPU with `varlen` and ZeRO up to stage 2, "
        "where it was measured to be faster."
    )
    gradient_checkpointing: bool = key(
        "Whether activations are computed again in the backward pass.",
        when="Turn it off for small students: training is faster and takes several times the memory.",
    )
    checkpoint_steps: Count = key(
        "The number of steps between checkpoints; 0 for none. A killed training loses at most this many steps.",
        unit="steps",
    )
    timeout_minutes: Size = key(
        "How long the processes of a training wait for each other. When one is lost or the network hangs, the training "
        "ends after this time and resumes from its last checkpoint.",
        when="Raise it where a single process needs longer, such as to read a large model from a slow disk.",
        unit="minutes",
    )
    report_to: list[Literal["wandb", "mlflow", "trackio", "tensorboard"]] = key(
        "Trackers that also receive the training log. Every model has its `training_log.csv` in any case.",
        when="Install the tracker's package yourself; its own variables (`WANDB_PROJECT`, `MLFLOW_TRACKING_URI`, "
        "...) configure it.",
        unique=True,
    )


class Training(Section):
    """How students are trained."""

    batch: Batch = key(
        when="v2 counts 32 items, so that both formats see the same number of samples; v1 counts 262,144 tokens.",
    )
    max_length: Size = key(
        "The longest sample: prompt and answer.",
        when="Raise it together with the teacher's `max_tokens`.",
        unit="tokens",
    )
    overlong: Literal["drop", "truncate"] = key(
        "What happens to longer samples.", when="A truncated sample teaches the student not to stop."
    )
    mixture_learning_rate: Literal["ift", "reasoning", "interpolate"] = key(
        "Which of a student's two learning rates a mixture of both formats uses; `interpolate` is linear in the ratio.",
        when="The papers give one rate per format and none for mixtures.",
    )
    learning_rate_search: LearningRateSearch = key()
    schedule: Schedule = key()
    optimizer: Optimizer = key()
    dtype: Literal["bfloat16", "float32"] = key(
        "The number format of weights and activations.", when="Use `float32` only on machines without bfloat16."
    )
    execution: Execution = key()


class Evaluation(Section):
    """How students answer benchmarks."""

    sampling: Sampling = key(
        "How every evaluated model samples.",
        when="The shipped limit is the papers'; `study.length_limits` repeats some benchmarks under other limits.",
    )
