# The teacher answers every question twice, with thinking off (ift) and on (reasoning); both answers make a pair.


rule generate_answers:
    input:
        questions="<results>/questions/{corpus}.parquet",
        model_files=lambda wildcards: model_files(STUDY.teacher.model),
    output:
        answers="<results>/pairs/{corpus}/{format}/shard-{shard}.parquet",
    log:
        "<logs>/generate_answers/{corpus}/{format}/shard-{shard}.log",
    benchmark:
        "<benchmarks>/generate_answers/{corpus}/{format}/shard-{shard}.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["engine"]["threads"]
    resources:
        vllm=1,
        gpu=lambda wildcards: gpus(STUDY.teacher.engine),
        mem_mb=JOBS["engine"]["mem_mb"],
        runtime=JOBS["engine"]["runtime"],
    params:
        model=lambda wildcards: model_options(STUDY.teacher),
        shards=lambda wildcards: option("shards", STUDY.corpora[wildcards.corpus].shards),
        sampling=lambda wildcards: json_option("sampling", STUDY.teacher.sampling[wildcards.format]),
        engine=teacher_engine,
        engine_of_results=lambda wildcards: json_option("engine", engine_settings_of_results(STUDY.teacher.engine)),
        seed=option("seed", STUDY.seed),
        version=version_of("generations"),
    message:
        "teacher answers {wildcards.corpus} questions: {wildcards.format}, shard {wildcards.shard}"
    shell:
        "python workflow/scripts/generate_answers.py --questions {input.questions}"
        " {params.model} --format {wildcards.format}"
        " --shard {wildcards.shard} {params.shards} {params.sampling} {params.engine}"
        " {params.seed} --output {output.answers} &> {log}"


rule build_pairs:
    input:
        questions="<results>/questions/{corpus}.parquet",
        ift=lambda wildcards: shards_of(wildcards.corpus, "ift"),
        reasoning=lambda wildcards: shards_of(wildcards.corpus, "reasoning"),
        item_tables=ITEMS,
    output:
        pairs="<results>/pairs/{corpus}.parquet",
        audit_csv="<results>/pairs/{corpus}.audit.csv",
        audit_json="<results>/pairs/{corpus}.audit.json",
    log:
        "<logs>/build_pairs/{corpus}.log",
    benchmark:
        "<benchmarks>/build_pairs/{corpus}.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["light"]["threads"]
    resources:
        mem_mb=JOBS["light"]["mem_mb"],
        runtime=JOBS["light"]["runtime"],
    params:
        teacher=lambda wildcards: option("teacher", STUDY.teacher.name),
        sampling=lambda wildcards: json_option("sampling", STUDY.teacher.sampling),
        overlap_words=option("overlap_words", config["pairs"]["overlap_words"]),
        seed=option("seed", STUDY.seed),
        version=version_of("pairs"),
    message:
        "pair the answers to {wildcards.corpus} questions and audit them"
    shell:
        "python workflow/scripts/build_pairs.py --questions {input.questions} --ift {input.ift}"
        " --reasoning {input.reasoning} --items {input.item_tables} {params.teacher} {params.sampling}"
        " {params.overlap_words} {params.seed} --output {output.pairs} --audit-csv {output.audit_csv}"
        " --audit-json {output.audit_json} &> {log}"
