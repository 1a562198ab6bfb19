"""Builds a tiny model whose layers differ and a Llama that computes the same; writes what both say, as JSON.

python tests/integration/probe_nemotron.py FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from byte_tokenizer import VOCABULARY, save_byte_tokenizer

from scale_or_reason.inference.requests import SamplingParameters
from scale_or_reason.inference.vllm_engine import VllmEngine, run_and_leave

PROMPTS = ["Question: 1+1", "abc", "hello there"]
GREEDY = SamplingParameters(temperature=0.0, top_p=1.0, max_tokens=20)
HIDDEN = 64
#: Of each layer: whether it has attention, and the width of its feed-forward part, with the multiplier that says so.
LAYERS = ((True, 3.0, 256), (False, 6.0, 256), (True, None, 0), (True, 9.0, 512))
SHARED: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": HIDDEN,
    "num_hidden_layers": len(LAYERS),
    "num_attention_heads": 2,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
    "rms_norm_eps": 1e-5,
    "bos_token_id": None,
    "eos_token_id": 2,
    "pad_token_id": 0,
}


def block(attention: bool, multiplier: float | None) -> dict[str, Any]:
    """A layer in the words of the published configs, nulls included."""
    return {
        "attention": {"n_heads_in_group": 2 if attention else None, "no_op": not attention, "sparsify": None},
        "ffn": {"ffn_mult": multiplier, "no_op": multiplier is None, "sparsify": None},
    }


def nas_config() -> dict[str, Any]:
    """As published: null where layers differ, and the name of code that nobody may run."""
    return SHARED | {
        "architectures": ["DeciLMForCausalLM"],
        "model_type": "nemotron-nas",
        "auto_map": {"AutoConfig": "configuration_decilm.DeciLMConfig"},
        "block_configs": [block(attention, multiplier) for attention, multiplier, _ in LAYERS],
        "num_key_value_heads": None,
        "intermediate_size": None,
        "hidden_act": "silu",
        "rope_theta": 10000.0,
        "torch_dtype": "float32",
    }


def nas_weights(llama: Any) -> dict[str, Any]:
    """Silence in the Llama what the other model does not have, and return the weights of what is left."""
    for (attention, _, width), layer in zip(LAYERS, llama.model.layers, strict=True):
        layer.mlp.down_proj.weight[:, width:] = 0
        if not attention:
            layer.self_attn.o_proj.weight.zero_()
    weights = {}
    for name, values in llama.state_dict().items():
        attention, _, width = LAYERS[int(name.split(".")[2])] if ".layers." in name else (True, None, 1)
        if (not attention and ("self_attn" in name or "input_layernorm" in name)) or (
            not width and ("mlp" in name or "post_attention" in name)
        ):
            continue
        if "mlp" in name:
            values = values[:, :width] if "down_proj" in name else values[:width]
        weights[name] = values.contiguous()
    return weights


def build(folder: Path) -> Any:
    """Write the model into ``folder``; return the Llama."""
    import torch
    from safetensors.torch import save_file
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    widest = max(width for _, _, width in LAYERS)
    llama = LlamaForCausalLM(
        LlamaConfig(**SHARED, num_key_value_heads=1, intermediate_size=widest, initializer_range=0.2)
    )
    save_byte_tokenizer(folder, eos="<|im_end|>", chat_template="")
    with torch.no_grad():
        save_file(nas_weights(llama), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(nas_config()))
    return llama


def said_by_llama(llama: Any, tokenizer: Any) -> list[str]:
    texts = []
    for prompt in PROMPTS:
        inputs = tokenizer(prompt, return_tensors="pt")
        ids = llama.generate(**inputs, do_sample=False, max_new_tokens=GREEDY.max_tokens)
        made = tokenizer.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=False)
        texts.append(made.removesuffix("<|im_end|>"))
    return texts


def main() -> None:
    folder = Path(sys.argv[1])
    llama = build(folder)
    engine = VllmEngine(str(folder), {"dtype": "float32", "max_model_len": 256})
    replies = engine.complete(PROMPTS, [0] * len(PROMPTS), GREEDY)
    said = {"vllm": [reply.text for reply in replies], "llama": said_by_llama(llama, engine.tokenizer)}
    engine.close()
    (folder / "said.json").write_text(json.dumps(said))


if __name__ == "__main__":
    run_and_leave(main)
