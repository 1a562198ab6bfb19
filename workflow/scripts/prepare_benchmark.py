"""Convert a benchmark's rows to items: prompt, question, accepted answers.

From the hub, and from a folder of JSONL files in the hub's schema:

    python workflow/scripts/prepare_benchmark.py --benchmark gsm8k --kind hub --seed 0 --output gsm8k.parquet
    python workflow/scripts/prepare_benchmark.py --benchmark gsm8k --kind jsonl --path rows --limit 40 --seed 0 \\
        --output gsm8k.parquet

With --pool it writes rows for few-shot examples instead, disjoint from the evaluation items. The manifest has the
source of the rows, with commits of hub datasets and hashes of files, and a hash of the items.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.benchmarks.base import Benchmark
from scale_or_reason.benchmarks.loading import evaluation_items, pool_items
from scale_or_reason.benchmarks.names import BENCHMARK_NAMES
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.benchmarks.row_files import rows_file
from scale_or_reason.benchmarks.row_sources import Hub, JsonlFolder, RowSource, at_commits
from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.files import write_json
from scale_or_reason.common.manifests import manifest
from scale_or_reason.common.tables import write_table
from scale_or_reason.inference.requests import json_object


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", required=True, help=f"one of: {', '.join(BENCHMARK_NAMES)}; or one of your own")
    parser.add_argument("--kind", required=True, choices=("hub", "jsonl"), help="source of the rows")
    parser.add_argument(
        "--path", type=Path, help="kind jsonl: the folder with NAME.jsonl and optionally NAME.pool.jsonl"
    )
    parser.add_argument("--mirror", type=Path, help="kind hub: a folder with copies of the datasets, as OWNER/NAME")
    parser.add_argument("--options", default="{}", help='JSON: options of the benchmark, such as {"turns": "every"}')
    parser.add_argument("--commits", default="{}", help="JSON: data set of the hub -> commit (default: the newest)")
    parser.add_argument("--max-items", type=int, help="keep this many items (default: all)")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed; chooses which items --limit keeps")
    parser.add_argument(
        "--pool", action=argparse.BooleanOptionalAction, default=False, help="write rows for few-shot examples instead"
    )
    parser.add_argument("--pool-size", type=int, default=32, help="with --pool: at most this many (default: 32)")
    parser.add_argument("--output", type=Path, required=True, help="Parquet file, schema items")
    parser.add_argument("--manifest", type=Path, required=True, help="JSON file: settings, source, commits")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    for option, value in (("--max-items", arguments.max_items), ("--pool-size", arguments.pool_size)):
        if value is not None and value < 1:
            raise StudyError("the number of items is not positive", where=option, found=value, expected="1 or more")
    options = json_object(arguments.options, "--options")
    benchmark = get_benchmark(arguments.benchmark).with_options(options)
    if arguments.kind == "hub" and not arguments.mirror:
        benchmark = at_commits(benchmark, json_object(arguments.commits, "--commits"))
    chosen = (benchmark, row_source(arguments), arguments.max_items, arguments.seed)
    items = pool_items(*chosen, size=arguments.pool_size) if arguments.pool else evaluation_items(*chosen)
    write_table(items, arguments.output, "items")
    write_json(manifest_of(benchmark, arguments, items), arguments.manifest)
    what = "rows for few-shot examples" if arguments.pool else "items"
    print(f"{benchmark.name} (version {benchmark.version}): {items.height} {what} in {arguments.output}")


def row_source(arguments: argparse.Namespace) -> RowSource:
    """The source of the rows. Raises :class:`StudyError` for kind jsonl without a folder."""
    if arguments.kind == "hub":
        return Hub(arguments.mirror)
    if arguments.path is None:
        problem, expected = (
            "kind jsonl requires a folder",
            f"a folder with {arguments.benchmark}.jsonl",
        )
        raise StudyError(problem, where="--path", found="nothing", expected=expected, remedy="add --path FOLDER")
    return JsonlFolder(arguments.path)


def manifest_of(benchmark: Benchmark, arguments: argparse.Namespace, items: pl.DataFrame) -> dict[str, Any]:
    """The manifest; ``items_sha256`` is the hash of the items as JSON lines, in their order."""
    settings = {
        name: getattr(arguments, name) for name in ("benchmark", "kind", "options", "max_items", "seed", "pool")
    }
    folder = arguments.mirror or arguments.path
    source = {"rows": str(benchmark.hub), "pool": str(benchmark.pool)} if arguments.kind == "hub" else {}
    digest = hashlib.sha256()
    for item in items.iter_rows(named=True):
        digest.update(json.dumps(item, sort_keys=True).encode("ascii") + b"\n")
    counts = {"version": benchmark.version, "count": items.height, "items_sha256": digest.hexdigest()}
    return {**manifest(row_files(benchmark, arguments), settings), **counts, "folder": str(folder), **source}


def row_files(benchmark: Benchmark, arguments: argparse.Namespace) -> dict[str, Path]:
    """The files that the items come from: the rows, and what describes a benchmark of one's own."""
    files = {} if benchmark.declared_in is None else {"benchmark": benchmark.declared_in}
    if arguments.kind == "jsonl":
        for name, part in (("rows", ""), ("pool", ".pool")):
            file = rows_file(arguments.path, benchmark.name, part)
            files |= {name: file} if file.is_file() and (arguments.pool or not part) else {}
    return files


if __name__ == "__main__":
    run_script(main)
