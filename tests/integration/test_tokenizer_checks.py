"""Tokenizers that load as another one than their file says are refused, as a folder and from the hub's cache."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from byte_tokenizer import save_byte_tokenizer, save_gemma_tokenizer

from scale_or_reason.common.errors import StudyError
from scale_or_reason.inference.token_counts import TokenCounter
from scale_or_reason.inference.tokenizers import check_token_ids, load_tokenizer, tokens_identity

transformers = pytest.importorskip("transformers")
HUB_ID, COMMIT = "somebody/student", "0123456789abcdef0123456789abcdef01234567"

Change = Callable[[dict[str, Any]], None]


def normalizer(kind: str, **options: Any) -> Change:
    def change(content: dict[str, Any]) -> None:
        own = content["normalizer"]
        content["normalizer"] = {"type": "Sequence", "normalizers": [own, {"type": kind, **options}]}

    return change


def no_normalizer(content: dict[str, Any]) -> None:
    assert content["normalizer"] == {"type": "NFC"}
    content["normalizer"] = None


def pre_tokenizer(kind: str, **options: Any) -> Change:
    def change(content: dict[str, Any]) -> None:
        content["pre_tokenizer"]["pretokenizers"].insert(0, {"type": kind, **options})

    return change


def prefix_space(content: dict[str, Any]) -> None:
    content["pre_tokenizer"]["pretokenizers"][-1]["add_prefix_space"] = True


def added(**flags: bool) -> Change:
    def change(content: dict[str, Any]) -> None:
        (entry,) = [entry for entry in content["added_tokens"] if entry["content"] == "<|im_end|>"]
        entry.update(flags)

    return change


def vocabulary(content: dict[str, Any]) -> None:
    ids = content["model"]["vocab"]
    ids["a"], ids["b"] = ids["b"], ids["a"]


CHANGES: dict[str, Change] = {
    "no NFC": no_normalizer,
    "NFD": normalizer("NFD"),
    "NFKC": normalizer("NFKC"),
    "NFKD": normalizer("NFKD"),
    "lower case": normalizer("Lowercase"),
    "left strip": normalizer("Strip", strip_left=True, strip_right=False),
    "right strip": normalizer("Strip", strip_left=False, strip_right=True),
    "prefix": normalizer("Prepend", prepend="x"),
    "replaced": normalizer("Replace", pattern={"String": "  "}, content=" "),
    "pairs of digits": pre_tokenizer("Split", pattern={"Regex": "[0-9]{2}"}, behavior="Removed", invert=False),
    "punctuation": pre_tokenizer("Punctuation", behavior="Removed"),
    "without spaces": pre_tokenizer("WhitespaceSplit"),
    "prefix space": prefix_space,
    "token strips left": added(lstrip=True),
    "token strips right": added(rstrip=True),
    "token is a word": added(single_word=True),
    "vocabulary": vocabulary,
}


@pytest.fixture(scope="module")
def student(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study's tokenizer, in the folder of a Qwen2 model: transformers loads it as Qwen2Tokenizer."""
    folder = tmp_path_factory.mktemp("student") / "model"
    shutil.copytree(root / "resources" / "micro" / "tokenizer", folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen2"}))
    return folder


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], str]:
    """Puts a folder into a cache of the hub; there is no network."""
    cache = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    def put(folder: Path) -> str:
        repository = cache / f"models--{HUB_ID.replace('/', '--')}"
        shutil.copytree(folder, repository / "snapshots" / COMMIT)
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text(COMMIT)
        return HUB_ID

    return put


def changed(folder: Path, change: Change, target: Path) -> Path:
    shutil.copytree(folder, target)
    file = target / "tokenizer.json"
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))
    return target


def test_the_tokenizer_itself_is_accepted(student: Path, hub: Callable[[Path], str], chat_template: Path) -> None:
    own = load_tokenizer(str(student), None, chat_template)
    cached = load_tokenizer(hub(student), "main", chat_template)
    assert tokens_identity(own, "<|im_end|>") == tokens_identity(cached, "<|im_end|>")
    load_tokenizer(HUB_ID, COMMIT, chat_template)


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_with_other_ids_is_refused(
    student: Path, hub: Callable[[Path], str], chat_template: Path, tmp_path: Path, change: str
) -> None:
    other = changed(student, CHANGES[change], tmp_path / "other")
    # what the folder or the hub id loads as, where transformers goes by the model's type
    loaded = transformers.AutoTokenizer.from_pretrained(student)
    for model, revision in ((str(other), None), (hub(other), None), (HUB_ID, "main"), (HUB_ID, COMMIT)):
        with pytest.raises(StudyError, match="other token ids") as caught:
            check_token_ids(model, loaded, revision)
        assert Path(str(caught.value.where)).name == "tokenizer.json" and "Qwen2Tokenizer" in str(caught.value.found)


def test_a_byte_level_tokenizer_that_loads_as_another_class(
    hub: Callable[[Path], str], chat_template: Path, tmp_path: Path
) -> None:
    """Transformers gives a Gemma folder a Gemma tokenizer, which loses the spaces of a byte-level vocabulary."""
    save_byte_tokenizer(tmp_path / "bytes", eos="<|endoftext|>", chat_template="{{ messages[0].content }}")
    (tmp_path / "bytes" / "config.json").write_text(json.dumps({"model_type": "gemma3_text"}))
    settings = json.loads((tmp_path / "bytes" / "tokenizer_config.json").read_text())
    settings["tokenizer_class"] = "GemmaTokenizer"
    (tmp_path / "bytes" / "tokenizer_config.json").write_text(json.dumps(settings))
    for model in (str(tmp_path / "bytes"), hub(tmp_path / "bytes")):
        with pytest.raises(StudyError, match="other token ids"):
            load_tokenizer(model, None, chat_template)
        with pytest.raises(StudyError, match="other token ids"):
            TokenCounter(model)
    with pytest.raises(StudyError, match="other token ids"):
        TokenCounter(f"{HUB_ID}@{COMMIT}")


def test_gemma_is_accepted(hub: Callable[[Path], str], chat_template: Path, tmp_path: Path) -> None:
    save_gemma_tokenizer(tmp_path / "gemma")
    (tmp_path / "gemma" / "config.json").write_text(json.dumps({"model_type": "gemma3_text"}))
    load_tokenizer(str(tmp_path / "gemma"), None, chat_template)
    load_tokenizer(hub(tmp_path / "gemma"), None, chat_template)


def test_a_truncating_file_is_accepted(student: Path, chat_template: Path, tmp_path: Path) -> None:
    def truncating(content: dict[str, Any]) -> None:
        content["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}

    load_tokenizer(str(changed(student, truncating, tmp_path / "other")), None, chat_template)


def test_tokens_of_a_tokenizer_that_differs_in_rare_texts_only(student: Path, chat_template: Path) -> None:
    """Two students with the same vocabulary do not share tokens if one of them does not compose characters."""
    own, other = (load_tokenizer(str(student), None, chat_template) for _ in range(2))
    other.backend_tokenizer.normalizer = None
    identities = [tokens_identity(tokenizer, "<|im_end|>") for tokenizer in (own, other)]
    assert identities[0] != identities[1]
    assert identities[0]["tokenizer"] == identities[1]["tokenizer"]  # kept, so that older pairs stay valid
