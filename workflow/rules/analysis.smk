# Analysis: fitted curves, intervals, contrasts and the papers' statements, computed from the tables of scores and costs
# and from single verdicts. Each rule has its code as an input.

EVIDENCE_CODE = library(
    "scoring/evidence",
    *(f"analysis/{name}" for name in ("bootstrap", "contrasts", "frontiers", "matched", "replicates")),
    "analysis/benchmark_sampling",
    "analysis/parts_of_data",
)
PAPER_RESULTS = config["paper_results"]


rule fit_curves:
    """Saturating fits of accuracy against FLOPs, and power laws of inference FLOPs."""
    input:
        scores="<summary>/tables/scores.parquet",
        costs="<summary>/tables/costs.parquet",
        code=library(
            "analysis/curves",
            "analysis/saturating_fit",
            "analysis/power_laws",
            "scoring/families",
            "scoring/model_points",
        ),
        script=script_file("fit_curves"),
    output:
        fits=report(
            "<summary>/tables/saturating_fits.csv",
            caption="../report/saturating_fits.rst",
            category="Tables",
            subcategory="Compute",
            labels={"table": "saturating fits", "of": "accuracy against FLOPs"},
        ),
        laws=report(
            "<summary>/tables/power_laws.csv",
            caption="../report/power_laws.rst",
            category="Tables",
            subcategory="Compute",
            labels={"table": "power laws", "of": "inference FLOPs against size"},
        ),
    log:
        "<logs>/fit_curves.log",
    benchmark:
        "<benchmarks>/fit_curves.tsv"
    conda:
        ANALYSIS_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_large"),
    params:
        python=warm_python("analysis"),
        sizes=json_option("sizes", SIZES) + FLOPS,
        seed=option("seed", STUDY.seed),
    message:
        "fit curves through the students"
    shell:
        "{params.python} {input.script:q} --scores {input.scores} --costs {input.costs} {params.sizes} {params.seed}"
        " --fits {output.fits} --laws {output.laws} &> {log}"


rule tabulate_outcomes:
    """The outcome of every answer, and accuracies after early stopping."""
    input:
        # stand for thousands of answers and verdicts
        scores="<summary>/tables/scores.parquet",
        code=library(
            "scoring/outcomes", "common/percentiles", "judging/jury", "flops/counts", "flops/exact", "flops/formulas"
        ),
        script=script_file("tabulate_outcomes"),
    output:
        outcomes="<summary>/tables/outcomes.parquet",
        stopped=report(
            "<summary>/tables/early_stopping.csv",
            caption="../report/early_stopping.rst",
            category="Tables",
            subcategory="Answers",
            labels={"table": "early stopping", "of": "all models and benchmarks"},
        ),
    log:
        "<logs>/tabulate_outcomes.log",
    benchmark:
        "<benchmarks>/tabulate_outcomes.tsv"
    conda:
        ANALYSIS_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_large"),
    params:
        python=warm_python("analysis"),
        folders=options(ANSWER_FOLDERS),
        jurors=option("jurors", *STUDY.jurors),
        jury=json_option("jury", config["jury"]),
        model_ids=option("model_ids", *MODEL_IDS),
        families=json_option("families", config["study"]["families"]),
        architectures=architectures_option(
            [*STUDY.students.values(), *([STUDY.teacher] if STUDY.teacher else []), *STUDY.adopted.values()]
        )
        + FLOPS,
    message:
        "tabulate the outcome of every answer"
    shell:
        "{params.python} {input.script:q} {params.folders} {params.jurors} {params.jury} {params.model_ids}"
        " {params.families} {params.architectures} --output {output.outcomes} --early-stopping {output.stopped} &> {log}"


rule measure_uncertainty:
    """Intervals of accuracies and gaps, contrasts at equal compute, Pareto frontiers."""
    input:
        outcomes="<summary>/tables/outcomes.parquet",
        costs="<summary>/tables/costs.parquet",
        code=EVIDENCE_CODE,
        script=script_file("measure_uncertainty"),
    output:
        uncertainty="<summary>/tables/uncertainty.parquet",
        uncertainty_csv=report(
            "<summary>/tables/uncertainty.csv",
            caption="../report/uncertainty.rst",
            category="Tables",
            subcategory="Scores and costs",
            labels={"table": "uncertainty", "of": "accuracies and gaps to IFT"},
        ),
        contrasts=report(
            "<summary>/tables/contrasts.csv",
            caption="../report/contrasts.rst",
            category="Tables",
            subcategory="Compute",
            labels={"table": "equal compute", "of": "reasoning against IFT"},
        ),
        frontiers="<summary>/tables/frontier_membership.parquet",
        frontiers_csv=report(
            "<summary>/tables/frontier_membership.csv",
            caption="../report/frontier_membership.rst",
            category="Tables",
            subcategory="Compute",
            labels={"table": "Pareto frontiers", "of": "who is on them, and how probably"},
        ),
    log:
        "<logs>/measure_uncertainty.log",
    benchmark:
        "<benchmarks>/measure_uncertainty.tsv"
    conda:
        ANALYSIS_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_large"),
    params:
        python=warm_python("analysis"),
        families=json_option("families", config["study"]["families"]),
        sizes=json_option("sizes", ALL_SIZES) + FLOPS,
        seed=option("seed", STUDY.seed),
    message:
        "compute intervals of accuracies, gaps and frontiers"
    shell:
        "{params.python} {input.script:q} --outcomes {input.outcomes} --costs {input.costs} {params.families} {params.sizes}"
        " {params.seed} --uncertainty {output.uncertainty} {output.uncertainty_csv}"
        " --frontiers {output.frontiers} {output.frontiers_csv} --contrasts {output.contrasts} &> {log}"


