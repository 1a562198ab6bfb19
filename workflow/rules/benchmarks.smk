# Convert benchmark rows to items: prompt, question, accepted answers.


rule prepare_benchmark:
    input:
        rows=rows_of_benchmark,
    output:
        table="<results>/benchmarks/{benchmark}.parquet",
        manifest="<results>/benchmarks/{benchmark}.json",
    log:
        "<logs>/prepare_benchmark/{benchmark}.log",
    benchmark:
        "<benchmarks>/prepare_benchmark/{benchmark}.tsv"
    # detect bad data before expensive jobs
    priority: 10
    retries: 0 if config["benchmarks"]["source"]["kind"] == "jsonl" else 2
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["cpu_large"]["threads"]
    resources:
        **memory_and_runtime("cpu_large"),
    params:
        program=program("prepare_benchmark"),
        source=benchmark_options,
        pool="",
        seed=option("seed", STUDY.seed),
        version=benchmark_version,
    message:
        "prepare the benchmark {wildcards.benchmark}"
    shell:
        "python {params.program} --benchmark {wildcards.benchmark} {params.source} {params.pool}"
        " {params.seed} --output {output.table} --manifest {output.manifest} &> {log}"


use rule prepare_benchmark as prepare_fewshot_pool with:
    input:
        rows=rows_of_pool,
    output:
        table="<results>/benchmarks/{benchmark}.pool.parquet",
        manifest="<results>/benchmarks/{benchmark}.pool.json",
    log:
        "<logs>/prepare_fewshot_pool/{benchmark}.log",
    benchmark:
        "<benchmarks>/prepare_fewshot_pool/{benchmark}.tsv"
    params:
        source=benchmark_options,
        pool=f"--pool --pool-size {config['benchmarks']['fewshot_pool']}",
        seed=option("seed", STUDY.seed),
        version=benchmark_version,
    message:
        "prepare few-shot examples of {wildcards.benchmark}"
