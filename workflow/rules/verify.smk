# Checks and an archive of a study's files. Not part of `all`, and without inputs: request the rules by name. People read
# what they print, so the log is a copy.


rule verify:
    """Compare every file with its checksum, and manifests with inputs and settings."""
    log:
        "<logs>/verify.log",
    localrule: True
    conda:
        ANALYSIS_ENVIRONMENT
    params:
        program=program("verify_study"),
        config=json_option("config", config),
        results=option("results", f"results/{STUDY.name}"),
    message:
        "compare every file with its checksum, and manifests with inputs and settings"
    shell:
        "set -o pipefail; python {params.program} {params.results} {params.config} 2>&1 | tee {log}"


rule quarantine:
    """Move damaged files aside."""
    log:
        "<logs>/quarantine.log",
    localrule: True
    conda:
        ANALYSIS_ENVIRONMENT
    params:
        program=program("quarantine_damaged"),
        results=option("results", f"results/{STUDY.name}"),
    message:
        "move damaged files aside"
    shell:
        "set -o pipefail; python {params.program} {params.results} 2>&1 | tee {log}"


rule restore:
    """Bring back the kept results whose successors are not finished."""
    log:
        "<logs>/restore.log",
    localrule: True
    conda:
        ANALYSIS_ENVIRONMENT
    params:
        program=program("restore_replaced"),
        results=option("results", f"results/{STUDY.name}"),
    message:
        "bring back replaced results without a successor"
    shell:
        "set -o pipefail; python {params.program} {params.results} 2>&1 | tee {log}"


# What can be computed again from an archive's tables and verdicts.
REDRAWN = [rule.name for rule in workflow.rules if rule.name.startswith("figure_")]
REDRAWN += [
    name
    for name in (
        *("figures", "tables", "explorer", "scores", "build_explorer", "fit_curves", "tabulate_outcomes", "table1"),
        *("measure_uncertainty", "measure_answer_lengths", "compute_findings", "compare_with_papers", "score_models"),
        *("compare_judges", "jury_sensitivity", "compare_length_limits", "fit_data", "measure_test_time"),
    )
    if name in {rule.name for rule in workflow.rules}
]


rule archive:
    """One zip file of the results that are there."""
    output:
        zip=f"<results>/{STUDY.name}.zip",
    log:
        "<logs>/archive.log",
    localrule: True
    conda:
        ANALYSIS_ENVIRONMENT
    params:
        program=program("archive_study"),
        config=json_option("config", config),
        results=option("results", f"results/{STUDY.name}"),
        include=option("include", *config["archive"]["include"]),
        rules=option("rules", *REDRAWN),
        expected=option("expected", *[*rules.figures.input, *rules.tables.input, *rules.explorer.input]),
        # an archive has what is there, so none is up to date
        requested_at=lambda wildcards: time.time_ns(),
    message:
        "archive the results"
    shell:
        "set -o pipefail; python {params.program} {params.results} {params.config} {params.include} {params.rules}"
        " {params.expected} --output {output.zip} 2>&1 | tee {log}"
