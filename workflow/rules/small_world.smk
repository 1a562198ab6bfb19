# The small world: its rows in the schemas of the real datasets. Only for studies with a `small_world` section.


rule small_world_benchmark_rows:
    output:
        rows="<results>/world/benchmarks/{benchmark}.jsonl",
    log:
        "<logs>/small_world_benchmark_rows/{benchmark}.log",
    benchmark:
        "<benchmarks>/small_world_benchmark_rows/{benchmark}.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_large"),
    params:
        program=program("write_small_world"),
        kind="--kind benchmark",
        rows=option("rows", config["small_world"]["benchmark_rows"]),
        other_rows=option("other_rows", config["small_world"]["fewshot_rows"]),
        seed=option("seed", STUDY.seed),
        version=version_of("small_world"),
    message:
        "write the small world's rows of {wildcards.benchmark}"
    shell:
        "python {params.program} {params.kind} --name {wildcards.benchmark}"
        " {params.rows} {params.other_rows} {params.seed}"
        " --output {output.rows} &> {log}"


use rule small_world_benchmark_rows as small_world_fewshot_rows with:
    output:
        rows="<results>/world/benchmarks/{benchmark}.pool.jsonl",
    log:
        "<logs>/small_world_fewshot_rows/{benchmark}.log",
    benchmark:
        "<benchmarks>/small_world_fewshot_rows/{benchmark}.tsv"
    params:
        kind="--kind pool",
        rows=option("rows", config["small_world"]["fewshot_rows"]),
        other_rows=option("other_rows", config["small_world"]["benchmark_rows"]),
        seed=option("seed", STUDY.seed),
        version=version_of("small_world"),
    message:
        "write the small world's few-shot rows of {wildcards.benchmark}"


rule small_world_prompts:
    output:
        rows="<results>/world/prompts/{corpus}.jsonl",
    log:
        "<logs>/small_world_prompts/{corpus}.log",
    benchmark:
        "<benchmarks>/small_world_prompts/{corpus}.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_large"),
    params:
        program=program("write_small_world"),
        rows=lambda wildcards: option("rows", STUDY.corpora[wildcards.corpus].num_prompts),
        seed=option("seed", STUDY.seed),
        version=version_of("small_world"),
    message:
        "write the small world's prompts of the corpus {wildcards.corpus}"
    shell:
        "python {params.program} --kind prompts --name {wildcards.corpus} {params.rows}"
        " {params.seed} --output {output.rows} &> {log}"
