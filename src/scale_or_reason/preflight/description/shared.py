"""Blocks that several sections use: sampling, vLLM, chat templates, servers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from scale_or_reason.preflight.description.parts import (
    Count,
    NotNegative,
    Positive,
    PositiveShare,
    Section,
    Share,
    Size,
    Word,
    key,
    matching,
)

#: Without a user and a password, which logs and manifests would show.
Url = Annotated[
    str,
    matching(
        r"^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~%/:-]*)?$",
        "the address of the server, up to /v1: http://... or https://..., without a user and a password",
    ),
]
Variable = Annotated[
    str, matching(r"^[A-Za-z_][A-Za-z0-9_]{0,99}$", "the name of an environment variable; the key itself stays out")
]


class Sampling(Section):
    """How a model samples its completions. Take the values from the model card."""

    temperature: Annotated[float, Field(ge=0, le=2)] = key("The sampling temperature; 0 decodes greedily.")
    top_p: PositiveShare = key("The probability mass of nucleus sampling; 1 keeps every token.")
    top_k: Count = key("The number of most probable tokens to sample from; 0 keeps every token.", default=None)
    min_p: Share = key("The smallest probability of a token, relative to the most probable one.", default=None)
    max_tokens: Size = key(
        "The largest number of tokens of a completion.",
        when="It must be smaller than `engine.max_model_len`, which prompt and completion share.",
        unit="tokens",
    )


class ThinkingMode(Section):
    """How a chat model is switched to thinking or to plain answers. Both keys may be used together."""

    system: str | None = key("The system prompt, such as `/no_think`.", default=None)
    template: dict[str, Any] = key("Arguments of the chat template, such as `enable_thinking: false`.", default=None)


class Endpoint(Section):
    """An OpenAI-compatible server that generates in place of vLLM. Its jobs need no GPU."""

    url: Url = key("The address of the server, up to `/v1`.")
    key_: Variable | None = key(
        "The environment variable that holds the API key; `null` for a server without one.", default=None, alias="key"
    )
    concurrency: Size = key(
        "The number of requests that are open at the same time.",
        when="Lower it if the server answers with status 429.",
        default=64,
    )
    timeout: Positive = key(
        "The time limit of one request.",
        when="Raise it for long reasoning from a slow server.",
        unit="seconds",
        default=1800,
    )
    retries: Count = key("How often a failed request is sent again.", default=10)
    prompt_price: NotNegative = key(
        "The price of a million prompt tokens, in any currency.",
        when="Set both prices to see what a job has cost.",
        default=0,
    )
    completion_price: NotNegative = key("The price of a million generated tokens, in the same currency.", default=0)
    body: dict[str, Any] = key(
        "Further fields of every request, such as `{reasoning_effort: low}`. They replace fields of the same name; "
        "`null` removes one: `{max_tokens: null, max_completion_tokens: 4096}`. A change generates the replies again.",
        when="Set it for fields that only this server has or refuses.",
        default=None,
    )


class Engine(Section):
    """Arguments of vLLM's `LLM` class.

    Only `dtype`, `quantization`, `kv_cache_dtype` and `load_format` change answers, and `max_model_len` where a text
    reaches it; such a change generates the answers again. The others change speed and memory and make nothing out of
    date.
    """

    dtype: Literal["auto", "bfloat16", "float16", "float32"] = key(
        "The number format of weights and activations.", when="Use `float32` on CPUs.", default=None
    )
    quantization: Word | None = key(
        "vLLM's name of a quantisation method.", when="Set it for a model that does not fit otherwise.", default=None
    )
    kv_cache_dtype: Word = key("The number format of the KV cache, such as `fp8`.", default=None)
    max_model_len: Size = key(
        "The context length: prompt and completion together.",
        when="Raise it together with `max_tokens` of the model's sampling.",
        unit="tokens",
        default=None,
    )
    max_num_seqs: Size = key(
        "The number of sequences in a batch.", when="Lower it if the KV cache overflows.", default=None
    )
    max_num_batched_tokens: Size = key("The number of tokens in one step.", unit="tokens", default=None)
    tensor_parallel_size: Size = key(
        "The number of GPUs that share each layer.",
        when="Set it so that the weights fit. The job requests this many GPUs (times `pipeline_parallel_size`).",
        default=None,
    )
    pipeline_parallel_size: Size = key("The number of GPUs that share the layers in sequence.", default=None)
    enable_expert_parallel: bool = key(
        "Whether the experts of a mixture-of-experts model are spread over the GPUs.", default=None
    )
    enable_prefix_caching: bool = key("Whether prompts with a common beginning share its KV cache.", default=None)
    enforce_eager: bool = key(
        "Whether CUDA graphs are off.",
        when="Turn it on for models so small that capturing the graphs takes longer than generating.",
        default=None,
    )
    gpu_memory_utilization: PositiveShare = key(
        "The share of a GPU's memory for weights and KV cache.",
        when="Lower it if other programs use the GPU.",
        default=None,
    )
    load_format: Word = key("The format of the weight files, such as `dummy` for random weights.", default=None)
