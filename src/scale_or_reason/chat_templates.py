"""The chat formats that students are taught: a Jinja file each in ``templates/``, and the token that ends an answer.

Standard library only: every job on a cluster imports this with the Snakefile.
"""

from __future__ import annotations

#: By the name of the file; each is a token of the tokenizers that the format belongs to, base models included.
STOP_TOKENS = {"chatml": "<|im_end|>", "gemma": "<end_of_turn>"}
#: Of Qwen's models.
DEFAULT_TEMPLATE = "chatml"


def template_file(name: str) -> str:
    """The template's file, relative to the project's folder."""
    return f"src/scale_or_reason/templates/{name}.jinja"
