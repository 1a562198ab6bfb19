# The small world: its questions, written in the schema of the real data sets. For studies with a `world` only.


rule micro_benchmark_rows:
    output:
        rows="<results>/world/benchmarks/{benchmark}.jsonl",
    log:
        "<logs>/micro_benchmark_rows/{benchmark}.log",
    benchmark:
        "<benchmarks>/micro_benchmark_rows/{benchmark}.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("light"),
        runtime=runtime("light"),
    params:
        kind="--kind benchmark",
        rows=option("rows", config["world"]["benchmark_rows"]),
        other_rows=option("other_rows", config["world"]["pool_rows"]),
        seed=option("seed", STUDY.seed),
        version=version_of("world"),
    message:
        "write the small world's questions for {wildcards.benchmark}"
    shell:
        "python workflow/scripts/write_world.py {params.kind} --name {wildcards.benchmark}"
        " {params.rows} {params.other_rows} {params.seed}"
        " --output {output.rows} &> {log}"


use rule micro_benchmark_rows as micro_pool_rows with:
    output:
        rows="<results>/world/benchmarks/{benchmark}.pool.jsonl",
    log:
        "<logs>/micro_pool_rows/{benchmark}.log",
    benchmark:
        "<benchmarks>/micro_pool_rows/{benchmark}.tsv"
    params:
        kind="--kind pool",
        rows=option("rows", config["world"]["pool_rows"]),
        other_rows=option("other_rows", config["world"]["benchmark_rows"]),
        seed=option("seed", STUDY.seed),
        version=version_of("world"),
    message:
        "write the small world's examples for {wildcards.benchmark}"


rule micro_questions:
    output:
        rows="<results>/world/questions/{corpus}.jsonl",
    log:
        "<logs>/micro_questions/{corpus}.log",
    benchmark:
        "<benchmarks>/micro_questions/{corpus}.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("light"),
        runtime=runtime("light"),
    params:
        rows=lambda wildcards: option("rows", STUDY.corpora[wildcards.corpus].size),
        seed=option("seed", STUDY.seed),
        version=version_of("world"),
    message:
        "write the small world's questions of the corpus {wildcards.corpus}"
    shell:
        "python workflow/scripts/write_world.py --kind questions --name {wildcards.corpus} {params.rows}"
        " {params.seed} --output {output.rows} &> {log}"
