"""Which learning rate is chosen, which one a mixture takes, and what a search trains on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import run_script

from scale_or_reason.common.errors import StudyError
from scale_or_reason.data.mixtures import search_samples
from scale_or_reason.study.learning_rates import rate_at
from scale_or_reason.training.learning_rate_search import Trial, best_trial, remark

LOSSES = st.one_of(st.none(), st.sampled_from([0.5, 0.7, 0.9]))


def trial(rate: float, loss: float | None, answer_format: str = "ift") -> Trial:
    return Trial("s", answer_format, rate, loss, None if loss is not None else "the loss is nan at step 3 of 9")


def test_the_lowest_loss_wins_and_of_equal_ones_the_lower_rate():
    assert best_trial([trial(1e-3, 0.7), trial(1e-4, 0.5), trial(1e-5, 0.9)]).learning_rate == 1e-4
    assert best_trial([trial(1e-3, 0.5), trial(1e-4, 0.5), trial(1e-2, None)]).learning_rate == 1e-4


@given(st.lists(LOSSES, min_size=1, max_size=7))
def test_what_diverged_is_never_chosen(losses):
    trials = [trial(10.0**-i, loss) for i, loss in enumerate(losses)]
    if any(losses):
        assert best_trial(trials).held_out_loss == min(loss for loss in losses if loss is not None)
    else:
        with pytest.raises(StudyError, match="all trials of the learning-rate search diverged") as caught:
            best_trial(trials)
        assert "1: the loss is nan at step 3 of 9" in str(caught.value)


def test_a_choice_at_the_edge_of_the_grid_is_remarked():
    trials = [trial(1e-3, 0.5), trial(1e-4, 0.7), trial(1e-5, 0.9)]
    assert "highest rate of the grid" in str(remark(trials[0], trials))
    assert "lowest rate of the grid" in str(remark(trials[2], trials))
    assert remark(trials[1], trials) is None
    assert remark(trials[0], trials[:1]) is None


@pytest.mark.parametrize(
    ("ratio", "rule", "rate"),
    [(0, "reasoning", 1.0), (1, "ift", 3.0), (0.5, "ift", 1.0), (0.25, "reasoning", 3.0), (0.25, "interpolate", 1.5)],
)
def test_the_rate_of_a_mixture(ratio, rule, rate):
    assert rate_at({"ift": 1.0, "reasoning": 3.0}, ratio, rule) == rate


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 5), st.randoms(use_true_random=False))
def test_held_out_questions_are_no_others_samples_and_the_same_for_both_formats(samples, held_out, seed, random):
    ids = [f"q{i}" for i in range(40)]
    made = search_samples(pl.Series(ids), "ift", samples, held_out, seed)
    assert (made[0].height, made[1].height) == (samples, held_out)
    assert len(set(made[0]["prompt_id"]) | set(made[1]["prompt_id"])) == samples + held_out
    random.shuffle(ids)
    again = search_samples(pl.Series(ids), "reasoning", samples, held_out, seed)
    for one, other in zip(made, again, strict=True):
        assert one["prompt_id"].to_list() == other["prompt_id"].to_list()
        assert (set(one["format"]), set(other["format"])) == ({"ift"}, {"reasoning"})


def test_another_seed_holds_out_other_questions():
    ids = pl.Series([f"q{i}" for i in range(200)])
    held_out = [set(search_samples(ids, "ift", 100, 50, seed)[1]["prompt_id"]) for seed in (0, 1)]
    assert held_out[0] != held_out[1]


def test_too_few_pairs_are_an_error():
    with pytest.raises(StudyError, match="too few pairs for the search"):
        search_samples(pl.Series(["a", "b"]), "ift", 2, 1, 0)


def choose(root: Path, folder: Path, trials: list[Trial]) -> subprocess.CompletedProcess[str]:
    files = []
    for number, one in enumerate(trials):
        files.append(folder / f"{number}.json")
        files[-1].write_text(json.dumps({**vars(one), "steps": 9, "manifest": {}}))
    options = ["--trials", *files, "--output", folder / "rates.json", "--csv", folder / "trials.csv"]
    return run_script(root / "workflow/scripts/choose_learning_rates.py", *options)


@pytest.mark.slow
def test_the_script_writes_rates_and_trials(root: Path, tmp_path: Path):
    trials = [trial(1e-3, None), trial(1e-4, 0.7), trial(1e-5, 0.9)]
    trials += [trial(rate, loss, "reasoning") for rate, loss in ((1e-3, 0.2), (1e-4, 0.4))]
    done = choose(root, tmp_path, trials)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "rates.json").read_text()) == {"ift": 1e-4, "reasoning": 1e-3}
    table = pl.read_csv(tmp_path / "trials.csv")
    assert table.height == 5
    assert table.filter("chosen").select("format", "learning_rate").rows() == [("ift", 1e-4), ("reasoning", 1e-3)]
    assert table.filter(pl.col("diverged").is_not_null())["learning_rate"].to_list() == [1e-3]
    assert "s ift 0.001: the loss is nan at step 3 of 9\n" in done.stderr
    assert "s reasoning 0.001: held-out loss 0.2000 <- chosen (the highest rate of the grid" in done.stderr


@pytest.mark.slow
def test_the_script_says_so_if_nothing_works(root: Path, tmp_path: Path):
    done = choose(root, tmp_path, [trial(1e-3, None)])
    assert done.returncode == 2
    assert "all trials of the learning-rate search diverged" in done.stderr and "add lower rates" in done.stderr
    assert not (tmp_path / "rates.json").exists()
