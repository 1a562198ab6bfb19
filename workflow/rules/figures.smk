# Figures and tables of the papers, one rule each. They are cheap: each names its code and its style as inputs.


rule figure_v2_fig02:
    input:
        scores="<results>/tables/scores.parquet",
        costs="<results>/tables/costs.parquet",
        style="config/style.yaml",
        code=FIGURE_CODE,
        script="workflow/scripts/figure_v2_fig02.py",
    output:
        pdf="<results>/figures/v2/fig02.pdf",
        png=report(
            "<results>/figures/v2/fig02.png",
            caption="../report/v2_fig02.rst",
            category="Figures",
            labels={"figure": "v2 figure 2", "shows": "accuracy against FLOPs"},
        ),
        csv="<results>/figures/v2/fig02.csv",
    log:
        "<logs>/figure_v2_fig02.log",
    benchmark:
        "<benchmarks>/figure_v2_fig02.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("small"),
        runtime=runtime("small"),
    params:
        stem=subpath(output.pdf, strip_suffix=".pdf"),
        sizes=json_option("sizes", SIZES),
        corpus=option("corpus", *STUDY.grid_corpora[:1]),
        seed=option("seed", STUDY.seed),
    message:
        "draw {output.png}"
    shell:
        "python {input.script} --scores {input.scores} --costs {input.costs} {params.sizes}"
        " {params.corpus} {params.seed} --style {input.style}"
        " --output-stem {params.stem} &> {log}"


rule figure_v1_fig02:
    input:
        scores="<results>/tables/scores.parquet",
        style="config/style.yaml",
        code=FIGURE_CODE,
        script="workflow/scripts/figure_v1_fig02.py",
    output:
        pdf="<results>/figures/v1/fig02.pdf",
        png=report(
            "<results>/figures/v1/fig02.png",
            caption="../report/v1_fig02.rst",
            category="Figures",
            labels={"figure": "v1 figure 2", "shows": "accuracy by size, format and corpus"},
        ),
        csv="<results>/figures/v1/fig02.csv",
    log:
        "<logs>/figure_v1_fig02.log",
    benchmark:
        "<benchmarks>/figure_v1_fig02.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("small"),
        runtime=runtime("small"),
    params:
        stem=subpath(output.pdf, strip_suffix=".pdf"),
        sizes=json_option("sizes", SIZES),
        corpora=option("corpora", *STUDY.grid_corpora),
        shots=option("shots", STUDY.shown_shots),
    message:
        "draw {output.png}"
    shell:
        "python {input.script} --scores {input.scores} {params.sizes} {params.corpora}"
        " {params.shots} --style {input.style} --output-stem {params.stem} &> {log}"


rule figure_training_curves:
    input:
        models=expand("<results>/models/{model_id}", model_id=TRAINED_IDS),
        style="config/style.yaml",
        code=FIGURE_CODE,
        script="workflow/scripts/figure_training_curves.py",
    output:
        pdf="<results>/figures/training_curves.pdf",
        png=report(
            "<results>/figures/training_curves.png",
            caption="../report/training_curves.rst",
            category="Figures",
            labels={"figure": "training curves", "shows": "loss, learning rate, gradients, speed"},
        ),
        csv="<results>/figures/training_curves.csv",
    log:
        "<logs>/figure_training_curves.log",
    benchmark:
        "<benchmarks>/figure_training_curves.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("small"),
        runtime=runtime("small"),
    params:
        stem=subpath(output.pdf, strip_suffix=".pdf"),
        models=option("models", f"results/{STUDY.name}/models"),
        model_ids=option("model_ids", *TRAINED_IDS),
        sizes=json_option("sizes", SIZES),
    message:
        "draw {output.png}"
    shell:
        "python {input.script} {params.models} {params.model_ids} {params.sizes} --style {input.style}"
        " --output-stem {params.stem} &> {log}"


rule figures:
    input:
        expand("<results>/figures/{figure}.{suffix}", figure=STUDY.figures, suffix=["pdf", "png", "csv"]),
    localrule: True


rule table1:
    input:
        scores="<results>/tables/scores.parquet",
        code=["src/scale_or_reason/families.py", "src/scale_or_reason/table1.py"],
        script="workflow/scripts/table1.py",
    output:
        csv=report(
            "<results>/tables/table1.csv",
            caption="../report/table1.rst",
            category="Tables",
            labels={"table": "v2 table 1", "of": "family averages by size, corpus and format"},
        ),
    log:
        "<logs>/table1.log",
    benchmark:
        "<benchmarks>/table1.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("small"),
        runtime=runtime("small"),
    params:
        sizes=json_option("sizes", SIZES),
        corpora=option("corpora", *STUDY.grid_corpora),
    message:
        "make {output.csv}"
    shell:
        "python {input.script} --scores {input.scores} {params.sizes} {params.corpora}"
        " --output {output.csv} &> {log}"


rule tables:
    input:
        rules.scores.input,
        expand("<results>/tables/{table}.csv", table=STUDY.tables),
        expand("<results>/learning_rates/{student}.csv", student=STUDY.searched),
        ["<results>/tables/length_limits.csv"] if LIMITED_IDS else [],
        expand("<results>/tables/{table}.csv", table=JURY_TABLES),
        ["<results>/tables/reproduction.csv"] if REFERENCE["path"] else [],
    localrule: True
