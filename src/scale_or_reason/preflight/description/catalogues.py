"""Sections `students`, `teachers`, `judges` and `corpora`: the entries that a study can select."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from scale_or_reason.data.prompt_schemas import PROMPT_SCHEMAS
from scale_or_reason.preflight.description.parts import (
    Count,
    Name,
    Positive,
    Revision,
    Section,
    Size,
    Text,
    Word,
    key,
    matching,
    one_of,
)
from scale_or_reason.preflight.description.shared import Endpoint, Engine, Sampling, ThinkingMode
from scale_or_reason.study.catalogue import DEFAULT_TEMPLATE
from scale_or_reason.training.chat_templates import STOP_TOKENS

#: Where data come from.
Kind = Literal["hub", "jsonl"]
#: Also a part of a split: ``train[:1000]``.
Split = Annotated[str, matching(r"^\w[\w.+\[\]:%-]{0,199}$", "a split such as train, or a part of one: train[:10%]")]


def _architecture(absent: str) -> Any:
    return key(
        "With `endpoint`: what FLOPs are computed from. A hub id, a `config.json`, or the values of one as in "
        f"`plan.architectures`. {absent}",
        default=None,
    )


class FormatRates(Section):
    """Peak learning rates, one for each answer format that the study trains on."""

    ift: Positive = key("The peak learning rate for plain answers.", default=None)
    reasoning: Positive = key("The peak learning rate for reasoning answers.", default=None)


def _model() -> Any:
    return key("A hub id (`ORGANISATION/NAME`) or a folder with a model.")


def _revision() -> Any:
    return key(
        "A commit, tag or branch on the hub; leave it out for a folder.",
        when="For numbers that must stay reproducible, pin it to a commit, or run `snakemake prefetch` first.",
        default=None,
    )


def _engine() -> Any:
    return key("vLLM settings of this model, on top of the general `engine`.", default=None)


class Student(Section):
    """A base model to train."""

    model: Text = _model()
    revision: Revision | None = _revision()
    size_b: Positive = key("The size that figures and tables show.", unit="billions of parameters")
    learning_rate: FormatRates | Literal["search"] = key(
        "The peak learning rate for each answer format, or `search`.",
        when="The shipped values are the papers' (v1 table 1, v2 table 2). Use `search` for students of your own: "
        "their rates are found before they are trained (`training.learning_rate_search`).",
    )
    tokenizer: Text = key(
        "A hub id or a folder. Students with the same tokenizer share the tokenised pairs.",
    )
    template: Annotated[str, one_of(STOP_TOKENS)] = key(
        "The chat format that the student learns.",
        when="Choose the format whose markers are tokens of the student's tokenizer.",
        default=DEFAULT_TEMPLATE,
    )
    deepspeed: Name = key(
        "The DeepSpeed settings: a file `config/deepspeed/NAME.json`.",
        when="Choose a higher ZeRO stage if training runs out of GPU memory.",
    )
    processes: Size = key(
        "The number of training processes, one per GPU, on all nodes together.",
        when="Set it to the number of GPUs that your nodes have.",
    )
    nodes: Size = key(
        "The number of machines that share these processes evenly; more than one needs Slurm.",
        when="Raise it for students that do not fit on one machine.",
        default=1,
    )
    engine: Engine = _engine()


class Adopted(Section):
    """A finished model that was not trained here, such as a checkpoint of your own or a published student."""

    model: Text = _model()
    revision: Revision | None = _revision()
    size_b: Positive = key("The size that figures and tables show.", unit="billions of parameters")
    provenance: Text = key("Where the model comes from and what it was trained on, in your words.")
    training_flops: Positive | None = key(
        "What its training took; `null` if unknown. Unknown ones are in no comparison by training FLOPs.",
        unit="FLOPs",
        default=None,
    )
    engine: Engine = _engine()


class TeacherSampling(Section):
    """Sampling of a teacher in both modes."""

    ift: Sampling = key("Sampling with thinking off.")
    reasoning: Sampling = key("Sampling with thinking on.")


class TeacherModes(Section):
    """How thinking is switched off and on."""

    ift: ThinkingMode = key("How thinking is switched off.")
    reasoning: ThinkingMode = key("How thinking is switched on.")


class Teacher(Section):
    """A model that answers each training prompt with thinking off (`ift`) and with thinking on (`reasoning`)."""

    model: Text = _model()
    revision: Revision | None = _revision()
    sampling: TeacherSampling = key(when="The shipped values are those of the model cards; use your own model's card.")
    modes: TeacherModes = key(
        when="Some models have an argument of the chat template for it, others a system prompt.",
    )
    endpoint: Endpoint = key(
        "A server that generates in place of vLLM.",
        when="Set it to use a model that is already served. Give `architecture` too if the server's name of the model "
        "is no hub id.",
        default=None,
    )
    architecture: Text | dict[str, Any] | None = _architecture("`null` if unknown; without this key, `model`.")
    engine: Engine = _engine()


class Judge(Section):
    """A model that judges answers."""

    model: Text = _model()
    revision: Revision | None = _revision()
    sampling: Sampling = key("How the judge samples its replies.")
    protocol: Name = key(
        "The judging protocol. `v1` asks once and shows the reasoning; `v2` asks for the final answer first and "
        "hides the reasoning. A file `src/scale_or_reason/judging/protocols/NAME.yaml` adds one."
    )
    answer_tail_tokens: Size = key(
        "How many tokens at the end of an answer the judge sees.",
        when="Raise it if a judge calls answers unfinished because too little of them is visible.",
        unit="tokens",
    )
    retries: Count = key(
        "How often an unparsable reply is requested again.",
        when="Raise it if the score table counts many unparsable verdicts.",
    )
    mode: ThinkingMode = key("How the judge's thinking is switched off or on.", default=None)
    structured: bool = key(
        "Whether guided decoding forces replies into the protocol's format.",
        when="Turn it on for judges that do not think and often reply in another format.",
        default=False,
    )
    endpoint: Endpoint = key(
        "A server that judges in place of vLLM.",
        when="It needs `tokenizer`; give `architecture` too, so that its FLOPs are counted.",
        default=None,
    )
    tokenizer: Text = key(
        "A hub id or a folder. With `endpoint`, this tokenizer measures `answer_tail_tokens`.", default=None
    )
    architecture: Text | dict[str, Any] | None = _architecture("`null`, or no such key, if unknown.")
    engine: Engine = _engine()


def _hub_config() -> Any:
    return key("The configuration (subset) of the hub data set.", default=None)


def _hub_split() -> Any:
    return key("The split of the hub data set.", default=None)


class PromptSource(Section):
    """Where the prompts of a corpus come from."""

    kind: Kind = key("`hub` for a data set of the hub, `jsonl` for a file.")
    path: Text = key(
        "The hub id of the data set, or the JSONL file; `<results>` at the beginning stands for `results/NAME` of the "
        "study."
    )
    config: Text | None = _hub_config()
    split: Split | None = _hub_split()
    revision: Revision | None = _revision()
    row_schema: Annotated[str, one_of(name for name in PROMPT_SCHEMAS if name != "released_pairs")] = key(
        "The columns of the rows.", alias="schema"
    )
    rows: Size | None = key(
        "The number of rows to read; `null` for all.",
        when="Limit it to avoid downloading a whole source: the math source has 20 million rows with long answers.",
        default=None,
    )


class ReleasedPairs(Section):
    """Where published pairs are: rows with the columns `prompt`, `ift` and `reasoning`."""

    kind: Kind = key("`hub` for a data set of the hub, `jsonl` for a file.")
    path: Text = key("The hub id of the data set, or the JSONL file.")
    config: Text | None = _hub_config()
    split: Split | None = _hub_split()
    revision: Revision | None = _revision()


class Corpus(Section):
    """A set of training prompts."""

    source: PromptSource = key(when="`pairs.source: released` does not read it.", default=None)
    languages: list[Word] | None = key(
        "The language codes to keep, from the language column of the source; `null` for all.",
        when="`[en]` keeps English prompts only. The papers do not mention a filter, and the math source has no such "
        "column.",
        unique=True,
        min_length=1,
        default=None,
    )
    released: ReleasedPairs = key(when="`pairs.source: released` reads them.", default=None)
    num_prompts: Size = key("The number of prompts to take.")
    shards: Size = key(
        "The number of teacher jobs per answer format.",
        when="More shards make shorter jobs. Another number keeps the answers that exist.",
        default=1,
    )
