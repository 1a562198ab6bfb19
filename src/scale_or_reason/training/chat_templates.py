"""The students' chat templates: one Jinja file each in ``templates/``, and the end token of an answer.

Standard library only: every cluster job imports this module through the Snakefile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

#: By template name; each is a token of the matching tokenizers, including those of base models.
STOP_TOKENS = {"chatml": "<|im_end|>", "gemma": "<end_of_turn>"}
#: By template name: the text that the matching tokenizers put at the start.
BEGIN_TOKENS = {"chatml": "", "gemma": "<bos>"}


def template_file(name: str) -> str:
    """The template's file, relative to the project's folder."""
    return f"src/scale_or_reason/training/templates/{name}.jinja"


def render_chat(name: str, messages: Sequence[Mapping[str, str]]) -> str:
    """The text of a conversation, up to the start of the student's answer."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    source = Path(__file__).with_name("templates") / f"{name}.jinja"
    # the same treatment of white space as in transformers
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(source.read_text(encoding="utf-8"))
    return template.render(messages=list(messages), add_generation_prompt=True, bos_token=BEGIN_TOKENS[name])
