"""Hybrid students: their place in a study, what they are trained on, how they are asked, and what they cost."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import pytest
from configs import load
from hypothesis import given, settings
from hypothesis import strategies as st
from made_outcomes import outcome_table, training_costs
from paper_numbers import cost_table, score_table
from test_token_store import STOP, Letters, pairs_of, texts_of

from scale_or_reason.analysis.advice import advice, offers
from scale_or_reason.analysis.advice_words import hybrid_note
from scale_or_reason.analysis.bootstrap import bootstrap
from scale_or_reason.analysis.contrasts import AND_HYBRIDS, contrasts, frontier_table, uncertainty
from scale_or_reason.common.errors import StudyError
from scale_or_reason.data.mixtures import build_mixture
from scale_or_reason.data.token_store import PromptModes, TokenStore, open_tokens, tokenise_pairs
from scale_or_reason.inference.prompt_variants import prompt_variants
from scale_or_reason.inference.requests import ThinkingMode
from scale_or_reason.planning.assumptions import Assumptions
from scale_or_reason.planning.work import Work
from scale_or_reason.preflight.targets import check_targets
from scale_or_reason.preflight.validation import check_config
from scale_or_reason.reporting.explorer.data import trained_as
from scale_or_reason.reporting.figures import accuracy_by_flops
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.inspect.item import prompts
from scale_or_reason.scoring.evidence import Evidence
from scale_or_reason.study.cells import CURRICULA, Cell, HybridCell, NoThink, Think, parse_model_id
from scale_or_reason.study.study import Study
from scale_or_reason.training.chat_templates import MODE_SWITCHES, render_chat
from scale_or_reason.training.sequences import arrange

#: The beginning of an answer in chatml.
END = "<|im_start|>assistant\n"
SCHEMA = Path("workflow/schemas/config.schema.json")
CHOSEN = {"ratios": [0.5], "curricula": ["mix", "seq-reversed"]}


@pytest.fixture
def config(root: Path) -> dict[str, Any]:
    config = load(root)
    config["study"]["hybrid_students"] = deepcopy(CHOSEN)
    return config


# ---- the study ----


def test_both_modes_are_models_and_their_training_is_one(config: dict[str, Any], root: Path) -> None:
    check_config(config, SCHEMA, ["config/config.yaml"])
    study, plain = Study.from_config(config), Study.from_config(load(root))
    assert plain.hybrids() == plain.hybrid_modes() == []
    assert len(study.hybrids()) == 5 * 2 * 2  # students, corpora, curricula
    assert [mode for mode in study.evaluated() if mode not in set(plain.evaluated())] == study.hybrid_modes()
    assert study.trainings() == plain.trainings()
    cell = HybridCell("math", "Qwen2.5-3B", "seq-reversed", 0.5)
    assert cell.modes() == (NoThink(*asdict(cell).values()), Think(*asdict(cell).values()))
    trainings = [study.lineage(model) for model in (cell, *cell.modes())]
    (training,) = trainings[0]
    assert trainings[1] == trainings[2] == (training,)
    assert training.model_id == "math/Qwen2.5-3B/seq-reversed/rho-0.5/hybrid/seed-0"
    # the mixture is that of the student without modes
    assert training.mixture == study.lineage(Cell("math", "Qwen2.5-3B", "seq-reversed", 0.5))[0].mixture
    assert study.announcement().startswith("study v2: 5 students, 120 trainings, 162 models")


@pytest.mark.parametrize(
    ("change", "key", "text"),
    [
        ({"ratios": [0.5, 0]}, "study.hybrid_students.ratios[1]", "needs both modes"),
        ({"ratios": [1]}, "study.hybrid_students.ratios[0]", "above 0 and below 1"),
        ({"ratios": [0.1234567]}, "study.hybrid_students.ratios[0]", "too many digits"),
        ({"ratios": [1e-9]}, "study.hybrid_students.ratios[0]", "too many digits"),
        ({"curricula": []}, "study.hybrid_students.curricula", ""),
        ({"curricula": ["reversed"]}, "study.hybrid_students.curricula[0]", "seq-reversed"),
        ({"mode": "think"}, "study.hybrid_students.mode", ""),
    ],
)
def test_a_wrong_choice_is_refused(config: dict[str, Any], change: dict[str, Any], key: str, text: str) -> None:
    config["study"]["hybrid_students"].update(change)
    with pytest.raises(StudyError) as caught:
        check_config(config, SCHEMA, ["config/config.yaml"])
    assert caught.value.key == key and text in str(caught.value)


def test_a_template_without_a_switch_is_refused(root: Path) -> None:
    config = load(root, "gemma")
    check_config(config, SCHEMA, ["config/config.yaml"])
    config["study"]["hybrid_students"] = CHOSEN
    with pytest.raises(StudyError, match="the chat template has no switch") as caught:
        check_config(config, SCHEMA, ["config/config.yaml"])
    assert str(caught.value.key).endswith(".template") and caught.value.found == "gemma"
    assert "chatml" in str(caught.value.expected) and "hybrid_students.ratios to []" in str(caught.value.remedy)


def test_a_hybrid_of_a_study_without_any_is_refused(config: dict[str, Any]) -> None:
    target = "results/v2/scores/math/Qwen2.5-3B/mix/rho-0.5/hybrid/seed-0/think.parquet"
    check_targets([target], config)
    config["study"]["hybrid_students"]["ratios"] = []
    with pytest.raises(StudyError, match="no hybrid students") as caught:
        check_targets([target], config)
    assert caught.value.key == "study.hybrid_students.ratios"


def test_the_plan_has_one_training_and_one_job_of_answers_for_both_modes(
    config: dict[str, Any], tmp_path: Path
) -> None:
    config["study"] |= {"students": ["Qwen2.5-3B"], "corpora": ["general"], "curricula": ["seq"], "ratios": [0, 1]}
    config["study"] |= {"adaptations": [], "base_shots": [], "hybrid_students": {"ratios": [0.5], "curricula": ["mix"]}}
    study = Study.from_config(config)
    assumed = Assumptions(config, study)
    units = Work(config, study, assumed, tmp_path).units()
    own = [unit for unit in units if "/hybrid" in unit.cell or "hybrid" in unit.rule]
    count = {rule: [unit for unit in own if unit.rule == rule] for rule in {unit.rule for unit in own}}
    assert {rule: len(found) for rule, found in count.items()} == {
        "tokenise_hybrid_pairs": 1,
        "train_hybrid": 1,
        "evaluate_model": 2,
        "judge_answers": 2 * len(study.judges),
        "grade_answers": 2,
    }
    assert len({unit.job for unit in count["evaluate_model"]}) == 1
    assert [unit for unit in units if unit.cell == "general/mix/rho-0.5"]  # the mixture
    # in each mode it answers as a student of that format
    plain, thinking = (assumed.answer_tokens(mode, "gsm8k") for mode in study.hybrid_modes())
    ift, reasoning = (assumed.answer_tokens(cell, "gsm8k") for cell in study.trainings())
    assert (plain, thinking) == (ift, reasoning)
    config["study"] |= {"ratios": [], "curricula": []}
    alone = Work(config, Study.from_config(config), assumed, tmp_path).units()
    assert {"tokenise_hybrid_pairs", "build_pairs", "train_hybrid"} <= {unit.rule for unit in alone}
    assert "tokenise_pairs" not in {unit.rule for unit in alone}


# ---- what it is trained on, and how it is asked ----

MODES = PromptModes({"ift": "-", "reasoning": "+"}, "!?")
WORD = st.text("abc", max_size=6)


def stored(pairs: pl.DataFrame, part: int, modes: PromptModes | None = MODES) -> TokenStore:
    with TemporaryDirectory() as folder:
        tokenise_pairs(pairs.iter_slices(part), Letters(), STOP, {"tokenizer": "letters"}, Path(folder, "t"), modes)
        store = open_tokens(Path(folder, "t"), {"tokenizer": "letters"})
        return TokenStore(np.array(store.tokens), store.counts, store.manifest)


@settings(max_examples=12)
@given(
    texts=st.lists(st.tuples(WORD, WORD, WORD), min_size=1, max_size=9),
    ratio=st.sampled_from([0.25, 0.5, 0.75]),
    curriculum=st.sampled_from(CURRICULA),
    longest=st.integers(2, 25),
    overlong=st.sampled_from(["drop", "truncate"]),
    part=st.integers(1, 4),
)
def test_every_pair_keeps_its_mode(
    texts: list[tuple[str, str, str]], ratio: float, curriculum: str, longest: int, overlong: str, part: int
) -> None:
    pairs = pairs_of(texts)
    mixture = build_mixture(pairs["prompt_id"], curriculum, ratio, seed=0)
    store = stored(pairs, part)
    sequences = arrange(mixture, store, longest, overlong)
    expected, positions = [], []
    for row in mixture.iter_rows(named=True):
        prompt, ift, reasoning = texts[int(row["prompt_id"][1:])]
        asked, answer = (f"<{prompt}+>", reasoning) if row["format"] == "reasoning" else (f"<{prompt}->", f"!?{ift}")
        answer += STOP
        if len(asked) >= longest or (len(asked) + len(answer) > longest and overlong == "drop"):
            continue
        expected.append((asked, answer[: longest - len(asked)]))
        positions.append(row["position"])
    # the loss is on the empty thought, too, and the order is that of the mixture
    assert texts_of(sequences) == expected
    assert sequences.positions.tolist() == positions
    # the same prompts as without a mode, in the same order
    bare = arrange(mixture, stored(pairs, part, None), 10**6, "drop")
    whole = arrange(mixture, store, 10**6, "drop")
    assert [prompt.replace("+>", ">").replace("->", ">") for prompt, _ in texts_of(whole)] == [
        prompt for prompt, _ in texts_of(bare)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"suffixes": {"ift": "-"}, "empty_thought": ""}',
        '{"suffixes": {"ift": "-", "reasoning": "-"}, "empty_thought": ""}',  # nobody could tell the modes apart
        '{"suffixes": {"ift": "", "reasoning": "+"}, "empty_thought": ""}',
        '{"suffixes": {"ift": "-", "reasoning": "+"}}',
        '{"suffixes": {"ift": "-", "reasoning": "+"}, "empty_thought": "", "else": 1}',
    ],
)
def test_modes_that_cannot_be_told_apart_are_refused(text: str) -> None:
    with pytest.raises(StudyError, match="invalid modes of prompts"):
        PromptModes.from_json(text, "--prompt-modes")


def test_prompts_are_those_of_qwen3() -> None:
    """ArXiv 2505.09388, table 9."""
    switch = MODE_SWITCHES["chatml"]
    asked = {}
    for name, values in switch.modes().items():
        asked[name] = render_chat("chatml", ThinkingMode.from_values(values, "test").messages("Why?"))
    assert asked["reasoning"] == "<|im_start|>user\nWhy? /think<|im_end|>\n<|im_start|>assistant\n"
    assert asked["ift"] == "<|im_start|>user\nWhy? /no_think<|im_end|>\n<|im_start|>assistant\n"
    assert switch.empty_thought == "<think>\n\n</think>\n\n"
    # training and evaluation have the same texts
    modes = PromptModes(**switch.as_values())
    for name in ("ift", "reasoning"):
        (prompt,) = modes.prompts(pl.Series(["Why?"]), name)
        assert asked[name] == render_chat("chatml", [{"role": "user", "content": prompt}])


def test_a_suffix_makes_other_replies_and_none_leaves_them_as_they_were() -> None:
    plain = ThinkingMode(system="s", template={"enable_thinking": False})
    # as in manifests and logs from before there were suffixes
    assert plain.settings() == {"system": "s", "template": {"enable_thinking": False}}
    assert ThinkingMode(suffix=" /think").settings() == {"system": None, "template": {}, "suffix": " /think"}
    with pytest.raises(StudyError, match="invalid thinking mode"):
        ThinkingMode.from_values({"suffix": 3}, "test")


CELL = HybridCell("general", "s", "mix", 0.5)


def test_pages_show_the_prompt_of_each_mode() -> None:
    item = {"benchmark": "gsm8k", "prompt": "Why?", "question": "Why?", "extra": "{}"}
    shown = prompts(item, CELL.modes(), templates={"s": "chatml"}, modes={}, pool=None, seed=0)
    assert [(one.how, one.text) for one in shown] == [
        (f"hybrid students, {mode}, chat template chatml", f"<|im_start|>user\nWhy? /{word}<|im_end|>\n{END}")
        for mode, word in (("no-think", "no_think"), ("think", "think"))
    ]


def test_a_hybrid_student_is_prompted_in_the_mode_of_its_id() -> None:
    modes = {name: ThinkingMode(suffix=text) for name, text in MODE_SWITCHES["chatml"].suffixes.items()}
    plain, thinking = CELL.modes()
    assert [
        (found.model_id, found.mode.suffix, found.shots) for found in prompt_variants(CELL.modes(), ["one"], modes)
    ] == [
        (plain.model_id, " /no_think", None),
        (thinking.model_id, " /think", None),
    ]
    other = HybridCell("general", "s", "mix", 0.25).modes()[1]
    with pytest.raises(StudyError, match="does not match --model"):
        prompt_variants([plain, other], ["one"], modes)
    with pytest.raises(StudyError, match="would not carry the mode"):
        prompt_variants(CELL.modes(), ["one"], dict.fromkeys(modes, ThinkingMode()))


# ---- accuracy and cost ----

ITEMS = 100
SIZES = {"s": 1.0, "l": 3.0}
HYBRID = "general/s/mix/rho-0.5/hybrid"
#: Right of 100 items in two families, FLOPs of training and of an answer.
MADE = {
    "general/s/seq/rho-0/seed-0": ((30, 60), 100.0, 1.0),
    "general/s/seq/rho-1/seed-0": ((70, 40), 300.0, 9.0),
    f"{HYBRID}/seed-0/no-think": ((35, 65), 200.0, 2.0),
    f"{HYBRID}/seed-0/think": ((72, 50), 200.0, 8.0),
    "general/l/seq/rho-0/seed-0": ((40, 61), 900.0, 3.0),
}
FAMILIES = {"gsm8k": "Math-OE", "squad": "General-OE"}


def evidence_of(models: dict[str, Any]) -> Evidence:
    right = {
        name: {
            benchmark: [1] * count + [0] * (ITEMS - count) for benchmark, count in zip(FAMILIES, counts, strict=True)
        }
        for name, (counts, _, _) in models.items()
    }
    answers = {name: [answer] * ITEMS for name, (_, _, answer) in models.items()}
    costs = training_costs({name: cost for name, (_, cost, _) in models.items()})
    return bootstrap(outcome_table(right, flops=answers), costs, FAMILIES, SIZES, seed=0, replicates=50)


def test_advice_takes_the_mode_that_is_best_for_a_family() -> None:
    evidence = evidence_of(MADE)
    offered = [offers(evidence, family) for family in ("Math-OE", "General-OE")]
    # 200 + 10 x 8 for thinking, 200 + 10 x 2 for plain answers: both are affordable
    table = advice(evidence, offered, 280, 10, "FLOPs")
    assert table["best"].to_list() == [f"{HYBRID}/think", f"{HYBRID}/no-think"]
    assert table["best_lifetime"].to_list() == [280, 220]
    assert table["training"].to_list() == [200, 200]
    (note,) = hybrid_note(table)
    assert f"Both modes of {HYBRID} are one training" in note and "pays it once" in note
    # a FLOP less: thinking is too expensive, and the plain mode is still more accurate than IFT
    cheaper = advice(evidence, offered, 279, 10, "FLOPs")
    assert cheaper["best"].to_list() == [f"{HYBRID}/no-think"] * 2
    alone = advice(evidence, offered, 150, 10, "FLOPs")
    assert alone["best"].to_list() == ["general/s/seq/rho-0"] * 2 and hybrid_note(alone) == []
    assert hybrid_note(advice(evidence, offered, 1, 10, "FLOPs")) == []


def test_frontiers_with_hybrids_are_one_more_competition() -> None:
    evidence = evidence_of(MADE)
    families = frontier_table(evidence).filter(pl.col("benchmark").is_null(), cost="inference", family="Math-OE")
    found = {
        (row["kind"], row["student"], row["ratio"]): row["on_frontier"]
        for row in families.filter(among=AND_HYBRIDS).to_dicts()
    }
    assert found == {
        ("distilled", "s", 0.0): True,  # the cheapest
        ("distilled", "s", 1.0): False,  # 9 FLOPs for 70 %, where thinking on request takes 8 for 72 %
        ("distilled", "l", 0.0): True,
        ("hybrid-no-think", "s", 0.5): True,
        ("hybrid-think", "s", 0.5): True,
    }
    # the others stay what they are without hybrid students
    bare = evidence_of({name: values for name, values in MADE.items() if "/hybrid/" not in name})
    assert AND_HYBRIDS not in frontier_table(bare)["among"].to_list()
    formats = families.filter(among="formats")
    assert formats.height == 3 and formats.filter(ratio=1.0)["on_frontier"].to_list() == [True]


def test_each_mode_is_compared_with_plain_students() -> None:
    evidence = evidence_of(MADE)
    gaps = uncertainty(evidence).filter(pl.col("benchmark").is_null(), family="Math-OE")
    found = {row["kind"]: row["gap"] for row in gaps.to_dicts() if row["kind"].startswith("hybrid")}
    assert found == {"hybrid-no-think": pytest.approx(0.05), "hybrid-think": pytest.approx(0.42)}
    compared = contrasts(evidence).filter(pl.col("benchmark").is_null(), cost="training", family="Math-OE")
    rows = {row["kind"]: row for row in compared.to_dicts()}
    # half way from 100 to 900 FLOPs of IFT by the logarithm of 200 over 100
    between = 0.3 + 0.1 * np.log(2) / np.log(9)
    assert rows["hybrid-think"]["ift_accuracy"] == pytest.approx(between)
    assert rows["hybrid-think"]["difference"] == pytest.approx(0.72 - between)
    assert rows["hybrid-no-think"]["difference"] == pytest.approx(0.35 - between)


def test_the_figure_has_a_point_for_each_mode(root: Path) -> None:
    models = {name: parse_model_id(name) for name in MADE}
    scores = score_table([(models[name], "Math-OE", counts[0] / ITEMS) for name, (counts, _, _) in MADE.items()])
    costs = cost_table(
        {models[name]: training for name, (_, training, _) in MADE.items()},
        {(models[name], "Math-OE"): answer for name, (_, _, answer) in MADE.items()},
    )
    families = dict.fromkeys(scores["family"].unique(), ("gsm8k",))
    families = {family: tuple(scores.filter(family=family)["benchmark"].unique()) for family in families}
    results = Results(
        {"scores": scores, "costs": costs}, sizes=SIZES, families=families, corpora=("general",), ratios=(0, 1)
    )
    table = accuracy_by_flops.table(results, tasks="main families", fits=False)
    points = {
        (row["cost"], row["element"], row["student"]): (row["flops"], row["on_frontier"])
        for row in table.to_dicts()
        if row["on_frontier"] is not None and row["ratio"] in (0, 0.5)
    }
    assert points == {
        ("training", "point", "s"): (100, True),
        ("training", "point", "l"): (900, False),
        ("training", "hybrid-no-think", "s"): (200, False),  # the other mode of the same training is better
        ("training", "hybrid-think", "s"): (200, True),
        ("inference", "point", "s"): (1, True),
        ("inference", "hybrid-no-think", "s"): (2, True),
        ("inference", "point", "l"): (3, True),
        ("inference", "hybrid-think", "s"): (8, True),
    }
    style = Style.from_file(root / "config" / "style.yaml")
    with style.applied():
        accuracy_by_flops.draw(table, style)
    labels = [handle.get_label() for handle in accuracy_by_flops.legend(table, style)]
    assert labels[:4] == ["IFT", "Reasoning", "Hybrid, plain", "Hybrid, thinking"]


def test_both_modes_have_the_manifest_of_their_training() -> None:
    assert [trained_as(mode.model_id) for mode in CELL.modes()] == [CELL.model_id] * 2
    assert trained_as("general/s/mix/rho-0.5/seed-0") == "general/s/mix/rho-0.5/seed-0"
