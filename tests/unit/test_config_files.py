"""Config files that cannot be read, and YAML aliases that stand for endlessly many values."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from configs import load
from hypothesis import given
from hypothesis import strategies as st
from made_results import ROOT

from scale_or_reason.common.errors import StudyError
from scale_or_reason.preflight import config_files
from scale_or_reason.preflight.config_files import MOST_VALUES, check_readable, check_size


@pytest.mark.parametrize(
    ("make", "found", "remedy"),
    [
        (Path.mkdir, "Is a directory", "correct the path"),
        (lambda path: path.symlink_to("nowhere"), "No such file", "correct the path"),
        (lambda path: path.write_bytes("study: {name: café}".encode("latin-1")), "can't decode byte 0xe9", "as UTF-8"),
        (lambda path: path.write_bytes("study: {}".encode("utf-16")), "can't decode byte 0xff", "as UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make, found: str, remedy: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path("config.yaml"))
    with pytest.raises(StudyError, match="the config file cannot be read") as caught:
        check_readable(Path("config.yaml"))
    assert (caught.value.where, caught.value.expected) == ("config.yaml", "a text file in UTF-8")
    assert found in str(caught.value.found) and remedy in str(caught.value.remedy)


def test_a_file_without_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")  # root may read everything

    monkeypatch.setattr(config_files, "open", refuse, raising=False)
    with pytest.raises(StudyError, match="found: Permission denied"):
        check_readable("config.yaml")


def laughs(levels: int, width: int, opened: str, closed: str, item: str) -> str:
    lines = ["a0: &a0 [x, x]"]
    for level in range(1, levels + 1):
        items = ", ".join(item.format(number) + f"*a{level - 1}" for number in range(width))
        lines.append(f"a{level}: &a{level} {opened}{items}{closed}")
    return "\n".join(lines)


@pytest.mark.slow
@given(st.integers(1, 12), st.integers(1, 9), st.booleans())
def test_aliases_count_as_if_they_were_written_out(levels: int, width: int, of_maps: bool) -> None:
    text = laughs(levels, width, *(("{", "}", "k{}: ") if of_maps else ("[", "]", "")))
    sizes = [3]  # a list of two
    while len(sizes) <= levels:
        sizes.append(1 + width * sizes[-1])
    too_many = [f"a{level}" for level, count in enumerate(sizes) if count > MOST_VALUES]
    config = yaml.safe_load(text)
    if not too_many:
        check_size(config, [])
        return
    with pytest.raises(StudyError, match="the config has too many values") as caught:
        check_size(config, [])
    assert caught.value.key == too_many[0]


def test_an_alias_inside_of_its_anchor_is_named_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("engine: {}\nstudy:\n  students: &s [a, *s]\n")
    with pytest.raises(StudyError) as caught:
        check_size(yaml.safe_load(Path("mine.yaml").read_text()), ["mine.yaml"])
    assert (caught.value.where, caught.value.key) == ("mine.yaml, line 2", "study")
    assert "aliases" in str(caught.value.remedy)


@pytest.mark.slow
@pytest.mark.parametrize("study", [path.stem for path in sorted((ROOT / "config" / "studies").glob("*.yaml"))])
def test_the_shipped_configs_are_far_below_the_limit(study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_files, "MOST_VALUES", MOST_VALUES // 100)
    check_size(load(ROOT, study), [])
