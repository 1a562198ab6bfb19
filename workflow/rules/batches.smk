# Models that one job evaluates or judges together (`compute.evaluation_grouping`, `compute.models_per_judge_job`).
import os.path

from scale_or_reason.study.batches import batches, evaluation_groups, judging_groups, named_batches, outside
from snakemake_study.records import incomplete_files


def batches_of(groups, sources, size):
    """The batches of models without results; in a cluster job all that the job may be one of."""
    if workflow.is_main_process:
        return batches(groups, sources, size, has_results)
    names = [word.partition("_")[2] for word in sys.argv if word.startswith(("evaluate_", "judge_"))]
    return named_batches(groups, sources, size, names)


def has_results(source, model_id):
    """Whether a judge's verdicts on a model, or without a judge the model's answers, are finished.

    A model whose training has failed is in no batch either, since it would keep the others from being made.
    """
    if GAPS.lacks(model_id):
        return True
    manifest = f"results/{STUDY.name}/{f'verdicts/{source}' if source else 'answers'}/{model_id}/manifest.json"
    return os.path.isfile(manifest) and manifest not in UNFINISHED


UNFINISHED = incomplete_files() if workflow.is_main_process else ()
BY_STUDENT = config["compute"]["evaluation_grouping"] == "student"
EVALUATION_BATCHES = batches_of(evaluation_groups(STUDY, by_student=BY_STUDENT), [""], None)
JUDGE_BATCHES = batches_of(judging_groups(STUDY), list(STUDY.judges), config["compute"]["models_per_judge_job"])
# for the rules of single models
NOT_IN_EVALUATION_BATCH, NOT_IN_JUDGE_BATCH = (
    outside(found) if workflow.is_main_process else "" for found in (EVALUATION_BATCHES, JUDGE_BATCHES)
)


def prefer_single_models(workflow):
    """Have a cluster job take any rule for answers and verdicts that are there, the one of a single model first.

    It does not know which rule has made them, and runs none of these rules unless it is a job of that very rule.
    """
    names = [rule.name for rule in workflow.rules]
    for kind, single in (
        (
            "evaluate_",
            (
                "evaluate_model",
                "evaluate_base_model",
                "evaluate_adopted_model",
                "evaluate_teacher",
                "evaluate_hybrid",
                "evaluate_within_budget",
                "evaluate_for_votes",
            ),
        ),
        ("judge_", ("judge_answers", "judge_within_limit", "judge_within_budget", "judge_for_votes")),
    ):
        alternatives = [name for name in names if name.startswith(kind)]
        workflow.ruleorder(*sorted(alternatives, key=lambda name: name not in single))
