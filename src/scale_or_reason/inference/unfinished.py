"""Trained models whose answers do not end: a line that nobody overlooks."""

from __future__ import annotations

from collections.abc import Mapping

from scale_or_reason.common.wording import counted

#: Models that a line names.
_NAMED = 3


def stop_warning(cut: Mapping[str, tuple[int, int]]) -> str | None:
    """A warning about the trained models of which most answers reach the limit on their length; None without any.

    ``cut`` has the number of answers that reach the limit and the number of all answers, by model id.
    """
    found = {name: f"{name}: {at} of {answers}" for name, (at, answers) in cut.items() if 2 * at > answers}
    if not found:
        return None
    names = [*list(found.values())[:_NAMED], *([f"and {len(found) - _NAMED} more"] if len(found) > _NAMED else [])]
    models = f"{counted(len(found), 'trained model')} {'has' if len(found) == 1 else 'have'}"
    return (
        f"warning: {models} not learnt to stop: most answers reach the limit of length ({'; '.join(names)}). "
        "Train with more steps or at a higher learning rate; if reasoning needs more room, raise "
        "evaluation.sampling.max_tokens"
    )
