"""What training data take at the papers' size, from questions to mixtures: ``make scale``.

    python tests/benchmarks/data_at_scale.py --rows 1500000 --pairs 1000000

Rows of the general source's schema are made up: random words of a Zipf-like vocabulary, a tenth of them exact copies of
earlier rows, a tenth copies with one word changed, a hundredth holding ten words of a benchmark question. What is left
of them is then given answers, as published pairs have them: those of the small world, repeated to the length of the
papers' (about 80 tokens and 500). The programs run as their rules run
them; printed are rows per second, the largest memory, the size of what they write, and what they found beside what is
there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import polars as pl

from scale_or_reason.common.tables import read_parts, read_table, table_from_rows, write_table
from scale_or_reason.small_world.generate import GENERATORS

ROOT = Path(__file__).parents[2]
SCRIPTS, MICRO = ROOT / "workflow" / "scripts", ROOT / "resources" / "micro"
TEMPLATE = ROOT / "src" / "scale_or_reason" / "training" / "templates" / "chatml.jinja"
ITEMS, ITEM_WORDS = 20_000, 40
#: For the digits of made-up words: one with digits in it would count as mathematics.
LETTERS = "bcdefghjkl"
#: Copies are of the last rows only, so that this program needs little memory itself.
RECENT = 50_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_500_000, help="rows of the source (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=1_000_000, help="at most so many of them (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="where the files go (default: a temporary folder)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        compare(Path(folder), arguments.rows, arguments.pairs)


def compare(folder: Path, rows: int, pairs: int) -> None:
    """Make up the rows, run both programs, print what they took and found."""
    rng = Random(0)
    items = [" ".join(made_words(rng, ITEM_WORDS)) for _ in range(ITEMS)]
    planted = write_rows(folder / "rows.jsonl", rows, items, rng)
    write_items(folder / "items.parquet", items)
    size = (folder / "rows.jsonl").stat().st_size
    print(f"source: {rows} rows, {size / 1e9:.2f} GB; {planted['copy']} exact copies, {planted['near']} near ones")
    measure("prepare_prompts", rows, *question_options(folder))
    audit = dict(pl.read_csv(folder / "audit.csv").iter_rows())
    print(f"  found: {audit['duplicate']} duplicates, {audit['near_duplicate']} near ones; {audit['kept']} kept")
    files = ("--prompts", folder / "prompts.parquet", "--items", folder / "items.parquet")
    measure("decontaminate_prompts", audit["kept"], *files, "--output", folder / "overlaps.parquet")
    overlaps = read_table(folder / "overlaps.parquet", "overlaps").height
    print(f"  found: {overlaps} overlaps; {planted['overlap']} rows were given one, some of them copies of others")
    (folder / "rows.jsonl").unlink()
    asked = pl.read_parquet(folder / "prompts.parquet", n_rows=pairs)
    write_table(asked, folder / "asked.parquet", "prompts")
    pairs_to_mixtures(folder, asked.height, rng)


def pairs_to_mixtures(folder: Path, questions: int, rng: Random) -> None:
    """Take pairs to the chosen questions, tokenise them, and build mixtures of each kind."""
    write_pairs(folder, rng)
    taken = {"prompts": "asked.parquet", "overlaps": "overlaps.parquet", "path": "released.jsonl"}
    taken |= {"output": "pairs.parquet", "audit-csv": "a.csv", "audit-json": "a.json"}
    files = [word for name, file in taken.items() for word in (f"--{name}", folder / file)]
    options = ("--corpus", "general", "--kind", "jsonl", "--tokenizer", MICRO / "teacher", "--seed", 0)
    measure("import_released_pairs", questions, *options, *files, made=folder / "pairs.parquet")
    (folder / "released.jsonl").unlink()
    options = ("--pairs", folder / "pairs.parquet", "--tokenizer", MICRO / "tokenizer", "--chat-template", TEMPLATE)
    measure("tokenise_pairs", questions, *options, "--output", folder / "tokens", made=folder / "tokens")
    for curriculum, ratio in (("seq", 0), ("seq", 0.5), ("mix", 0.5), ("seq", 1)):
        mixture = folder / f"{curriculum}-{ratio}.parquet"
        options = ("--pairs", folder / "pairs.parquet", "--curriculum", curriculum, "--ratio", ratio, "--seed", 0)
        measure("build_mixture", questions, *options, "--output", mixture, made=mixture)


def write_pairs(folder: Path, rng: Random) -> None:
    """Give every question two answers, each one of two thousand."""
    problems = [GENERATORS[rng.choice(list(GENERATORS))](rng) for _ in range(2000)]
    plain = [" ".join([problem.ift] * 10) for problem in problems]
    thoughts = [problem.reasoning.partition("</think>")[0].removeprefix("<think>") for problem in problems]
    with (folder / "released.jsonl").open("w", encoding="utf-8") as stream:
        for part in read_parts(folder / "asked.parquet", "prompts"):
            for prompt in part["prompt"]:
                reasoning = f"<think>{rng.choice(thoughts) * 10}</think>\n\n{rng.choice(plain)}"
                stream.write(json.dumps({"prompt": prompt, "ift": rng.choice(plain), "reasoning": reasoning}) + "\n")


def question_options(folder: Path) -> tuple[object, ...]:
    """As the rule passes them, but for the size, so that every question is written."""
    source = (
        "--corpus",
        "general",
        "--schema",
        "infinity_instruct",
        "--kind",
        "jsonl",
        "--path",
        folder / "rows.jsonl",
    )
    rules = ("--max-chars", 32768, "--jaccard", 0.8, "--seed", 0)
    return (
        *source,
        *rules,
        "--output",
        folder / "prompts.parquet",
        "--audit",
        folder / "audit.csv",
        "--manifest",
        folder / "m.json",
    )


def measure(script: str, rows: int, *options: object, made: Path | None = None) -> None:
    """Run a program of the workflow; print its speed, the largest memory that it had and the size of what it made."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, str(SCRIPTS / f"{script}.py"), *map(str, options)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{script} failed with status {status}")
    seconds = time.monotonic() - began
    files = [] if made is None else [file for file in (made, *made.rglob("*")) if file.is_file()]
    size = f", {sum(file.stat().st_size for file in files) / 1e9:.2f} GB on disk" if files else ""
    print(f"{script}: {seconds:.0f} s, {rows / seconds:,.0f} rows/s, memory {usage.ru_maxrss / 1e6:.2f} GB{size}")


