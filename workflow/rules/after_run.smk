# What a run without failures ends with.
import atexit

from scale_or_reason.integrity.quarantine import restore_times


def where_to_look():
    """A line with the places of what a run has been for; empty if it was for none of them."""
    places = (f"{SUMMARY}/figures/", f"{SUMMARY}/tables/", f"{SUMMARY}/explorer.html")
    requested = [str(file) for job in workflow.dag.targetjobs for file in [*job.output, *job.input]]
    found = [place for place in places if any(file.startswith(place) for file in requested) and Path(place).exists()]
    return f"Look at {', '.join(found)}" if found else ""


onsuccess:
    restore_times(Path("results", STUDY.name))
    if not GAPS.gaps and (line := where_to_look()):
        # after Snakemake's own last lines
        atexit.register(print, line, file=sys.stderr)
