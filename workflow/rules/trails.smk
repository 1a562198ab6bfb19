# Everything about one item of a benchmark, or about one training prompt, as a page. Not part of `all`: ask for it by its
# path (docs/judging.md). A trail looks at what is there, so its parameters say what that is: it starts no engine, and is
# made again when there is more to see.

TRAIL_CODE = [*library("common/web_page"), *sorted(map(str, (LIBRARY / "reporting" / "inspect").glob("*.py")))]


rule item_trail:
    input:
        item_table=item_table_of_trail,
        code=TRAIL_CODE,
        script="workflow/scripts/item_trail.py",
    output:
        page="<results>/trails/items/{benchmark}/{item}.html",
    log:
        "<logs>/item_trail/{benchmark}/{item}.log",
    benchmark:
        "<benchmarks>/item_trail/{benchmark}/{item}.tsv"
    # what cannot be there is refused with a better error than that no rule makes it
    wildcard_constraints:
        benchmark="[^/]+",
        item=".+",
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("small"),
        runtime=runtime("small"),
    params:
        asked=trail_options,
        state=state_of_item,
    message:
        "gather all about {wildcards.benchmark} {wildcards.item}"
    shell:
        "python {input.script} {params.asked} --items {input.item_table} --output {output.page} &> {log}"


rule prompt_trail:
    input:
        questions=questions_of_trail,
        code=TRAIL_CODE,
        script="workflow/scripts/prompt_trail.py",
    output:
        page="<results>/trails/prompts/{corpus}/{prompt}.html",
    log:
        "<logs>/prompt_trail/{corpus}/{prompt}.log",
    benchmark:
        "<benchmarks>/prompt_trail/{corpus}/{prompt}.tsv"
    wildcard_constraints:
        corpus="[^/]+",
        prompt=".+",
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("small"),
        runtime=runtime("small"),
    params:
        study=options({"results": f"results/{STUDY.name}", "study": STUDY.name}),
        shards=lambda wildcards: option("shards", STUDY.corpora[wildcards.corpus].shards),
        mixtures=option("mixtures", *GRID),
        limit=options({name: config["training"][name] for name in ("max_length", "overlong")}),
        state=state_of_prompt,
    message:
        "gather all about the {wildcards.corpus} prompt {wildcards.prompt}"
    shell:
        "python {input.script} {params.study} --corpus {wildcards.corpus} {params.shards} --prompt {wildcards.prompt}"
        " {params.mixtures} {params.limit} --output {output.page} &> {log}"
