"""The recipe of the small world's models runs, and what is shipped is what its manifest says."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from warm_engines import warm_trainer

from scale_or_reason.small_world import lessons

pytestmark = pytest.mark.integration
SCRIPTS = "workflow/scripts"


def run(root: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return warm_trainer().run([str(argument) for argument in arguments], root)


def test_shipped_files_are_those_of_the_manifest(root: Path) -> None:
    checked = run(
        root,
        f"{SCRIPTS}/write_small_world_manifest.py",
        "--folder",
        "resources/micro",
        "--check",
        "resources/micro/MANIFEST.json",
    )
    assert checked.returncode == 0, checked.stderr


def test_a_changed_file_is_found(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "resources" / "micro" / "tokenizer", tmp_path / "world" / "tokenizer")
    script, folder, manifest = (
        f"{SCRIPTS}/write_small_world_manifest.py",
        tmp_path / "world",
        tmp_path / "world" / "MANIFEST.json",
    )
    assert run(root, script, "--folder", folder, "--output", manifest).returncode == 0
    assert run(root, script, "--folder", folder, "--check", manifest).returncode == 0
    (folder / "tokenizer" / "tokenizer_config.json").write_text("{}", encoding="utf-8")
    checked = run(root, script, "--folder", folder, "--check", manifest)
    assert checked.returncode == 2
    assert "tokenizer/tokenizer_config.json" in checked.stderr


def test_shipped_models_are_small_and_follow_the_recipe(root: Path) -> None:
    world = root / "resources" / "micro"
    weights = sorted(world.rglob("*.safetensors"))
    assert sum(file.stat().st_size for file in weights) <= 25e6
    recipe = yaml.safe_load((world / "recipe.yaml").read_text(encoding="utf-8"))["models"]
    assert {file.parent.relative_to(world).as_posix() for file in weights} == set(recipe)
    for name, settings in recipe.items():
        told = json.loads((world / name / "recipe.json").read_text(encoding="utf-8"))["recipe"]
        assert {key: told[key] for key in settings} == settings, name


@pytest.fixture(scope="module")
def made_tokenizer(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world") / "tokenizer"
    made = run(root, f"{SCRIPTS}/make_small_world_tokenizer.py", "--texts", 20_000, "--output", folder)
    assert made.returncode == 0, made.stderr
    return folder


def test_the_recipe_makes_the_shipped_tokenizer(root: Path, made_tokenizer: Path) -> None:
    for file in ("tokenizer.json", "chat_template.jinja", "tokenizer_config.json"):
        assert (made_tokenizer / file).read_text() == (root / "resources" / "micro" / "tokenizer" / file).read_text(), (
            file
        )


def same_ids(folder: Path) -> bool:
    """Whether a folder as transformers and vLLM load it gives the ids of the tokenizer that the model was trained with.

    transformers picks the class by the model's type and lets it split text in its own way, so this is not a matter of
    course: https://github.com/huggingface/transformers, ``MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS``.
    """
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    loaded, trained_with = AutoTokenizer.from_pretrained(folder), Tokenizer.from_file(str(folder / "tokenizer.json"))
    texts = list(lessons.sample_texts(60, seed=1))
    assert len(texts) > 200
    return all(
        loaded(text, add_special_tokens=False)["input_ids"] == trained_with.encode(text, add_special_tokens=False).ids
        for text in texts
    )


def test_every_shipped_tokenizer_is_loaded_as_it_was_trained_with(root: Path) -> None:
    folders = [file.parent for file in sorted((root / "resources" / "micro").rglob("tokenizer.json"))]
    assert len(folders) == 8
    assert [folder for folder in folders if not same_ids(folder)] == []


def test_a_tokenizer_of_another_class_is_noticed(root: Path, tmp_path: Path) -> None:
    """The test above can fail: numbers of two digits as one piece are what a Qwen2 folder does not keep."""
    from tokenizers import Regex, Tokenizer, pre_tokenizers

    folder = tmp_path / "student"
    shutil.copytree(next((root / "resources" / "micro" / "students").iterdir()), folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[0-9]{1,2}"), behavior="isolated")
    tokenizer.save(str(folder / "tokenizer.json"))
    assert not same_ids(folder)


@pytest.mark.parametrize("role", ["student", "teacher", "judge"])
def test_a_few_steps_of_the_recipe(root: Path, made_tokenizer: Path, tmp_path: Path, role: str) -> None:
    """Two runs of the same few steps give the same weights, and a folder that transformers loads."""
    sizes = ("--hidden-size", 32, "--layers", 1, "--heads", 1, "--tokens", 6000, "--batch-tokens", 1000)
    weights = []
    for attempt in ("first", "second"):
        arguments = ("--role", role, *sizes, "--tokenizer", made_tokenizer, "--output", tmp_path / attempt)
        trained = run(root, f"{SCRIPTS}/train_small_world_model.py", *arguments)
        assert trained.returncode == 0, trained.stderr
        assert json.loads(trained.stdout.splitlines()[-1])["tokens"] >= 6000
        weights.append((tmp_path / attempt / "model.safetensors").read_bytes())
    assert weights[0] == weights[1]
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(tmp_path / "first")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "first")
    assert model.config.eos_token_id == tokenizer.eos_token_id
    assert model.config.vocab_size == len(tokenizer)
    assert same_ids(tmp_path / "first")


def test_a_model_can_start_as_another(root: Path, made_tokenizer: Path, tmp_path: Path) -> None:
    """After one step that is too short to see, the weights are the student's."""
    student = root / "resources" / "micro" / "students" / "micro-0.07M"
    options = ("--role", "judge", "--init-from", student, "--tokens", 1, "--batch-tokens", 1)
    trained = run(
        root,
        f"{SCRIPTS}/train_small_world_model.py",
        *(*options, "--learning-rate", 1e-9, "--tokenizer", made_tokenizer, "--output", tmp_path / "judge"),
    )
    assert trained.returncode == 0, trained.stderr
    assert (student / "model.safetensors").read_bytes() == (tmp_path / "judge" / "model.safetensors").read_bytes()
    recipe = json.loads((tmp_path / "judge" / "recipe.json").read_text(encoding="utf-8"))["recipe"]
    assert recipe["init_from"] == "students/micro-0.07M"


@pytest.mark.parametrize(
    "start",
    [
        (),
        ("--hidden-size", 32),
        ("--init-from", "x", "--layers", 1),
        ("--init-from", "x", "--hidden-size", 32, "--layers", 1, "--heads", 1),
    ],
)
def test_where_weights_come_from_must_be_said_once(
    root: Path, made_tokenizer: Path, tmp_path: Path, start: tuple[object, ...]
) -> None:
    options = ("--role", "student", "--tokens", 1, "--tokenizer", made_tokenizer, "--output", tmp_path / "model")
    refused = run(root, f"{SCRIPTS}/train_small_world_model.py", *options, *start)
    assert refused.returncode == 2
    assert "options of the initial weights conflict" in refused.stderr
    assert not (tmp_path / "model").exists()
