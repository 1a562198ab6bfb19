# Retrain the small world's models from resources/micro/recipe.yaml (`make micro-world`). They are written below results/,
# so that the shipped models of a fresh checkout never count as outdated outputs.


include: "small_world_recipe.smk"


rule make_small_world_tokenizer:
    """The tokenizer of the small world."""
    output:
        tokenizer=directory("results/micro-world/tokenizer"),
    log:
        "results/micro-world/logs/tokenizer.log",
    benchmark:
        "results/micro-world/timings/tokenizer.tsv"
    conda:
        CONDA_ENVIRONMENT
    params:
        program=program("make_small_world_tokenizer"),
        recipe=options(MICRO_RECIPE["tokenizer"]),
        version=version_of("small_world"),
    message:
        "build the small world's tokenizer"
    shell:
        "python {params.program} {params.recipe} --output {output.tokenizer} &> {log}"


rule train_small_world_model:
    input:
        tokenizer="results/micro-world/tokenizer",
        start=start_of_micro_model,
    output:
        model=directory("results/micro-world/{micro_model}"),
    log:
        "results/micro-world/logs/{micro_model}.log",
    benchmark:
        "results/micro-world/timings/{micro_model}.tsv"
    wildcard_constraints:
        micro_model="|".join(MICRO_RECIPE["models"]),
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    params:
        program=program("train_small_world_model"),
        recipe=recipe_of_micro_model,
        version=version_of("small_world"),
    message:
        "train the small world's {wildcards.micro_model}"
    shell:
        "python {params.program} {params.recipe} --threads {threads}"
        " --tokenizer {input.tokenizer} --output {output.model} &> {log}"


rule small_world_models:
    """The base models of the small world."""
    input:
        "results/micro-world/tokenizer",
        expand("results/micro-world/{micro_model}", micro_model=MICRO_RECIPE["models"]),
    localrule: True
