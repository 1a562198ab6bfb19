# Answers become verdicts: by each judge of the jury, and by rules. All answers of a base student are judged in one job,
# as they are given, and so are the teacher's; those of trained students too if `compute.evaluation_jobs` says so.


rule judge_answers:
    input:
        item_tables=ITEMS,
        answers=expand("<results>/answers/{{model_id}}/{benchmark}.parquet", benchmark=STUDY.benchmarks),
        model_files=lambda wildcards: model_files(STUDY.judges[wildcards.judge].model),
    output:
        verdicts=expand("<results>/verdicts/{{judge}}/{{model_id}}/{benchmark}.parquet", benchmark=STUDY.benchmarks),
        manifest="<results>/verdicts/{judge}/{model_id}/manifest.json",
    log:
        "<logs>/judge_answers/{judge}/{model_id}.log",
    benchmark:
        "<benchmarks>/judge_answers/{judge}/{model_id}.tsv"
    wildcard_constraints:
        model_id=TRAINED_APART,
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["engine"]["threads"]
    resources:
        vllm=1,
        gpu=lambda wildcards: gpus(STUDY.judges[wildcards.judge].engine),
        mem_mb=JOBS["engine"]["mem_mb"],
        runtime=JOBS["engine"]["runtime"],
    params:
        model=lambda wildcards: model_options(STUDY.judges[wildcards.judge]),
        protocol=lambda wildcards: option("protocol", STUDY.judges[wildcards.judge].protocol),
        answer_tail_tokens=lambda wildcards: option(
            "answer_tail_tokens", STUDY.judges[wildcards.judge].answer_tail_tokens
        ),
        retries=lambda wildcards: option("retries", STUDY.judges[wildcards.judge].retries),
        directory=output_folder(2),
        sampling=lambda wildcards: json_option("sampling", STUDY.judges[wildcards.judge].sampling),
        engine=judge_engine,
        engine_of_results=lambda wildcards: json_option(
            "engine", engine_settings_of_results(STUDY.judges[wildcards.judge].engine)
        ),
        seed=option("seed", STUDY.seed),
        version=version_of("verdicts"),
    message:
        "{wildcards.judge} judges {wildcards.model_id}"
    shell:
        "python workflow/scripts/judge_answers.py --judge {wildcards.judge} {params.model}"
        " --items {input.item_tables} --answers {input.answers} {params.protocol}"
        " {params.answer_tail_tokens} {params.retries} {params.sampling} {params.engine}"
        " {params.seed} --output-dir {params.directory} &> {log}"


if BY_STUDENT and GRID:

    use rule judge_answers as judge_student with:
        input:
            item_tables=ITEMS,
            answers=expand(
                "<results>/answers/{{corpus}}/{{student}}/{cell}/seed-{{seed}}/{benchmark}.parquet",
                cell=GRID,
                benchmark=STUDY.benchmarks,
            ),
            model_files=lambda wildcards: model_files(STUDY.judges[wildcards.judge].model),
        output:
            verdicts=expand(
                "<results>/verdicts/{{judge}}/{{corpus}}/{{student}}/{cell}/seed-{{seed}}/{benchmark}.parquet",
                cell=GRID,
                benchmark=STUDY.benchmarks,
            ),
            manifests=expand(
                "<results>/verdicts/{{judge}}/{{corpus}}/{{student}}/{cell}/seed-{{seed}}/manifest.json", cell=GRID
            ),
        log:
            "<logs>/judge_answers/{judge}/{corpus}/{student}/seed-{seed}.log",
        benchmark:
            "<benchmarks>/judge_answers/{judge}/{corpus}/{student}/seed-{seed}.tsv"
        resources:
            vllm=1,
            gpu=lambda wildcards: gpus(STUDY.judges[wildcards.judge].engine),
            mem_mb=JOBS["engine"]["mem_mb"],
            runtime=len(GRID) * JOBS["engine"]["runtime"],
        message:
            "{wildcards.judge} judges all {wildcards.student} trained on {wildcards.corpus}"


