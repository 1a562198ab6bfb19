# A commented overlay for a new study. Not part of `all`, and without outputs that Snakemake would delete.


def new_study_options(wildcards):
    """The name of the new study. Ends with an error where none is given."""
    name = config["new_study"]
    if name is None:
        error = StudyError(
            "a new study needs a name",
            where="config",
            key="new_study",
            found="null",
            expected="the name of a study that does not exist yet",
            remedy="snakemake new_study --config new_study=my_study",
        )
        sys.exit(f"error: {error}")
    return options({"name": name, "template": project_file("config/new_study.yaml", PROJECT)})


rule new_study:
    """A commented overlay for a study of your own."""
    log:
        "<logs>/new_study.log",
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
