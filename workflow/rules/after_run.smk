# What a run without failures ends with.
import atexit

from scale_or_reason.integrity.quarantine import restore_times
from scale_or_reason.study.places import places


def where_to_look():
    """A line with the places of what a run has been for; empty if it was for none of them."""
    jobs = workflow.dag.targetjobs
    found = places(str(file) for job in jobs for file in job.output or job.input)
    found += [f"{config['new_study']}.yaml" for job in jobs if job.rule.name == "new_study"]
    return f"Look at {', '.join(found)}" if found else ""


onsuccess:
    restore_times(Path("results", STUDY.name))
    if not GAPS.gaps and (line := where_to_look()):
        # after Snakemake's own last lines
        atexit.register(print, line, file=sys.stderr)
