"""A model with random weights that vLLM runs on a CPU, and that has a chat template with a thinking switch."""

from __future__ import annotations

from pathlib import Path

from byte_tokenizer import VOCABULARY, save_byte_tokenizer

#: As Qwen3's: thinking off puts an empty reasoning into the prompt. ``open_think`` is how other models begin it.
CHAT_TEMPLATE = r"""{%- for message in messages -%}
{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{ '<|im_start|>assistant\n' }}
{%- if enable_thinking is defined and enable_thinking is false -%}{{ '<think>\n\n</think>\n\n' }}{%- endif -%}
{%- if open_think is defined and open_think -%}{{ '<think>\n' }}{%- endif -%}
{%- endif -%}"""
CONTEXT = 2048


def build_generator(folder: Path, seed: int = 0) -> None:
    """Qwen2 of 2 layers with heads of 32 (vLLM's kernels for CPUs know no narrower ones), one token per byte."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    save_byte_tokenizer(folder, eos="<|im_end|>", chat_template=CHAT_TEMPLATE)
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        initializer_range=0.2,  # far from uniform, so that rounding does not decide which token is likeliest
        bos_token_id=None,
        eos_token_id=2,
        pad_token_id=0,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
