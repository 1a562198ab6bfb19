# Students with `learning_rate: search`: short trainings with every rate of the grid, on the study's first corpus, and the
# rate with the lowest loss on held-out questions. Other students need none of this.


rule sample_for_search:
    input:
        pairs="<results>/pairs/{corpus}.parquet",
    output:
        samples="<results>/learning_rates/{corpus}/samples/{format}.parquet",
        held_out="<results>/learning_rates/{corpus}/held-out/{format}.parquet",
    log:
        "<logs>/sample_for_search/{corpus}/{format}.log",
    benchmark:
        "<benchmarks>/sample_for_search/{corpus}/{format}.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=JOBS["light"]["mem_mb"],
        runtime=JOBS["light"]["runtime"],
    params:
        samples=option("samples", config["training"]["learning_rate_search"]["samples"]),
        held_out=option("held_out", config["training"]["learning_rate_search"]["held_out"]),
        seed=option("seed", STUDY.seed),
        version=version_of("learning_rates"),
    message:
        "choose questions of {wildcards.corpus} for the search of learning rates: {wildcards.format}"
    shell:
        "python workflow/scripts/sample_for_search.py --pairs {input.pairs} --format {wildcards.format}"
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
    retries: TRAINING_RESTARTS
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["training"]["threads"]
    resources:
        processes=lambda wildcards: STUDY.students[wildcards.student].processes,
        gpu=lambda wildcards: STUDY.students[wildcards.student].processes if ON_GPU else 0,
        mem_mb=JOBS["training"]["mem_mb"],
        runtime=JOBS["training"]["runtime"],
    params:
        model=lambda wildcards: student_options(STUDY.students[wildcards.student]),
        recipe=options(RECIPE),
        execution=execution_options,
        seed=option("seed", derive_seed(STUDY.seed, "learning rates")),
        version=f"{version_of('training')}, {version_of('learning_rates')}",
    message:
        "try learning rate {wildcards.rate} for {wildcards.student}: {wildcards.format}"
    shell:
        # exec: as train_student
        "exec python workflow/scripts/torchrun.py --nproc-per-node {resources.processes}"
        " workflow/scripts/try_learning_rate.py {params.model} --student {wildcards.student} --format {wildcards.format}"
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
        mem_mb=JOBS["light"]["mem_mb"],
        runtime=JOBS["light"]["runtime"],
    params:
        version=version_of("learning_rates"),
    message:
        "choose the learning rates of {wildcards.student}"
    shell:
        "python workflow/scripts/choose_learning_rates.py --trials {input.trials} --output {output.rates} --csv {output.csv} &> {log}"
