"""Every block of README and docs: run here, or marked with what it needs and then parsed; links to other sites.

Snakemake's commands are dry runs in ``tests/workflow/test_documented_commands.py``, examples of configs are in
``test_documentation.py``. A comment ``<!-- needs gpu -->`` above a block says that no test can run it.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl
import pytest
from documentation import COMMAND_LANGUAGES, ROOT, Block, Page, page_paths

BLOCKS = [block for path in page_paths() for block in Page(path).marked_blocks]
COMMANDS = [block for block in BLOCKS if block.language in COMMAND_LANGUAGES]
#: What a test of this machine may lack: a GPU, Slurm, the hub or an index, hours, the environment of inspect_ai.
NEEDS = {"gpu", "slurm", "network", "hours", "inspect_ai", "results"}
LANGUAGES = {*COMMAND_LANGUAGES, "text", "yaml", "json", "python", "snakemake"}
#: Dry runs by Snakemake's command line, and by make.
DRY = {"snakemake", "make"}
#: The sites that pages link to. A new one is a decision: it may move or vanish.
HOSTS = {"arxiv.org", "download.pytorch.org", "github.com", "inspect.aisi.org.uk", "keepachangelog.com", "semver.org"}


def commands(block: Block) -> list[list[str]]:
    """The commands of a block as words, those behind a pipe and behind ``&&`` too."""
    found = []
    for line in block.script.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if set(word) <= set("|&;"):
                found += [words] if words else []
                words = []
            else:
                words.append(word)
    return found


def problem_of(words: list[str], root: Path = ROOT) -> str | None:
    """What is wrong with a command that is not run, as far as its words tell."""
    program = words[0]
    if program.endswith("/activate") or program == "source":
        return None if words[-1].startswith(".venv") else f"no environment of this project: {words[-1]}"
    if "/" in program and not program.startswith(".venv"):
        file = root / program
        return None if file.is_file() and os.access(file, os.X_OK) else f"no program: {program}"
    scripts = [word for word in words if word.endswith(".py")]
    if re.fullmatch(r"(\.venv/bin/)?python3?", program) and scripts:
        return options_problem(root / scripts[0], [word for word in words if word.startswith("--")])
    return None


def options_problem(script: Path, given: list[str]) -> str | None:
    """An option that neither a script nor the library's modules declare, or that there is no script."""
    if not script.exists():
        return f"no script: {script.name}"
    text = script.read_text() if script.is_file() else "".join(file.read_text() for file in script.glob("*.py"))
    shared = (ROOT / "src/scale_or_reason/study/shared_options.py").read_text()
    known = set(re.findall(r'"(--[a-z-]+)"', text + shared))
    unknown = [option for option in given if option.partition("=")[0] not in known]
    return f"{script.name} has no {unknown[0]}" if unknown else None


def test_every_block_names_its_language_and_what_it_needs() -> None:
    assert [(block.where, block.language) for block in BLOCKS if block.language not in LANGUAGES] == []
    assert [(block.where, block.needs) for block in BLOCKS if block.needs and block.needs not in NEEDS] == []
    assert {block.needs for block in BLOCKS} >= {None, "gpu", "slurm", "network"}


def test_a_mark_is_found_in_lists_too(tmp_path: Path) -> None:
    page = Page(tmp_path / "page.md")
    page.path.write_text(
        "text\n\n<!-- needs gpu -->\n```\nmake a \\\nb\n```\n\n1. item\n\n    <!-- needs slurm -->\n    ```sh\n"
        "    $ squeue\n    output\n    ```\n\n<!-- another -->\n```text\nx\n```\n\n"
        "<!-- needs gpu -->\n\ntext\n\n```\ny\n```\n"
    )
    assert [(block.needs, block.language) for block in page.marked_blocks] == [
        ("gpu", ""), ("slurm", "sh"), (None, "text"), (None, ""),
    ]  # fmt: skip
    assert [block.script for block in page.marked_blocks][:2] == ["make a  b\n", "squeue\n"]


def test_blocks_are_shell() -> None:
    """One shell reads all of them; a fault names its block."""
    whole = "".join(
        f"block_{number}() {{\n: {block.where}\n{block.script}}}\n" for number, block in enumerate(COMMANDS)
    )
    done = subprocess.run(["bash", "-n"], input=whole, capture_output=True, text=True)
    assert done.stderr == ""
    broken = subprocess.run(["bash", "-n"], input="f() {\nmake 'x\n}\n", capture_output=True, text=True)
    assert "unexpected EOF" in broken.stderr


@pytest.mark.parametrize("block", COMMANDS, ids=lambda block: block.where)
def test_a_command_has_a_test_or_a_mark(block: Block) -> None:
    """Without a mark, Snakemake or make makes a dry run of it, or :func:`test_other_commands_run` runs it."""
    found = commands(block)
    assert found
    assert [problem for words in found if (problem := problem_of(words))] == []
    if block.needs is None:
        others = [" ".join(words) for words in found if words[0] not in {*DRY, "echo"}]
        assert set(others) <= set(RUN), others


