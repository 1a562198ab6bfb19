# A mixture takes every question once, with its plain or its reasoning answer.


rule build_mixture:
    input:
        pairs="<results>/pairs/{corpus}.parquet",
    output:
        mixture="<results>/mixtures/{corpus}/{schedule}/rho-{ratio}.parquet",
    log:
        "<logs>/build_mixture/{corpus}/{schedule}/rho-{ratio}.log",
    benchmark:
        "<benchmarks>/build_mixture/{corpus}/{schedule}/rho-{ratio}.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["light"]["threads"]
    resources:
        mem_mb=JOBS["light"]["mem_mb"],
        runtime=JOBS["light"]["runtime"],
    params:
        sampling=option("sampling", config["mixtures"]["sampling"]),
        seed=option("seed", STUDY.seed),
        version=version_of("mixtures"),
    message:
        "mix {wildcards.corpus} answers: {wildcards.schedule}, reasoning ratio {wildcards.ratio}"
    shell:
        "python workflow/scripts/build_mixture.py --pairs {input.pairs} --schedule {wildcards.schedule}"
        " --ratio {wildcards.ratio} {params.sampling} {params.seed}"
        " --output {output.mixture} &> {log}"
