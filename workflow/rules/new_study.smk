# A commented overlay for a new study. Not part of `all`, without outputs that Snakemake would delete,
# and with a log outside of the results of other studies.


rule new_study:
    """A commented overlay for a study of your own."""
    log:
        ".snakemake/log/new_study.log",
    localrule: True
    conda:
        ANALYSIS_ENVIRONMENT
    params:
        program=program("new_study"),
        study=new_study_options,
    message:
        "write an overlay for a new study"
    shell:
        "set -o pipefail; python {params.program} {params.study} 2>&1 | tee {log}"
