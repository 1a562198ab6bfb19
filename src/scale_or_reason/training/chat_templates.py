"""The students' chat templates: one Jinja file each in ``templates/``, the end token of an answer, the mode switch.

Standard library only: every cluster job imports this module through the Snakefile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from scale_or_reason.common.think_tags import THINK_CLOSE, THINK_OPEN

#: By template name; each is a token of the matching tokenizers, including those of base models.
STOP_TOKENS = {"chatml": "<|im_end|>", "gemma": "<end_of_turn>"}
#: By template name: the text that the matching tokenizers put at the start.
BEGIN_TOKENS = {"chatml": "", "gemma": "<bos>"}


@dataclass(frozen=True)
class ModeSwitch:
    """How prompts and answers carry the mode in a family of chat templates.

    ``suffixes`` stand behind the user's message, by format of the answer. ``empty_thought`` stands before plain
    answers.
    """

    suffixes: Mapping[str, str]
    empty_thought: str

    def as_values(self) -> dict[str, Any]:
        """The same as values for JSON."""
        return {"suffixes": dict(self.suffixes), "empty_thought": self.empty_thought}

    def modes(self) -> dict[str, dict[str, str]]:
        """The thinking mode of each format, as values of :class:`~scale_or_reason.inference.requests.ThinkingMode`."""
        return {name: {"suffix": suffix} for name, suffix in self.suffixes.items()}


#: By template name: the soft switch of Qwen3 and its empty thought (arXiv 2505.09388, table 9). Gemma 3 has none.
MODE_SWITCHES = {
    "chatml": ModeSwitch(
        {"ift": " /no_think", "reasoning": " /think"}, empty_thought=f"{THINK_OPEN}\n\n{THINK_CLOSE}\n\n"
    )
}


def template_file(name: str) -> str:
    """The template's file, relative to the project's folder."""
    return f"src/scale_or_reason/training/templates/{name}.jinja"


def render_chat(name: str, messages: Sequence[Mapping[str, str]]) -> str:
    """The text of a conversation, up to the start of the student's answer."""
    return _template(name).render(messages=list(messages), add_generation_prompt=True, bos_token=BEGIN_TOKENS[name])


@cache
def _template(name: str) -> Any:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    source = Path(__file__).with_name("templates") / f"{name}.jinja"
    # the same treatment of white space as in transformers
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source.read_text(encoding="utf-8"))
