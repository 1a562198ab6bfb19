# Everything about one item of a benchmark, or about one training prompt, as a page (docs/how-to/inspect_an_answer.md).
# Not part of `all`: request it by its path. It shows existing results and starts no engine. Its parameters list what
# exists, so it is made again when there is more to show.

PAGE_CODE = [
    *library("common/web_page"),
    *library_files("common", "page.css"),
    *library_files("common", "*.html.jinja"),
    *library_files("reporting/inspect", "*"),
]


rule inspect_item:
    input:
        item_table=item_table_of_page,
        code=PAGE_CODE,
        script=script_file("inspect_item"),
    output:
        page="<results>/inspect/items/{benchmark}/{item}.html",
    log:
        "<logs>/inspect_item/{benchmark}/{item}.log",
    benchmark:
        "<benchmarks>/inspect_item/{benchmark}/{item}.tsv"
    # unknown names get a better error than a missing rule
    wildcard_constraints:
        benchmark="[^/]+",
        item=".+",
    conda:
        ANALYSIS_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_small"),
    params:
        asked=page_options,
        state=state_of_item,
    message:
        "build the page of {wildcards.benchmark} {wildcards.item}"
    shell:
        "python {input.script:q} {params.asked} --items {input.item_table} --output {output.page} &> {log}"


rule inspect_prompt:
    input:
        questions=prompts_of_page,
        code=PAGE_CODE,
        script=script_file("inspect_prompt"),
    output:
        page="<results>/inspect/prompts/{corpus}/{prompt}.html",
    log:
        "<logs>/inspect_prompt/{corpus}/{prompt}.log",
    benchmark:
        "<benchmarks>/inspect_prompt/{corpus}/{prompt}.tsv"
    wildcard_constraints:
        corpus="[^/]+",
        prompt=".+",
    conda:
        ANALYSIS_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_small"),
    params:
        study=options({"results": f"results/{STUDY.name}", "study": STUDY.name}),
        shards=lambda wildcards: option("shards", STUDY.corpora[wildcards.corpus].shards),
        mixtures=option("mixtures", *STUDY.variants()),
        limit=options({name: config["training"][name] for name in ("max_length", "overlong")}),
        state=state_of_prompt,
    message:
        "build the page of the {wildcards.corpus} prompt {wildcards.prompt}"
    shell:
        "python {input.script:q} {params.study} --corpus {wildcards.corpus} {params.shards} --prompt {wildcards.prompt}"
        " {params.mixtures} {params.limit} --output {output.page} &> {log}"