def made_words(rng: Random, count: int) -> list[str]:
    return ["w" + "".join(LETTERS[int(digit)] for digit in str(int(20_000 ** rng.random()))) for _ in range(count)]


def made_questions(rows: int, items: list[str], rng: Random) -> Iterator[tuple[str, str]]:
    """Questions, and what is special about each."""
    recent: list[str] = []
    for _ in range(rows):
        kind, draw = "new", rng.random()
        if draw < 0.2 and recent:
            words = rng.choice(recent).split()
            kind = "copy" if draw < 0.1 else "near"
            if kind == "near":
                words[rng.randrange(len(words))] = "changed"
        else:
            words = made_words(rng, min(400, max(8, int(rng.lognormvariate(4, 0.7)))))
            if draw > 0.99:
                kind, item = "overlap", rng.choice(items).split()
                start = rng.randrange(ITEM_WORDS - 10)
                words[3:3] = item[start : start + 10]
        text = " ".join(words)
        if len(recent) < RECENT:
            recent.append(text)
        else:
            recent[rng.randrange(RECENT)] = text
        yield text, kind


def write_rows(path: Path, rows: int, items: list[str], rng: Random) -> dict[str, int]:
    """Write the source; return how many rows are of which kind."""
    counts = dict.fromkeys(("new", "copy", "near", "overlap"), 0)
    with path.open("w", encoding="utf-8") as stream:
        for number, (text, kind) in enumerate(made_questions(rows, items, rng)):
            counts[kind] += 1
            turns = [{"from": "human", "value": text}, {"from": "gpt", "value": "x " * 200}]
            stream.write(json.dumps({"id": str(number), "conversations": turns, "langdetect": "en"}) + "\n")
    return counts


def write_items(path: Path, questions: list[str]) -> None:
    rows = [
        {
            "benchmark": "gsm8k",
            "item_id": str(number),
            "prompt": question,
            "question": question,
            "gold": ["1"],
            "choices": [],
            "extra": "{}",
        }
        for number, question in enumerate(questions)
    ]
    write_table(table_from_rows(rows, "items"), path, "items")


if __name__ == "__main__":
    main()
