# Snakemake starts at most 100 jobs a second unless --max-jobs-per-timespan says otherwise. For this limit, every
# pass of its scheduler over the open jobs schedules another pass a second later. So the number of passes per second grows
# with the number of finished jobs, and after some hundred short jobs Snakemake occupies a core. This workflow starts few
# jobs at a time, so the default limit is removed; a limit set by the user is kept. Tried with Snakemake 9.27.1.
from snakemake.logging import logger


def lift_default_rate_limit(scheduler):
    """Remove Snakemake's default limit of job starts from its scheduler."""
    try:
        limiter = scheduler.job_rate_limiter
        is_default = limiter is not None and (limiter.max_jobs, limiter.timespan) == (100, 1)
    except AttributeError as error:
        logger.warning(f"This version of Snakemake may need a whole core for many short jobs: {error}")
        return
    if is_default:
        scheduler.job_rate_limiter = None


onstart:
    lift_default_rate_limit(workflow.scheduler)
    if not workflow.touch:
        check_keys()
        watch_results()
    if WARM_START and not workflow.touch:
        start_servers()


#: One short job each, on this machine.
WITHOUT_CORES = {"advise", "archive", "new_study", "plan", "prefetch", "push", "quarantine", "restore", "verify"}


def provide_a_core(workflow, words):
    """Let `snakemake plan` and the other rules of :data:`WITHOUT_CORES` run without --cores.

    Snakemake reads its targets later, so ``words`` is the command line. With any other target, --cores stays required.
    """
    settings = workflow.resource_settings
    targets = {word for word in words if word.startswith("results/")}
    targets |= {rule.name for rule in workflow.rules} & set(words)
    if settings.cores is None and settings.nodes is None and targets and targets <= WITHOUT_CORES:
        settings.cores = 1
        workflow.global_resources["_cores"] = 1
