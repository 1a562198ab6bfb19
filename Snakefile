# What `snakemake` finds in the project's folder. The workflow itself is workflow/Snakefile, the place where other
# workflows and tools look for it.


include: "workflow/Snakefile"


# An include leaves the default target to the file that includes, and this file has no rule of its own.
workflow.default_target = "all"
