# Options that affect memory and speed but not results, which can be changed during a study: Snakemake ignores changes of
# parameters whose function takes `threads`.
from scale_or_reason.study.batches import without_variants
from scale_or_reason.study.cells import Cell, format_ratio
from scale_or_reason.study.local_files import deepspeed_file
from scale_or_reason.training.chat_templates import template_file


def engine_or_endpoint(entry):
    """The endpoint of a teacher or judge, if any."""
    return json_option("endpoint", entry.endpoint) if entry.endpoint else json_option("engine", entry.engine)


def model_ids_option(*patterns):
    """The ids of the models of a job: how work is cut into jobs invalidates nothing."""

    def ids(wildcards, threads):
        fields = dict(wildcards.items())
        return option("model_ids", *(pattern.format(**fields) for pattern in patterns))

    return ids


def models_of_variants_option(*patterns):
    """The model folder of each id with a thinking budget or of further answers, as many as ids."""

    def folders(wildcards, threads):
        fields = dict(wildcards.items())
        cells = (without_variants([pattern])[0].format(**fields) for pattern in patterns)
        return option("model", *(f"results/{STUDY.name}/models/{cell}" for cell in cells))

    return folders


def adopted_options(wildcards, threads):
    """The id of an adopted model, and its provenance for the manifest: another text makes no answer old."""
    provenance = option("provenance", student_of(wildcards).provenance)
    return f"{option('model_ids', wildcards.model_id)} {provenance}"


def chat_template_option(wildcards, threads):
    """The file of a student's chat template."""
    named = wildcards.get("student")
    student = STUDY.students[named] if named else TOKENIZERS[wildcards.tokenizer]
    return option("chat_template", project_file(template_file(student.template), PROJECT))


def execution_options(wildcards, threads):
    """The execution options of a training."""
    execution = dict(config["training"]["execution"])
    reports = execution.pop("report_to")
    execution["gradient_checkpointing"] = "on" if execution["gradient_checkpointing"] else "off"
    spelled = options({"deepspeed": deepspeed_file(STUDY.students[wildcards.student].deepspeed, PROJECT), **execution})
    return f"{spelled} {option('report_to', *reports)}" if reports else spelled


def execution_of_full_run(wildcards, threads):
    """The same for a training on a whole mixture, with the outputs of its branches, which begin with its checkpoints."""
    cell = Cell(wildcards.corpus, wildcards.student, wildcards.curriculum, float(wildcards.ratio), int(wildcards.seed))
    branches = [
        f"{format_ratio(branch.data_fraction)}=results/{STUDY.name}/models/{branch.model_id}"
        for branch in STUDY.branches_of(cell)
    ]
    spelled = execution_options(wildcards, threads)
    return f"{spelled} {option('branches', *branches)}" if branches else spelled


def launcher(wildcards, threads):
    """The launcher of a training: torchrun on this machine, or srun on each node of a Slurm job; none for a process."""
    student = STUDY.students[wildcards.student]
    if (student.nodes, student.processes_per_node) == (1, 1):
        return python_with("trainer")  # torchrun would import torch in a process of its own
    torchrun = (
        f"python {program('torchrun')(wildcards, threads)} {option('nproc_per_node', student.processes_per_node)}"
    )
    if student.nodes == 1:
        return torchrun
    srun = {"nodes": student.nodes, "ntasks": student.nodes, "ntasks_per_node": 1, "cpus_per_task": threads}
    # without the last option the others would wait for a failed node
    return f"srun {options(srun)} --kill-on-bad-exit {torchrun} {option('nnodes', student.nodes)}"


def teacher_engine(wildcards, threads):
    """All settings of the teacher's vLLM engine, or of its endpoint."""
    return engine_or_endpoint(STUDY.teacher)


def student_engine(wildcards, threads):
    """All settings of vLLM for a student."""
    return json_option("engine", student_of(wildcards).engine)


def judge_engine(wildcards, threads):
    """All settings of a judge's vLLM engine, or of its endpoint."""
    return engine_or_endpoint(STUDY.judges[wildcards.judge])
