"""README, docs/ and config/README.md: links, anchors, examples and make targets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from configs import load
from documentation import ROOT, Page, broken_links, make_targets, page_paths, slug

from scale_or_reason.benchmarks.own import VARIABLE, read_own, use_own_files
from scale_or_reason.common.errors import StudyError
from scale_or_reason.preflight.validation import check_config

PAGES = [Page(path) for path in page_paths()]
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.json"


def name_of(page: Page) -> str:
    return str(page.path.relative_to(ROOT))


def merged(config: dict, overlay: dict) -> dict:
    """``config`` under ``overlay``, as Snakemake merges them."""
    result = dict(config)
    for key, value in overlay.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading(page):
    assert broken_links(page) == []


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_headings_have_anchors_of_their_own(page):
    repeated = {anchor for anchor in page.anchors if page.anchors.count(anchor) > 1}
    # a changelog repeats "Added" and "Changed" in every version
    assert not repeated or page.path.name == "CHANGELOG.md"


def test_broken_links_are_found(tmp_path):
    (tmp_path / "there.md").write_text("# One heading\n")
    page = Page(tmp_path / "page.md")
    page.path.write_text(
        "# A page\n\n[a](there.md) [b](there.md#one-heading) [c](#a-page) [d](https://example.org/x) ![e](there.md)\n\n"
        "[f](gone.md) [g](there.md#two) [h](#b-page) [i](/there.md) [j](..) ![k](gone.png) `[l](gone.md)`\n\n"
        "| a | b |\n|---|---|\n| [m](gone.csv) | `x` |\n\n```\n[n](gone.md)\n```\n"
    )
    assert broken_links(page, tmp_path) == [
        "gone.md", "there.md#two", "#b-page", "/there.md", "..", "gone.png", "gone.csv",
    ]  # fmt: skip


def test_anchors_are_those_of_github():
    # from GitHub's own rendering of such headings
    assert slug("Where do I change X?") == "where-do-i-change-x"
    assert slug("The published 70,000 GPU-hours") == "the-published-70000-gpu-hours"
    assert slug("The papers' own tables") == "the-papers-own-tables"


def test_every_page_is_listed():
    """The overview and the site's navigation name every page."""
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    in_navigation = re.findall(r"[\w/-]+\.md", yaml.safe_dump(site["nav"]))
    assert sorted(in_navigation) == sorted(map(name_of, PAGES))
    index = Page(ROOT / "docs" / "index.md")
    listed = {(index.path.parent / link).resolve() for link in index.links}
    assert {page.path for page in PAGES} - listed <= {index.path, ROOT / "CHANGELOG.md"}


def test_make_commands_name_targets():
    used = {words[1] for page in PAGES for words in page.commands if words[0] == "make"}
    used |= {target for page in PAGES for target in re.findall(r"`make ([a-z-]+)", page.path.read_text())}
    assert used
    assert used <= make_targets()


def test_the_reference_lists_every_make_target():
    documented = set(re.findall(r"`make ([a-z-]+)", (ROOT / "docs" / "reference" / "commands.md").read_text()))
    assert make_targets() - {"help", "venv"} == documented


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "block"),
    [(page, block) for page in PAGES for block in page.blocks("yaml")],
    ids=lambda value: value.split("\n", 1)[0] if isinstance(value, str) else name_of(value),
)
def test_an_example_of_a_config_is_valid(page, block, tmp_path, monkeypatch):
    """Beside the files that its page has a reader write; a file of a benchmark is an example of its own."""
    for name, content in page.files.items():
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    if "instruction" in yaml.safe_load(block):
        (name,) = [name for name, content in page.files.items() if content == block]
        read_own("example", Path(name))
        return
    whole = merged(load(ROOT), yaml.safe_load(block))
    monkeypatch.setenv(VARIABLE, "{}")
    use_own_files(whole)
    check_config(whole, SCHEMA, [str(ROOT / "config" / "config.yaml")])


def test_an_invalid_example_would_be_found():
    config = load(ROOT)
    with pytest.raises(StudyError):
        check_config(merged(config, {"study": {"student": ["Qwen2.5-3B"]}}), SCHEMA, ["config/config.yaml"])


@pytest.mark.parametrize("folder", ["src", "workflow", "config", "profiles", "tests", "envs"])
def test_pages_that_code_names_exist(folder):
    kinds = {".py", ".smk", ".yaml", ".rst", ".in", ".jinja"}
    files = [path for path in Path(ROOT, folder).rglob("*") if path.suffix in kinds]
    named = {
        (str(path.relative_to(ROOT)), name)
        for path in files
        for name in re.findall(r"docs/[\w/-]+\.md", path.read_text(encoding="utf-8"))
    }
    assert [(path, name) for path, name in sorted(named) if not (ROOT / name).is_file()] == []


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_a_page_names_exist(page):
    """Paths from the project's folder or, in short, from the library's; NAME and the like stand for any name."""
    library = ROOT / "src" / "scale_or_reason"
    tops = {path.name for folder in (ROOT, library) for path in folder.iterdir() if path.is_dir()} - {"results"}
    # a file or, with a slash at the end, a folder
    named = {span for span in page.code_spans if re.fullmatch(r"[\w-]+/([\w.-]+/)*([\w.-]+\.[a-z]+)?", span)}
    paths = {span for span in named if span.partition("/")[0] in tops and not re.search("[A-Z]{3}", span)}
    assert [span for span in sorted(paths) if not (ROOT / span).exists() and not (library / span).exists()] == []


def test_tables_in_pages_are_those_that_rules_write(root: Path) -> None:
    rules = "\n".join(file.read_text() for file in sorted((root / "workflow/rules").glob("*.smk")))
    written = set(re.findall(r"/tables/(\w+)\.(?:csv|parquet)", rules))
    pages = [root / "README.md", *(root / "docs").rglob("*.md")]
    for page in pages:
        unknown = set(re.findall(r"\btables/(\w+)\.(?:csv|parquet)", page.read_text())) - written
        assert not unknown, f"{page} names tables that no rule writes: {sorted(unknown)}"
    rows = (root / "docs/reference/results.md").read_text().partition("\n## Tables\n")[2].partition("\n### ")[0]
    listed = {name for cell in re.findall(r"^\| (`.*?) \|", rows, re.M) for name in re.findall(r"`(\w+)`", cell)}
    assert listed - written == set()
    assert {"scores", "job_timings", "resource_usage"} <= listed
