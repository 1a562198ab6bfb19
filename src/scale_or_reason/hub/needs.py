"""What a study uses from the hub: models, tokenizers, the data sets of its corpora and benchmarks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from scale_or_reason.benchmarks.base import HubRows
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.benchmarks.row_files import rows_folder
from scale_or_reason.study.hub_lock import DATASET, MODEL, Repository
from scale_or_reason.study.local_files import is_hub_id, is_local
from scale_or_reason.study.selection import models_of_jury

Config = Mapping[str, Any]

#: The files of a model that an engine, the trainer or a tokenizer reads. Never pickled weights.
WEIGHTS = ("*.safetensors", "*.safetensors.index.json")
TOKENIZER = ("*.json", "*.txt", "*.model", "*.jinja", "*.tiktoken")
#: Copies of the weights in other formats.
LEFT_OUT = ("consolidated*", "original/*", "onnx/*", "openvino/*", "coreml/*", "metal/*", "flax/*")
ARCHITECTURE = ("config.json",)


@dataclass(frozen=True)
class Need:
    """Files of a repository that ``key`` of the config needs.

    ``patterns``: the names of the files. For a data set, ``splits`` are pairs of configuration and split, whose files
    its card names; without both, all files are needed.
    """

    repository: Repository
    key: str
    patterns: tuple[str, ...] = ()
    splits: tuple[tuple[str | None, str], ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        """The need as values of JSON."""
        return {**asdict(self.repository), "key": self.key, "patterns": self.patterns, "splits": self.splits}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Need:
        """From :attr:`values`."""
        repository = Repository(values["kind"], values["name"], values.get("revision", "main"))
        splits = tuple((config, split) for config, split in values.get("splits", ()))
        return cls(repository, values["key"], tuple(values.get("patterns", ())), splits)


def needs(config: Config) -> list[Need]:
    """Everything that the jobs of a study (a checked config) read from the hub, in the order of the config."""
    found = [*_models(config), *_tokenizers(config)]
    if config["hub"]["mirror"] is None:
        found += [*_corpora(config), *_benchmarks(config)]
    return found


def _models(config: Config) -> Iterator[Need]:
    study = config["study"]
    used = [(catalogue, name) for catalogue in ("students", "adopted") for name in study[catalogue]]
    used += [("teachers", study["teacher"])] if study["teacher"] is not None else []
    used += [("judges", name) for name in models_of_jury(study["judges"])]
    for catalogue, name in used:
        entry, key = config[catalogue][name], f"{catalogue}.{name}"
        if "endpoint" in entry:
            source = entry.get("architecture", entry["model"] if catalogue == "teachers" else None)
            if isinstance(source, str) and is_hub_id(source) and not is_local(source):
                yield Need(Repository(MODEL, source), f"{key}.architecture", ARCHITECTURE)
        elif not is_local(entry["model"]):
            repository = Repository(MODEL, entry["model"], entry.get("revision") or "main")
            yield Need(repository, f"{key}.model", (*WEIGHTS, *TOKENIZER))


def _tokenizers(config: Config) -> Iterator[Need]:
    study = config["study"]
    used = {f"students.{name}.tokenizer": config["students"][name]["tokenizer"] for name in study["students"]}
    used |= {
        f"judges.{name}.tokenizer": config["judges"][name].get("tokenizer") for name in models_of_jury(study["judges"])
    }
    if config["pairs"]["source"] == "released":
        used["pairs.tokenizer"] = config["pairs"]["tokenizer"]
    for key, name in used.items():
        if name is not None and not is_local(name):
            yield Need(Repository(MODEL, name), key, TOKENIZER)


def _corpora(config: Config) -> Iterator[Need]:
    study = config["study"]
    names = [*study["corpora"], *([study["adaptation_corpora"]["to"]] if study["adaptations"] else [])]
    part = "released" if config["pairs"]["source"] == "released" else "source"
    for name in dict.fromkeys(names):
        source = config["corpora"][name][part]
        if source["kind"] == "hub":
            repository = Repository(DATASET, source["path"], source.get("revision") or "main")
            split = (source.get("split") or "train").partition("[")[0]
            yield Need(repository, f"corpora.{name}.{part}", splits=((source.get("config"), split),))


def _benchmarks(config: Config) -> Iterator[Need]:
    chosen, shots = config["benchmarks"], max(config["study"]["base_shots"], default=0)
    for name in [name for family in config["study"]["families"] for name in family["benchmarks"]]:
        if rows_folder(name, chosen["source"]) is not None:
            continue
        benchmark = get_benchmark(name).with_options(chosen["options"].get(name, {}))
        for rows in (benchmark.hub, benchmark.pool if shots and benchmark.shots else None):
            if rows is not None:
                yield _rows(rows, f"benchmarks.{name}")


def _rows(rows: HubRows, key: str) -> Need:
    repository = Repository(DATASET, rows.path, rows.revision)
    if rows.data_files:
        return Need(repository, key, rows.data_files)
    return Need(repository, key, splits=tuple((config, rows.split) for config in rows.configs or (None,)))
