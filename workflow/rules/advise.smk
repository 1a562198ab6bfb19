# Advice on what to train for a budget. Not part of `all`, since it requires a budget: request the rule by name. It reads
# the existing tables, or the papers' published ones. They are no inputs, because a request for advice must never start a
# study.
import time

ADVICE = "results/papers/advice" if ADVISE["from"] == "papers" else f"results/{STUDY.name}/advice"
ADVICE_FILES = ("advice.csv", "advice.txt", "regions.csv", "regions.pdf", "regions.png")


rule advise:
    """What to train for a budget, from this study or the papers."""
    output:
        expand(f"{ADVICE}/{{file}}", file=ADVICE_FILES),
    log:
        f"{Path(ADVICE).parent}/logs/advise.log",
    localrule: True
    conda:
        ANALYSIS_ENVIRONMENT
    params:
        program=program("advise"),
        config=config_option,
        style=option("style", STYLE),
        budget=advice_options,
        tables=sources_of_advice,
        directory=option("output_dir", ADVICE),
        # the tables may have changed since, so no advice is up to date
        requested_at=lambda wildcards: time.time_ns(),
    message:
        "advise what to train"
    # people read what it prints, so the log is a copy
    shell:
        "set -o pipefail; python {params.program} {params.config} {params.budget} {params.tables} {params.directory}"
        " {params.style} 2>&1 | tee {log}"
