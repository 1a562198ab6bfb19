# Training of students on mixtures, and of adaptations on the second corpus.


rule train_student:
    input:
        mixture="<results>/mixtures/{corpus}/{curriculum}/rho-{ratio}.parquet",
        tokens=tokens_of,
        model_files=lambda wildcards: model_files(STUDY.students[wildcards.student].model),
        rates=rates_of,
    output:
        model=directory("<results>/models/{corpus}/{student}/{curriculum}/rho-{ratio}/seed-{seed}"),
    log:
        "<logs>/train_student/{corpus}/{student}/{curriculum}/rho-{ratio}/seed-{seed}.log",
    benchmark:
        "<benchmarks>/train_student/{corpus}/{student}/{curriculum}/rho-{ratio}/seed-{seed}.tsv"
    wildcard_constraints:
        # at ratios 0 and 1 all curricula are the same run as seq: link_mixed_endpoint
        curriculum=rf"seq|(?:{one_of(CURRICULA[1:])})(?!/rho-[01]/)",
    priority: PRIORITIES["training"]
    retries: RESTARTS
    conda:
        CONDA_ENVIRONMENT
    threads: JOBS["training"]["threads"]
    resources:
        **memory_and_runtime("training"),
        nodes=lambda wildcards: STUDY.students[wildcards.student].nodes,
        gpu=on_one_node(lambda student: student.processes if ON_GPU else 0),
        gpu_model=on_one_node(lambda student: GPU_TYPE),
        gres=over_nodes(gpus_per_node),
        mpi=over_nodes(lambda student: "srun"),
        tasks=over_nodes(lambda student: student.nodes),
        # otherwise Slurm would start one task per GPU
        tasks_per_gpu=over_nodes(lambda student: 0),
    params:
        program=program("train_student"),
        launcher=launcher,
        model=lambda wildcards: student_options(STUDY.students[wildcards.student]),
        template_of_results=lambda wildcards: template_of_results(STUDY.students[wildcards.student]),
        chat_template=chat_template_option,
        tokens=tokens_of_results,
        start="",
        learning_rate=learning_rate_option,
        recipe=options(RECIPE),
        execution=execution_of_full_run,
        replica=replica_options,
        version=version_of("training"),
    message:
        "train {wildcards.student} on {wildcards.corpus}: {wildcards.curriculum}, reasoning ratio {wildcards.ratio}"
    shell:
        # exec: Slurm's SIGTERM would kill a waiting shell, and with it the job that writes its checkpoint
        "exec {params.launcher}"
        " {params.program} {params.model} {params.chat_template} {params.start}"
        " --mixture {input.mixture} --tokens {input.tokens}"
        " {params.learning_rate} {params.recipe} {params.execution}"
        " {params.replica} --output {output.model} &> {log}"


# A cell that is trained on a part of its mixture resumes from a checkpoint of the full run, and without it trains from the
# start, to the same weights.
use rule train_student as train_branch with:
    input:
        mixture="<results>/mixtures/{corpus}/{curriculum}/rho-{ratio}.parquet",
        tokens=tokens_of,
        model_files=lambda wildcards: model_files(STUDY.students[wildcards.student].model),
        rates=rates_of,
        full="<results>/models/{corpus}/{student}/{curriculum}/rho-{ratio}/seed-{seed}",
    output:
        model=directory("<results>/models/{corpus}/{student}/{curriculum}/rho-{ratio}/data-{data_fraction}/seed-{seed}"),
    log:
        "<logs>/train_branch/{corpus}/{student}/{curriculum}/rho-{ratio}/data-{data_fraction}/seed-{seed}.log",
    benchmark:
        "<benchmarks>/train_branch/{corpus}/{student}/{curriculum}/rho-{ratio}/data-{data_fraction}/seed-{seed}.tsv"
    # before other trainings: it frees the disk of the checkpoint that it begins with
    priority: PRIORITIES["branches"]
    params:
        start=lambda wildcards: option("data_fraction", wildcards.data_fraction),
        execution=execution_options,
    message:
        "train {wildcards.student} on {wildcards.data_fraction} of {wildcards.corpus}: {wildcards.curriculum},"
        " reasoning ratio {wildcards.ratio}"


use rule train_student as adapt_student with:
    input:
        mixture=mixture_of_adaptation,
        tokens=tokens_of,
        start=start_of,
        rates=rates_of,
    output:
        model=directory("<results>/models/adapted/{student}/{first}-then-{second}/seed-{seed}"),
    log:
        "<logs>/adapt_student/{student}/{first}-then-{second}/seed-{seed}.log",
    benchmark:
        "<benchmarks>/adapt_student/{student}/{first}-then-{second}/seed-{seed}.tsv"
    params:
        start=lambda wildcards, input: f"--init-from {input.start}",
        execution=execution_options,
        # the paths of adaptations do not name their corpora
        corpora=json_option("corpora", STUDY.adaptation_corpora),
    message:
        "adapt {wildcards.student}: {wildcards.first}, then {wildcards.second}"


rule link_mixed_endpoint:
    input:
        model="<results>/models/{corpus}/{student}/seq/rho-{ratio}/seed-{seed}",
    output:
        alias=directory("<results>/models/{corpus}/{student}/mix/rho-{ratio}/seed-{seed}"),
    log:
        "<logs>/link_mixed_endpoint/{corpus}/{student}/rho-{ratio}/seed-{seed}.log",
    wildcard_constraints:
        ratio="0|1",
    localrule: True
    conda:
        CONDA_ENVIRONMENT
    message:
        "link {output.alias}: at ratio {wildcards.ratio} mix is the same run as seq"
    shell:
        "ln -sfn ../../seq/rho-{wildcards.ratio}/seed-{wildcards.seed} {output.alias} &> {log}"


rule models:
    """All trained students."""
    input:
        expand(
            "<results>/models/{model_id}",
            model_id=[
                model.model_id for model in STUDY.cells() + STUDY.branches() + STUDY.hybrids() + STUDY.adapted()
            ],
        ),
    localrule: True


use rule link_mixed_endpoint as link_reversed_endpoint with:
    output:
        alias=directory("<results>/models/{corpus}/{student}/seq-reversed/rho-{ratio}/seed-{seed}"),
    log:
        "<logs>/link_reversed_endpoint/{corpus}/{student}/rho-{ratio}/seed-{seed}.log",
    message:
        "link {output.alias}: at ratio {wildcards.ratio} seq-reversed is the same run as seq"
