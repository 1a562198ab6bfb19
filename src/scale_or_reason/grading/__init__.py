"""Rule-based graders: an item and an answer in, a verdict out, without a model.

They are the exact counterpart of the judges. :func:`~scale_or_reason.grading.registry.get_grader` gives a grader by
the name that a benchmark declares.
"""

from scale_or_reason.grading.grade import Grade
from scale_or_reason.grading.registry import GRADERS, get_grader, grade

__all__ = ["GRADERS", "Grade", "get_grader", "grade"]
