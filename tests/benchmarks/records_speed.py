"""Snakemake's two ways to keep records of finished jobs, a file per output and a database: seconds of CPU and files.

python tests/benchmarks/records_speed.py --outputs 3000
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import snakemake.api  # noqa: F401  before snakemake.persistence, which cannot be imported first
from snakemake.persistence import MetadataRecord
from snakemake.persistence.db import DbPersistence
from snakemake.persistence.file import FilePersistence

OUTPUT = "results/v2/verdicts/judge/general/Qwen2.5-3B/seq/rho-0.25/seed-{}/manifest.json"


def record(number: int) -> MetadataRecord:
    """As of a judge's job: the answers to 18 benchmarks, and its options."""
    return MetadataRecord(
        rule="judge_answers",
        code="python {params} " * 20,
        shellcmd="python judge " * 60,
        input=[f"results/v2/answers/{number}/{benchmark}.parquet" for benchmark in range(18)],
        params=["x" * 60] * 10,
        record_format_version=6,
    )


def measured(what: str, work: Callable[[], Any]) -> None:
    begin = time.process_time()
    work()
    print(f"  {what}: {time.process_time() - begin:.2f} s of CPU", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outputs", type=int, default=3000, help="(%(default)s)")
    keys = [OUTPUT.format(number) for number in range(parser.parse_args().outputs)]
    settings = SimpleNamespace(
        dag_settings=SimpleNamespace(max_checksum_file_size=0), execution_settings=SimpleNamespace(latency_wait=5)
    )
    dag = SimpleNamespace(workflow=settings)
    for kind in (FilePersistence, DbPersistence):
        print(f"{kind.__name__}, {len(keys)} outputs")
        with tempfile.TemporaryDirectory() as folder:
            records = kind(dag=dag, path=Path(folder))
            measured("write", lambda: [records._write_record(key, record(n)) for n, key in enumerate(keys)])  # noqa: B023
            fresh = kind(dag=dag, path=Path(folder))
            measured("read", lambda: [fresh._read_record(key) for key in keys])  # noqa: B023
            measured("whether incomplete", lambda: [fresh._filter_incomplete_keys([key]) for key in keys])  # noqa: B023
            print(f"  files: {sum(file.is_file() for file in Path(folder).rglob('*'))}")


if __name__ == "__main__":
    main()
