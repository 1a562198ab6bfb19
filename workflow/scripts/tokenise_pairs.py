"""Tokenise the pairs of a corpus, once for all students that share a tokenizer.

    python workflow/scripts/tokenise_pairs.py --pairs results/micro/pairs/general.parquet \\
        --tokenizer resources/micro/tokenizer --chat-template src/scale_or_reason/training/templates/chatml.jinja \\
        --output results/micro/tokens/general/tokenizer

All mixtures of the corpus then refer to these tokens, and trainings tokenise nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from tqdm import tqdm

from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.tables import read_parts, table_height
from scale_or_reason.common.wording import counted
from scale_or_reason.data.token_store import PromptModes, check_template, tokenise_pairs
from scale_or_reason.study import shared_options

#: Pairs in memory at a time: some eighty megabytes of reasoning.
ROWS = 4096


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.pairs(), shared_options.output("folder of the tokens")],
    )
    parser.add_argument(
        "--tokenizer", required=True, help="folder, hub id or ID@REVISION; its own chat template is not used"
    )
    parser.add_argument("--chat-template", type=Path, required=True, help="Jinja file")
    parser.add_argument("--stop-token", default="<|im_end|>", help="ends an answer in that template (%(default)s)")
    parser.add_argument(
        "--prompt-modes",
        help='JSON: the prompts carry the mode: {"suffixes": {"ift": TEXT, "reasoning": TEXT}, "empty_thought": TEXT}, '
        "behind the prompts of each format, and before IFT answers",
    )
    parser.add_argument("--threads", type=int, help="tokenise in so many threads (default: all cores)")
    return parser.parse_args()


def parts_of(pairs: Path) -> Iterator[pl.DataFrame]:
    """The pairs in parts, with a progress bar."""
    with tqdm(total=table_height(pairs, "pairs"), unit="pair", mininterval=10, file=sys.stderr) as bar:
        for part in read_parts(pairs, "pairs", ROWS):
            yield part
            bar.update(part.height)


def main() -> None:
    arguments = parse_arguments()
    given = arguments.prompt_modes
    modes = None if given is None else PromptModes.from_json(given, "--prompt-modes")
    if arguments.threads:
        os.environ["RAYON_NUM_THREADS"] = str(arguments.threads)  # read at import of the library
    if not arguments.chat_template.is_file():
        raise StudyError("a file is missing", where=arguments.chat_template, key="--chat-template")
    from scale_or_reason.inference.tokenizers import at_revision, load_tokenizer, tokens_identity

    tokenizer = load_tokenizer(*at_revision(arguments.tokenizer), arguments.chat_template)
    check_template(tokenizer, arguments.stop_token, arguments.chat_template)
    identity = tokens_identity(tokenizer, arguments.stop_token)
    pairs = tokenise_pairs(
        parts_of(arguments.pairs),
        tokenizer,
        arguments.stop_token,
        {"model": arguments.tokenizer, **identity},
        arguments.output,
        modes,
    )
    print(f"{counted(pairs, 'pair')} in {arguments.output}")


if __name__ == "__main__":
    run_script(main)
