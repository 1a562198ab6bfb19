"""Train one model of the small world and write it as a Hugging Face folder.

    python workflow/scripts/train_small_world_model.py --role student --hidden-size 96 --layers 3 --heads 3 \
        --tokenizer resources/micro/tokenizer --tokens 4000000 --seed 0 \
        --output results/micro-world/students/micro-0.49M

Three roles: a ``student`` is pre-trained on the world's plain text, a ``teacher`` on true answers of both formats, a
``judge`` on the papers' judging prompt. Initial weights are random or, with ``--init-from``, those of a pre-trained
student. The script creates the models in ``resources/micro`` and is not part of a study.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.files import atomic_directory, write_json
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.small_world import lessons
from scale_or_reason.small_world.tokenizer import END, END_OF_TEXT, Thinking, save_tokenizer

#: The teacher has the thinking switch; the judge replies without thinking; students as they were trained.
THINKING: dict[str, Thinking] = {"student": "free", "teacher": "switch", "judge": "never"}
CONTEXT = 8192
#: Embeddings start small and words are rare, so their learning rate is this multiple of the matrices' rate.
EMBEDDING_RATE = 15


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--role", choices=THINKING, required=True)
    start = parser.add_argument_group("initial weights: a model, or the three sizes of a new one")
    start.add_argument("--init-from", type=Path, metavar="MODELDIR", help="a model of the same tokenizer")
    start.add_argument("--hidden-size", type=int)
    start.add_argument("--layers", type=int)
    start.add_argument("--heads", type=int)
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder written by make_small_world_tokenizer.py")
    parser.add_argument("--tokens", type=int, required=True, help="to train on")
    parser.add_argument("--batch-tokens", type=int, default=8192, help="tokens per step (default: %(default)s)")
    parser.add_argument("--learning-rate", type=float, default=2e-3, help="peak learning rate (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True)
    return parser.parse_args()


def initial_model(arguments: argparse.Namespace, vocabulary: int) -> Any:
    """The model to start from, or a Qwen2 with random weights and tied embeddings.

    Raises :class:`StudyError` if the command line has both, neither, or not all of the sizes.
    """
    from transformers import AutoModelForCausalLM, Qwen2Config, Qwen2ForCausalLM

    options = ("init_from", "hidden_size", "layers", "heads")
    given = tuple(name for name in options if getattr(arguments, name) is not None)
    if given not in (options[:1], options[1:]):
        raise StudyError(
            "the options of the initial weights conflict or are incomplete",
            where="command line",
            found=" ".join(f"--{name.replace('_', '-')}" for name in given) or "none of its options",
            expected="--init-from MODELDIR, or all of --hidden-size, --layers and --heads",
            remedy="use only one of them, with all its options",
        )
    # At this size the plain kernels are a third faster than the fused kernels.
    kernels = {"attn_implementation": "eager"}
    if arguments.init_from is not None:
        return AutoModelForCausalLM.from_pretrained(
            arguments.init_from, dtype="float32", **kernels, trust_remote_code=False
        )
    config = Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=arguments.hidden_size,
        intermediate_size=3 * arguments.hidden_size,
        num_hidden_layers=arguments.layers,
        num_attention_heads=arguments.heads,
        num_key_value_heads=arguments.heads,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        **kernels,
    )
    return Qwen2ForCausalLM(config)


def learning_rate_factor(done: float) -> float:
    """The learning-rate factor by the share of tokens: linear warm-up over 3 %, then a cosine to 2 % of the peak."""
    if done < 0.03:
        return done / 0.03 + 1e-3
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, (done - 0.03) / 0.97)))


def batches(arguments: argparse.Namespace, encode: Any) -> Iterator[lessons.Batch]:
    """Endless batches of about ``--batch-tokens`` tokens, of new lessons, without epochs or repetition."""
    rng = Random(derive_seed("small world", arguments.role, arguments.seed))
    return lessons.batches(arguments.role, rng, encode, arguments.batch_tokens)


def optimizers(model: Any, learning_rate: float) -> list[Any]:
    """Muon for the layers' matrices, where it needs fewer tokens than AdamW, and AdamW for the rest."""
    import torch

    matrices = [weight for name, weight in model.named_parameters() if weight.ndim == 2 and ".layers." in name]
    chosen = {id(weight) for weight in matrices}
    others = [weight for weight in model.parameters() if id(weight) not in chosen]
    embedding_rate = EMBEDDING_RATE * learning_rate
    adamw = torch.optim.AdamW(others, lr=embedding_rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    # With this adjustment a step of Muon has the size of an AdamW step at the same rate.
    muon = torch.optim.Muon(matrices, lr=learning_rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    return [adamw, muon]


def train(model: Any, arguments: argparse.Namespace, encode: Any, pad: int) -> dict[str, float]:
    """Train in place; returns tokens seen, seconds and the mean loss of the last twentieth."""
    import torch
    from tqdm import tqdm

    steppers = optimizers(model, arguments.learning_rate)
    started, seen, last_losses = time.monotonic(), 0, []
    bar = tqdm(total=arguments.tokens, unit="tok", unit_scale=True, mininterval=10, desc=arguments.output.name)
    for batch in batches(arguments, encode):
        for group in (group for stepper in steppers for group in stepper.param_groups):
            group["lr"] = group.setdefault("peak", group["lr"]) * learning_rate_factor(seen / arguments.tokens)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = lessons.loss(model, batch, pad)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for stepper in steppers:
            stepper.step()
            stepper.zero_grad(set_to_none=True)
        seen += batch.tokens
        if seen > 0.95 * arguments.tokens:
            last_losses.append(float(loss))
        bar.update(batch.tokens)
        bar.set_postfix(loss=f"{float(loss):.3f}", refresh=False)
        if seen >= arguments.tokens:
            break
    bar.close()
    return {
        "tokens": seen,
        "seconds": round(time.monotonic() - started, 1),
        "final_loss": round(sum(last_losses) / len(last_losses), 4),
    }


def main() -> None:
    arguments = parse_arguments()
    os.environ.setdefault("OMP_NUM_THREADS", str(arguments.threads))
    import torch
    from tokenizers import Tokenizer

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(derive_seed("small world weights", arguments.role, arguments.seed))
    tokenizer = Tokenizer.from_file(str(arguments.tokenizer / "tokenizer.json"))
    model = initial_model(arguments, tokenizer.get_vocab_size())
    pad: Any = tokenizer.token_to_id(END_OF_TEXT)
    # A base student ends documents with the end-of-text token, a chat model ends its turns.
    eos = END_OF_TEXT if arguments.role == "student" else END
    report = train(model, arguments, lambda text: tokenizer.encode(text, add_special_tokens=False).ids, pad)
    model.config.eos_token_id = model.generation_config.eos_token_id = tokenizer.token_to_id(eos)
    model.config.pad_token_id = model.generation_config.pad_token_id = pad
    with atomic_directory(arguments.output) as folder:
        model.to(torch.bfloat16).save_pretrained(folder)
        save_tokenizer(tokenizer, folder, eos, THINKING[arguments.role], CONTEXT)
        recipe = {name: value for name, value in vars(arguments).items() if name not in ("output", "tokenizer")}
        if arguments.init_from is not None:
            recipe["init_from"] = Path(*arguments.init_from.parts[-2:]).as_posix()
        parameters = sum(weight.numel() for weight in model.parameters())
        write_json({"recipe": recipe, "parameters": parameters, **report}, folder / "recipe.json")
    print(json.dumps(report))


if __name__ == "__main__":
    run_script(main)
