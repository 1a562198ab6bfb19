"""Sections `plan`, `advise`, `archive` and `push`: cost estimates, advice, archives and publishing."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from scale_or_reason.preflight.description.parts import (
    Name,
    NotNegative,
    Positive,
    PositiveShare,
    Section,
    Share,
    Size,
    Text,
    Word,
    key,
)

#: Far beyond any budget, but sums and the axes of the figure still hold it.
Budget = Annotated[float, Field(gt=0, le=1e30)]
Queries = Annotated[float, Field(gt=0, le=1e18)]


class GpuType(Section):
    """A type of GPU."""

    tflops: Positive = key("The dense peak in bfloat16.", unit="10^12 operations per second")
    memory_gb: Positive = key("The memory.", unit="10^9 bytes")
    bandwidth_tb_s: Positive = key("The memory bandwidth.", unit="10^12 bytes per second")
    price_per_hour: NotNegative = key(
        "The price of an hour, in any currency.", when="The shipped prices are examples; enter yours."
    )


class Mfu(Section):
    """The shares of the GPU's peak that training and prompt processing reach (model FLOPs utilisation)."""

    training: PositiveShare = key("For training.")
    prefill: PositiveShare = key("For processing prompts.")


class Decode(Section):
    """The speed of generation."""

    bandwidth: PositiveShare = key("The share of the memory bandwidth that decoding reaches.")
    step_ms: NotNegative = key("The time of a step on top of memory access and arithmetic.", unit="milliseconds")
    sequences: Size = key(
        "The number of sequences in a batch, if the memory has room for them and the engine sets no `max_num_seqs`.",
        when="The shipped value is vLLM's default on GPUs with 70 GB and more; on an A100 it is 256.",
    )


class Startup(Section):
    """What a job takes before its model generates."""

    minutes: NotNegative = key("The time before weights are loaded.", unit="minutes")
    load_gb_s: Positive = key(
        "The speed of loading weights.", when="Lower it for slow file systems.", unit="10^9 bytes per second"
    )


class CpuJobs(Section):
    """Jobs without a model."""

    minutes: NotNegative = key("The average time of one job.", unit="minutes")
    concurrent: Size = key("The number of jobs that run at the same time.")


class Memory(Section):
    """How GPU memory is used."""

    overhead_gb: NotNegative = key(
        "What the estimate does not count: CUDA, communication buffers, fragmentation.", unit="10^9 bytes"
    )
    engine_share: PositiveShare = key("The share of a GPU's memory that vLLM uses.")


class Disk(Section):
    """How much disk space data take."""

    bytes_per_token: Positive = key(
        "A token of text in a compressed table; the shipped value is half of a token's four bytes.", unit="bytes"
    )


class CorpusTokens(Section):
    """Mean lengths of a corpus."""

    prompt: Positive = key("The mean prompt.", unit="tokens", default=None)
    ift: Positive = key("The mean IFT answer.", unit="tokens", default=None)
    reasoning: Positive = key("The mean reasoning answer.", unit="tokens", default=None)


class AnswerTokens(Section):
    """Mean lengths of students' answers."""

    ift: Positive = key("The mean answer of students without reasoning.", unit="tokens", default=None)
    reasoning: Positive = key("The mean answer of students that reason.", unit="tokens", default=None)


class JudgeTokens(Section):
    """Mean lengths in one step of a judging conversation."""

    instruction: Positive = key("The instruction.", unit="tokens")
    reply: Positive = key("The judge's reply.", unit="tokens")


class Tokens(Section):
    """Mean lengths of prompts and answers."""

    training: dict[str, CorpusTokens] = key(
        "Mean lengths of each corpus.",
        when="The published sets have 558, 1,739 and 10,364 bytes (general) and 260, 3,540 and 27,590 bytes (math) "
        "per prompt, IFT answer and reasoning answer. The shipped values assume 4 bytes per token of prose and 3 of "
        "mathematics.",
    )
    length_spread: NotNegative = key(
        "How lengths vary: the standard deviation of their logarithm.",
        when="The shipped value is a guess. It decides how long the processes of a training wait for each other.",
    )
    dropped_reach_limit: list[str] = key(
        "Corpora whose pairs are dropped because the reasoning does not end: a dropped answer then has all tokens "
        "that the teacher may write.",
        when="The shipped value is a guess: kept math answers are so long that dropped ones may reach the limit.",
        unique=True,
    )
    benchmark_prompts: dict[str, Positive] = key(
        "The mean prompt of each benchmark, with its instruction.",
        when="The shipped values are the mean characters of up to 40 rows, divided by four, plus 10 for the "
        "template; those of `aime` and `c_code_summarization` are guesses.",
        unit="tokens",
    )
    answers: dict[str, AnswerTokens] = key(
        "Mean answers by family; an entry for a benchmark takes precedence.",
        when="The shipped values of Math give the 3B student's FLOPs in v2's power laws (equation 6, figure 14). Those "
        "of General are the mean answers of the published general set: its power laws imply 36 tokens for question and "
        "answer together at 14B. The other families reuse the lengths of General and Math.",
    )
    base_answer: Positive = key("The mean answer of a base student; the shipped value is a guess.", unit="tokens")
    mixed_reasons_above: Share = key("The ratio above which students of the `mix` curriculum reason (v1 figure 3).")
    judge: JudgeTokens = key(when="The shipped values are guesses.")


class Published(Section):
    """GPU-hours that somebody has published for the same study."""

    gpu: Name = key("The type of GPU.")
    gpu_hours: Positive = key("The GPU-hours.", unit="hours")
    source: Text = key("Where the number was published.")


