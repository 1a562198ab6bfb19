"""Build the tokenizer of the small world from a sample of its texts.

python workflow/scripts/make_small_world_tokenizer.py --output resources/micro/tokenizer
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.files import atomic_directory
from scale_or_reason.common.wording import counted
from scale_or_reason.small_world.lessons import sample_texts
from scale_or_reason.small_world.tokenizer import END, build_tokenizer, save_tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=20_000, help="texts to read (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    tokenizer = build_tokenizer(sample_texts(arguments.texts, arguments.seed))
    with atomic_directory(arguments.output) as folder:
        save_tokenizer(tokenizer, folder, END, thinking="switch", max_length=8192)
    print(f"{counted(tokenizer.get_vocab_size(), 'piece')}")


if __name__ == "__main__":
    run_script(main)
