# The questions that the teacher answers, and those of them that no student may be trained on.


rule prepare_questions:
    input:
        rows=rows_of_corpus,
    output:
        questions="<results>/questions/{corpus}.parquet",
        audit="<results>/questions/{corpus}.audit.csv",
        manifest="<results>/questions/{corpus}.json",
    log:
        "<logs>/prepare_questions/{corpus}.log",
    benchmark:
        "<benchmarks>/prepare_questions/{corpus}.tsv"
    # bad data should show before anything expensive runs
    priority: 10
    # downloads fail now and then; rows on disk do not get better
    retries: 0 if all(corpus.source.kind == "jsonl" for corpus in STUDY.corpora.values()) else 2
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["light"]["threads"]
    resources:
        mem_mb=memory("light"),
        runtime=runtime("light"),
    params:
        source=corpus_options,
        seed=option("seed", STUDY.seed),
        version=version_of("questions"),
    message:
        "choose the questions of the corpus {wildcards.corpus}"
    shell:
        "python workflow/scripts/prepare_questions.py --corpus {wildcards.corpus} {params.source} {params.seed}"
        " --output {output.questions} --audit {output.audit} --manifest {output.manifest} &> {log}"


# Not a part of prepare_questions: another benchmark must not make the teacher answer everything again.
rule find_overlaps:
    input:
        questions="<results>/questions/{corpus}.parquet",
        item_tables=ITEMS,
    output:
        overlaps="<results>/questions/{corpus}.overlaps.parquet",
    log:
        "<logs>/find_overlaps/{corpus}.log",
    benchmark:
        "<benchmarks>/find_overlaps/{corpus}.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["light"]["threads"]
    resources:
        mem_mb=memory("light"),
        runtime=runtime("light"),
    params:
        words=option("words", config["pairs"]["overlap_words"]),
        version=version_of("overlaps"),
    message:
        "find {wildcards.corpus} questions that overlap with benchmarks"
    shell:
        "python workflow/scripts/find_overlaps.py --questions {input.questions} --items {input.item_tables}"
        " {params.words} --output {output.overlaps} &> {log}"
