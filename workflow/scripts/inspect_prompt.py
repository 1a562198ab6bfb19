"""Build the inspection page of a training prompt, one HTML file.

    python workflow/scripts/inspect_prompt.py --results results/v2 --study v2 --corpus math --shards 32 \\
        --prompt 0123456789abcdef --mixtures seq/rho-0 seq/rho-1 --max-length 16384 --overlong drop --output prompt.html

The page has the prompt, both answers of the teacher, the outcome of the pair with its reason, overlaps with benchmarks,
and the mixtures with the prompt. It reads existing files only.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.files import read_json, write_text
from scale_or_reason.reporting.inspect.files import CorpusFiles
from scale_or_reason.reporting.inspect.prompt import inspect_prompt
from scale_or_reason.reporting.inspect.prompt_page import PromptPage
from scale_or_reason.study import shared_options


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.page(), shared_options.corpus()],
    )
    parser.add_argument("--results", type=Path, required=True, help="the study's folder")
    parser.add_argument("--shards", type=int, required=True, help="in how many parts the teacher answers the corpus")
    parser.add_argument("--prompt", required=True, help="the prompt's id")
    parser.add_argument("--mixtures", nargs="*", default=[], help="those of the study: seq/rho-0.25")
    parser.add_argument("--max-length", type=int, required=True, help="tokens of a training sample at most")
    parser.add_argument("--overlong", required=True, help="what is done with longer ones: drop or truncate")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    view = inspect_prompt(CorpusFiles(arguments.results, arguments.corpus, arguments.shards), arguments.prompt)
    file = arguments.results / "pairs" / f"{arguments.corpus}.audit.json"
    audit = read_json(file) if file.is_file() else None
    page = PromptPage(arguments.study, view, audit, arguments.mixtures, arguments.max_length, arguments.overlong)
    write_text(page.text(), arguments.output)


if __name__ == "__main__":
    run_script(main)
