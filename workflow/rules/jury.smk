# Reliability of the verdicts: agreement of the judges, and results under other juries.

from scale_or_reason.study.study import JURY_TABLES

if len(STUDY.verdict_sources) < 2:
    JURY_TABLES = []
elif not COMPARED_IDS:
    # without students and teacher there is nothing whose result could depend on the jury
    JURY_TABLES = ["judge_agreement"]


if JURY_TABLES:

    rule compare_judges:
        """Agreement of all pairs of judges and the rule graders."""
        input:
            # represent thousands of verdicts
            scores="<summary>/tables/scores.parquet",
            labelled=LABELLED,
            code=library("judging/agreement", *(["judging/labels"] if STUDY.labels else [])),
            script=script_file("compare_judges"),
        output:
            parquet="<summary>/tables/judge_agreement.parquet",
            csv=report(
                "<summary>/tables/judge_agreement.csv",
                caption="../report/judge_agreement.rst",
                category="Tables",
                subcategory="Judges",
                labels={"table": "agreement of judges", "of": "all pairs of judges and the rule graders"},
            ),
        log:
            "<logs>/compare_judges.log",
        benchmark:
            "<benchmarks>/compare_judges.tsv"
        conda:
            ANALYSIS_ENVIRONMENT
        threads: 1
        resources:
            **memory_and_runtime("cpu_small"),
        params:
            python=warm_python("analysis"),
            verdicts=option("verdicts", f"results/{STUDY.name}/verdicts"),
            judges=option("judges", *STUDY.verdict_sources)
            + (f" {option('labels', STUDY.labels)}" if STUDY.labels else ""),
            model_ids=option("model_ids", *MODEL_IDS),
            families=json_option("families", config["study"]["families"]),
            seed=option("seed", STUDY.seed),
        message:
            "compare the judges"
        shell:
            "{params.python} {input.script:q} {params.verdicts} {params.judges} {params.model_ids} {params.families}"
            " {params.seed} --parquet {output.parquet} --csv {output.csv} &> {log}"


if len(JURY_TABLES) > 1:

    rule jury_sensitivity:
        """Whether the findings depend on the jury."""
        input:
            judged=expand(JUDGED, model_id=COMPARED_IDS),
            graded=graded_of(COMPARED_IDS),
            code=library("claims/jury_sensitivity", "judging/jury", "analysis/table1", "scoring/families")
            + STATEMENT_CODE,
            script=script_file("jury_sensitivity"),
        output:
            csv=report(
                "<summary>/tables/jury_sensitivity.csv",
                caption="../report/jury_sensitivity.rst",
                category="Tables",
                subcategory="Judges",
                labels={"table": "sensitivity to the jury", "of": "what reasoning adds, whoever decides"},
            ),
            statements=report(
                "<summary>/tables/jury_findings.csv",
                caption="../report/jury_findings.rst",
                category="Tables",
                subcategory="Judges",
                labels={"table": "findings and the jury", "of": "the papers' statements, whoever decides"},
            ),
        log:
            "<logs>/jury_sensitivity.log",
        benchmark:
            "<benchmarks>/jury_sensitivity.tsv"
        conda:
            ANALYSIS_ENVIRONMENT
        threads: 1
        resources:
            **memory_and_runtime("cpu_small"),
        params:
            python=warm_python("analysis"),
            verdicts=option("verdicts", f"results/{STUDY.name}/verdicts"),
            judges=option(
                "judges", *(name for name in STUDY.verdict_sources if not is_human(name) or name in STUDY.jurors)
            ),
            jurors=option("jurors", *STUDY.jurors),
            jury=json_option("jury", config["jury"]),
            model_ids=option("model_ids", *COMPARED_IDS),
            families=json_option("families", config["study"]["families"]),
            sizes=json_option("sizes", SIZES),
            corpora=option("corpora", *STUDY.grid_corpora),
        message:
            "compute the sensitivity to the jury"
        shell:
            "{params.python} {input.script:q} {params.verdicts} {params.judges} {params.jurors} {params.jury}"
            " {params.model_ids} {params.families} {params.sizes} {params.corpora} --output {output.csv}"
            " --statements {output.statements} &> {log}"