#: Commands besides Snakemake's and make's that a test runs, as they stand in the pages.
RUN = {
    "find results/NAME -name .replies -prune -exec rm -r {} +",
    "source .venv/bin/activate",
    "python -c import polars; print(polars.read_parquet('results/micro/benchmarks/gsm8k.parquet')['item_id'][0])",
    # what xargs starts is a dry run of its own
    "xargs snakemake -c2 -- < results/v2/damaged/targets.txt",
    "tail -1",
    "complete -o default -W $(snakemake --list-target-rules --quiet 2> /dev/null | cut -d' ' -f1) snakemake",
}


def test_other_commands_run(tmp_path: Path) -> None:
    """In one shell, in a folder with what they read."""
    benchmarks = tmp_path / "results/micro/benchmarks"
    benchmarks.mkdir(parents=True)
    pl.DataFrame({"item_id": ["the-first"]}).write_parquet(benchmarks / "gsm8k.parquet")
    replies = tmp_path / "results/NAME/answers/.replies"
    replies.mkdir(parents=True)
    (replies / "log").touch()
    (replies.parent / "kept").touch()
    (tmp_path / "results/v2/damaged").mkdir(parents=True)
    (tmp_path / "results/v2/damaged/targets.txt").write_text("results/a.parquet\nresults/b.json\n")
    tools = tmp_path / ".venv/bin"
    tools.mkdir(parents=True)
    (tools / "activate").write_text(f'PATH="{tools}:{Path(sys.executable).parent}:$PATH"\n')
    (tools / "snakemake").write_text('#!/bin/sh\necho "snakemake $*"\necho "figures (All figures.)"\n')
    (tools / "snakemake").chmod(0o755)
    scripts = [block.script for block in COMMANDS if block.needs is None]
    lines = {line for script in scripts for line in script.splitlines()}
    chosen = [line for line in sorted(lines) if re.match("find|echo|xargs|python|complete", line)]
    program = "\n".join(["set -e", "source .venv/bin/activate", *chosen, "complete -p snakemake"])
    done = subprocess.run(["bash", "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "the-first" in done.stdout and "snakemake -c2 -- results/a.parquet results/b.json" in done.stdout
    assert "\nfigures' snakemake" in done.stdout
    assert not replies.exists() and (tmp_path / "results/NAME/answers/kept").exists()
    assert (tmp_path / "calibrated.yaml").read_text() == "plan: {calibrate_from: pilot}\n"


def test_make_commands_are_dry_runs() -> None:
    """One make reads the recipes of all documented targets; `venv` would look at the machine."""
    used = {words[1] for block in COMMANDS for words in commands(block) if words[0] == "make"}
    assert {"demo", "test"} <= used
    done = subprocess.run(["make", "-n", *sorted(used)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "No rule" in subprocess.run(["make", "-n", "demos"], cwd=ROOT, capture_output=True, text=True).stderr


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("python workflow/scripts/verify_study.py --results x", None),
        ("python workflow/scripts/verify_study.py --folder x", "verify_study.py has no --folder"),
        ("python workflow/scripts/verify.py", "no script: verify.py"),
        ("profiles/slurm/controller.sh --profile profiles/slurm", None),
        ("profiles/slurm/control.sh", "no program: profiles/slurm/control.sh"),
        ("source venv/bin/activate", "no environment of this project: venv/bin/activate"),
    ],
)
def test_a_wrong_command_is_found(line: str, problem: str | None) -> None:
    assert problem_of(shlex.split(line)) == problem


@pytest.mark.parametrize("path", page_paths(), ids=lambda path: str(path.relative_to(ROOT)))
def test_scripts_within_text_have_their_options(path: Path) -> None:
    spans = [span for span in Page(path).code_spans if re.match(r"(python3?|make|snakemake) ", span)]
    assert [problem for span in spans if (problem := problem_of(shlex.split(span)))] == []


def test_blocks_in_other_languages_are_whole() -> None:
    for block in BLOCKS:
        if block.language == "json":
            assert all(isinstance(json.loads(line), dict) for line in block.content.splitlines()), block.where
        elif block.language == "python":
            tree = compile(block.content, block.where, "exec", ast.PyCF_ONLY_AST)
            if block.needs is None:
                exec(compile(tree, block.where, "exec"), {})


def test_links_to_other_sites_are_known() -> None:
    """No test has a network: the form of an address and its site are checked."""
    links = {(path.name, link) for path in page_paths() for link in Page(path).links if re.match(r"[a-z]+:", link)}
    parts = {(page, link): urlsplit(link) for page, link in links}
    assert [link for link, part in parts.items() if part.scheme != "https" or part.hostname not in HOSTS] == []
    assert not [link for link in parts if re.search(r"[\s<>]|[.,;:]$", link[1])]
    assert {part.hostname for part in parts.values()} <= HOSTS


@pytest.mark.long
def test_links_to_other_sites_answer() -> None:
    """With a network: ``pytest -m long tests/unit/test_documented_blocks.py``."""
    import socket
    import urllib.request

    try:
        socket.getaddrinfo("github.com", 443)
    except OSError:
        pytest.skip("no network")
    links = {link for path in page_paths() for link in Page(path).links if link.startswith("https:")}
    for link in sorted(links):
        request = urllib.request.Request(link, method="HEAD", headers={"User-Agent": "Mozilla/5.0"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200, link
