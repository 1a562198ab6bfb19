# A mixture has every prompt once, with its plain or its reasoning answer. It has no text: pairs are tokenised once per
# tokenizer, and trainings look their sequences up in these tokens.


rule build_mixture:
    input:
        pairs="<results>/pairs/{corpus}.parquet",
    output:
        mixture="<results>/mixtures/{corpus}/{curriculum}/rho-{ratio}.parquet",
    log:
        "<logs>/build_mixture/{corpus}/{curriculum}/rho-{ratio}.log",
    benchmark:
        "<benchmarks>/build_mixture/{corpus}/{curriculum}/rho-{ratio}.tsv"
    priority: PRIORITIES["data"]
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["cpu_large"]["threads"]
    resources:
        **memory_and_runtime("cpu_large"),
    params:
        program=program("build_mixture"),
        sampling=option("sampling", config["mixtures"]["sampling"]),
        seed=option("seed", STUDY.seed),
        version=version_of("mixtures"),
    message:
        "mix {wildcards.corpus} answers: {wildcards.curriculum}, reasoning ratio {wildcards.ratio}"
    shell:
        "python {params.program} --pairs {input.pairs} --curriculum {wildcards.curriculum}"
        " --ratio {wildcards.ratio} {params.sampling} {params.seed}"
        " --output {output.mixture} &> {log}"


rule tokenise_pairs:
    input:
        pairs="<results>/pairs/{corpus}.parquet",
        tokenizer=lambda wildcards: tokenizer_files(TOKENIZERS[wildcards.tokenizer].tokenizer),
    output:
        tokens=directory("<results>/tokens/{corpus}/{tokenizer}"),
    log:
        "<logs>/tokenise_pairs/{corpus}/{tokenizer}.log",
    benchmark:
        "<benchmarks>/tokenise_pairs/{corpus}/{tokenizer}.tsv"
    priority: PRIORITIES["data"]
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["cpu_large"]["threads"]
    resources:
        **memory_and_runtime("cpu_large"),
    params:
        program=warm_program("tokenise_pairs", "trainer"),
        tokenizer=lambda wildcards: option("tokenizer", LOCK.named(TOKENIZERS[wildcards.tokenizer].tokenizer)),
        stop_token=lambda wildcards: stop_token_option(TOKENIZERS[wildcards.tokenizer]),
        template_of_results=lambda wildcards: template_of_results(TOKENIZERS[wildcards.tokenizer]),
        chat_template=chat_template_option,
        version=version_of("tokens"),
    message:
        "tokenise the pairs of {wildcards.corpus} for {wildcards.tokenizer}"
    shell:
        "python {params.program} --pairs {input.pairs} {params.tokenizer}"
        " {params.chat_template} {params.stop_token} --threads {threads} --output {output.tokens} &> {log}"
