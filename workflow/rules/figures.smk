# Figures and tables of the papers: one rule per figure type; src/scale_or_reason/reporting/figures/registry.py maps
# figures to types. They are cheap, so their code and style are inputs.
from scale_or_reason.reporting.figures.registry import figures_of

# What is missing, on figures and pages of a run for partial results.
NOTE = option("note", gap_note(GAPS.gaps, len(ALL_MODEL_IDS))) if GAPS.gaps else ""

for figure_type in FIGURE_TYPES:

    rule:
        name:
            f"figure_{figure_type}"
        input:
            tables=tables_of_figure_type(figure_type),
            style=STYLE,
            code=code_of_figure_type(figure_type),
            script=script_file("draw_figure"),
        output:
            pdf="<summary>/figures/{figure}.pdf",
            png=report(
                "<summary>/figures/{figure}.png",
                caption=f"../report/figures/{figure_type}.rst",
                category="Figures",
                subcategory=subcategory_of_figure,
                labels=labels_of_figure,
            ),
            csv="<summary>/figures/{figure}.csv",
        log:
            "<logs>/figures/{figure}.log",
        benchmark:
            "<benchmarks>/figures/{figure}.tsv"
        wildcard_constraints:
            figure=one_of(figures_of(figure_type)),
        conda:
            ANALYSIS_ENVIRONMENT
        threads: 1
        resources:
            **memory_and_runtime("cpu_small"),
        params:
            python=warm_python("analysis"),
            type=option("type", figure_type),
            parameters=parameters_of_figure,
            study=study_of_figure_type(figure_type),
            tables=tables_of_figure,
            note=NOTE,
            look=LOOK,
            stem=subpath(output.pdf, strip_suffix=".pdf"),
        message:
            "draw {output.png}"
        shell:
            "{params.python} {input.script:q} {params.type} {params.parameters} {params.study} {params.tables}"
            " {params.note} --style {input.style:q} --output-stem {params.stem} &> {log}"


rule measure_answer_lengths:
    """Lengths of right and wrong answers."""
    input:
        outcomes="<summary>/tables/outcomes.parquet",
        code=library("scoring/answer_lengths"),
        script=script_file("measure_answer_lengths"),
    output:
        parquet="<summary>/tables/answer_lengths.parquet",
        csv=report(
            "<summary>/tables/answer_lengths.csv",
            caption="../report/answer_lengths.rst",
            category="Tables",
            subcategory="Answers",
            labels={"table": "lengths of answers", "of": "right and wrong ones"},
        ),
    log:
        "<logs>/measure_answer_lengths.log",
    benchmark:
        "<benchmarks>/measure_answer_lengths.tsv"
    conda:
        ANALYSIS_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_small"),
    params:
        python=warm_python("analysis"),
        families=json_option("families", config["study"]["families"]),
    message:
        "measure lengths of right and wrong answers"
    shell:
        "{params.python} {input.script:q} --outcomes {input.outcomes} {params.families}"
        " --parquet {output.parquet} --csv {output.csv} &> {log}"


rule figure_training_curves:
    """The curves of loss, learning rate, gradients and speed of all trainings."""
    input:
        models=expand("<results>/models/{model_id}", model_id=TRAINED_IDS),
        style=STYLE,
        code=library(
            *(f"reporting/figures/{name}" for name in ("training_curves", "drawing", "legends", "parts", "style"))
        ),
        script=script_file("figure_training_curves"),
    output:
        pdf="<summary>/figures/training_curves.pdf",
        png=report(
            "<summary>/figures/training_curves.png",
            caption="../report/training_curves.rst",
            category="Figures",
            subcategory="Training",
            labels={"figure": "training curves", "shows": "loss, learning rate, gradients, speed"},
        ),
        csv="<summary>/figures/training_curves.csv",
    log:
        "<logs>/figure_training_curves.log",
    benchmark:
        "<benchmarks>/figure_training_curves.tsv"
    conda:
        ANALYSIS_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_small"),
    params:
        python=warm_python("analysis"),
        stem=subpath(output.pdf, strip_suffix=".pdf"),
        models=option("models", f"results/{STUDY.name}/models"),
        model_ids=option("model_ids", *TRAINED_IDS),
        sizes=json_option("sizes", SIZES),
        note=NOTE,
        look=LOOK,
    message:
        "draw {output.png}"
    shell:
        "{params.python} {input.script:q} {params.models} {params.model_ids} {params.sizes} {params.note}"
        " --style {input.style:q} --output-stem {params.stem} &> {log}"


rule figures:
    """All figures of the study."""
    input:
        expand("<summary>/figures/{figure}.{suffix}", figure=STUDY.figures, suffix=["pdf", "png", "csv"]),
    localrule: True


rule table1:
    """Table 1 of v2: family averages by size, corpus and format."""
    input:
        scores="<summary>/tables/scores.parquet",
        code=library("analysis/table1", "scoring/families", "scoring/model_points"),
        script=script_file("table1"),
    output:
        csv=report(
            "<summary>/tables/table1.csv",
            caption="../report/table1.rst",
            category="Tables",
            subcategory="Scores and costs",
            labels={"table": "v2 table 1", "of": "family averages by size, corpus and format"},
        ),
    log:
        "<logs>/table1.log",
    benchmark:
        "<benchmarks>/table1.tsv"
    conda:
        ANALYSIS_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_small"),
    params:
        python=warm_python("analysis"),
        sizes=json_option("sizes", SIZES),
        corpora=option("corpora", *STUDY.grid_corpora),
    message:
        "make {output.csv}"
    shell:
        "{params.python} {input.script:q} --scores {input.scores} {params.sizes} {params.corpora}"
        " --output {output.csv} &> {log}"


rule tables:
    """All tables of the study."""
    input:
        rules.scores.input,
        expand("<summary>/tables/{table}.csv", table=STUDY.tables),
        expand("<results>/learning_rates/{student}.csv", student=STUDY.searched),
        ["<summary>/tables/length_limits.csv"] if LIMITED_IDS else [],
        ["<summary>/tables/test_time.csv"] if WAYS_TO_ANSWER else [],
        ["<summary>/tables/data_fits.csv"] if STUDY.branches() else [],
        expand("<summary>/tables/{table}.csv", table=JURY_TABLES),
        ["<summary>/tables/reproduction.csv"] if PAPER_RESULTS["path"] else [],
    localrule: True