class Detection(Section):
    """What decides how small a difference a study can detect, before its outcomes measure it."""

    discordance: PositiveShare = key(
        "The share of items that exactly one of two students answers correctly.",
        when="The shipped value is a guess for students of similar accuracy.",
    )
    noise: Share = key(
        "The share of it that is answer noise: it averages out over more answers per item and more seeds.",
        when="The shipped value is a guess.",
    )
    seed_sd: NotNegative = key(
        "How much the accuracy of a training varies between seeds: a standard deviation.",
        when="The shipped value is a guess.",
        unit="points",
    )


class Plan(Section):
    """What `snakemake plan` assumes when it estimates costs. A change alters no result and no job.

    The shipped values describe the paper's study; a pilot replaces lengths and times with measurements.
    """

    calibrate_from: Name | None = key(
        "The name of a finished study whose measurements replace the assumptions; `null` for none.",
        when="Run a few small cells of your study first, and name that pilot here.",
    )
    gpu: Name = key("The type of GPU, a name from `plan.gpu_types`.", when="Set it to what you have.")
    num_gpus: Size = key("The number of GPUs that work at the same time.", when="Set it to what you have.")
    gpu_types: dict[str, GpuType] = key(
        "GPUs to choose from. Peak, memory and bandwidth are the makers' numbers.",
        named=True,
    )
    mfu: Mfu = key(
        when="The shipped value for training is between those measured on an H200 (0.27 for 0.5B, 0.37 to 0.42 above); "
        "recomputation (gradient checkpointing) counts as a loss. The one for prompts is a guess.",
    )
    decode: Decode = key(when="The share of the bandwidth and the time of a step are guesses; measure yours.")
    startup: Startup = key()
    cpu_jobs: CpuJobs = key()
    memory: Memory = key()
    disk: Disk = key()
    kept_pair_share: dict[str, PositiveShare] = key(
        "For each corpus, the share of its prompts that students are trained on.",
        when="The published sets have 990,098 pairs of 1.3 million prompts and 152,609 of 300,000.",
    )
    tokens: Tokens = key()
    benchmark_items: dict[str, Size] = key(
        "The number of items of benchmarks that do not state it themselves, before any limit."
    )
    detection: Detection = key(when="A pilot's or the study's own outcomes replace these numbers.")
    architectures: dict[str, dict[str, Any]] = key(
        "For models that are in none of our catalogues, the values of their `config.json`.",
        when="Example: `{my/model: {vocab_size: 32000, hidden_size: 2048, intermediate_size: 5632, "
        "num_hidden_layers: 22, num_attention_heads: 32, num_key_value_heads: 4, tie_word_embeddings: false}}`.",
    )
    published: Published | None = key("Published GPU-hours of the same study, for comparison; `null` for none.")


class Advise(Section):
    """What `snakemake advise` compares models for: `--config 'advise={budget_flops: 1e21, queries: 1e6}'`."""

    from_: Literal["study", "papers"] = key(
        "Whose numbers to use: the study's own tables, or those that the papers published.",
        when="`papers` needs no study, no GPU and no network.",
        alias="from",
    )
    budget_flops: Budget | None = key(
        "The budget for training and all answers together; `null` if it is given in GPU-hours.", unit="FLOPs"
    )
    budget_gpu_hours: Budget | None = key(
        "The same budget in hours of `plan.gpu`; `null` if it is given in FLOPs.", unit="GPU-hours"
    )
    queries: Queries = key("The number of answers that the model will give over its lifetime.")
    teacher_share: Share = key(
        "The share of its teacher's answers that a model pays for.",
        when="1 if it alone is trained on them, 0.25 if four models are; 0 leaves them out.",
    )
    search: bool = key(
        "Whether a model pays for the learning-rate search of its size and format.",
        when="Set it to `true` if you have to search the rates of the model that you train.",
    )
    judging: bool = key(
        "Whether a model pays for the judges' verdicts on its answers to all benchmarks.",
        when="Set it to `true` if you evaluate the model that you train with these judges.",
    )


class Archive(Section):
    """What `snakemake archive` writes besides tables, figures, verdicts and manifests."""

    include: list[Literal["answers", "pairs", "models"]] = key(
        "Further parts: `answers` (with the items of benchmarks), `pairs` (with prompts, mixtures and tokens), "
        "`models` (weights).",
        when="Remove `answers` for a small archive. Add the others to publish them.",
        unique=True,
    )


class Push(Section):
    """What `snakemake push` uploads to the hub: `--config 'push={organisation: ORG}'` lists it."""

    organisation: Name | None = key(
        "The organisation or user of the hub that gets the repositories.", when="Give it on the command line."
    )
    confirm: bool = key(
        "Whether to upload; `false` only lists repositories, files and sizes.",
        when="Give it on the command line, after a look at the list. The token comes from `HF_TOKEN`.",
    )
    private: bool = key(
        "Whether new repositories are private.",
        when="Set it to `false` once everybody may read the results, and the licences of prompts and teacher allow it.",
    )
    include: list[Literal["models", "pairs", "archive"]] = key(
        "What to upload: finished students, pairs of each corpus, the archive that `snakemake archive` has written.",
        unique=True,
    )
    licenses: dict[str, Word] = key(
        "The licences of models and data sets, by hub id or path, in the hub's spelling. Cards state them, and "
        "`unknown` for any other. `snakemake push` names those that are missing.",
        # only what owners state: pages of huggingface.co for Qwen2.5-1.5B, -3B and -14B, gemma-3-1b-pt and both data
        # sets, Qwen2.5's README for 0.5B and 7B, the announcement of Qwen3; the other Gemma models and Nemotron-Super
        # stay out, since only pages of others could be read
        when="Add those of your own models and prompts, and of shipped models that are not listed.",
    )
