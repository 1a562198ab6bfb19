# Models and data sets of the hub, downloaded once. Not part of `all`: request the rule by name, on a machine with a
# network. The lock file is no output: Snakemake would remove it before the download.
import time


rule prefetch:
    """Download the models and data sets of the hub that the study needs."""
    output:
        table="<results>/hub/repositories.csv",
    log:
        "<logs>/prefetch.log",
    localrule: True
    conda:
        ANALYSIS_ENVIRONMENT
    params:
        program=program("prefetch"),
        needs=json_option("needs", [need.values for need in NEEDS]),
        lock=option("lock", LOCK.path),
        # a branch may have moved, and the cache may have been cleared
        requested_at=lambda wildcards: time.time_ns(),
    message:
        "download models and data sets of the hub"
    shell:
        "set -o pipefail; HF_HUB_OFFLINE=0 python {params.program} {params.needs} {params.lock}"
        " --table {output.table} 2>&1 | tee {log}"
