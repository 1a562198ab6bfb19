# Every model is evaluated on all benchmarks in one job, with one engine start and one table per benchmark. One job also
# covers both modes of the teacher, and of models without answers all numbers of shots of a base student and, depending
# on `compute.evaluation_grouping`, all models of a student. All of these rules have the same parameters and command, so
# that it does not matter for a model's answers which of them has made them.


# exec: Slurm's SIGTERM would kill a waiting shell, and with it the job
EVALUATE = (
    "exec python {params.program} {params.model} {params.model_ids}"
    " --items {input.item_tables} {params.pools} {params.sampling} {params.samples}"
    " {params.engine} {params.seed} --output-dir {params.directory} &> {log}"
)


rule evaluate_model:
    input:
        model="<results>/models/{model_id}",
        item_tables=ITEMS,
    output:
        answers=expand("<results>/answers/{{model_id}}/{benchmark}.parquet", benchmark=STUDY.benchmarks),
        manifest="<results>/answers/{model_id}/manifest.json",
    log:
        "<logs>/evaluate_model/{model_id}.log",
    benchmark:
        "<benchmarks>/evaluate_model/{model_id}.tsv"
    wildcard_constraints:
        model_id=NOT_IN_EVALUATION_BATCH + TRAINED,
    priority: PRIORITIES["evaluation"]
    retries: RESTARTS
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["engine"]["threads"]
    resources:
        **memory_and_runtime("engine"),
        vllm=1,
        gpu=lambda wildcards: gpus(student_of(wildcards).engine),
        gpu_model=GPU_TYPE,
    params:
        program=warm_program("evaluate_model"),
        model=lambda wildcards, input: option("model", input.model),
        model_ids=model_ids_option("{model_id}"),
        pools="",
        directory=output_folder(1),
        sampling=json_option("sampling", config["evaluation"]["sampling"]),
        samples=json_option("samples", config["benchmarks"]["samples_per_item"]),
        engine=student_engine,
        engine_of_results=lambda wildcards: engine_of_results(student_of(wildcards)),
        seed=option("seed", STUDY.seed),
        version=version_of("answers"),
    message:
        "evaluate {wildcards.model_id}"
    shell:
        EVALUATE


use rule evaluate_model as evaluate_base_model with:
    input:
        item_tables=ITEMS,
        pools=pools_of,
        model_files=lambda wildcards: model_files(student_of(wildcards).model),
    wildcard_constraints:
        model_id=NOT_IN_EVALUATION_BATCH + BASE,
    params:
        model=base_model_option,
        pools=pools_option,


use rule evaluate_model as evaluate_adopted_model with:
    input:
        item_tables=ITEMS,
        model_files=lambda wildcards: model_files(student_of(wildcards).model),
    wildcard_constraints:
        model_id=ADOPTED,
    params:
        model=base_model_option,
        model_ids=adopted_options,


for batch in EVALUATION_BATCHES:
    trained = not batch.owner.startswith("base/")
    first_wildcard = "corpus" if batch.owner.startswith("{corpus}") else "student"

    rule:
        name:
            f"evaluate_{batch.name}"
        input:
            models=expand("<results>/models/{id}", id=batch.model_ids) if trained else [],
            item_tables=ITEMS,
            pools=[] if trained else POOLS,
            model_files=[] if trained else lambda wildcards: model_files(student_of(wildcards).model),
        output:
            answers=expand("<results>/answers/{id}/{benchmark}.parquet", id=batch.model_ids, benchmark=batch.benchmarks),
            manifests=expand("<results>/answers/{id}/manifest.json", id=batch.model_ids),
        log:
            f"<logs>/evaluate_model/{batch.log}.log",
        benchmark:
            f"<benchmarks>/evaluate_model/{batch.log}.tsv"
        wildcard_constraints:
            **{first_wildcard: batch.only_here(batch.owner.partition("{")[0]) + OWNER[first_wildcard]},
        priority: PRIORITIES["evaluation"]
        retries: RESTARTS
        conda:
            CONDA_ENVIRONMENT
        threads: JOBS["engine"]["threads"]
        resources:
            **memory_and_runtime("engine", models=len(batch.model_ids) if trained else 1),
            vllm=1,
            gpu=lambda wildcards: gpus(student_of(wildcards).engine),
            gpu_model=GPU_TYPE,
        params:
            program=warm_program("evaluate_model"),
            model=trained_models_option if trained else base_model_option,
            model_ids=model_ids_option(*batch.model_ids),
            pools="" if trained else pools_option,
            directory=output_folder(1),
            sampling=json_option("sampling", config["evaluation"]["sampling"]),
            samples=json_option("samples", config["benchmarks"]["samples_per_item"]),
            engine=student_engine,
            engine_of_results=lambda wildcards: engine_of_results(student_of(wildcards)),
            seed=option("seed", STUDY.seed),
            version=version_of("answers"),
        message:
            f"evaluate {len(batch.model_ids)} of {batch.owner.replace('{', '{wildcards.')}"
        shell:
            EVALUATE


use rule evaluate_model as evaluate_teacher with:
    input:
        item_tables=ITEMS,
        model_files=lambda wildcards: model_files(STUDY.teacher.model),
    output:
        answers=expand(
            "<results>/answers/teacher/{{teacher}}/{format}/{benchmark}.parquet",
            format=FORMATS,
            benchmark=STUDY.benchmarks,
        ),
        manifests=expand("<results>/answers/teacher/{{teacher}}/{format}/manifest.json", format=FORMATS),
    log:
        "<logs>/evaluate_model/teacher/{teacher}.log",
    benchmark:
        "<benchmarks>/evaluate_model/teacher/{teacher}.tsv"
    resources:
        **memory_and_runtime("engine"),
        vllm=lambda wildcards: engine_jobs(STUDY.teacher)["vllm"],
        gpu=lambda wildcards: engine_jobs(STUDY.teacher)["gpu"],
        gpu_model=lambda wildcards: engine_jobs(STUDY.teacher)["gpu_model"],
    params:
        model=teacher_options,
        model_ids=model_ids_option(*(f"teacher/{{teacher}}/{answer_format}" for answer_format in FORMATS)),
        engine=teacher_engine,
        engine_of_results=lambda wildcards: engine_of_results(STUDY.teacher),
    message:
        "evaluate {wildcards.teacher}"


rule answers:
    """The answers of all models to all benchmarks."""
    input:
        expand("<results>/answers/{model_id}/{benchmark}.parquet", model_id=MODEL_IDS, benchmark=STUDY.benchmarks),
    localrule: True
