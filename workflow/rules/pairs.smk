# The teacher answers every prompt twice, with thinking off (ift) and on (reasoning); both answers form a pair.
# Alternatively released pairs are imported.

if config["pairs"]["source"] == "generate":

    rule generate_teacher_answers:
        input:
            prompts="<results>/prompts/{corpus}.parquet",
            model_files=lambda wildcards: model_files(STUDY.teacher.model),
        output:
            answers="<results>/pairs/{corpus}/{format}/shard-{shard}-of-{shards}.parquet",
        log:
            "<logs>/generate_teacher_answers/{corpus}/{format}/shard-{shard}-of-{shards}.log",
        benchmark:
            "<benchmarks>/generate_teacher_answers/{corpus}/{format}/shard-{shard}-of-{shards}.tsv"
        priority: PRIORITIES["data"]
        retries: RESTARTS
        conda:
            CONDA_ENVIRONMENT
        threads: JOBS["engine"]["threads"]
        resources:
            **memory_and_runtime("engine"),
            vllm=lambda wildcards: engine_jobs(STUDY.teacher)["vllm"],
            gpu=lambda wildcards: engine_jobs(STUDY.teacher)["gpu"],
            gpu_model=lambda wildcards: engine_jobs(STUDY.teacher)["gpu_model"],
        params:
            program=warm_program("generate_teacher_answers"),
            model=teacher_options,
            shards=option("shards", "{shards}"),
            sampling=lambda wildcards: json_option("sampling", STUDY.teacher.sampling[wildcards.format]),
            engine=teacher_engine,
            engine_of_results=lambda wildcards: engine_of_results(STUDY.teacher),
            seed=option("seed", STUDY.seed),
            version=version_of("generations"),
        message:
            "teacher answers {wildcards.corpus} prompts: {wildcards.format}, shard {wildcards.shard}"
        shell:
            # exec: Slurm's SIGTERM would kill a waiting shell, and with it the job
            "exec python {params.program} --prompts {input.prompts}"
            " {params.model} --format {wildcards.format}"
            " --shard {wildcards.shard} {params.shards} {params.sampling} {params.engine}"
            " {params.seed} --output {output.answers} &> {log}"

    rule build_pairs:
        input:
            prompts="<results>/prompts/{corpus}.parquet",
            ift=lambda wildcards: shards_of(wildcards.corpus, "ift"),
            reasoning=lambda wildcards: shards_of(wildcards.corpus, "reasoning"),
            overlaps=ancient("<results>/prompts/{corpus}.overlaps.parquet"),
        output:
            pairs="<results>/pairs/{corpus}.parquet",
            audit_csv="<results>/pairs/{corpus}.audit.csv",
            audit_json="<results>/pairs/{corpus}.audit.json",
        log:
            "<logs>/build_pairs/{corpus}.log",
        benchmark:
            "<benchmarks>/build_pairs/{corpus}.tsv"
        priority: PRIORITIES["data"]
        conda:
            CONDA_ENVIRONMENT
        threads: JOBS["cpu_large"]["threads"]
        resources:
            **memory_and_runtime("cpu_large"),
        params:
            program=program("build_pairs"),
            teacher=lambda wildcards: option("teacher", STUDY.teacher.name),
            sampling=lambda wildcards: json_option("sampling", STUDY.teacher.sampling),
            seed=option("seed", STUDY.seed),
            exclusions=exclusions_of_pairs,
            version=version_of("pairs"),
        message:
            "pair the answers to {wildcards.corpus} prompts and audit them"
        shell:
            "python {params.program} --prompts {input.prompts} --ift {input.ift}"
            " --reasoning {input.reasoning} --overlaps {input.overlaps} {params.teacher} {params.sampling}"
            " {params.seed} --output {output.pairs} --audit-csv {output.audit_csv}"
            " --audit-json {output.audit_json} &> {log}"

else:

    rule import_released_pairs:
        input:
            rows=rows_of_corpus,
            prompts="<results>/prompts/{corpus}.parquet",
            overlaps=ancient("<results>/prompts/{corpus}.overlaps.parquet"),
            tokenizer=lambda wildcards: tokenizer_files(config["pairs"]["tokenizer"]),
        output:
            pairs="<results>/pairs/{corpus}.parquet",
            audit_csv="<results>/pairs/{corpus}.audit.csv",
            audit_json="<results>/pairs/{corpus}.audit.json",
        log:
            "<logs>/import_released_pairs/{corpus}.log",
        benchmark:
            "<benchmarks>/import_released_pairs/{corpus}.tsv"
        # downloads fail occasionally
        priority: PRIORITIES["data"]
        retries: 2
        conda:
            CONDA_ENVIRONMENT
        threads: JOBS["cpu_large"]["threads"]
        resources:
            **memory_and_runtime("cpu_large"),
        params:
            program=program("import_released_pairs"),
            source=source_options,
            tokenizer=option("tokenizer", LOCK.named(config["pairs"]["tokenizer"])),
            seed=option("seed", STUDY.seed),
            exclusions=exclusions_of_pairs,
            version=version_of("pairs"),
        message:
            "import the released pairs of {wildcards.corpus} and audit them"
        shell:
            "python {params.program} --prompts {input.prompts} --overlaps {input.overlaps}"
            " --corpus {wildcards.corpus} {params.source} {params.tokenizer} {params.seed}"
            " --output {output.pairs} --audit-csv {output.audit_csv} --audit-json {output.audit_json} &> {log}"
