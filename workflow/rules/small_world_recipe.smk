# The recipe of the small world's models, and the options that follow from it.
import yaml

with open(find_file("resources/micro/recipe.yaml", PROJECT), encoding="utf-8") as recipe_file:
    MICRO_RECIPE = yaml.safe_load(recipe_file)


def start_of_micro_model(wildcards):
    """The model with the initial weights; empty for random weights."""
    name = MICRO_RECIPE["models"][wildcards.micro_model].get("init_from")
    return f"results/micro-world/{name}" if name else []


def recipe_of_micro_model(wildcards, input):
    """The model's entry in the recipe, as options."""
    recipe = MICRO_RECIPE["models"][wildcards.micro_model]
    return options({**recipe, "init_from": input.start} if input.start else recipe)
