"""The contracts between stages: one schema (columns and types) for each table."""

from __future__ import annotations

import polars as pl

_TEXT, _COUNT, _SHARE, _BOOL = pl.String(), pl.Int64(), pl.Float64(), pl.Boolean()


#: The columns that identify a row's model; those that do not apply to a kind of model are null.
CELL_COLUMNS: dict[str, pl.DataType] = {
    "model_id": _TEXT,
    "kind": _TEXT,  # distilled | hybrid-no-think | hybrid-think | adopted | limited | adapted | base | teacher
    "corpus": _TEXT,
    "student": _TEXT,  # for kind teacher: the teacher's name
    "curriculum": _TEXT,  # seq | mix | seq-reversed; for kind adapted: "ift-then-reasoning" and the like
    "ratio": _SHARE,
    "data_fraction": _SHARE,  # of the mixture that was trained on; 1 for models that are not trained here
    "seed": _COUNT,
    "shots": _COUNT,
}


_ANSWER_KEY: dict[str, pl.DataType] = {
    "model_id": _TEXT,
    "benchmark": _TEXT,
    "item_id": _TEXT,
    "sample": _COUNT,
}


#: The measurements of a model on a benchmark.
_MEASURED: dict[str, pl.DataType] = {
    "n": _COUNT,
    "accuracy": _SHARE,
    "ci_low": _SHARE,
    "ci_high": _SHARE,
    "answer_tokens_mean": _SHARE,
    "truncated": _COUNT,
    "refused": _COUNT,  # by a server
    "empty": _COUNT,  # ended by themselves with no text after the reasoning
    "unparsable": _COUNT,
    "judge_agreement": _SHARE,  # share of items on which jury and rule graders agree; null without rule graders
    # by the rule graders, over all answers; null without them
    "strict": _SHARE,  # right and in the box that the prompt requires; ifeval: prompt-level, strict
    "lenient": _SHARE,  # right, wherever the answer was found; ifeval: prompt-level, loose
    "exact_match": _SHARE,  # squad and coqa: share of exact matches; null elsewhere
    "f1": _SHARE,  # squad and coqa: mean F1 of tokens; null elsewhere
}


#: A cell with all its seeds, and a family's mean (``benchmark`` null) or a single benchmark.
_CELL_AND_TASK: dict[str, pl.DataType] = {
    **{name: dtype for name, dtype in CELL_COLUMNS.items() if name not in ("model_id", "seed")},
    "size_b": _SHARE,
    "seeds": _COUNT,
    "family": _TEXT,
    "benchmark": _TEXT,
}


def _bounds(*names: str) -> dict[str, pl.DataType]:
    """Columns of estimates with their intervals."""
    return {f"{name}{bound}": _SHARE for name in names for bound in ("", "_low", "_high")}


def _bounds_over_benchmarks(*names: str) -> dict[str, pl.DataType]:
    """Columns of intervals for other benchmarks of a family's kind."""
    return {f"{name}_benchmarks_{bound}": _SHARE for name in names for bound in ("low", "high")}


SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    # one row per training prompt
    "prompts": {"prompt_id": _TEXT, "corpus": _TEXT, "prompt": _TEXT},
    # one row per prompt that shares an n-gram with a benchmark item
    "overlaps": {"prompt_id": _TEXT, "benchmark": _TEXT, "item_id": _TEXT, "shared_words": _TEXT},
    # one row per answer of the teacher in one mode
    "generations": {
        "prompt_id": _TEXT,
        "prompt": _TEXT,
        "prompt_tokens": _COUNT,
        "answer": _TEXT,
        "answer_tokens": _COUNT,
        "finish_reason": _TEXT,
    },
    "pairs": {
        "prompt_id": _TEXT,
        "prompt": _TEXT,
        "ift": _TEXT,
        "reasoning": _TEXT,
        "prompt_tokens": _COUNT,
        "ift_tokens": _COUNT,
        "reasoning_tokens": _COUNT,
        "ift_finish": _TEXT,
        "reasoning_finish": _TEXT,
        "teacher": _TEXT,
        "sampling": _TEXT,  # JSON: {"ift": {...}, "reasoning": {...}}
        "seed": _COUNT,
    },
    # in training order; phase 0 of a sequential mixture has IFT answers, phase 1 reasoning; reversed for seq-reversed
    "mixture": {
        "position": _COUNT,
        "phase": _COUNT,
        "prompt_id": _TEXT,
        "format": _TEXT,  # ift | reasoning: which of the pair's answers
    },
    # token counts of a pair: the prompt in the chat template, each answer with its end token
    "token_counts": {"prompt_id": _TEXT, "prompt_tokens": _COUNT, "ift_tokens": _COUNT, "reasoning_tokens": _COUNT},
    # the same for prompts that carry the mode: each answer has a prompt of its own
    "hybrid_token_counts": {
        "prompt_id": _TEXT,
        "ift_prompt_tokens": _COUNT,  # of the prompt that asks for a plain answer
        "ift_tokens": _COUNT,
        "reasoning_prompt_tokens": _COUNT,  # of the prompt that asks for reasoning
        "reasoning_tokens": _COUNT,
    },
    # one row per benchmark item
    "items": {
        "benchmark": _TEXT,
        "item_id": _TEXT,
        "prompt": _TEXT,  # instruction and question: the zero-shot user message
        "question": _TEXT,  # without the instruction, for judges and few-shot examples
        "gold": pl.List(pl.String()),  # accepted answers; empty only for ifeval
        "choices": pl.List(pl.String()),  # option texts in letter order; empty for open-ended items
        "extra": _TEXT,  # JSON for the item's grader (IFEval's instructions, SciBench's unit); "{}" if none
    },
    "answers": {
        **_ANSWER_KEY,
        "prompt_tokens": _COUNT,
        "answer": _TEXT,
        "answer_tokens": _COUNT,
        "finish_reason": _TEXT,  # stop | length | refused (by a server) | empty (no text after the reasoning)
    },
    # one row per answer of a model under a thinking budget; an answer is its thought, a closing tag and the rest
    "cuts": {
        **_ANSWER_KEY,
        "cut": _BOOL,  # false: the thought was within the budget, and the answer is the model's own
        "prompt_tokens": _COUNT,
        "thought_tokens": _COUNT,  # up to the closing tag; null for an answer without a thought
        "closing_tokens": _COUNT,  # of the tag that was put behind a cut thought, else 0
        "continued_tokens": _COUNT,  # generated behind it; 0 where nothing was cut
    },
    "verdicts": {
        **_ANSWER_KEY,
        "judge": _TEXT,
        "verdict": _TEXT,  # yes | no | unparsable
        "reply": _TEXT,  # the judge's raw reply; for the rule graders, a note or empty
        "extraction": _TEXT,  # the raw reply of a judge's first step, where its protocol has one
        "extracted": _TEXT,  # the final answer read from that reply; for the rule graders, the graded text
        # set by the rule graders only, null for a judge
        "how": _TEXT,  # where the answer was found: box | fallback:NAME | whole | none | unclosed-think
        "strict": _BOOL,  # right and in the box that the prompt requires; ifeval: strict, prompt-level
        "lenient": _BOOL,  # right, wherever the answer was found; ifeval: loose, prompt-level
        "exact_match": _BOOL,  # squad and coqa: normalised, over all gold answers
        "f1": _SHARE,  # squad and coqa: of tokens, the best over all gold answers
        "judge_prompt_tokens": _COUNT,
        "judge_tokens": _COUNT,
    },
    # one row per model and benchmark
    "scores": {
        **CELL_COLUMNS,
        "benchmark": _TEXT,
        "family": _TEXT,
        **_MEASURED,
    },
    # one row per answer: the jury's verdict and the cost of the answer
    "outcomes": {
        **_ANSWER_KEY,
        "right": _BOOL,
        "prompt_tokens": _COUNT,
        "answer_tokens": _COUNT,
        "flops": _SHARE,  # of prefill and decoding: equation 6, or exact with study.flops: exact
    },
    # one row per answer of a model that the jury does not call right
    "wrong_answers": {
        **_ANSWER_KEY,
        "question": _TEXT,
        "gold": _TEXT,  # the accepted answers
        "answer": _TEXT,  # what follows the reasoning; the end of a long text
        "answer_tokens": _COUNT,
        "finish_reason": _TEXT,
    },
    # one row per model, item, thinking budget and number of answers k that vote
    "servings": {
        "model_id": _TEXT,  # without its budget
        "benchmark": _TEXT,
        "item_id": _TEXT,
        "budget": _COUNT,  # tokens at which thoughts are cut; null without a budget, or without thoughts
        "percentile": _COUNT,  # of the thoughts' lengths, which has so many tokens; null for a budget in tokens
        "answers": _COUNT,  # that the model gave to the item
        "k": _COUNT,
        "accuracy": _SHARE,  # of the majority, expected over subsets; null where answers cannot be compared
        "pass_at_k": _SHARE,
        "answer_tokens": _SHARE,  # of k answers
        "flops": _SHARE,  # of one prefill and k answers
        "flops_by": _TEXT,  # papers | exact: how FLOPs are counted; null where they are not known
    },
    # one row per cell, task and serving
    "test_time": {
        **_CELL_AND_TASK,
        "serving": _TEXT,  # single | vote@K | budget-N | budget-pN | budget-N vote@K
        "budget": _COUNT,  # tokens at which thoughts are cut, of a percentile the mean over benchmarks and seeds
        "percentile": _COUNT,  # of the thoughts' lengths at which they are cut; null for a budget in tokens
        "k": _COUNT,  # answers that vote
        **_bounds("accuracy", "pass_at_k", "gain"),  # gain: over a single answer without a budget
        "answer_tokens": _SHARE,  # per item, as inference_flops
        "inference_flops": _SHARE,
        "on_frontier": _BOOL,  # of accuracy and inference FLOPs, among all students and servings of a corpus
        "frontier_probability": _SHARE,  # share of the replicates in which it is
    },
    # one row per reasoning cell, task and budget: a single answer against IFT votes of the same student
    "test_time_contrasts": {
        **_CELL_AND_TASK,
        "serving": _TEXT,  # single | budget-N | budget-pN
        "flops": _SHARE,  # per item, as ift_flops
        "accuracy": _SHARE,
        "answers_paid": _SHARE,  # how many IFT answers that share their prompt cost as much; null if all are empty
        "ift_serving": _TEXT,  # the most IFT answers that cost no more
        "ift_flops": _SHARE,  # of these answers
        "ift_accuracy": _SHARE,  # of their majority
        **_bounds("difference"),  # accuracy minus that of these IFT answers
        "p": _SHARE,  # of the difference
        "q": _SHARE,  # p adjusted for the false discovery rate
        "note": _TEXT,
    },
    # one row per model, benchmark and percentile of the model's answer lengths at which answers are cut off
    "early_stopping": {
        **CELL_COLUMNS,
        "benchmark": _TEXT,
        "family": _TEXT,
        "percentile": _COUNT,
        "max_tokens": _COUNT,
        "accuracy": _SHARE,
        "flops": _SHARE,  # mean of one answer
        "flops_by": _TEXT,  # papers | exact: how FLOPs are counted; null where they are not known
    },
    # one row per cell and task; gap: to IFT of the same student and corpus (for adaptations: to ift-then-ift)
    "uncertainty": {
        **_CELL_AND_TASK,
        **_bounds("accuracy", "gap"),
        "p": _SHARE,  # of the gap
        "q": _SHARE,  # p adjusted for the false discovery rate over all gaps
        "finding": _TEXT,  # gain | loss | undecided
        **_bounds_over_benchmarks("accuracy", "gap"),  # families only, as the next ones
    },
    # one row per kind of cost, cell trained on reasoning, and task
    "contrasts": {
        "cost": _TEXT,  # training | inference
        "flops_by": _TEXT,  # papers | exact: how FLOPs are counted
        "ift_data": _TEXT,  # whole | any: the data of the IFT students that the cell is compared with
        **_CELL_AND_TASK,
        "flops": _SHARE,
        "accuracy": _SHARE,
        "ift_accuracy": _SHARE,  # of IFT at these FLOPs
        **_bounds("difference"),
        "difference_p": _SHARE,
        "difference_q": _SHARE,
        "ift_flops": _SHARE,  # of IFT at this accuracy
        **_bounds("compute_ratio"),
        "compute_ratio_p": _SHARE,
        "compute_ratio_q": _SHARE,
        **_bounds_over_benchmarks("difference", "compute_ratio"),
        "note": _TEXT,
    },
    # one row per kind of cost, competition, cell and task
    "frontier_membership": {
        "cost": _TEXT,  # training | inference
        "flops_by": _TEXT,  # papers | exact
        "among": _TEXT,  # formats | sequential ratios | formats and parts of the data | formats and hybrid students
        **_CELL_AND_TASK,
        "competitors": _COUNT,
        "flops": _SHARE,
        "accuracy": _SHARE,
        "on_frontier": _BOOL,
        "below": _SHARE,  # accuracy below the frontier, 0 on it
        "probability": _SHARE,  # share of the replicates in which the cell is on the frontier
        "probability_near": _SHARE,  # that it is at most 1 point below the frontier
    },
    # one row per family: the model to train for a budget; costs are in the unit of the budget
    "advice": {
        "family": _TEXT,
        "budget": _SHARE,
        "unit": _TEXT,  # FLOPs | GPU-hours
        "queries": _SHARE,
        "best": _TEXT,  # a model id without its seed
        "best_serving": _TEXT,  # how it answers: single | vote@K | budget-N | budget-pN; null if there is one way only
        "best_budget": _COUNT,  # tokens at which its thoughts are cut, of a percentile the mean over benchmarks
        "best_accuracy": _SHARE,
        "best_lifetime": _SHARE,  # cost of training and all answers
        "best_probability": _SHARE,  # that it is the most accurate affordable model
        "training": _SHARE,  # cost of training the best model
        "teacher": _SHARE,  # its part of the teacher's answers; null if not counted, as the next two
        "search": _SHARE,  # of the learning-rate search of its size and format
        "judging": _SHARE,  # of the verdicts on its answers to the benchmarks
        "answer": _SHARE,  # cost of one answer
        "training_hours": _SHARE,  # measured GPU-hours of the same; null if not timed or not counted
        "teacher_hours": _SHARE,
        "search_hours": _SHARE,
        "judging_hours": _SHARE,
        "answer_hours": _SHARE,
        "runner_up": _TEXT,
        "runner_up_serving": _TEXT,  # as of the best
        "runner_up_budget": _COUNT,
        "runner_up_accuracy": _SHARE,
        "runner_up_lifetime": _SHARE,
        "runner_up_probability": _SHARE,
        **_bounds("lead"),  # of the best over the runner-up
        "reasoning_probability": _SHARE,  # that the best learnt from reasoning
        "reasoning_leads": _BOOL,  # the best affordable reasoning student is ahead of the best IFT student
        "reasoning_ranges": _TEXT,  # numbers of answers at which that is so, as "0 to 140; 300 to 500"
        **_bounds("break_even_queries"),  # the largest of these numbers
        "extrapolation": _SHARE,  # budget over the lifetime cost of the most expensive model
        "offers": _COUNT,
        "affordable": _COUNT,
        "cheapest": _SHARE,  # lifetime cost, as most_expensive
        "most_expensive": _SHARE,
        "note": _TEXT,
    },
    # one row per family, budget and number of answers: the best affordable model
    "regions": {
        "family": _TEXT,
        "budget": _SHARE,
        "queries": _SHARE,
        "best": _TEXT,
        "student": _TEXT,
        "size_b": _SHARE,
        "ratio": _SHARE,
        "data_fraction": _SHARE,
        "serving": _TEXT,  # how the best answers; null if the study has one way only
        "reasons": _BOOL,  # trained on reasoning
        "accuracy": _SHARE,
        "reasoning_probability": _SHARE,
    },
    # one row per statement of the papers
    "findings": {
        "name": _TEXT,
        "source": _TEXT,
        "statement": _TEXT,
        "paper": _TEXT,  # the number as the papers state it
        "unit": _TEXT,
        "value": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
        "verdict": _TEXT,  # supported | contradicted | undecided
        "parts": _COUNT,  # conditions on single cells, all of which must hold
        "parts_holding": _COUNT,
        "p": _SHARE,
        "q": _SHARE,  # p adjusted for the false discovery rate over all statements
        "cells": _TEXT,
        "flops_by": _TEXT,  # papers | exact: how FLOPs are counted, where the statement takes any
        "note": _TEXT,
        "remark": _TEXT,  # on the papers' wording and numbers
    },
    # one row per number of the papers' tables
    "reproduction": {
        "version": _TEXT,
        "quantity": _TEXT,  # accuracy | shift | teacher | inference FLOPs
        "corpus": _TEXT,
        "family": _TEXT,
        "size_b": _SHARE,
        "format": _TEXT,
        "paper": _SHARE,  # per cent, points, or FLOPs of one answer
        "ours": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
        "difference": _SHARE,  # ours minus the paper's; for FLOPs, the ratio ours / paper's
        "tolerance": _SHARE,  # points, or a factor
        "agrees": _TEXT,  # yes | no | undecided
        "note": _TEXT,
    },
    # one row per pair of judges and benchmark, and one over all benchmarks (benchmark null)
    "judge_agreement": {
        "benchmark": _TEXT,
        "family": _TEXT,
        "first": _TEXT,  # judge, "rule_graders", "human" (most people), "human-NAME" (one), "jury" or "people" (all)
        "second": _TEXT,  # null for the jury and people
        "answers": _COUNT,  # with verdicts of both (for the jury and people: of at least two)
        "first_only": _COUNT,  # that only the first calls right: its false positives if the second is the reference
        "second_only": _COUNT,
        "difference": _SHARE,  # median over models of the absolute difference in accuracy, in points; null for people
        "agreement": _SHARE,
        "agreement_low": _SHARE,
        "agreement_high": _SHARE,
        "kappa": _SHARE,
        "kappa_low": _SHARE,
        "kappa_high": _SHARE,
        "alpha": _SHARE,
        "alpha_low": _SHARE,
        "alpha_high": _SHARE,
    },
    # one row per trained model, benchmark and limit on the length of answers
    "length_limits": {
        **CELL_COLUMNS,
        "benchmark": _TEXT,
        "family": _TEXT,
        "max_tokens": _COUNT,
        **_MEASURED,
    },
    # one row per model, benchmark and outcome: right answers, and all others
    "answer_lengths": {
        **CELL_COLUMNS,
        "benchmark": _TEXT,
        "family": _TEXT,
        "right": _BOOL,
        "answers": _COUNT,
        "answer_tokens_mean": _SHARE,
    },
    # one row per model and stage; one per format for the teacher, one per benchmark for evaluation and judging
    "costs": {
        **CELL_COLUMNS,
        "stage": _TEXT,  # teacher | training | evaluation | judging
        "format": _TEXT,  # of the teacher's answers: ift | reasoning
        "benchmark": _TEXT,
        "family": _TEXT,
        "sequences": _COUNT,
        "prompt_tokens": _COUNT,
        "completion_tokens": _COUNT,
        "flops": _SHARE,  # the paper's formulas, equations 1-6, over the sequences; null if unknown
        "exact_flops": _SHARE,  # the matrix products of the actual architecture, with causal attention
        "seconds": _SHARE,  # measured; null if not timed
    },
}
