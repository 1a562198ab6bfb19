# The questions that the teacher answers.


rule prepare_questions:
    input:
        rows=rows_of_corpus,
    output:
        questions="<results>/questions/{corpus}.parquet",
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
        mem_mb=JOBS["light"]["mem_mb"],
        runtime=JOBS["light"]["runtime"],
    params:
        source=corpus_options,
        seed=option("seed", STUDY.seed),
        version=version_of("questions"),
    message:
        "choose the questions of the corpus {wildcards.corpus}"
    shell:
        "python workflow/scripts/prepare_questions.py --corpus {wildcards.corpus} {params.source} {params.seed}"
        " --output {output.questions} &> {log}"
