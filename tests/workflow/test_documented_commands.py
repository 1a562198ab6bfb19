"""Every Snakemake command in README and docs, as a dry run in a copy of the project.

Nothing is computed, so commands for a GPU or a cluster are among them. ``--unlock``, ``--report`` and
``--cleanup-metadata`` need an earlier run, so of these only the options are read.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from documentation import Page, page_paths
from snakemake.cli import parse_args
from workflow_tree import MICRO, Tree, plant

from scale_or_reason.benchmarks.names import BENCHMARK_NAMES

pytestmark = [pytest.mark.workflow]

#: What the pages leave for the reader to fill in.
FILLED_IN = {"ITEM_ID": "an-item", "FOLDER": "rows", "NAME": "micro", "PROJECT": "."}
#: Options of commands that do something else than run jobs.
OTHER_ACTIONS = {"--unlock", "--report", "--cleanup-metadata"}


def documented_commands() -> list[str]:
    """Each command once, as words between tabs, without the option for a dry run."""
    commands = {tuple(words) for path in page_paths() for words in Page(path).commands if words[0] == "snakemake"}
    return sorted({"\t".join(word for word in words[1:] if word != "-n") for words in commands})


def filled_in(word: str) -> str:
    for placeholder, value in FILLED_IN.items():
        word = word.replace(placeholder, value)
    return word


@pytest.fixture(scope="module")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The project with the files that the pages tell a reader to write."""
    tree = plant(root, tmp_path_factory.mktemp("documented"))
    for name, content in Page(root / "docs" / "how-to" / "bring_your_own_prompts.md").files.items():
        (tree.path / name).write_text(content)
    for benchmark in BENCHMARK_NAMES:
        rows = tree.path / "rows" / f"{benchmark}.jsonl"
        rows.parent.mkdir(exist_ok=True)
        rows.touch()
    sheet = tree.path / "results" / "micro" / "labels" / "sheet.csv"  # that a reader has filled in
    sheet.parent.mkdir(parents=True)
    sheet.write_text("model_id,benchmark,item_id,sample,answer_hash,person,label\n")
    for page in (Page(path) for path in page_paths()):
        for words in page.commands:
            if words[0] == "echo" and words[2] == ">":
                (tree.path / words[3]).write_text(words[1] + "\n")
    return tree


@pytest.fixture(scope="module")
def rules(project: Tree) -> dict[str, str]:
    """Everything that can be made by its name, with the sentence that Snakemake lists beside it."""
    listed = project.command("--list-target-rules", "--quiet", "--configfile", *MICRO).stdout.splitlines()
    return {name: sentence for name, _, sentence in (line.partition(" ") for line in listed)}


def test_every_target_is_listed_with_a_sentence(rules):
    assert {"all", "figures", "plan"} <= set(rules)
    sentences = {name: text for name, text in rules.items() if re.fullmatch(r"\([A-Z].*\.\)", text)}
    assert set(rules) == set(sentences)


def test_there_are_commands():
    assert len(documented_commands()) > 15


@pytest.mark.parametrize("command", documented_commands(), ids=lambda command: command.replace("\t", " "))
def test_a_documented_command_works(command, project, rules, monkeypatch):
    monkeypatch.chdir(project.path)
    words = [filled_in(word) for word in command.split("\t") if word]
    _, options = parse_args(words)
    if OTHER_ACTIONS & set(words):
        return
    names = {target for target in options.targets if "/" not in target}
    assert names <= set(rules)
    # the graphs of whole studies take seconds each, and test_graph_presets.py tests them
    words = ["plan" if word in names else word for word in words]
    if not options.targets:
        words += ["--", "plan"]
    project.command("-n", *words)
