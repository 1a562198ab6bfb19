"""Runs of Snakemake that cannot start end with one error instead of a traceback."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from snakemake_logger_plugin_terse.start import check_start, complaint

RUN = "/bin/snakemake"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """That of a run in a folder of its own, with a cache folder."""
    (tmp_path / "work" / "config" / "studies").mkdir(parents=True)
    (tmp_path / "work" / "config" / "studies" / "micro.yaml").touch()
    monkeypatch.chdir(tmp_path / "work")
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME"])
def test_a_cache_folder_that_cannot_be_made(variable: str, environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    blocked = {"HOME": str(tmp_path / "file"), variable: str(tmp_path / "file")}
    error = str(complaint([RUN, "-n"], blocked))
    for line in ("Snakemake's cache folder", f"key: {variable}", "found: Not a directory", "XDG_CACHE_HOME=FOLDER"):
        assert line in error
    assert complaint([RUN, "-n"], blocked | environment) is None
    assert (tmp_path / "cache" / "snakemake").is_dir()
    for words in (["/bin/pytest"], [RUN, "--help"], ["snakemake", "--runtime-source-cache-path", "x"], []):
        assert complaint(words, blocked) is None


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--configfile", "config/studies/micor.yaml", "--", "all"], "config/studies/micor.yaml"),
        (["--configfile=config/studies/micor.yaml"], "config/studies/micor.yaml"),
        (["-n", "--configfiles", "config/studies/micro.yaml", "studies/micro.yaml", "-c2"], "studies/micro.yaml"),
    ],
)
def test_a_misspelt_overlay(words: list[str], found: str, environment: dict[str, str]) -> None:
    error = complaint([RUN, *words], environment)
    assert error is not None and (error.found, error.remedy) == (found, "did you mean 'config/studies/micro.yaml'?")


def test_a_pipe_is_an_overlay_and_a_folder_is_none(environment: dict[str, str]) -> None:
    os.mkfifo("pipe")
    assert complaint([RUN, "--configfile", "pipe"], environment) is None
    error = complaint([RUN, "--configfile", "config"], environment)
    assert error is not None and error.found == "config"


def test_a_target_among_the_overlays(environment: dict[str, str]) -> None:
    error = complaint([RUN, "--configfile", "config/studies/micro.yaml", "xyz"], environment)
    assert error is not None and error.found == "xyz" and "behind `--`" in str(error)
    assert complaint([RUN, "--configfile", "config/studies/micro.yaml", "--", "all"], environment) is None
    assert complaint([RUN, "--mode", "subprocess", "--configfile", "xyz"], environment) is None  # the program of a job


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_working_folder_without_room(
    number: int, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(path: Path, content: bytes) -> int:
        path.touch()
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    monkeypatch.setattr("sys.argv", [RUN, "-n"])
    with pytest.raises(SystemExit) as caught:
        check_start()
    said = str(caught.value.code)
    assert said.startswith("error: the operating system refuses") and os.strerror(number) in said
    assert (
        "what to do: " in said and f"file: {Path.cwd()}/.snakemake" in said and not list(Path(".snakemake").iterdir())
    )


def test_the_working_folder_is_the_chosen_one(environment: dict[str, str]) -> None:
    assert complaint([RUN, "--directory", "other", "-n"], environment) is None
    assert list(Path("other/.snakemake").iterdir()) == [] and not Path(".snakemake").exists()
    Path("file").touch()
    assert complaint([RUN, "-n"], environment) is None and list(Path(".snakemake").iterdir()) == []
