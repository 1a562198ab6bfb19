# Options of trainings that affect the trained model: seed, learning rate, recipe.
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.study.cells import ratio_of_format


def replica_options(wildcards):
    """The options of a replica: its number and seed."""
    return options({"seed": derive_seed(STUDY.seed, "replica", wildcards.seed), "replica": wildcards.seed})


def learning_rate_option(wildcards):
    """The peak learning rate of a training, or the file of the learning-rate search."""
    ratio = wildcards.ratio if "ratio" in wildcards.keys() else ratio_of_format(wildcards.second)
    if wildcards.student not in STUDY.searched:
        return option("learning_rate", float(STUDY.learning_rate(wildcards.student, float(ratio))))
    return options(
        {
            # not from the rule's input: Snakemake ignores changes of parameters whose function takes `input`
            "learning_rate_from": f"results/{STUDY.name}/learning_rates/{wildcards.student}.json",
            "ratio": ratio,
            "mixture_learning_rate": STUDY.mixture_learning_rate,
        }
    )


# In a fixed order: an overlay changes the order of keys. As decimal numbers: 1.0 for 1.
SCHEDULE = {name: config["training"]["schedule"][name] for name in ("warmup_steps", "decay_steps", "min_lr_ratio")}
OPTIMIZER = ("weight_decay", "gradient_clipping", "adam_beta1", "adam_beta2", "adam_epsilon")
RECIPE = {
    "batch_unit": config["training"]["batch"]["unit"],
    "batch_size": config["training"]["batch"]["size"],
    "max_length": config["training"]["max_length"],
    "overlong": config["training"]["overlong"],
    "dtype": config["training"]["dtype"],
    "schedule_per": config["training"]["schedule"]["per"],
    **SCHEDULE,
    "min_lr_ratio": float(SCHEDULE["min_lr_ratio"]),
    **{name: float(config["training"]["optimizer"][name]) for name in OPTIMIZER},
}
