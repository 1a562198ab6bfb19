# API keys of servers: a missing one ends the run before its first job, not within a job after hours of others. A run that
# calls no server needs none.
from scale_or_reason.preflight.endpoint_keys import unset_keys


def calls_server(job, unset):
    """Whether a job requests answers or verdicts from the model of a missing key."""
    if unset.catalogue == "judges":
        return job.rule.name.startswith("judge_") and job.wildcards_dict.get("judge") == unset.name
    return job.rule.name in ("generate_teacher_answers", "evaluate_teacher")


def check_keys():
    """End the run with an error if one of its jobs would lack an API key."""
    for unset in unset_keys(config):
        if jobs := sum(calls_server(job, unset) for job in workflow.dag.needrun_jobs()):
            sys.exit(f"error: {unset.error(jobs)}")
