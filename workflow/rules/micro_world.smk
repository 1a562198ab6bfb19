# The models of the small world, made again from resources/micro/recipe.yaml (`make micro-world`). They are written
# below results/, so that no study ever takes a fresh checkout's shipped models for outdated outputs.
import yaml

with open("resources/micro/recipe.yaml", encoding="utf-8") as recipe_file:
    MICRO_RECIPE = yaml.safe_load(recipe_file)


rule make_micro_tokenizer:
    output:
        tokenizer=directory("results/micro-world/tokenizer"),
    log:
        "results/micro-world/logs/tokenizer.log",
    benchmark:
        "results/micro-world/timings/tokenizer.tsv"
    conda:
        CONDA_ENVIRONMENT
    params:
        recipe=options(MICRO_RECIPE["tokenizer"]),
        version=version_of("world"),
    message:
        "build the small world's tokenizer"
    shell:
        "python workflow/scripts/make_micro_tokenizer.py {params.recipe} --output {output.tokenizer} &> {log}"


rule train_micro_model:
    input:
        tokenizer="results/micro-world/tokenizer",
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
        recipe=lambda wildcards: " ".join(
            option(name, *(value if isinstance(value, list) else [value]))
            for name, value in MICRO_RECIPE["models"][wildcards.micro_model].items()
        ),
        version=version_of("world"),
    message:
        "train the small world's {wildcards.micro_model} from nothing"
    shell:
        "python workflow/scripts/train_micro_model.py {params.recipe} --threads {threads}"
        " --tokenizer {input.tokenizer} --output {output.model} &> {log}"


rule micro_world:
    input:
        "results/micro-world/tokenizer",
        expand("results/micro-world/{micro_model}", micro_model=MICRO_RECIPE["models"]),
    localrule: True
