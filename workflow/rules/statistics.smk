# What the numbers say: curves through the students, intervals, contrasts and the papers' statements. All of these follow
# from the tables of scores and costs and from the verdicts on single answers; each rule names its code as an input.


rule fit_curves:
    input:
        scores="<results>/tables/scores.parquet",
        costs="<results>/tables/costs.parquet",
        code=[str(LIBRARY / name) for name in ("curves.py", "families.py", "frontiers.py", "power_laws.py")],
        script="workflow/scripts/fit_curves.py",
    output:
        fits=report(
            "<results>/tables/saturating_fits.csv",
            caption="../report/saturating_fits.rst",
            category="Tables",
            labels={"table": "saturating fits", "of": "accuracy against FLOPs"},
        ),
        laws=report(
            "<results>/tables/power_laws.csv",
            caption="../report/power_laws.rst",
            category="Tables",
            labels={"table": "power laws", "of": "inference FLOPs against size"},
        ),
    log:
        "<logs>/fit_curves.log",
    benchmark:
        "<benchmarks>/fit_curves.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=JOBS["light"]["mem_mb"],
        runtime=JOBS["light"]["runtime"],
    params:
        sizes=json_option("sizes", SIZES),
        seed=option("seed", STUDY.seed),
    message:
        "fit curves through the students"
    shell:
        "python {input.script} --scores {input.scores} --costs {input.costs} {params.sizes} {params.seed}"
        " --fits {output.fits} --laws {output.laws} &> {log}"
