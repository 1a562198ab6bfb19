"""Text generation with vLLM on GPUs and CPUs; the only module that depends on vLLM.

Seeds: every request has its own, so an answer depends neither on earlier nor on concurrent requests; only rounding,
which depends on the shape of a batch, can differ between runs. According to its documentation vLLM on CPU does not
support seeds per request; in fact it fails only for prompts that are split between steps (the runner then rewinds the
request's generator, which a CPU generator cannot do). So on CPU chunked prefill is off and a step can take a whole
prompt.

Start-up: importing vLLM creates two million objects, which the garbage collector traverses repeatedly. It is disabled
during the import, and the objects are frozen afterwards. This saves a third of the time to the first token.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import re
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.data.text_tokens import TextTokenizer
from scale_or_reason.inference.cpu_engine import cheap_end, cheap_start
from scale_or_reason.inference.model_files import check_generator
from scale_or_reason.inference.quiet import first_cause
from scale_or_reason.inference.requests import Completion, OnCompletion, SamplingParameters, ThinkingMode
from scale_or_reason.inference.stopping import stop_if_requested
from scale_or_reason.inference.tokenizers import check_token_ids
from scale_or_reason.inference.vllm_settings import check_known, check_reserved, cpu_settings, text_config
from scale_or_reason.inference.weights import check_weights

#: Enough for a template's <think> and line breaks, even with one token per letter.
_TAIL_TOKENS = 12
_OPEN_THINK = re.compile(r"<think>\s*\Z")


class VllmEngine:
    """A loaded model. ``settings`` are arguments of vLLM's ``LLM``, such as dtype and max_model_len.

    Raises :class:`StudyError` for a model folder without safetensors or tokenizer, for an unknown or reserved setting,
    and if vLLM refuses to start; the error then names ``log``, the file with vLLM's output. ``startup_seconds`` is the
    time of import and loading.
    """

    def __init__(
        self, model: str, settings: Mapping[str, Any], revision: str | None = None, log: Path | None = None
    ) -> None:
        check_generator(model)
        check_reserved(settings)
        if Path(model).exists():
            check_weights(Path(model), contents=True)
        began = time.monotonic()
        vllm = import_vllm(local=Path(model).exists())
        from scale_or_reason.inference import nemotron

        nemotron.register()
        from vllm.platforms import current_platform

        self._on_cpu = current_platform.is_cpu()
        check_known(vllm, settings)
        if self._on_cpu:
            os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # an engine in this process starts faster
        try:
            arguments = cpu_settings(text_config(model, revision), settings) if self._on_cpu else dict(settings)
            with cheap_start(arguments) if self._on_cpu else nullcontext():
                self._llm = vllm.LLM(
                    model, revision=revision, tokenizer_revision=revision, seed=0, disable_log_stats=True, **arguments
                )
        except Exception as error:
            raise StudyError(
                "vLLM could not load the model",
                where=model,
                found=first_cause(_reason(error), log),
                remedy=f"{_remedy(model)}; the engine's log: {log or 'above'}",
            ) from error
        self._sampling_params = vllm.SamplingParams
        self._structured = vllm.sampling_params.StructuredOutputsParams
        self.tokenizer: Any = self._llm.get_tokenizer()
        check_token_ids(model, self.tokenizer, revision)
        self.context_tokens: int = self._llm.llm_engine.model_config.max_model_len
        self._text_tokenizer = TextTokenizer(self.tokenizer)
        self._think_of_tail: dict[tuple[int, ...], str] = {}
        self.startup_seconds = time.monotonic() - began

    def __enter__(self) -> VllmEngine:
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        try:
            self.close()
        except Exception:
            if kind is None:  # otherwise it would hide what has ended the block
                raise

    def close(self) -> None:
        """Stop worker processes, or free the memory of an engine in this process."""
        if self._on_cpu:
            cheap_end(lambda: delattr(self, "_llm"))
            if identity := os.environ.get("VLLM_DIST_IDENT"):
                (Path(tempfile.gettempdir()) / identity).unlink(missing_ok=True)  # left by torch's rendezvous
        else:
            self._llm.llm_engine.engine_core.shutdown()
            del self._llm
            gc.collect()  # an engine's parts refer to each other

    def chat(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        sampling: SamplingParameters,
        mode: ThinkingMode | None = None,
        on_completion: OnCompletion | None = None,
        patterns: Sequence[str] | None = None,
    ) -> list[Completion]:
        """One reply per user message, in order; with ``patterns``, each reply matches its regular expression.

        If the template opens the reasoning, the text starts with that ``<think>``. Names of control tokens in a prompt
        stay text (:mod:`data.text_tokens`).
        """
        mode = mode or ThinkingMode()

        def render(texts: list[str]) -> list[str]:
            conversations = [mode.messages(text) for text in texts]
            return self.tokenizer.apply_chat_template(
                conversations, tokenize=False, add_generation_prompt=True, **mode.template
            )

        return self._replies(self._text_tokenizer.chats(prompts, render), seeds, sampling, (), on_completion, patterns)

    def complete(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        sampling: SamplingParameters,
        stop: Sequence[str] = (),
        on_completion: OnCompletion | None = None,
    ) -> list[Completion]:
        """One continuation per prompt, in order, without a chat template; the text ends before the first ``stop``."""
        return self._replies(self._text_tokenizer.plain(prompts), seeds, sampling, stop, on_completion)

    def resume(
        self,
        prompts: Sequence[str],
        begun: Sequence[str],
        seeds: Sequence[int],
        sampling: SamplingParameters,
        on_completion: OnCompletion | None = None,
    ) -> list[Completion]:
        """One continuation per user message and beginning of its answer, in order.

        A reply's text is what follows the beginning; its prompt tokens include those of the beginning. A ``<think>``
        that the template opens is not repeated, although answers of :meth:`chat` begin with it.
        """
        heads = self._text_tokenizer.prompts(prompts)
        opened = [self._opened_think(tuple(head[-_TAIL_TOKENS:])) for head in heads]
        rest = [text.removeprefix(think) for text, think in zip(begun, opened, strict=True)]
        tails = self._text_tokenizer.begun_answers(rest)
        ids = [[*head, *tail] for head, tail in zip(heads, tails, strict=True)]
        return self._replies(ids, seeds, sampling, (), on_completion)

    def _replies(
        self,
        prompts: Sequence[list[int]],
        seeds: Sequence[int],
        sampling: SamplingParameters,
        stop: Sequence[str],
        on_completion: OnCompletion | None,
        patterns: Sequence[str] | None = None,
    ) -> list[Completion]:
        """The replies to these token ids, in order; vLLM would encode texts one by one, which takes twice as long."""
        on_completion = on_completion or (lambda *_: None)
        fitting = [i for i, ids in enumerate(prompts) if len(ids) < self.context_tokens]
        replies = {
            i: Completion(len(ids), "", 0, "length") for i, ids in enumerate(prompts) if len(ids) >= self.context_tokens
        }
        for number, reply in replies.items():
            on_completion(number, reply)
        if fitting:
            inputs: Any = [{"prompt_token_ids": prompts[i]} for i in fitting]
            parameters = [
                self._parameters(sampling, seeds[i], stop, patterns[i] if patterns else None) for i in fitting
            ]
            names = self._llm.enqueue(inputs, parameters, use_tqdm=False)
            # vLLM returns ids with a random suffix, which its outputs do not have
            numbers = {name.partition("-")[0]: number for name, number in zip(names, fitting, strict=True)}
            replies |= self._run(numbers, on_completion)
            # Cached prompts would change the shape of the next call's batches, and thereby rounding.
            self._llm.reset_prefix_cache()
        return [replies[i] for i in range(len(prompts))]

    def _parameters(self, sampling: SamplingParameters, seed: int, stop: Sequence[str], pattern: str | None) -> Any:
        return self._sampling_params(
            structured_outputs=self._structured(regex=pattern) if pattern else None,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
            min_p=sampling.min_p,
            max_tokens=sampling.max_tokens,
            seed=seed,
            stop=list(stop),
            # <think> is a special token of many tokenizers; the end token is omitted in any case.
            skip_special_tokens=False,
        )

    def _run(self, numbers: dict[str, int], on_completion: OnCompletion) -> dict[int, Completion]:
        """Step until all requests are done; replies by number. ``numbers`` has the number of each request id."""
        engine = self._llm.llm_engine
        finished: dict[int, Completion] = {}
        while engine.has_unfinished_requests():
            stop_if_requested()
            for output in self._step(engine):
                if output.finished:
                    number = numbers[output.request_id]
                    finished[number] = self._reply(output)
                    on_completion(number, finished[number])
        return finished

    @staticmethod
    def _step(engine: Any) -> Any:
        try:
            return engine.step()
        except Exception:
            stop_if_requested()  # Slurm sends SIGTERM to vLLM's workers as well
            raise

    def _reply(self, output: Any) -> Completion:
        made, prompt = output.outputs[0], output.prompt_token_ids
        text = self._opened_think(tuple(prompt[-_TAIL_TOKENS:])) + made.text
        return Completion(
            len(prompt), text, len(made.token_ids), "length" if made.finish_reason == "length" else "stop"
        )

    def _opened_think(self, tail: tuple[int, ...]) -> str:
        """The ``<think>`` at the end of a prompt, with the white space after it; "" if there is none."""
        if tail not in self._think_of_tail:
            opened = _OPEN_THINK.search(self.tokenizer.decode(tail, skip_special_tokens=False))
            self._think_of_tail[tail] = opened.group() if opened else ""
        return self._think_of_tail[tail]


def run_and_leave(main: Callable[[], Any]) -> None:
    """Run a script's ``main`` as :func:`run_script` does, then exit at once with its status.

    A regular exit would destroy vLLM's two million objects one by one, which takes longer than loading a small model.
    After an error it also prints reports of leaked objects, under which the error is lost.
    """
    status: Any = 0
    try:
        run_script(main)
    except SystemExit as end:
        status = end.code
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc()
        status = 1
    for child in multiprocessing.active_children():
        child.terminate()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 1)


def import_vllm(local: bool) -> Any:
    """Import vLLM with the variables that it reads at its import; ``local``: without network access."""
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    if local:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a local model needs no network access
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        import vllm
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
    return vllm


def _remedy(model: str) -> str:
    if Path(model).exists():
        return "vLLM's settings are under `engine` in the config"
    return "check name and revision; the hub must be reachable, or the model in its cache"


def _reason(error: Exception) -> str:
    """The error in one line; pydantic adds a headline, the input and a link, which are removed."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    if "validation error" not in lines[0]:
        return lines[0]
    return " ".join(line for line in lines[1:] if not line.startswith("For further")).partition(" [type=")[0]
