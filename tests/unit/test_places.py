"""Where to look at the end of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from scale_or_reason.study.places import places

ADVICE = [f"results/papers/advice/{name}" for name in ("advice.csv", "advice.txt", "regions.pdf")]
STUDY = ["results/a/explorer.html", "results/a/tables/x.csv", "results/a/tables/y.csv"]
FIGURES = ["results/a/figures/v2/fig02.pdf", "results/a/figures/v1/fig02.pdf"]
PAGE = "results/a/inspect/items/gsm8k/1.html"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (ADVICE, ["results/papers/advice/"]),
        ([*STUDY, *FIGURES], ["results/a/figures/", "results/a/tables/", "results/a/explorer.html"]),
        ([PAGE], [PAGE]),
        (
            ["results/a/models/one", "results/a/models/two", *STUDY[:1]],
            ["results/a/explorer.html", "results/a/models/"],
        ),
        (["elsewhere.txt", "results/a"], []),
    ],
)
def test_few_places_stand_for_many_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[str], expected: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert places(files) == []
    for file in files:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).touch()
    assert places(files) == expected
