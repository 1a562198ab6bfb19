# Nothing expensive is deleted by an edit: a run that would make trainings, teacher answers or pairs again asks for a word
# first, and keeps what it replaces until the successor is whole. Only the process that a person has started does this;
# never for the small study, which costs minutes.
import atexit
import contextlib
import json

from scale_or_reason.common.files import write_json
from scale_or_reason.common.wording import counted
from snakemake_study.graph import TrueGraph
from snakemake_study.records import TrueRecords
from snakemake_study.replacing import Kept, Watch, outputs_at_stake, word_for

GUARDED = {
    "train_student": "trainings",
    "train_branch": "trainings",
    "train_hybrid": "trainings",
    "adapt_student": "trainings",
    "generate_teacher_answers": "shards of teacher answers",
    "build_pairs": "tables of pairs",
    "import_released_pairs": "tables of pairs",
}
KEPT = Kept(Path("results", STUDY.name))
#: Where results are. Under --directory, Snakemake is back in the folder of the command before Python exits.
WORKING_DIRECTORY = Path.cwd()
#: Words that were given, each with the outputs that it allows to make again.
CONFIRMED = KEPT.folder / "confirmed.json"


def at_exit(function):
    """Call a function in the working directory when Python exits."""

    def call():
        with contextlib.chdir(WORKING_DIRECTORY):
            function()

    atexit.register(call)


def stake_of(stake):
    """The outputs by kind with their GPU-hours, and why the first is made again, in words."""
    from scale_or_reason.planning.stakes import gpu_hours_of_outputs

    hours = gpu_hours_of_outputs(config, STUDY, KEPT.results)
    parts = []
    for kind in dict.fromkeys(GUARDED.values()):
        outputs = [output for output, job in stake.items() if GUARDED[job.rule.name] == kind]
        spent = sum(hours.get(output, 0) for output in outputs)
        if outputs:
            parts.append(f"{len(outputs)} {kind}" + (f" ({spent:,.0f} GPU-hours)" if spent else ""))
    first, job = next(iter(stake.items()))
    reason = " ".join(str(workflow.dag.reason(job)).split())
    return f"{', '.join(parts)}; the first is {first}. {reason[:600]}"


def is_allowed(stake):
    """Whether the word of the config allows to make these outputs again."""
    word = config["confirm"]
    if "small_world" in config:
        return True
    known = json.loads(CONFIRMED.read_text()) if CONFIRMED.is_file() else {}
    if word == word_for(stake):
        write_json({**known, word: list(stake)}, CONFIRMED)
        return True
    if word == "pairs":  # and what follows from them
        pairs = [job for job in stake.values() if GUARDED[job.rule.name] == "tables of pairs"]
        return set(stake.values()) <= set(workflow.dag.bfs(workflow.dag.depending, *pairs))
    # after an interruption fewer are left
    return stake.keys() <= set(known.get(word, ()))


def guard_results():
    """End the run if it would make something expensive again that nobody has confirmed; otherwise keep it."""
    stake = outputs_at_stake(workflow.dag, GUARDED)
    if stake and not is_allowed(stake):
        error = StudyError(
            "this run would make again what exists",
            where=str(KEPT.results),
            found=stake_of(stake),
            expected="a run that makes what is missing",
            remedy="undo the last change if this is not meant (snakemake -n shows all reasons); otherwise repeat the "
            f"command with --config confirm={word_for(stake)}. The present results are kept in {KEPT.folder} until "
            "their successors are finished",
        )
        sys.exit(f"error: {error}")
    KEPT.keep(stake, getattr(workflow.persistence, "files_of", None))


def watch_results():
    """Before the first job: look at what will be made again, now and whenever a checkpoint has added jobs."""
    missing = KEPT.tidy(outputs_at_stake(workflow.dag, GUARDED), incomplete_files())
    if missing:
        print(
            f"note: {KEPT.folder} keeps {counted(len(missing), 'result')} without a finished successor; `snakemake restore`"
            " brings back what it keeps",
            file=sys.stderr,
        )
    guard_results()
    workflow.dag.dag_processors.append(Watch(guard_results))
    TrueRecords.when_ended = KEPT.job_ended
    at_exit(KEPT.settle)


def announce_stake():
    """At the end of a dry run: what it would make again."""
    if workflow.dag is None or not (workflow.executor_plugin and workflow.dryrun):
        return
    stake = outputs_at_stake(workflow.dag, GUARDED, exclude_finished=False)
    if stake:
        word = "" if "small_world" in config else f" It needs --config confirm={word_for(stake)}."
        print(f"note: this run would make again what exists: {stake_of(stake)}{word}", file=sys.stderr)


if workflow.is_main_process:
    TrueGraph.deleted = KEPT.missing
    at_exit(announce_stake)
