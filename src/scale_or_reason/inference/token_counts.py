"""Token counts of texts by a model's tokenizer."""

from __future__ import annotations

from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.inference.tokenizers import at_revision, check_token_ids


def load_tokenizer(source: str) -> Any:
    """The tokenizer of a hub id, ``ID@COMMIT`` or a folder; :class:`StudyError` if there is none."""
    from transformers import AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    try:
        name, revision = at_revision(source)
        return AutoTokenizer.from_pretrained(name, revision=revision, trust_remote_code=False)
    except Exception as error:  # transformers and its dependencies have no common base class of errors
        raise StudyError(
            "the tokenizer cannot be loaded",
            where=source,
            found=(str(error).strip() or type(error).__name__).split("\n")[0],
            expected="a folder with a tokenizer, or a hub id",
            remedy="correct the name, or download the tokenizer first",
        ) from error


def last_tokens(tokenizer: Any, text: str, count: int) -> str:
    """The end of ``text`` that starts at its ``count``-th last token."""
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=tokenizer.is_fast)
    if len(encoded["input_ids"]) <= count:
        return text
    if tokenizer.is_fast:
        return text[encoded["offset_mapping"][-count][0] :]
    return tokenizer.decode(encoded["input_ids"][-count:], skip_special_tokens=False)


class TokenCounter:
    """Counts tokens of many texts in parallel.

    Raises :class:`StudyError` if the tokenizer cannot be loaded or has no chat template.
    """

    def __init__(self, model: str) -> None:
        self._tokenizer: Any = load_tokenizer(model)
        name, revision = at_revision(model)
        check_token_ids(name, self._tokenizer, revision)
        if not self._tokenizer.chat_template:
            raise StudyError(
                "the tokenizer has no chat template",
                where=model,
                remedy="use the tokenizer of a chat model, such as the teacher's",
            )

    def count_texts(self, texts: list[str]) -> list[int]:
        """Number of tokens of each text, without special tokens around it."""
        return [len(ids) for ids in self._tokenizer(texts, add_special_tokens=False)["input_ids"]]

    def count_prompts(self, prompts: list[str]) -> list[int]:
        """Number of tokens of each user message in the chat template, up to the start of the answer."""
        conversations = [[{"role": "user", "content": prompt}] for prompt in prompts]
        return self.count_texts(
            self._tokenizer.apply_chat_template(conversations, add_generation_prompt=True, tokenize=False)
        )
