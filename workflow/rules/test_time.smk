# Several answers per item (`benchmarks.samples_per_item`): majority votes and pass@k at their inference FLOPs.

SAMPLED = [name for name in STUDY.benchmarks if config["benchmarks"]["samples_per_item"].get(name, 1) > 1]


if SAMPLED:

    rule measure_test_time:
        input:
            outcomes="<summary>/tables/outcomes.parquet",
            costs="<summary>/tables/costs.parquet",
            item_tables=expand("<results>/benchmarks/{benchmark}.parquet", benchmark=SAMPLED),
            code=EVIDENCE_CODE + library("analysis/serving", "grading/votes", "scoring/votes", "scoring/voting"),
            script=script_file("measure_test_time"),
        output:
            votes="<summary>/tables/votes.parquet",
            parquet="<summary>/tables/test_time.parquet",
            csv=report(
                "<summary>/tables/test_time.csv",
                caption="../report/test_time.rst",
                category="Tables",
                labels={"table": "test-time compute", "of": "several answers per item"},
            ),
        log:
            "<logs>/measure_test_time.log",
        benchmark:
            "<benchmarks>/measure_test_time.tsv"
        conda:
            CONDA_ENVIRONMENT
        threads: 1
        resources:
            **memory_and_runtime("cpu_large"),
        params:
            verdicts=option("verdicts", ANSWER_FOLDERS["verdicts"]),
            graders="--rule-graders" if STUDY.rule_graders else "",
            families=json_option("families", config["study"]["families"]),
            sizes=json_option("sizes", SIZES) + FLOPS,
            architectures=architectures_option([*STUDY.students.values(), *([STUDY.teacher] if STUDY.teacher else [])]),
            seed=option("seed", STUDY.seed),
        message:
            "measure votes of several answers"
        shell:
            "python {input.script:q} --outcomes {input.outcomes} --costs {input.costs} --items {input.item_tables}"
            " {params.verdicts} {params.graders} {params.families} {params.sizes} {params.architectures} {params.seed}"
            " --votes {output.votes} --parquet {output.parquet} --csv {output.csv} &> {log}"
