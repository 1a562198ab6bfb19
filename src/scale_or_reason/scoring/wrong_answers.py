"""The wrong answers of a model, to read them: question, accepted answers, what the model answered."""

from __future__ import annotations

import polars as pl

from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.data.thoughts import after_reasoning
from scale_or_reason.judging.jury import KEY, JuryRule
from scale_or_reason.scoring.outcomes import model_outcomes

ITEM_COLUMNS = ["benchmark", "item_id", "question", "gold"]
ANSWER_COLUMNS = [*KEY, "prompt_tokens", "answer", "answer_tokens", "finish_reason"]
#: A longer answer is cut in front, since its end has the result; the table of answers has all of it.
LONGEST_ANSWER = 2000


def wrong_answers(
    model_id: str, items: pl.DataFrame, answers: pl.DataFrame, verdicts: pl.DataFrame, jury: JuryRule
) -> pl.DataFrame:
    """A ``wrong_answers`` table of one model: a row per answer that the jury does not call right, in their order.

    ``items`` has ``ITEM_COLUMNS``, ``answers`` has ``ANSWER_COLUMNS``, ``verdicts`` are those of the jurors. ``answer``
    is the text after the reasoning. Raises :class:`StudyError` if an answer has no verdict.
    """
    right = model_outcomes(model_id, answers, verdicts, jury, None).select(*KEY, "right")
    wrong = answers.join(right, on=KEY, maintain_order="left").filter(~pl.col("right"))
    final = after_reasoning(pl.col("answer"))
    cut = pl.when(final.str.len_chars() > LONGEST_ANSWER).then(pl.lit("... ") + final.str.tail(LONGEST_ANSWER))
    shown = wrong.join(items, on=["benchmark", "item_id"], how="left", maintain_order="left").with_columns(
        model_id=pl.lit(model_id), answer=cut.otherwise(final), gold=pl.col("gold").list.join(" | ")
    )
    return shown.select(list(SCHEMAS["wrong_answers"]))
