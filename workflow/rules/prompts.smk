# The training prompts, and their overlaps with benchmarks.


rule prepare_prompts:
    input:
        rows=rows_of_corpus,
    output:
        prompts="<results>/prompts/{corpus}.parquet",
        audit="<results>/prompts/{corpus}.audit.csv",
        manifest="<results>/prompts/{corpus}.json",
    log:
        "<logs>/prepare_prompts/{corpus}.log",
    benchmark:
        "<benchmarks>/prepare_prompts/{corpus}.tsv"
    # detect bad data before expensive jobs
    priority: 10
    # retry downloads, but not local files
    retries: 0 if all(corpus.source.kind == "jsonl" for corpus in STUDY.corpora.values()) else 2
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["cpu_large"]["threads"]
    resources:
        **memory_and_runtime("cpu_large"),
    params:
        program=program("prepare_prompts"),
        source=corpus_options,
        seed=option("seed", STUDY.seed),
        version=version_of("prompts"),
    message:
        "choose the prompts of the corpus {wildcards.corpus}"
    shell:
        "python {params.program} --corpus {wildcards.corpus} {params.source} {params.seed}"
        " --output {output.prompts} --audit {output.audit} --manifest {output.manifest} &> {log}"


# Separate from prepare_prompts, so that another benchmark does not rerun the teacher. A checkpoint, and its output an
# ancient input of pairs, so that another benchmark makes pairs again only if it overlaps with them: its state
# <results>/prompts/{corpus}.exclusions.json decides that, once the job has ended (data/exclusions.py). The table stays
# until its successor replaces it (update): while it is missing, Snakemake takes the pairs for old, ancient or not, and
# would train again if the checkpoint of another corpus ends at that time.
checkpoint decontaminate_prompts:
    input:
        prompts="<results>/prompts/{corpus}.parquet",
        item_tables=ITEMS,
    output:
        overlaps=update("<results>/prompts/{corpus}.overlaps.parquet"),
    log:
        "<logs>/decontaminate_prompts/{corpus}.log",
    benchmark:
        "<benchmarks>/decontaminate_prompts/{corpus}.tsv"
    priority: PRIORITIES["data"]
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["cpu_large"]["threads"]
    resources:
        **memory_and_runtime("cpu_large"),
    params:
        program=program("decontaminate_prompts"),
        ngram=option("ngram", config["decontamination"]["ngram"]),
        benchmarks=benchmarks_to_exclude,
        exclusions=exclusions_files,
        version=version_of("overlaps"),
    message:
        "find {wildcards.corpus} prompts that overlap with benchmarks"
    shell:
        "python {params.program} --prompts {input.prompts} --items {input.item_tables}"
        " {params.ngram} {params.exclusions} --output {output.overlaps} &> {log}"