rule compute_findings:
    """The papers' statements, each tested on this study."""
    input:
        outcomes="<summary>/tables/outcomes.parquet",
        costs="<summary>/tables/costs.parquet",
        stopped="<summary>/tables/early_stopping.csv",
        limits=["<summary>/tables/length_limits.parquet"] if LIMITED_IDS else [],
        rates=expand("<results>/learning_rates/{student}.json", student=STUDY.searched),
        code=EVIDENCE_CODE + STATEMENT_CODE,
        script=script_file("compute_findings"),
    output:
        csv=report(
            "<summary>/tables/findings.csv",
            caption="../report/findings.rst",
            category="Tables",
            subcategory="Findings",
            labels={"table": "findings", "of": "every statement of the papers"},
        ),
    log:
        "<logs>/compute_findings.log",
    benchmark:
        "<benchmarks>/compute_findings.tsv"
    conda:
        ANALYSIS_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_large"),
    params:
        python=warm_python("analysis"),
        families=json_option("families", config["study"]["families"]),
        sizes=json_option("sizes", SIZES) + FLOPS,
        corpora=option("corpora", *STUDY.grid_corpora),
        seed=option("seed", STUDY.seed),
        limits=lambda wildcards, input: option("limits", input.limits) if input.limits else "",
        rates=lambda wildcards, input: option("learning_rates", *input.rates) if input.rates else "",
        # lists of inputs make nothing old
        parts=option("parts", *(["length limits"] if LIMITED_IDS else []), *STUDY.searched),
    message:
        "compute the papers' statements"
    shell:
        "{params.python} {input.script:q} --outcomes {input.outcomes} --costs {input.costs} --stopped {input.stopped}"
        " {params.families} {params.sizes} {params.corpora} {params.seed} {params.limits} {params.rates}"
        " --output {output.csv} &> {log}"


if STUDY.branches():

    rule fit_data:
        """Fits of accuracy as a function of size and data."""
        input:
            outcomes="<summary>/tables/outcomes.parquet",
            costs="<summary>/tables/costs.parquet",
            code=EVIDENCE_CODE + library("analysis/data_scaling"),
            script=script_file("fit_data"),
        output:
            csv=report(
                "<summary>/tables/data_fits.csv",
                caption="../report/data_fits.rst",
                category="Tables",
                subcategory="Compute",
                labels={"table": "size and data", "of": "accuracy as a function of both"},
            ),
        log:
            "<logs>/fit_data.log",
        benchmark:
            "<benchmarks>/fit_data.tsv"
        conda:
            ANALYSIS_ENVIRONMENT
        threads: 1
        resources:
            **memory_and_runtime("cpu_large"),
        params:
            python=warm_python("analysis"),
            families=json_option("families", config["study"]["families"]),
            sizes=json_option("sizes", SIZES),
            seed=option("seed", STUDY.seed),
        message:
            "fit accuracy over size and data"
        shell:
            "{params.python} {input.script:q} --outcomes {input.outcomes} --costs {input.costs} {params.families} {params.sizes}"
            " {params.seed} --output {output.csv} &> {log}"


if PAPER_RESULTS["path"]:

    rule compare_with_papers:
        """This study's numbers beside the papers'."""
        input:
            uncertainty="<summary>/tables/uncertainty.parquet",
            frontiers="<summary>/tables/frontier_membership.parquet",
            papers=[str(file) for file in sorted(Path(PAPER_RESULTS["path"]).glob("v[12]_*.csv"))],
            code=library("claims/paper_results", "claims/reproduction"),
            script=script_file("compare_with_papers"),
        output:
            csv=report(
                "<summary>/tables/reproduction.csv",
                caption="../report/reproduction.rst",
                category="Tables",
                subcategory="Findings",
                labels={"table": "reproduction", "of": "our numbers beside the papers'"},
            ),
        log:
            "<logs>/compare_with_papers.log",
        benchmark:
            "<benchmarks>/compare_with_papers.tsv"
        conda:
            ANALYSIS_ENVIRONMENT
        threads: 1
        resources:
            **memory_and_runtime("cpu_large"),
        params:
            python=warm_python("analysis"),
            reference=option("reference", PAPER_RESULTS["path"]),
            tolerance=options(PAPER_RESULTS["tolerance"]),
        message:
            "compare with the papers' numbers"
        shell:
            "{params.python} {input.script:q} {params.reference} --uncertainty {input.uncertainty} --frontiers {input.frontiers}"
            " {params.tolerance} --output {output.csv} &> {log}"
