"""Rules and programs agree on options."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from pathlib import Path

import pytest
from workflow_tree import MICRO, Tree

from scale_or_reason.study import shared_options

pytestmark = pytest.mark.workflow


Options = dict[str, bool]


def declared(source: ast.AST) -> Options:
    """The options that ``add_argument`` declares in the source: whether each is required."""
    options: Options = {}
    for call in ast.walk(source):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "add_argument":
            required = any(
                word.arg == "required" and getattr(word.value, "value", False) is True for word in call.keywords
            )
            options |= {word.value: required for word in call.args if isinstance(word, ast.Constant)}
    return options


def inherited(script: ast.AST) -> Options:
    """The options of the parents that a program's source names: whether each is required."""
    options: Options = {}
    for call in ast.walk(script):
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("shared_options."):
            arguments = [getattr(word, "value", 0) for word in call.args]
            parent = getattr(shared_options, ast.unparse(call.func).partition(".")[2])(*arguments)
            # usage puts brackets around optional ones
            found = re.findall(r"(\[?)(--[a-z-]+)", parent.format_usage())
            options |= {option: not bracket for bracket, option in found}
    return options


#: Where the options are declared that several programs share.
SHARED = {
    "add_engine_options": "inference/command_line.py",
    "add_source_options": "data/source_options.py",
    "add_recipe": "training/trainer/command.py",
}
PARENTS = [name for name, value in vars(shared_options).items() if inspect.isfunction(value) and name[0] != "_"]
#: How many programs each study runs: none may be overlooked.
PROGRAMS = {"micro": 25 + 5 + 2, "v1": 21 + 3 + 2, "single_gpu": 17 + 2, "gemma": 19 + 2 + 2}
#: What a study makes only for whoever asks for it.
PAGES = ("items/gsm8k/1.html", "prompts/general/0123456789abcdef.html")
OVERLAYS = {
    "micro": "{students: {micro-0.07M: {learning_rate: search}}, benchmarks: {samples_per_item: {gsm8k: 2}},"
    " study: {thinking_budgets: {tokens: [16, 32]}, votes: {samples_per_item: 4, ratios: [0, 1]},"
    " hybrid_students: {ratios: [0.5]}},"
    " compute: {warm_start: true, jobs: {cpu_small: {threads: 2}}}}",
}
#: What tells a program with these libraries.
WARM = {
    "add_engine_options": "engine",
    "add_recipe": "trainer",
    "inference.tokenizers import": "trainer",
    "scale_or_reason.reporting.figures": "analysis",
    "scale_or_reason.analysis": "analysis",
}
Commands = dict[str, set[str]]
STUDIES = {
    "micro": MICRO,
    "v1": ("config/studies/v1.yaml",),
    "single_gpu": ("config/studies/single_gpu.yaml",),
    "gemma": ("config/studies/gemma.yaml",),
}


@pytest.fixture(scope="module", params=STUDIES)
def commands(tree: Tree, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """For each program, the sets of options that rules give it in a study."""
    overlay = tmp_path_factory.mktemp("overlay") / "search.yaml"
    overlay.write_text(OVERLAYS.get(request.param, "{}"))
    study = (*STUDIES[request.param], str(overlay))
    views = [f"results/{request.param}/inspect/{view}" for view in PAGES]
    output = tree.snakemake("-n", "-p", "--cores=2", "--quiet=reason", "all", *views, study=study).stdout
    found: dict[str, set[str]] = {}
    for line in re.findall(r"^Shell command: (?:exec )?(python .*?) &> ", output, re.M):
        words = shlex.split(line)
        # the last one: torchrun.py comes before what it starts
        script = [word for word in words if word.startswith("workflow/scripts/")][-1]
        own = [word for word in words[words.index(script) :] if word.startswith("--")]
        if request.param == "micro":
            check_warm_start(words, (tree.path / script).read_text())
        found.setdefault(script, set()).add(" ".join(own))
    assert len(found) == PROGRAMS[request.param]
    return found


def check_warm_start(words: list[str], program: str) -> None:
    """Fail if a program with an engine or a trainer would import its libraries anew, with one model or with several."""
    if "--processes" in words:  # which cannot import the script of a fork
        assert words[words.index("--processes") + 1] == "2" and words[1] != "workflow/scripts/warm_start.py", words[:4]
    for text, kind in WARM.items():
        if text in program:
            assert words[1:3] == ["workflow/scripts/warm_start.py", kind], words[:4]


def test_programs_know_the_options_that_rules_give_them(commands: Commands, root: Path) -> None:
    for script, lines in commands.items():
        text = (root / script).read_text()
        source = ast.parse(text)
        options = declared(source) | inherited(source)
        for word, file in SHARED.items():
            if word in text:
                options |= declared(ast.parse((root / "src" / "scale_or_reason" / file).read_text()))
        required = {name for name, needed in options.items() if needed}
        for line in lines:
            given = set(line.split())
            assert given <= set(options) | {name.replace("--", "--no-", 1) for name in options}, script
            assert required <= given, script


@pytest.mark.parametrize("name", PARENTS)
def test_parents_of_parsers_are_shared(name: str, root: Path) -> None:
    scripts = [file.read_text() for file in (root / "workflow" / "scripts").glob("*.py")]
    uses = sum(f"shared_options.{name}(" in text for text in scripts)
    uses += len(re.findall(rf"(?<!def )\b{name}\(", inspect.getsource(shared_options)))
    assert uses > 1
