# Learning-rate search, for students with `learning_rate: search` only: a short training with every rate of the grid on
# the study's first corpus; the rate with the lowest loss on held-out prompts is selected.


rule sample_search_data:
    input:
        pairs="<results>/pairs/{corpus}.parquet",
    output:
        samples="<results>/learning_rates/{corpus}/samples/{format}.parquet",
        held_out="<results>/learning_rates/{corpus}/held-out/{format}.parquet",
    log:
        "<logs>/sample_search_data/{corpus}/{format}.log",
    benchmark:
        "<benchmarks>/sample_search_data/{corpus}/{format}.tsv"
    priority: PRIORITIES["data"]
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_large"),
    params:
        program=program("sample_search_data"),
        samples=option("samples", config["training"]["learning_rate_search"]["samples"]),
        held_out=option("held_out", config["training"]["learning_rate_search"]["held_out"]),
        seed=option("seed", STUDY.seed),
        version=version_of("learning_rates"),
    message:
        "choose prompts of {wildcards.corpus} for the learning-rate search: {wildcards.format}"
    shell:
        "python {params.program} --pairs {input.pairs} --format {wildcards.format}"
        " {params.samples} {params.held_out} {params.seed} --output {output.samples}"
        " --held-out-output {output.held_out} &> {log}"


rule try_learning_rate:
    input:
        samples="<results>/learning_rates/{corpus}/samples/{format}.parquet",
        held_out="<results>/learning_rates/{corpus}/held-out/{format}.parquet",
        tokens=tokens_of,
        model_files=lambda wildcards: model_files(STUDY.students[wildcards.student].model),
    output:
        trial="<results>/learning_rates/{corpus}/{student}/{format}/lr-{rate}.json",
    log:
        "<logs>/try_learning_rate/{corpus}/{student}/{format}/lr-{rate}.log",
    benchmark:
        "<benchmarks>/try_learning_rate/{corpus}/{student}/{format}/lr-{rate}.tsv"
    priority: PRIORITIES["training"]
    retries: RESTARTS
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["training"]["threads"]
    resources:
        **memory_and_runtime("training"),
        nodes=lambda wildcards: STUDY.students[wildcards.student].nodes,
        gpu=on_one_node(lambda student: student.processes if ON_GPU else 0),
        gpu_model=on_one_node(lambda student: GPU_TYPE),
        gres=over_nodes(gpus_per_node),
        mpi=over_nodes(lambda student: "srun"),
        tasks=over_nodes(lambda student: student.nodes),
        # otherwise Slurm would start one task per GPU
        tasks_per_gpu=over_nodes(lambda student: 0),
    params:
        program=program("try_learning_rate"),
        launcher=launcher,
        model=lambda wildcards: student_options(STUDY.students[wildcards.student]),
        template_of_results=lambda wildcards: template_of_results(STUDY.students[wildcards.student]),
        tokens=tokens_of_results,
        chat_template=chat_template_option,
        recipe=options(RECIPE),
        execution=execution_options,
        seed=option("seed", derive_seed(STUDY.seed, "learning rates")),
        version=f"{version_of('training')}, {version_of('learning_rates')}",
    message:
        "try learning rate {wildcards.rate} for {wildcards.student}: {wildcards.format}"
    shell:
        # exec: as train_student
        "exec {params.launcher}"
        " {params.program} {params.model} {params.chat_template} --student {wildcards.student} --format {wildcards.format}"
        " --mixture {input.samples} --held-out {input.held_out} --tokens {input.tokens}"
        " --learning-rate {wildcards.rate}"
        " {params.recipe} {params.execution} {params.seed} --output {output.trial} &> {log}"


rule choose_learning_rates:
    input:
        trials=trials_of,
    output:
        rates="<results>/learning_rates/{student}.json",
        csv=report(
            "<results>/learning_rates/{student}.csv",
            caption="../report/learning_rates.rst",
            category="Tables",
            subcategory="Training",
            labels={"table": "learning rates", "of": "{student}"},
        ),
    log:
        "<logs>/choose_learning_rates/{student}.log",
    benchmark:
        "<benchmarks>/choose_learning_rates/{student}.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_small"),
    params:
        program=program("choose_learning_rates"),
        tried=lambda wildcards: option(
            "tried", *(Path(trial).relative_to("<results>") for trial in trials_of(wildcards))
        ),
        version=version_of("learning_rates"),
    message:
        "choose the learning rates of {wildcards.student}"
    shell:
        "python {params.program} --trials {input.trials} --output {output.rates} --csv {output.csv} &> {log}"
