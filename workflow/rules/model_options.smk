# Options of scripts that load models: where a model is, its tokens, and what of an engine affects replies.
from scale_or_reason.study.engine_settings import engine_settings_of_results
from scale_or_reason.study.local_files import is_local
from scale_or_reason.training.chat_templates import MODE_SWITCHES, STOP_TOKENS


def model_options(entry):
    """The options of the model: a folder, or a hub model at its revision."""
    revision = {"revision": entry.revision} if entry.revision and not is_local(entry.model) else {}
    return options({"model": entry.model, **revision})


def stop_token_option(student):
    """The option of a student's stop token."""
    return option("stop_token", STOP_TOKENS[student.template])


def template_of_results(student):
    """The name of a student's chat template; its file may move without invalidating results."""
    return f"chat template {student.template}"


def tokens_of_results(wildcards):
    """The name of a student's tokenizer, since lists of inputs make nothing old."""
    return f"tokens of {STUDY.students[wildcards.student].tokenizer_name}"


def prompt_modes_option(wildcards):
    """The stop token of a tokenizer's students, and how their prompts and answers carry the mode."""
    student = TOKENIZERS[wildcards.tokenizer]
    switch = MODE_SWITCHES[student.template].as_values()
    return f"{stop_token_option(student)} {json_option('prompt_modes', switch)}"


def hybrid_model_option(wildcards, input):
    """The model of a hybrid student, and the suffix of its prompts in each mode."""
    switch = MODE_SWITCHES[STUDY.students[wildcards.student].template]
    return f"{option('model', input.model)} {json_option('modes', switch.modes())}"


def student_options(student):
    """The options of a base student to train: model and stop token."""
    return f"{model_options(student)} {stop_token_option(student)}"


def trained_models_option(wildcards, input):
    """The folders of the models of a job."""
    return option("model", *input.models)


def base_model_option(wildcards):
    """The base student of a job."""
    return model_options(student_of(wildcards))


def pools_option(wildcards, input):
    """The tables of few-shot examples."""
    return option("pools", *input.pools) if input.pools else ""


def teacher_options(wildcards):
    """The teacher's model and thinking modes."""
    return f"{model_options(STUDY.teacher)} {json_option('modes', STUDY.teacher.modes)}"


def engine_of_results(entry):
    """The engine settings that affect replies."""
    if getattr(entry, "endpoint", None):
        body = entry.endpoint.get("body")
        return json_option("endpoint body", body) if body else "endpoint"
    return json_option("engine", engine_settings_of_results(entry.engine))


def sampling_within_limit(wildcards):
    """The sampling under another length limit."""
    return json_option("sampling", {**config["evaluation"]["sampling"], "max_tokens": int(wildcards.max_tokens)})


def further_samples_option():
    """The numbers of answers to an item of a model that votes, and the first one that it lacks."""
    votes = STUDY.votes
    samples = json_option("samples", dict.fromkeys(votes.benchmarks, votes.samples))
    return f"{samples} {json_option('first_samples', votes.first_samples())}"


def judge_options(wildcards):
    """The judge's model and protocol."""
    judge = STUDY.judges[wildcards.judge]
    names = ("protocol", "answer_tail_tokens", "retries", "tokenizer")
    settings = {name: value for name in names if (value := getattr(judge, name)) is not None}
    if judge.tokenizer is not None:
        settings["tokenizer"] = LOCK.named(judge.tokenizer)
    mode = [json_option("mode", judge.mode)] if judge.mode else []
    return " ".join([model_options(judge), options(settings), *mode, *(["--structured"] if judge.structured else [])])


def architectures_option(entries):
    """The sources of the architectures of students and teacher."""
    return option("architectures", *(f"{entry.name}={architecture_of(entry)}" for entry in entries))


def architecture_of(entry):
    """The source of one architecture, as one string; empty if unknown."""
    if getattr(entry, "endpoint", None):
        return LOCK.named(entry.source)
    return f"{entry.model}@{entry.revision}" if entry.revision and not is_local(entry.model) else entry.model


# FLOPs of the trainings of adopted models. Empty without any, so that the parameters of existing results stay as they are.
STATED_TRAINING = {model.name: model.training_flops for model in STUDY.adopted.values() if model.training_flops}
STATED_TRAINING = f" {json_option('training_flops', STATED_TRAINING)}" if STATED_TRAINING else ""
ANSWER_FOLDERS = {name: f"results/{STUDY.name}/{name}" for name in ("answers", "verdicts")}


def jurors_options():
    """The jury, and whether the rule graders are used; without judges they decide alone."""
    return " ".join(
        [option("jurors", *(STUDY.jurors if STUDY.judges else [])), *(["--rule-graders"] if STUDY.rule_graders else [])]
    )


def answered_option(*model_ids):
    """Models by the benchmarks that they answer."""
    groups = {}
    for model_id in model_ids:
        groups.setdefault(STUDY.benchmarks_of(parse_model_id(model_id)), []).append(model_id)
    return json_option(
        "answered", [{"model_ids": ids, "benchmarks": list(benchmarks)} for benchmarks, ids in groups.items()]
    )
