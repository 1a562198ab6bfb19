# Snakemake starts at most 100 jobs a second unless --max-jobs-per-timespan says otherwise. For this limit, its scheduler
# schedules another look at all open jobs, a second later, on each of its looks. So the number of looks per second grows
# with the number of finished jobs, and after some hundred short jobs Snakemake occupies a core. This workflow starts few
# jobs at a time, so the default limit is lifted; a limit that a person has chosen stays. Tried with Snakemake 9.27.1.
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
