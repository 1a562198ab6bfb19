# Advice on what to train for a budget. Not part of `all`, since it requires a budget: request the rule by name. It reads
# the existing tables. They are no inputs, because a request for advice must never start a study.
import time

ADVICE_FILES = ("advice.csv", "advice.txt", "regions.csv", "regions.pdf", "regions.png")


def tables_of_advice(wildcards):
    """The tables that advice is computed from. Ends with an error where one is missing."""
    tables = {name: f"results/{STUDY.name}/tables/{name}.parquet" for name in ("outcomes", "costs")}
    missing = [path for path in tables.values() if not Path(path).is_file()]
    if missing:
        error = StudyError(
            "advice needs the tables of a finished study",
            where=", ".join(missing),
            found="no such file",
            expected="the tables of outcomes and costs",
            remedy="run the study first, with the target `tables` and the same --configfile",
        )
        sys.exit(f"error: {error}")
    return options(tables)


rule advise:
    output:
        expand("<results>/advice/{file}", file=ADVICE_FILES),
    log:
        "<logs>/advise.log",
    localrule: True
    conda:
        CONDA_ENVIRONMENT
    params:
        program=program("advise"),
        config=json_option("config", config),
        budget=advice_options,
        tables=tables_of_advice,
        directory=option("output_dir", f"results/{STUDY.name}/advice"),
        # the tables may have changed since, so no advice is up to date
        requested_at=lambda wildcards: time.time_ns(),
    message:
        "advise what to train"
    # people read what it prints, so the log is a copy
    shell:
        "set -o pipefail; python {params.program} {params.config} {params.budget} {params.tables} {params.directory}"
        " 2>&1 | tee {log}"
