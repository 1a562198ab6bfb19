# Every model is evaluated on all benchmarks in one job, with one engine start and one table per benchmark. One job also
# covers all numbers of shots of a base student, both modes of the teacher, and, depending on
# `compute.evaluation_grouping`, all models of a student.


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
        model_id=TRAINED_APART,
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
        program=program("evaluate_model"),
        model=lambda wildcards, input: option("model", input.model),
        model_ids=option("model_ids", "{model_id}"),
        pools="",
        directory=output_folder(1),
        sampling=json_option("sampling", config["evaluation"]["sampling"]),
        samples=json_option("samples", SAMPLES),
        engine=student_engine,
        engine_of_results=lambda wildcards: engine_of_results(student_of(wildcards)),
        seed=option("seed", STUDY.seed),
        version=version_of("answers"),
    message:
        "evaluate {wildcards.model_id}"
    shell:
        # exec: Slurm's SIGTERM would kill a waiting shell, and with it the job
        "exec python {params.program} {params.model} {params.model_ids}"
        " --items {input.item_tables} {params.pools} {params.sampling} {params.samples}"
        " {params.engine} {params.seed} --output-dir {params.directory} &> {log}"


if BY_STUDENT and GRID:

    use rule evaluate_model as evaluate_student with:
        input:
            models=expand("<results>/models/{{corpus}}/{{student}}/{cell}/seed-{{seed}}", cell=GRID),
            item_tables=ITEMS,
        output:
            answers=expand(
                "<results>/answers/{{corpus}}/{{student}}/{cell}/seed-{{seed}}/{benchmark}.parquet",
                cell=GRID,
                benchmark=STUDY.benchmarks,
            ),
            manifests=expand("<results>/answers/{{corpus}}/{{student}}/{cell}/seed-{{seed}}/manifest.json", cell=GRID),
        log:
            "<logs>/evaluate_model/{corpus}/{student}/seed-{seed}.log",
        benchmark:
            "<benchmarks>/evaluate_model/{corpus}/{student}/seed-{seed}.tsv"
        resources:
            **memory_and_runtime("engine", models=len(GRID)),
            vllm=1,
            gpu=lambda wildcards: gpus(student_of(wildcards).engine),
            gpu_model=GPU_TYPE,
        params:
            model=lambda wildcards, input: option("model", *input.models),
            model_ids=option("model_ids", *(f"{{corpus}}/{{student}}/{part}/seed-{{seed}}" for part in GRID)),
        message:
            "evaluate all {wildcards.student} trained on {wildcards.corpus}"


if BY_STUDENT and ADAPTED:

    use rule evaluate_model as evaluate_adapted_student with:
        input:
            models=expand("<results>/models/adapted/{{student}}/{formats}/seed-{{seed}}", formats=ADAPTED),
            item_tables=ITEMS,
        output:
            answers=expand(
                "<results>/answers/adapted/{{student}}/{formats}/seed-{{seed}}/{benchmark}.parquet",
                formats=ADAPTED,
                benchmark=STUDY.benchmarks,
            ),
            manifests=expand(
                "<results>/answers/adapted/{{student}}/{formats}/seed-{{seed}}/manifest.json", formats=ADAPTED
            ),
        log:
            "<logs>/evaluate_model/adapted/{student}/seed-{seed}.log",
        benchmark:
            "<benchmarks>/evaluate_model/adapted/{student}/seed-{seed}.tsv"
        resources:
            **memory_and_runtime("engine", models=len(ADAPTED)),
            vllm=1,
            gpu=lambda wildcards: gpus(student_of(wildcards).engine),
            gpu_model=GPU_TYPE,
        params:
            model=lambda wildcards, input: option("model", *input.models),
            model_ids=option("model_ids", *(f"adapted/{{student}}/{part}/seed-{{seed}}" for part in ADAPTED)),
        message:
            "evaluate all adapted {wildcards.student}"


if STUDY.base_shots:

    use rule evaluate_model as evaluate_base_student with:
        input:
            item_tables=ITEMS,
            pools=POOLS,
            model_files=lambda wildcards: model_files(STUDY.students[wildcards.student].model),
        output:
            answers=expand(
                "<results>/answers/base/{{student}}/shots-{shots}/{benchmark}.parquet",
                shots=STUDY.base_shots,
                benchmark=STUDY.benchmarks,
            ),
            manifests=expand("<results>/answers/base/{{student}}/shots-{shots}/manifest.json", shots=STUDY.base_shots),
        log:
            "<logs>/evaluate_model/base/{student}.log",
        benchmark:
            "<benchmarks>/evaluate_model/base/{student}.tsv"
        resources:
            **memory_and_runtime("engine"),
            vllm=1,
            gpu=lambda wildcards: gpus(student_of(wildcards).engine),
            gpu_model=GPU_TYPE,
        params:
            model=lambda wildcards: model_options(STUDY.students[wildcards.student]),
            model_ids=option("model_ids", *(f"base/{{student}}/shots-{shots}" for shots in STUDY.base_shots)),
            pools=lambda wildcards, input: option("pools", *input.pools) if input.pools else "",
        message:
            "evaluate base {wildcards.student}"


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
        model_ids=option("model_ids", *(f"teacher/{{teacher}}/{answer_format}" for answer_format in FORMATS)),
        engine=teacher_engine,
        engine_of_results=lambda wildcards: engine_of_results(STUDY.teacher),
    message:
        "evaluate {wildcards.teacher}"


rule answers:
    input:
        expand("<results>/answers/{model_id}/{benchmark}.parquet", model_id=MODEL_IDS, benchmark=STUDY.benchmarks),
    localrule: True
