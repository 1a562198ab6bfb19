"""Nothing from data is executed: no unpickling, no evaluated text, no remote code; names stay in their folders."""

from __future__ import annotations

import ast
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.reporting.inspect.names import check_name, path_name
from scale_or_reason.study.cells import parse_model_id
from scale_or_reason.study.result_paths import PATTERNS, parse_result_path

ROOT = Path(__file__).resolve().parents[2]
FILES = [file for part in ("src", "workflow", "envs") for file in sorted((ROOT / part).rglob("*.py"))]
#: Calls that can run what they read; ``yaml.load`` only with a safe loader.
FORBIDDEN = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load"),
    *("yaml.full_load", "sympify", "sympy.sympify", "parse_expr", "torch.load", "joblib.load", "shelve.open"),
    *("pickle.load", "pickle.loads", "dill.load", "dill.loads", "cloudpickle.loads", "pandas.read_pickle"),
}
#: Modules that unpickle.
UNPICKLE = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def faults(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [f"line {node.lineno}: import {name}" for name in names if name.partition(".")[0] in UNPICKLE]
        if not isinstance(node, ast.Call):
            continue
        name, options = dotted(node.func), {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        safe = name == "torch.load" and options.get("weights_only") == "True"
        safe |= name == "yaml.load" and "Safe" in options.get("Loader", "") + "".join(map(ast.unparse, node.args[1:]))
        if name in FORBIDDEN and not safe:
            found.append(f"line {node.lineno}: {name}")
        if options.get("trust_remote_code", "False") != "False":
            found.append(f"line {node.lineno}: {name} trusts remote code")
        if options.get("shell", "False") != "False" or options.get("allow_pickle", "False") != "False":
            found.append(f"line {node.lineno}: {name} with a shell or pickles")
        if name.startswith("Auto") and name.endswith(".from_pretrained") and "trust_remote_code" not in options:
            found.append(f"line {node.lineno}: {name} does not say that it trusts no remote code")
    return found


@pytest.mark.parametrize(
    "code",
    [
        *("eval(text)", "exec(text)", "import pickle", "from joblib import load", "torch.load(file)"),
        *("yaml.load(text, Loader=yaml.Loader)", "os.system(text)", "subprocess.run(text, shell=True)"),
        *("AutoTokenizer.from_pretrained(name)", "AutoModel.from_pretrained(name, trust_remote_code=True)"),
        *("np.load(file, allow_pickle=True)", "load_dataset(name, trust_remote_code=trust)"),
    ],
)
def test_the_check_finds(code: str) -> None:
    assert faults(ast.parse(code))


@pytest.mark.slow
def test_nothing_is_executed_or_unpickled() -> None:
    found = [f"{file.relative_to(ROOT)}, {fault}" for file in FILES for fault in faults(ast.parse(file.read_text()))]
    assert len(FILES) > 200 and found == []


HOSTILE = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from(["..", ".", "", "a", "~", "/", "\\", "\0", "con", "seed-0", "rho-1"]), max_size=8).map(
        "/".join
    ),
)


@given(HOSTILE)
def test_the_name_of_an_item_stays_in_its_folder(item: str) -> None:
    try:
        name = path_name(item)
    except UnicodeEncodeError:
        return  # lone surrogates: such rows are dropped when a benchmark is prepared
    assert "/" not in name and "\0" not in name and name not in (".", "..") and not name.startswith(".")
    assert len(name.encode()) <= 255 - len(".html")
    if item:
        assert check_name(name, "inspect") == name


@given(HOSTILE)
def test_a_name_that_leaves_its_folder_is_refused(text: str) -> None:
    try:
        name = check_name(text, "inspect")
    except (StudyError, UnicodeEncodeError):
        return
    assert PurePosixPath(name).name == name and name not in ("..", ".")


@given(HOSTILE, st.sampled_from(sorted(PATTERNS)))
def test_a_path_of_a_result_stays_in_the_results(text: str, kind: str) -> None:
    for path in (
        text,
        PATTERNS[kind].replace("{corpus}", text).replace("{model_id}", text).replace("{benchmark}", text),
    ):
        try:
            _, values = parse_result_path(path)
        except StudyError:
            continue
        assert ".." not in PurePosixPath(path).parts and not path.startswith("/") and "\0" not in path
        assert all(".." not in PurePosixPath(value).parts for value in values.values())


@given(HOSTILE)
def test_a_model_id_stays_below_its_folder(text: str) -> None:
    for model_id in (
        text,
        f"{text}/micro/seq/rho-1/seed-0",
        f"base/{text}/shots-0",
        f"general/{text}/mix/rho-0.5/seed-0",
    ):
        try:
            parsed = parse_model_id(model_id).model_id
        except StudyError:
            continue
        assert ".." not in PurePosixPath(parsed).parts and not parsed.startswith("/") and "\0" not in parsed


@given(HOSTILE.filter(lambda text: not text.isascii() or not text.replace("-", "").replace("_", "").isalnum()))
def test_a_study_is_not_named_after_another_folder(text: str) -> None:
    import json
    import re

    schema = json.loads((ROOT / "workflow" / "schemas" / "config.schema.json").read_text())
    node = schema["properties"]["study"]
    node = schema["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
    pattern = node["properties"]["name"]["pattern"]
    if re.search(pattern, text):
        assert PurePosixPath(text).name == text and not text.startswith(".")
