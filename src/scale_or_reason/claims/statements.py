"""The statements of the papers: the numbered findings of v2, its abstract, and what v1 states in addition."""

from __future__ import annotations

from scale_or_reason.claims.findings import CONTRADICTED, Statement
from scale_or_reason.claims.measures import accuracy, adaptation, domains, frontiers, learning_rates, lengths, mixtures
from scale_or_reason.claims.study_view import GENERAL, MATH, MULTIPLE_CHOICE, OPEN_ENDED

POINTS, FACTOR, CELLS, STUDENTS = "points", "times", "cells", "students"
_EQUATION_1 = (
    "by equation 1 and the published lengths it is 2.40 times on General-MC and 1.28 times on Math-OE: at equal lengths"
    " 3B takes 1.9 times the training of 1.5B, and the papers' 5x and 1.6x differ by 3.1 times"
)

STATEMENTS = (
    Statement(
        "wins", "v2 finding 1", "reasoning beats IFT of equal size in most of {cells} cells of table 1",
        CELLS, accuracy.wins, "28 of 40 (70 %)", 28,
    ),
    Statement(
        "general-wins", "v2 finding 2",
        "general corpus: reasoning wins every cell of General-OE, Math-OE and Math-MC (value: the smallest gain)",
        POINTS, accuracy.general_wins, "all", 1.3,
    ),
    Statement(
        "general-mc-smallest", "v2 finding 2", "general corpus, General-MC: IFT leads at {smallest} (value: the shift)",
        POINTS, accuracy.ift_leads_smallest, None, -6.1,
    ),
    Statement(
        "general-mc-second", "v2 finding 2",
        "general corpus, General-MC: a tie at {second}, within 1 point (value: the shift)",
        POINTS, accuracy.tie_second, "-0.2", -0.2,
    ),
    Statement(
        "middle-passes-largest", "v2 finding 3", "Math-OE: {middle} reasoning passes {largest} IFT",
        POINTS, accuracy.middle_passes_largest, "55.4 > 53.6", 1.8,
    ),
    Statement(
        "middle-near-largest", "v2 finding 3",
        "General-OE: {middle} reasoning comes within 1.5 points of {largest} IFT (value: how far behind)",
        POINTS, accuracy.middle_near_largest, "within 1.4 points", 1.4,
    ),
    Statement(
        "middle-approaches-largest", "v1 section 3.1",
        "General-OE, Math-OE, Math-MC: {middle} reasoning is no more than 2 points below {largest} IFT (value: the"
        " smallest lead)",
        POINTS, accuracy.middle_approaches_largest, "matches or closely approaches", -5.3,
        reference_verdict=CONTRADICTED,
        remark="v1 says so; in v2's table 1 it is 5.3 points behind on Math-MC",
    ),
    Statement(
        "general-mc-gains-least", "v1 figure 1",
        "General-MC gains least from reasoning of the four families, mean over students (value: how much less than the"
        " next one)",
        POINTS, accuracy.general_choice_gains_least, "gains are limited", 10.6,
    ),
    Statement(
        "general-mc-lengthens-most", "v1 figure 1",
        "General-MC has the largest factor of answer tokens of the four families, mean over students (value: over the"
        " next one's)",
        FACTOR, lengths.general_choice_lengthens_most, "the largest extra-token factor",
    ),
    Statement(
        "teacher-general-mc", "v2 finding 4",
        "General-MC: {largest} reasoning is within 5 points of the teacher, rounded (below 5.5)",
        POINTS, accuracy.near_teacher("General-MC"), "4 to 5 points", 5.0,
    ),
    Statement(
        "teacher-math-mc", "v2 finding 4",
        "Math-MC: {largest} reasoning is within 5 points of the teacher, rounded (below 5.5)",
        POINTS, accuracy.near_teacher("Math-MC"), "4 to 5 points", 3.7,
    ),
    Statement(
        "math-wins", "v2 finding 5",
        "math corpus: reasoning wins on math tasks from {second} (value: the smallest gain)",
        POINTS, accuracy.math_wins, "from 1.5B", 2.2,
    ),
    Statement(
        "math-no-advantage", "v1 section 3.1",
        "math corpus: {smallest} reasoning has no advantage over IFT on math tasks (value: the largest shift)",
        POINTS, accuracy.math_no_advantage_smallest, "emerges around 1.5B", -5.3,
    ),
    Statement(
        "math-passes-general-oe", "v2 finding 5", "Math-OE at {middle}: math-only reasoning passes general reasoning",
        POINTS, accuracy.math_passes_general("Math-OE"), "57.5 > 55.4", 2.1,
    ),
    Statement(
        "math-passes-general-mc", "v2 finding 5", "Math-MC at {middle}: math-only reasoning passes general reasoning",
        POINTS, accuracy.math_passes_general("Math-MC"), "72.2 > 70.9", 1.3,
    ),
    Statement(
        "math-passes-general", "v2 finding 5",
        "math tasks from {middle}: math-only reasoning passes general reasoning (value: the smallest lead)",
        POINTS, accuracy.math_passes_general_from_middle, "from 3B", 0.5,
    ),
    Statement(
        "math-lags", "v2 finding 5",
        "math corpus, general tasks up to {middle}: reasoning lags behind IFT (value: the largest shift)",
        POINTS, accuracy.math_lags, "at small sizes", -0.5,
    ),
    Statement(
        "math-gains-where-large", "v1 section 3.1",
        "math corpus: reasoning gains on General-MC from {fourth} and on General-OE at {largest} (value: the"
        " smallest gain)",
        POINTS, accuracy.math_gains_where_large, "7B and above, 14B", -1.6, reference_verdict=CONTRADICTED,
        remark="v1 says so; v2's table 1 has IFT 1.6 points ahead on General-OE at 14B",
    ),
    Statement(
        "math-comparable-where-large", "v1 section 3.1",
        "math-only reasoning is within 2 points of general reasoning on math tasks and General-MC from {fourth} and on"
        " General-OE at {largest} (value: the smallest lead)",
        POINTS, accuracy.math_comparable_where_large, "comparable", -5.0, reference_verdict=CONTRADICTED,
        remark="v1 says so; in v2's table 1 it is 5 points behind on General-OE at 14B",
    ),
    Statement(
        "training-frontier-ift", "v2 finding 6",
        "all {cells} IFT students are on the frontier of accuracy and training FLOPs (value: how many)",
        CELLS, frontiers.ift_on_frontier("training"), "IFT defines the frontier",
    ),
    Statement(
        "training-majority-ift", "v2 abstract",
        "most of {cells} IFT students are on the frontier of accuracy and training FLOPs or within 1 point of it"
        " (value: how many)",
        CELLS, frontiers.ift_near_frontier("training"), "on or near, the majority",
    ),
    Statement(
        "inference-majority-ift", "v2 abstract",
        "most of {cells} IFT students are on the frontier of accuracy and inference FLOPs or within 1 point of it"
        " (value: how many)",
        CELLS, frontiers.ift_near_frontier("inference"), "on or near, the majority", 20,
    ),
    Statement(
        "training-joins-frontier", "v1 section 4.1",
        "ratios of 25 % and more reach the training frontier of sequential ratios: on General-OE at all sizes, on"
        " General-MC from {fourth} ({cells} cells; value: how many)",
        CELLS, frontiers.reasoning_joins_frontier, "from 0.5B and from 7B",
    ),
    Statement(
        "ift-plateau", "v1 section 4.1",
        "the step from {fourth} to {largest} adds more to reasoning than to IFT, mean over families (value: how much)",
        POINTS, accuracy.ift_plateaus_earlier, "IFT plateaus earlier", -2.55,
        reference_verdict=CONTRADICTED,
        remark="in v2's table 1 it adds more to IFT, on General-MC alone less",
    ),
    Statement(
        "training-general-mc", "v2 finding 6",
        "General-MC: {fourth} IFT takes less training than {middle} reasoning for at least its accuracy less 1 point"
        " (value: the ratio)",
        FACTOR, frontiers.cheaper_ift("middle", "General-MC"), "5x", remark=_EQUATION_1,
    ),
    Statement(
        "training-math-oe", "v2 finding 6",
        "Math-OE: {fourth} IFT takes less training than {second} reasoning for at least its accuracy less 1 point"
        " (value: the ratio)",
        FACTOR, frontiers.cheaper_ift("second", "Math-OE"), "1.6x", remark=_EQUATION_1,
    ),
    Statement(
        "training-frontier-reasoning", "v1 section 4.1",
        "none of {cells} students of reasoning alone is on the training frontier of sequential ratios (value:"
        " how many)",
        CELLS, frontiers.reasoning_never_on_frontier, "never",
    ),
    Statement(
        "inference-factor-oe", "v2 finding 7",
        "open-ended tasks: reasoning answers cost 5 to 10 times as much at equal size",
        FACTOR, frontiers.inference_factor(OPEN_ENDED, 5, 10), "about 7x", 6.6,
    ),
    Statement(
        "inference-factor-mc", "v2 finding 7",
        "multiple choice: reasoning answers cost 10 to 15 times as much at equal size",
        FACTOR, frontiers.inference_factor(MULTIPLE_CHOICE, 10, 15), "about 10-15x", 14.9,
        remark="by v2's power laws 10.5 times on Math-MC and 21 times on General-MC",
    ),
    Statement(
        "inference-frontier-reasoning", "v2 finding 7",
        "open-ended tasks: the {cells} reasoning students from {fourth} are on the inference frontier (value:"
        " how many)",
        CELLS, domains.reasoning_takes_frontier, "from 7B", 4,
    ),
    Statement(
        "inference-frontier-mc", "v2 abstract",
        "multiple choice: none of {cells} reasoning students is on the inference frontier (value: how many)",
        CELLS, domains.reasoning_only_open_ended, "only on open-ended tasks", 4, reference_verdict=CONTRADICTED,
        remark="by table 1 and the power laws 7B and 14B are: more accurate than any IFT student, and more expensive",
    ),
    Statement(
        "inference-frontier-ift", "v1 section 4.2",
        "all {cells} IFT students are on the frontier of accuracy and inference FLOPs (value: how many)",
        CELLS, frontiers.ift_on_frontier("inference"), "always", 20,
    ),
    Statement(
        "exponent-ift", "v1 appendix F.3",
        "General-OE, Math-OE, Math-MC: inference FLOPs grow faster with size for IFT (value: exponents' mean"
        " difference)",
        "exponent", frontiers.ift_grows_faster, "about 0.10", 0.073,
    ),
    Statement(
        "exponent-reasoning", "v1 appendix F.3",
        "General-MC: inference FLOPs grow faster with size for reasoning (value: exponents' difference)",
        "exponent", frontiers.reasoning_grows_faster, "larger", 0.24, 0.006,
    ),
    Statement(
        "power-law", "v2 finding 13",
        "inference FLOPs are a power law of size for every family and format, R² at least 0.9 (value: the smallest R²)",
        "R²", frontiers.power_law_holds, None, 1.0,
        remark="the papers' tables have the laws and not the points, which makes it 1 there",
    ),
    Statement(
        "format-not-domain", "v2 finding 8",
        "law, code, physics: reasoning adds more to the open-ended than to the multiple-choice benchmark (value: the"
        " smallest difference)",
        POINTS, domains.format_not_domain, "the same split",
    ),
    Statement(
        "code-summaries-inference", "v2 finding 8",
        "C code summaries: {fourth} reasoning is no more than 1 point below IFT of equal inference FLOPs",
        POINTS, domains.code_summaries_match, "matches",
    ),
    Statement(
        "code-summaries-training", "v2 finding 8",
        "C code summaries: {fourth} reasoning takes more training than IFT of equal accuracy (value: the ratio)",
        FACTOR, domains.code_summaries_training, "1.3x",
    ),
    Statement(
        "code-choice", "v2 finding 8",
        "mmlu_pro_code: {middle} reasoning costs more per answer than {fourth} IFT, accuracies within 2 points"
        " (value: the ratio)",
        FACTOR, domains.code_choice_gap, "10x",
    ),
    Statement(
        "length-factor", "v2 finding 7",
        "reasoning answers are 7 to 15 times as long at equal size, in each family as mean over students (value: mean"
        " over families)",
        FACTOR, lengths.length_factor(7, 15), "7-15x",
    ),
    Statement(
        "length-factor-abstract", "v2 abstract",
        "reasoning answers are 5 to 20 times as long at equal size, in each family as mean over students (value: mean"
        " over families)",
        FACTOR, lengths.length_factor(5, 20), "5-20x",
    ),
    Statement(
        "length-and-error", "v1 section 4.2",
        "lengths and error rates of reasoning students correlate, over students and families, at 0.5 or more (log"
        " lengths)",
        "correlation", lengths.longer_where_wrong, "strong positive",
    ),
    Statement(
        "wrong-longer", "v2 finding 9", "wrong reasoning answers are 1.5 to 2 times as long as right ones",
        FACTOR, lengths.wrong_are_longer, "1.5-2x",
    ),
    Statement(
        "wrong-longer-falls", "v2 finding 9",
        "the ratio of wrong to right lengths falls from {smallest} to {largest} (value: by how much)",
        FACTOR, lengths.wrong_ratio_falls, "2 to 1.5",
    ),
    Statement(
        "quarter-captures", "v2 finding 10", "a quarter of reasoning in sequence has more than half of the gain"
        " (value: the share)",
        "share", mixtures.quarter_captures_most, "most",
    ),
    Statement(
        "some-reasoning-captures", "v2 abstract",
        "open-ended tasks from {fourth}: 25 and 50 % of reasoning in sequence have more than half of the gain, for less"
        " than two thirds of the training FLOPs of reasoning alone (value: the smallest share of the gain)",
        "share", mixtures.some_reasoning_captures_most, "most, at far lower compute cost",
    ),
    Statement(
        "mixtures-frontier-oe", "v2 finding 10",
        "open-ended tasks: intermediate sequential ratios are on the training frontier, in each family at least one of"
        " {cells} (value: how many)",
        CELLS, frontiers.mixtures_on_frontier(OPEN_ENDED), "on the frontier",
    ),
    Statement(
        "mixtures-frontier", "v1 section 4.1",
        "intermediate sequential ratios are on the training frontier, in each of the four families more than half of"
        " them (value: how many of {cells})",
        CELLS, frontiers.mixtures_mostly_on_frontier((*GENERAL, *MATH)), "consistently",
    ),
    Statement(
        "cold-start", "v1 section 3.2",
        "no sequential mixture is more than 1 point above reasoning alone, mean over students (value: the best lead)",
        POINTS, mixtures.no_gain_by_cold_start, "no gains",
    ),
    Statement(
        "plateau-general-mc", "v1 section 3.2",
        "General-MC: beyond a quarter of reasoning no more than 1 point is gained",
        POINTS, mixtures.plateau("General-MC", 0.25), "plateaus at 25 %",
    ),
    Statement(
        "plateau-math-mc", "v1 section 3.2",
        "Math-MC: beyond three quarters of reasoning no more than 1 point is gained",
        POINTS, mixtures.plateau("Math-MC", 0.75), "plateaus at 75 %",
    ),
    Statement(
        "open-ended-rise", "v1 section 3.2",
        "open-ended tasks: accuracy rises with each step of the sequential ratio at every size (value: the smallest"
        " step)",
        POINTS, mixtures.open_ended_keep_rising, "continues to rise",
    ),
    Statement(
        "mixed-short", "v2 finding 11",
        "mixed training at 25 and 50 %: more accurate than IFT on math, answers less than half as long as reasoning's"
        " (value: the smaller gain)",
        POINTS, mixtures.short_and_better, "rises, short",
    ),
    Statement(
        "phase-transition", "v2 finding 11",
        "mixed training: of all steps of the ratio the one from 50 to 75 % lengthens answers most (value: by"
        " what factor)",
        FACTOR, mixtures.phase_transition, "above 50 %",
    ),
    Statement(
        "mixed-unstable", "v1 section 3.2",
        "General-OE: accuracy varies more over ratios of 25 to 75 % in mixed training than in sequence (value: standard"
        " deviations' difference)",
        POINTS, mixtures.mixed_is_unstable, "pronounced instability",
    ),
    Statement(
        "early-stopping", "v2 finding 12",
        "stopping answers early gains no more than 1 point over the frontier of full answers (value: the largest gain)",
        POINTS, lengths.early_stopping, "does not move it",
    ),
    Statement(
        "longer-limit", "v2 finding 12",
        "a longer limit helps reasoning on mmlu_math, math_500 and aime, mean over students (value: the smallest gain)",
        POINTS, lengths.longer_limit_helps, "helps",
    ),
    Statement(
        "ift-adaptation", "v1 section 3.3",
        "math tasks: IFT after reasoning is no more than 1 point above IFT after IFT, mean over students",
        POINTS, adaptation.ift_adaptation_no_benefit, "no benefit",
    ),
    Statement(
        "reasoning-adaptation", "v1 section 3.3",
        "math tasks from {second}: reasoning after reasoning is better than all other adaptations and than training on"
        " either corpus alone (value: the smallest lead)",
        POINTS, adaptation.reasoning_adaptation_best, "from 1.5B",
    ),
    Statement(
        "adaptation-keeps", "v1 section 3.3",
        "general tasks from {fourth}: reasoning after reasoning is no more than 2 points below general"
        " reasoning (value: the"
        " smallest lead)",
        POINTS, adaptation.general_abilities_kept, "beyond 3B",
    ),
    Statement(
        "adaptation-forgets", "v1 section 3.3",
        "reasoning after reasoning lowers {smallest} on the mean of all families (value: the change)",
        POINTS, adaptation.smallest_forgets, "a global drop",
    ),
    Statement(
        "learning-rates", "v1 appendix B",
        "the learning-rate search chooses a higher peak rate for reasoning than for IFT for most of {searched} students"
        " (value: how many)",
        STUDENTS, learning_rates.reasoning_takes_higher_rates, "generally slightly higher", 8,
        remark="v1 states it of the five Qwen students; v2's table 2 adds three Gemma students",
    ),
)  # fmt: skip
