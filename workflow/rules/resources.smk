# Resources of jobs: `compute` of the config, by the kind of job and the size of the student, growing with each attempt.
# Limits of a site belong into its profile, which caps them.
from scale_or_reason.study.job_sizes import grown, job_settings

MORE = config["compute"]["retry_scaling"]
GPU_TYPE = config["compute"]["gpu_type"] if ON_GPU else None
# Of the jobs that can start, those with the longest way to the tables come first. What remains at the end is then short
# and fills all cores; a training that comes last would leave them waiting for its evaluation and its judges.
PRIORITIES = {"data": 5, "branches": 4, "training": 3, "evaluation": 2, "judging": 1}


def memory_and_runtime(kind, models=1):
    """Memory per node in MB and runtime in minutes, for a job that evaluates ``models``."""
    return {"mem_mb": asked(kind, "mem_mb"), "runtime": asked(kind, "runtime", models)}


def asked(kind, name, times=1):
    """A resource of such a job."""

    def amount(wildcards, attempt):
        settings = job_settings(config["compute"], kind, size_of_student(wildcards))
        return grown(times * settings[name], MORE[name], attempt)

    return amount


def size_of_student(wildcards):
    """The size of a job's student in billions of parameters; None without a student."""
    if "student" in wildcards.keys():
        return STUDY.students[wildcards.student].size_b
    kind_has_student = "model_id" in wildcards.keys() and not wildcards.model_id.startswith("teacher/")
    return student_of(wildcards).size_b if kind_has_student else None


def gpus(engine):
    """GPUs of one vLLM process."""
    return engine.get("tensor_parallel_size", 1) * engine.get("pipeline_parallel_size", 1) if ON_GPU else 0


def gpus_of_hours(entry):
    """GPUs of a model's engine where hours are counted: one process without GPUs, 0 for a server."""
    return 0 if getattr(entry, "endpoint", None) else max(1, gpus(entry.engine))


def engine_jobs(entry):
    """vLLM processes and GPUs of a teacher's or judge's job."""
    if entry.endpoint:
        return {"vllm": 0, "gpu": 0, "gpu_model": None}
    return {"vllm": 1, "gpu": gpus(entry.engine), "gpu_model": GPU_TYPE}


# For Slurm's executor a training over several nodes is an MPI job, which calls srun itself. Resources that are None are
# omitted.


def on_one_node(value_of):
    """A resource of trainings on a single node; ``value_of`` takes a student."""
    return lambda wildcards: value_of(student) if (student := STUDY.students[wildcards.student]).nodes == 1 else None


def over_nodes(value_of):
    """A resource of trainings over several nodes; ``value_of`` takes a student."""
    return lambda wildcards: value_of(student) if (student := STUDY.students[wildcards.student]).nodes > 1 else None


def gpus_per_node(student):
    """GPUs per node, in Slurm's notation."""
    kind = f"gpu:{GPU_TYPE}" if GPU_TYPE else "gpu"
    return f"{kind}:{student.processes_per_node}" if ON_GPU else None
