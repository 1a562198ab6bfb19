# Checks of a study's files. Not part of `all`, and without inputs and outputs: request the rules by name. People read what
# they print, so the log is a copy.
from scale_or_reason.integrity.quarantine import restore_times


onsuccess:
    restore_times(Path("results", STUDY.name))


rule verify:
    log:
        "<logs>/verify.log",
    localrule: True
    conda:
        CONDA_ENVIRONMENT
    params:
        program=program("verify_study"),
        config=json_option("config", config),
        results=option("results", f"results/{STUDY.name}"),
    message:
        "compare every file with its checksum, and manifests with inputs and settings"
    shell:
        "set -o pipefail; python {params.program} {params.results} {params.config} 2>&1 | tee {log}"


rule quarantine:
    log:
        "<logs>/quarantine.log",
    localrule: True
    conda:
        CONDA_ENVIRONMENT
    params:
        program=program("quarantine_damaged"),
        results=option("results", f"results/{STUDY.name}"),
    message:
        "move damaged files aside"
    shell:
        "set -o pipefail; python {params.program} {params.results} 2>&1 | tee {log}"
