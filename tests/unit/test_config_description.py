"""The config is described once: what is generated from the description is up to date, and no key is missing from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from scale_or_reason.inference.endpoint import Endpoint
from scale_or_reason.preflight.description import __main__ as command
from scale_or_reason.preflight.description import catalogues, shared
from scale_or_reason.preflight.description.comments import with_comments
from scale_or_reason.preflight.description.page import reference_page
from scale_or_reason.preflight.description.parts import Section
from scale_or_reason.preflight.description.schema import described, overlay_schema, resolved, study_schema
from scale_or_reason.preflight.renamed_keys import RENAMED, renamed
from scale_or_reason.study.catalogue import Corpus, Judge, LengthLimits, Source, Student, TeacherModel

Schema = dict[str, Any]
COMMAND = "run: python -m scale_or_reason.preflight.description"


@pytest.fixture(scope="module")
def schema() -> Schema:
    return described()


@pytest.fixture(scope="module")
def defaults(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "config/config.yaml").read_text())


# ---- drift ----


@pytest.mark.slow
def test_what_is_generated_is_up_to_date(root: Path) -> None:
    for name, text in command.generated(root).items():
        assert (root / name).read_text() == text, f"{name} differs from the description; {COMMAND}"


@pytest.mark.slow
def test_the_command_writes_all_of_it(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text((root / "config/config.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    command.main()
    for name in command.generated(root):
        assert (tmp_path / name).read_text() == (root / name).read_text()


def test_an_edited_value_is_noticed(defaults: dict[str, Any]) -> None:
    edited = json.loads(json.dumps(defaults))
    edited["training"]["max_length"] += 1
    assert study_schema(edited) != study_schema(defaults)
    assert reference_page(edited) != reference_page(defaults)


# ---- every key of config.yaml is described, and the other way round ----


def keys_below(node: Schema, schema: Schema, values: Any, path: str = "") -> Iterator[tuple[str, bool, bool]]:
    """The path of every key: whether it is described, and whether ``values`` has it."""
    node = resolved(node, schema)
    if "anyOf" in node:
        branches = [resolved(branch, schema) for branch in node["anyOf"]]
        kind = "items" if isinstance(values, list) else "properties"  # of two forms of a key, the one that is written
        node = next((branch for branch in branches if kind in branch), node)
    if "properties" in node:
        values = values if isinstance(values, Mapping) else {}
        for name in [*node["properties"], *(name for name in values if name not in node["properties"])]:
            here, child = f"{path}.{name}".lstrip("."), node["properties"].get(name)
            yield here, child is not None, name in values or name not in node.get("required", ())
            if child is not None and name in values:
                yield from keys_below(child, schema, values[name], here)
    elif isinstance(node.get("additionalProperties"), Mapping):
        for name, value in (values or {}).items():
            yield from keys_below(node["additionalProperties"], schema, value, f"{path}.{name}")
    elif node.get("type") == "array":
        for index, value in enumerate(values or []):
            yield from keys_below(node["items"], schema, value, f"{path}[{index}]")


def test_the_config_and_the_description_have_the_same_keys(schema: Schema, defaults: dict[str, Any]) -> None:
    keys = list(keys_below(schema, schema, defaults))
    assert len(keys) > 300
    assert [key for key, is_described, _ in keys if not is_described] == []
    assert [key for key, _, has_value in keys if not has_value] == []


def test_the_values_of_the_config_are_the_documented_defaults(schema: Schema, defaults: dict[str, Any]) -> None:
    page = reference_page(defaults)
    for line in (
        "| `study.seed` | integer ≥ 0 | `0` |",
        "| `training.batch.size` | integer ≥ 1 | `32` |",
        "| `evaluation.sampling` | [Sampling](#sampling) |",
        "| `plan.gpu_types.NAME.tflops` | number > 0 (10^12 operations per second) |",
        "| `compute.gpu_type` | text or `null` | `null` |",
        "| `students.NAME.nodes` | integer ≥ 1 | `1` |",
        "| `advise.queries` | number > 0 and ≤ 1e+18 | `1000000` |",
    ):
        assert line in page
    written = study_schema(defaults)
    batch = written["$defs"]["Batch"]["properties"]
    assert (batch["unit"]["default"], batch["size"]["default"]) == ("items", 32)


def test_every_key_is_explained(schema: Schema) -> None:
    for name, block in [("Config", schema), *schema["$defs"].items()]:
        for key, node in block["properties"].items():
            text = resolved(node, schema).get("description", "")
            assert text.endswith((".", "`.")) or "`" in text, f"{name}.{key} has no description"


def test_every_key_is_on_the_page(schema: Schema, defaults: dict[str, Any]) -> None:
    page = reference_page(defaults)
    for block in schema["$defs"].values():
        for key in block["properties"]:
            assert f".{key}`" in page or f"`{key}`" in page


# ---- the dataclasses that jobs read ----


def keys_of(section: type[Section]) -> dict[str, Any]:
    """The keys of a block, with the defaults of those that may be left out."""
    return {
        field.alias or name: MISSING if field.is_required() else field.default
        for name, field in section.model_fields.items()
    }


def fields_of(dataclass: type) -> dict[str, Any]:
    return {field.name: field.default for field in fields(dataclass)}


@pytest.mark.parametrize(
    ("section", "dataclass", "own"),
    [
        (catalogues.Student, Student, {"name"}),
        (catalogues.Teacher, TeacherModel, {"name"}),
        (catalogues.Judge, Judge, {"name"}),
        (catalogues.PromptSource, Source, set()),
        (shared.Endpoint, Endpoint, set()),
    ],
)
def test_dataclasses_have_the_described_keys_and_defaults(section: type[Section], dataclass: type, own: set) -> None:
    described, held = keys_of(section), fields_of(dataclass)
    assert set(held) - own == set(described)
    # a model's engine is merged with the general one, so it always has a value
    assert {key: value for key, value in held.items() if key not in own | {"engine"}} == {
        key: value for key, value in described.items() if key != "engine"
    }


def test_dataclasses_that_hold_a_selection_name_described_keys(schema: Schema) -> None:
    assert set(fields_of(Corpus)) - {"name"} <= set(keys_of(catalogues.Corpus))
    assert set(fields_of(LengthLimits)) == set(schema["$defs"]["LengthLimits"]["properties"])


# ---- overlays and editors ----


def presets(root: Path) -> list[Path]:
    return sorted((root / "config/studies").glob("*.yaml"))


def test_an_overlay_needs_no_key_and_may_have_no_other(root: Path, defaults: dict[str, Any]) -> None:
    validator = Draft202012Validator(overlay_schema(defaults))
    for file in presets(root):
        assert validator.is_valid(yaml.safe_load(file.read_text())), file.name
    assert validator.is_valid({})
    assert not validator.is_valid({"study": {"studnets": []}})
    assert not validator.is_valid({"training": {"max_length": 0}})
    assert not Draft202012Validator(study_schema(defaults)).is_valid({})


def test_editors_find_the_schema(root: Path) -> None:
    files = {root / "config/config.yaml": "config.schema.json"} | dict.fromkeys(presets(root), "overlay.schema.json")
    for file, schema in files.items():
        first = file.read_text().splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema="), file.name
        named = (file.parent / first.split("=", 1)[1]).resolve()
        assert named == (root / "workflow/schemas" / schema).resolve()
        assert named.is_file()


def test_advice_is_what_editors_show(defaults: dict[str, Any]) -> None:
    seed = study_schema(defaults)["$defs"]["Study"]["properties"]["seed"]
    assert seed["markdownDescription"].startswith(seed["description"])
    assert "Change it" in seed["markdownDescription"]
    assert not [key for key in seed if key.startswith("x-")]


# ---- comments ----


def test_comments_above_keys_are_replaced_and_others_stay() -> None:
    text = (
        "# the head\n\n# stale\nstudy:\n  # stale\n  # and stale\n  seed: 3  # behind\n\n"
        "# stale\nstudents:\n  # mine\n  A: {size_b: 1}\n"
    )
    written = with_comments(text)
    assert yaml.safe_load(written) == yaml.safe_load(text)
    assert "stale" not in written
    assert written.startswith("# the head\n\n# What the study consists of.")
    assert "  seed: 3  # behind\n" in written and "\n  # mine\n  A:" in written
    assert "\n  # The root of all random seeds. Change it" in written
    assert "\n# - deepspeed: " in written
    assert with_comments(written) == written


# ---- old keys ----


def test_new_names_exist_and_old_ones_do_not(schema: Schema) -> None:
    def has(path: tuple[str, ...]) -> bool:
        node: Any = schema
        for part in path:
            node = resolved(node, schema)
            if "properties" in node:
                node = node["properties"].get(part)
            else:
                node = node.get("items") if node.get("type") == "array" else node.get("additionalProperties")
            if not isinstance(node, Mapping):
                return False
        return True

    for old, new in RENAMED.items():
        assert not has(old)
        for name in new.replace("[{}]", ".{}").replace(", ", " and ").split(" and "):
            assert has(tuple(name.replace("{}", "*").split("."))), name
    assert has(("study", "seed")) and not has(("study", "sed"))


def test_an_old_key_below_a_name_is_recognised() -> None:
    problem = renamed(("corpora", "general", "size"))
    assert problem is not None
    assert problem.problem == "corpora.general.size was renamed to corpora.general.num_prompts"
    problem = renamed(("compute", "by_size", 1, "up_to_b"))
    assert problem is not None
    assert problem.expected == "compute.by_size[1].max_params_b"
    assert renamed(("corpora", "size")) is None
