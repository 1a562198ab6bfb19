# Partial results: when jobs have failed, tables and figures are made without the models that need them.
import atexit

from scale_or_reason.common.wording import counted
from scale_or_reason.study.gaps import Gap, model_of_path, write_gaps
from snakemake_study.failures import FailedJobs, has_gone_as_far_as_possible, name_of, run_again

#: What a run makes without its missing models.
SUMMARIES = (f"{SUMMARY}/tables/", f"{SUMMARY}/figures/", f"{SUMMARY}/explorer.html")
#: Those that compare limits on the length of answers, and are not made without models under other limits.
OF_LIMITS = (
    f"{SUMMARY}/tables/limited_scores.",
    f"{SUMMARY}/tables/length_limits.",
    *(f"{SUMMARY}/figures/{name}." for name in figures_of("length_limit")),
)


def files_of_model(model_id):
    """The files of a model that tables are made from."""
    files = [
        f"<results>/answers/{model_id}/manifest.json",
        *expand(JUDGED, model_id=model_id),
        *graded_of([model_id]),
        *trainings_of([model_id]),
        *mixtures_of([model_id]),
        *pairs_of([model_id]),
    ]
    return [file.replace("<results>", f"results/{STUDY.name}") for file in files]


def partial_run(failed_jobs):
    """The run for what can be made in spite of failed jobs; one without targets where that is nothing."""
    gaps, outdated = [], []
    for model_id in ALL_MODEL_IDS:
        files = files_of_model(model_id)
        cause = next(filter(None, map(failed_jobs.cause, files)), None)
        if cause is not None:
            gaps.append(Gap(model_id, name_of(cause), " ".join(map(str, cause.log))))
        else:
            outdated += [file for file in files if failed_jobs.is_open(file) and Path(file).exists()]
    blocked = [file for file in failed_jobs.open_files() if file.startswith(SUMMARIES)]
    if not {model.model_id for model in LIMITED} - {gap.model_id for gap in gaps}:
        blocked = [file for file in blocked if not file.startswith(OF_LIMITS)]
    targets = [f"{PARTIAL}/{Path(file).relative_to(SUMMARY)}" for file in blocked]
    if len(gaps) == len(ALL_MODEL_IDS) or not gaps:
        targets = []
    return PartialRun(tuple(gaps), tuple(targets), tuple(outdated))


def make_partial_results():
    """After a run with failed jobs: tables, figures and report without the models that need these jobs."""
    if GAPS.gaps or not workflow.scheduler.failed:
        return
    failed_jobs = FailedJobs(workflow.dag, workflow.scheduler.failed, model_of_path, workflow.start_time.timestamp())
    run = partial_run(failed_jobs)
    note = gap_note(run.gaps, len(ALL_MODEL_IDS))
    if not run.targets:
        return
    if config["compute"]["gaps"] == "error":
        end = f"models without results: {len(run.gaps)} of {len(ALL_MODEL_IDS)}, and compute.gaps is error."
    elif not has_gone_as_far_as_possible(workflow):
        end = "No tables and figures of the finished models were made: that needs a run to its end, with --keep-going."
    else:
        write_gaps(run.gaps, Path(PARTIAL, "gaps.csv"))
        print(f"Making tables and figures without {counted(len(run.gaps), 'model')}.", file=sys.stderr)
        is_done = run_again(workflow, run.targets, run.outdated, f"{PARTIAL}/report.html", run.environment())
        end = f"{note} They are in {PARTIAL}." + ("" if is_done else " Not all could be made; see above.")
    atexit.register(print, end, file=sys.stderr)


if GAPS.gaps:
    config["gaps"] = gap_note(GAPS.gaps, len(ALL_MODEL_IDS))  # for the report


onerror:
    make_partial_results()
