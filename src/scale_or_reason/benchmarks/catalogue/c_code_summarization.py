"""CCSD (Liu et al., ICLR 2021): summarise a C function in a sentence. Not on the hub; read from a JSONL file."""

from __future__ import annotations

from scale_or_reason.benchmarks.base import Benchmark, Question, Row, text_of
from scale_or_reason.benchmarks.instructions import BOX


def read(row: Row) -> Question:
    return Question(f"```c\n{text_of(row, 'function')}\n```", [text_of(row, "summary")])


BENCHMARK = Benchmark(
    name="c_code_summarization",
    domain="Code",
    style="OE",
    instruction=f"Describe in one short sentence what the following C function does. {BOX}",
    hub=None,
    pool=None,
    columns=("function", "summary"),
    read=read,
    grader="text",
    remedy="get c_functions_all_data.jsonl.gz from github.com/shangqing-liu/CCSD-benchmark-for-code-summarization, "
    "unpack it as DIR/c_code_summarization.jsonl (columns file_path, function, summary) and prepare this benchmark "
    "with kind jsonl and path DIR, or remove it from the study",
)
