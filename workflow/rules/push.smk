# Publishing on the hub. Not part of `all`, and without inputs: it uploads what is finished and makes nothing.


rule push:
    """Upload students, pairs and archive to the hub; by default only list them."""
    log:
        "<logs>/push.log",
    localrule: True
    conda:
        ANALYSIS_ENVIRONMENT
    params:
        program=program("push_study"),
        config=config_option,
        results=option("results", f"results/{STUDY.name}"),
    message:
        "list or upload what can be published"
    # a lock of the hub keeps jobs off it, but not this one
    shell:
        "set -o pipefail; HF_HUB_OFFLINE=0 python {params.program} {params.config} {params.results} 2>&1 | tee {log}"
