"""The explorer's page: one file without dependencies, in which no text can act as code."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import polars as pl
import pytest
from full_grid import FAMILIES as WHOLE_FAMILIES
from full_grid import SIZES as WHOLE_SIZES
from full_grid import results
from hypothesis import given
from hypothesis import strategies as st
from made_explorer import IFT, MANIFEST, NASTY, SIZES, STYLE, costs, data, estimate, estimates, place, scores, task
from programs import call

from scale_or_reason.analysis.contrasts import uncertainty
from scale_or_reason.common.tables import write_table
from scale_or_reason.reporting.explorer.data import explorer_data
from scale_or_reason.reporting.explorer.manifest_summary import manifest_summary
from scale_or_reason.reporting.explorer.page import SCRIPTS, embedded, page
from scale_or_reason.scoring.evidence import evidence_from_tables


class Parts(HTMLParser):
    """The elements of a page, as a parser of HTML sees them: what loads something, and the texts of the scripts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.loads: list[tuple[str, str | None]] = []
        self.scripts: list[str] = []
        self.policy = ""
        self.title = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._inside = tag
        self.loads += [pair for pair in attrs if pair[0] in ("src", "href", "srcset", "data", "action", "style")]
        if tag == "script":
            self.scripts.append("")
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(attrs)["content"]

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, text):
        if self._inside == "script":
            self.scripts[-1] += text
        if self._inside == "title":
            self.title += text


def test_the_page_is_alone_and_whole():
    content = data(study=NASTY)
    parts = Parts(page(content))
    assert parts.loads == []
    shown, script = parts.scripts
    assert json.loads(shown) == content
    assert parts.title == f"Explorer of the study {NASTY}"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in parts.policy and parts.policy.startswith("default-src 'none'")
    addresses = set(re.findall(r"\b[a-z]+://[^\s\"'`]+", page(content)))
    assert addresses == {"http://www.w3.org/2000/svg"}  # the name of a language, never asked for
    assert "{{" not in page(data())


def test_what_is_put_in_is_not_taken_for_a_template():
    content = data(study="{{data}}{{script}}")
    assert Parts(page(content)).title == "Explorer of the study {{data}}{{script}}"


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda values: st.lists(values) | st.dictionaries(st.text(), values)
    )
)
def test_any_text_can_be_embedded(value):
    text = embedded(value)
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")


def test_numbers_that_json_lacks_are_refused():
    with pytest.raises(ValueError):
        embedded({"value": float("nan")})


def test_every_part_of_the_script_is_in_the_page(root):
    folder = root / "src" / "scale_or_reason" / "reporting" / "explorer" / "script"
    assert sorted(SCRIPTS) == sorted(file.stem for file in folder.glob("*"))


@pytest.mark.slow
def test_the_papers_grid_is_a_page_of_less_than_two_megabytes():
    """122 models on 18 benchmarks, each with settings of its own in both manifests."""
    tables = results().tables
    families = {benchmark: family for family, names in WHOLE_FAMILIES.items() for benchmark in names}
    evidence = evidence_from_tables(tables["scores"], tables["costs"], families, WHOLE_SIZES)
    measured = uncertainty(evidence)
    third = pl.lit(1 / 3)
    bounds = {name: third for name in measured.columns if name.endswith(("_low", "_high")) or name in ("p", "q")}
    summary = [
        manifest_summary(MANIFEST | {"settings": {f"setting_{number}": model for number in range(30)}}, stage, model)
        for model in tables["scores"]["model_id"].unique()
        for stage in ("training", "answers")
    ]
    text = page(
        explorer_data(
            "v2",
            measured.with_columns(**bounds),
            tables["scores"],
            tables["costs"],
            families,
            WHOLE_SIZES,
            3,
            STYLE,
            summary,
        )
    )
    assert len(text.encode()) < 2e6


def test_the_script_reads_tables_and_manifests(root, tmp_path):
    write_table(estimates(estimate(IFT, "easy", accuracy=0.25)), tmp_path / "uncertainty.parquet", "uncertainty")
    write_table(scores(), tmp_path / "scores.parquet", "scores")
    write_table(costs(), tmp_path / "costs.parquet", "costs")
    folder = tmp_path / "models" / IFT.model_id
    folder.mkdir(parents=True)
    settings = {"settings": {"tokens": str(tmp_path / "tokens")}}
    (folder / "manifest.json").write_text(json.dumps(MANIFEST | settings))
    families = [{"name": "Math-OE", "benchmarks": ["easy", "hard"]}, {"name": NASTY, "benchmarks": ["odd"]}]
    options = {
        "--study": "mine",
        "--uncertainty": tmp_path / "uncertainty.parquet",
        "--scores": tmp_path / "scores.parquet",
        "--costs": tmp_path / "costs.parquet",
        "--models": tmp_path / "models",
        "--answers": tmp_path / "answers",
        "--families": json.dumps(families),
        "--sizes": json.dumps(SIZES),
        "--shots": 3,
        "--style": root / "config" / "style.yaml",
        "--output": tmp_path / "explorer.html",
    }
    words = [str(word) for pair in options.items() for word in pair]
    call(root, "build_explorer.py", *words)
    text = (tmp_path / "explorer.html").read_text(encoding="utf-8")
    content = json.loads(Parts(text).scripts[0])
    cell = place(content, IFT)
    assert content["values"]["accuracy"][task(content, "easy")][cell] == 0.25
    assert content["pool"][content["cells"][cell]["manifests"][0]["settings"]] == {"tokens": ".../tokens"}
    assert str(tmp_path) not in text and str(root) not in text and "node17" not in text


def test_the_rule_names_what_the_page_depends_on(root):
    """Else an edit would leave an old page behind."""
    library = root / "src" / "scale_or_reason"
    rule = (root / "workflow" / "rules" / "explorer.smk").read_text()
    named = set(re.findall(r'"([\w/]+)"', rule))
    # how things are named, written and refused, not what the page shows
    plain = {"cells", "errors", "files", "thinking_budgets"}
    for file in (library / "reporting" / "explorer").glob("*.py"):
        for module in re.findall(r"^from scale_or_reason\.([\w.]+) import", file.read_text(), re.M):
            name = module.rpartition(".")[2]
            known = {name, module.replace(".", "/")} & named or name in plain
            assert known or module.startswith("reporting.explorer."), f"{file.name}: {module}"
