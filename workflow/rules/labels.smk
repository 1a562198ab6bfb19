# Labels of people: a sheet of answers to fill in, and the filled-in file as verdicts of the juror `human`, which is most
# people, and of persons who are jurors, `human-NAME`.

PEOPLE = [name for name in STUDY.verdict_sources if is_human(name)]
LABELLED = expand("<results>/verdicts/{juror}/{model_id}/manifest.json", juror=PEOPLE, model_id=MODEL_IDS)


# Nothing is declared as output: Snakemake would delete a filled-in sheet before it makes a new one.
rule label_sheet:
    """A sheet of answers for people to label, results/STUDY/labels/sheet.csv."""
    input:
        # stand for thousands of answers and verdicts
        scores="<summary>/tables/scores.parquet",
    log:
        "<logs>/label_sheet.log",
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_large"),
    params:
        program=program("write_label_sheet"),
        results=option("results", f"results/{STUDY.name}"),
        judges=option("judges", *(name for name in STUDY.verdict_sources if not is_human(name))),
        answered=answered_option(*MODEL_IDS),
        drawn=options({"number": config["labels"]["answers"], "disputed": config["labels"]["disputed"]}),
        seed=option("seed", STUDY.seed),
        sheet=option("output", f"results/{STUDY.name}/labels/sheet.csv"),
    message:
        "draw answers for people to label"
    shell:
        "set -o pipefail; python {params.program} {params.results} {params.judges} {params.answered} {params.drawn}"
        " {params.seed} {params.sheet} 2>&1 | tee {log}"


if STUDY.labels:
    # models under other limits and budgets, and further answers, need verdicts of people only where people vote
    BY_PEOPLE = [*MODEL_IDS, *([*LIMITED_IDS, *BUDGETED_IDS, *SAMPLED_IDS] if {*PEOPLE} & {*STUDY.jurors} else [])]

    rule take_labels:
        input:
            labels=STUDY.labels,
            answered=expand("<results>/answers/{model_id}/manifest.json", model_id=BY_PEOPLE),
        output:
            # each stands for the tables beside it
            manifests=expand("<results>/verdicts/{juror}/{model_id}/manifest.json", juror=PEOPLE, model_id=BY_PEOPLE),
        log:
            "<logs>/take_labels.log",
        benchmark:
            "<benchmarks>/take_labels.tsv"
        conda:
            CONDA_ENVIRONMENT
        threads: 1
        resources:
            **memory_and_runtime("cpu_small"),
        params:
            program=program("take_labels"),
            answers=option("answers", ANSWER_FOLDERS["answers"]),
            answered=answered_option(*BY_PEOPLE),
            directory=option("output_dir", f"results/{STUDY.name}/verdicts/human")
            + (f" {option('persons', *PEOPLE[1:])}" if PEOPLE[1:] else ""),
        message:
            "take the labels of people"
        shell:
            "python {params.program} --labels {input.labels:q} {params.answers} {params.answered} {params.directory}"
            " &> {log}"