if BY_STUDENT and ADAPTED:

    use rule judge_answers as judge_adapted_student with:
        input:
            item_tables=ITEMS,
            answers=expand(
                "<results>/answers/adapted/{{student}}/{formats}/seed-{{seed}}/{benchmark}.parquet",
                formats=ADAPTED,
                benchmark=STUDY.benchmarks,
            ),
            model_files=lambda wildcards: model_files(STUDY.judges[wildcards.judge].model),
        output:
            verdicts=expand(
                "<results>/verdicts/{{judge}}/adapted/{{student}}/{formats}/seed-{{seed}}/{benchmark}.parquet",
                formats=ADAPTED,
                benchmark=STUDY.benchmarks,
            ),
            manifests=expand(
                "<results>/verdicts/{{judge}}/adapted/{{student}}/{formats}/seed-{{seed}}/manifest.json",
                formats=ADAPTED,
            ),
        log:
            "<logs>/judge_answers/{judge}/adapted/{student}/seed-{seed}.log",
        benchmark:
            "<benchmarks>/judge_answers/{judge}/adapted/{student}/seed-{seed}.tsv"
        resources:
            vllm=1,
            gpu=lambda wildcards: gpus(STUDY.judges[wildcards.judge].engine),
            mem_mb=JOBS["engine"]["mem_mb"],
            runtime=len(ADAPTED) * JOBS["engine"]["runtime"],
        message:
            "{wildcards.judge} judges all adapted {wildcards.student}"


if STUDY.base_shots:

    use rule judge_answers as judge_base_student with:
        input:
            item_tables=ITEMS,
            answers=expand(
                "<results>/answers/base/{{student}}/shots-{shots}/{benchmark}.parquet",
                shots=STUDY.base_shots,
                benchmark=STUDY.benchmarks,
            ),
            model_files=lambda wildcards: model_files(STUDY.judges[wildcards.judge].model),
        output:
            verdicts=expand(
                "<results>/verdicts/{{judge}}/base/{{student}}/shots-{shots}/{benchmark}.parquet",
                shots=STUDY.base_shots,
                benchmark=STUDY.benchmarks,
            ),
            manifests=expand(
                "<results>/verdicts/{{judge}}/base/{{student}}/shots-{shots}/manifest.json", shots=STUDY.base_shots
            ),
        log:
            "<logs>/judge_answers/{judge}/base/{student}.log",
        benchmark:
            "<benchmarks>/judge_answers/{judge}/base/{student}.tsv"
        message:
            "{wildcards.judge} judges base {wildcards.student}"


use rule judge_answers as judge_teacher with:
    input:
        item_tables=ITEMS,
        answers=expand(
            "<results>/answers/teacher/{{teacher}}/{format}/{benchmark}.parquet",
            format=FORMATS,
            benchmark=STUDY.benchmarks,
        ),
        model_files=lambda wildcards: model_files(STUDY.judges[wildcards.judge].model),
    output:
        verdicts=expand(
            "<results>/verdicts/{{judge}}/teacher/{{teacher}}/{format}/{benchmark}.parquet",
            format=FORMATS,
            benchmark=STUDY.benchmarks,
        ),
        manifests=expand("<results>/verdicts/{{judge}}/teacher/{{teacher}}/{format}/manifest.json", format=FORMATS),
    log:
        "<logs>/judge_answers/{judge}/teacher/{teacher}.log",
    benchmark:
        "<benchmarks>/judge_answers/{judge}/teacher/{teacher}.tsv"
    message:
        "{wildcards.judge} judges {wildcards.teacher}"


rule grade_answers:
    input:
        item_tables=ITEMS,
        answers=expand("<results>/answers/{{model_id}}/{benchmark}.parquet", benchmark=STUDY.benchmarks),
    output:
        verdicts=expand("<results>/verdicts/rules/{{model_id}}/{benchmark}.parquet", benchmark=STUDY.benchmarks),
    log:
        "<logs>/grade_answers/{model_id}.log",
    benchmark:
        "<benchmarks>/grade_answers/{model_id}.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["light"]["threads"]
    resources:
        mem_mb=JOBS["light"]["mem_mb"],
        runtime=JOBS["light"]["runtime"],
    params:
        directory=subpath(output[0], parent=True),
        version=version_of("grades"),
    message:
        "rules grade {wildcards.model_id}"
    shell:
        "python workflow/scripts/grade_answers.py --items {input.item_tables} --answers {input.answers}"
        " --processes {threads} --output-dir {params.directory} &> {log}"
