# Hybrid students (`study.hybrid_students`): prompts carry the mode, in training and in the evaluation. They are trained on
# the same mixtures as others, with tokens of their own, and one job has a student answer in both modes. For judges,
# graders and tables each mode is a separate model, whose id ends with its name.
from scale_or_reason.study.cells import HYBRID_MODES

HYBRID = "{corpus}/{student}/{curriculum}/rho-{ratio}/hybrid/seed-{seed}"
ITS_MODES = [f"{HYBRID}/{mode.mode}" for mode in HYBRID_MODES]

if STUDY.hybrids():

    use rule tokenise_pairs as tokenise_hybrid_pairs with:
        output:
            tokens=directory("<results>/hybrid_tokens/{corpus}/{tokenizer}"),
        log:
            "<logs>/tokenise_hybrid_pairs/{corpus}/{tokenizer}.log",
        benchmark:
            "<benchmarks>/tokenise_hybrid_pairs/{corpus}/{tokenizer}.tsv"
        params:
            stop_token=prompt_modes_option,
        message:
            "tokenise the pairs of {wildcards.corpus} for {wildcards.tokenizer}, with the mode in the prompts"

    use rule train_student as train_hybrid with:
        input:
            mixture="<results>/mixtures/{corpus}/{curriculum}/rho-{ratio}.parquet",
            tokens=hybrid_tokens_of,
            model_files=lambda wildcards: model_files(STUDY.students[wildcards.student].model),
            rates=rates_of,
        output:
            model=directory(f"<results>/models/{HYBRID}"),
        log:
            f"<logs>/train_hybrid/{HYBRID}.log",
        benchmark:
            f"<benchmarks>/train_hybrid/{HYBRID}.tsv"
        wildcard_constraints:
            ratio=PART,
        params:
            tokens=lambda wildcards: f"{tokens_of_results(wildcards)}, with the mode in the prompts",
            execution=execution_options,
        message:
            "train {wildcards.student} on {wildcards.corpus} with the mode in the prompts: {wildcards.curriculum},"
            " reasoning ratio {wildcards.ratio}"

    use rule evaluate_model as evaluate_hybrid with:
        input:
            model=f"<results>/models/{HYBRID}",
            item_tables=ITEMS,
        output:
            answers=expand("<results>/answers/{id}/{benchmark}.parquet", id=ITS_MODES, benchmark=STUDY.benchmarks),
            manifests=expand("<results>/answers/{id}/manifest.json", id=ITS_MODES),
        log:
            f"<logs>/evaluate_model/{HYBRID}.log",
        benchmark:
            f"<benchmarks>/evaluate_model/{HYBRID}.tsv"
        wildcard_constraints:
            ratio=PART,
        params:
            model=hybrid_model_option,
            model_ids=model_ids_option(*ITS_MODES),
        message:
            f"evaluate {HYBRID.replace('{', '{wildcards.')} in both modes"
