"""The chat formats that students are taught: a Jinja file each in ``templates/``, and the token that ends an answer.

Standard library only: every job on a cluster imports this with the Snakefile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

#: By the name of the file; each is a token of the tokenizers that the format belongs to, base models included.
STOP_TOKENS = {"chatml": "<|im_end|>", "gemma": "<end_of_turn>"}
#: What the tokenizers that a format belongs to begin a text with.
BEGIN_TOKENS = {"chatml": "", "gemma": "<bos>"}


def template_file(name: str) -> str:
    """The template's file, relative to the project's folder."""
    return f"src/scale_or_reason/training/templates/{name}.jinja"


def render_chat(name: str, messages: Sequence[Mapping[str, str]]) -> str:
    """The text that a conversation is to a student, up to where its answer begins."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    source = Path(__file__).with_name("templates") / f"{name}.jinja"
    # white space as transformers treats it in chat templates
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(source.read_text(encoding="utf-8"))
    return template.render(messages=list(messages), add_generation_prompt=True, bos_token=BEGIN_TOKENS[name])
