"""What a study publishes: a repository for each finished student, for the pairs of each corpus, and for an archive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scale_or_reason.common.checksums import check_content, visible_files
from scale_or_reason.common.errors import StudyError
from scale_or_reason.integrity.files import check_files
from scale_or_reason.publishing.data_cards import archive_card, pairs_card
from scale_or_reason.publishing.model_card import model_card
from scale_or_reason.publishing.scores import StudyTables
from scale_or_reason.study.cells import Adaptation, Cell, HybridCell
from scale_or_reason.study.hub_lock import DATASET, MODEL
from scale_or_reason.study.result_paths import result_path
from scale_or_reason.study.study import Study

CARD = "README.md"
#: One that was trained here, and may be published.
Trained = Cell | Adaptation


@dataclass(frozen=True, eq=False)
class Upload:
    """A repository and its files: paths in the repository, and where their content is or the content itself."""

    kind: str
    name: str
    files: Mapping[str, Path | bytes]

    def size(self, path: str) -> int:
        """Bytes of a file."""
        content = self.files[path]
        return len(content) if isinstance(content, bytes) else content.stat().st_size


@dataclass
class Uploads:
    """The repositories of a study, and what is not among them, each with the reason.

    ``unstated`` are the models and data sets behind them whose licence the config does not state.
    """

    repositories: list[Upload] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    unstated: list[str] = field(default_factory=list)

    def use(self, names: Iterable[str], licences: Mapping[str, str]) -> None:
        """Note the models and data sets behind a repository; ``unknown`` in the config is a statement, too."""
        self.unstated += [name for name in dict.fromkeys(names) if name not in {*licences, *self.unstated}]


def trained_models(study: Study) -> list[Trained]:
    """Every model that the study trains, each once."""
    return [*study.trainings(), *study.branches(), *study.adapted(), *study.hybrids()]


def uploads_of(results: Path, study: Study, config: Mapping[str, Any]) -> Uploads:
    """The uploads of a study by ``push`` of the config.

    Raises :class:`StudyError` for damaged files, for a name that the hub refuses, and if nothing is finished.
    """
    wanted, owner = config["push"]["include"], config["push"]["organisation"]
    uploads = Uploads()
    prefix = f"{owner}/{study.name}"
    if "models" in wanted:
        _add_models(uploads, results, study, config, prefix)
    if "pairs" in wanted:
        _add_pairs(uploads, results, study, config, prefix)
    if "archive" in wanted:
        _add_archive(uploads, results, study, prefix)
    if not uploads.repositories:
        raise StudyError(
            "there is nothing to push",
            where=results,
            key="push.include",
            found="; ".join(f"{what}: {why}" for what, why in uploads.skipped[:5]) or "nothing is included",
            expected="a finished student, pairs or an archive",
            remedy="run the study first, with the same --configfile; `snakemake archive` writes the archive",
        )
    _check_names(uploads.repositories)
    return uploads


def model_repository(prefix: str, model_id: str) -> str:
    """The name of a student's repository: ``ORG/v2-general-Qwen2.5-3B-seq-rho-1-seed-0``."""
    return f"{prefix}-{model_id.replace('/', '-')}"


def pairs_repository(prefix: str, corpus: str) -> str:
    """The name of the repository of a corpus' pairs."""
    return f"{prefix}-pairs-{corpus}"


def _add_models(uploads: Uploads, results: Path, study: Study, config: Mapping[str, Any], prefix: str) -> None:
    tables = StudyTables.read(results)
    for model in trained_models(study):
        folder = (results / result_path("model", model_id=model.model_id)).parent
        if not (folder / "manifest.json").is_file():
            uploads.skipped.append((f"model {model.model_id}", "not trained yet"))
            continue
        _check_folder(folder)
        own = model.modes() if isinstance(model, HybridCell) else [model]
        corpora = [training.corpus for training in study.lineage(own[0])]
        behind = [study.students[model.student].model, *(study.corpora[name].source.path for name in corpora)]
        uploads.use([*behind, *_teacher(study)], config["push"]["licenses"])
        published = _data_repositories(corpora, study, config, prefix)
        card = model_card(model, [one.model_id for one in own], folder, corpora, study, config, tables, published)
        files: dict[str, Path | bytes] = {
            file.relative_to(folder).as_posix(): file for file in visible_files(folder) if file.name != CARD
        }
        uploads.repositories.append(
            Upload(MODEL, model_repository(prefix, model.model_id), files | {CARD: card.encode()})
        )


def _data_repositories(corpora: Sequence[str], study: Study, config: Mapping[str, Any], prefix: str) -> list[str]:
    """Where the hub has the pairs of these corpora."""
    if config["pairs"]["source"] == "released":
        sources = [study.corpora[name].source for name in corpora]
        return [source.path for source in sources if source.kind == "hub"]
    return [pairs_repository(prefix, name) for name in corpora] if "pairs" in config["push"]["include"] else []


def _add_pairs(uploads: Uploads, results: Path, study: Study, config: Mapping[str, Any], prefix: str) -> None:
    for corpus in study.corpora.values():
        file = results / result_path("pairs", corpus=corpus.name)
        if config["pairs"]["source"] == "released":
            uploads.skipped.append((f"pairs {corpus.name}", f"published by others: {corpus.source.path}"))
            continue
        if not file.is_file():
            uploads.skipped.append((f"pairs {corpus.name}", "not made yet"))
            continue
        check_content(file)
        files: dict[str, Path | bytes] = {"pairs.parquet": file}
        audit = file.with_name(f"{corpus.name}.audit.json")
        if audit.is_file():
            check_content(audit)
            files["audit.json"] = audit
        card = pairs_card(corpus, file, audit, study, config)
        uploads.use([corpus.source.path, *_teacher(study)], config["push"]["licenses"])
        uploads.repositories.append(
            Upload(DATASET, pairs_repository(prefix, corpus.name), files | {CARD: card.encode()})
        )


def _teacher(study: Study) -> list[str]:
    return [study.teacher.model] if study.teacher else []


def _add_archive(uploads: Uploads, results: Path, study: Study, prefix: str) -> None:
    file = results / f"{study.name}.zip"
    if not file.is_file():
        uploads.skipped.append((f"archive {file.name}", "there is none: `snakemake archive` writes it"))
        return
    check_content(file)
    card = archive_card(file, study)
    uploads.repositories.append(Upload(DATASET, f"{prefix}-results", {file.name: file, CARD: card.encode()}))


def _check_folder(folder: Path) -> None:
    """Raise :class:`StudyError` if a file of a model is damaged or missing."""
    findings = check_files(folder)[0].findings
    if findings:
        first = findings[0]
        raise StudyError(
            f"a model has damaged or missing files ({len(findings)})",
            where=first.path,
            found=f"{first.problem}: {first.found}",
            expected=first.expected,
            remedy="nothing was pushed: `snakemake quarantine` moves damaged files aside",
        )


def _check_names(repositories: Sequence[Upload]) -> None:
    """Raise :class:`StudyError` for a name that the hub refuses, or that two repositories would have."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    for one in repositories:
        try:
            validate_repo_id(one.name)
        except HFValidationError as error:
            raise StudyError(
                "the hub refuses the name of a repository",
                where="config",
                key="push.organisation, study.name",
                found=one.name,
                expected=str(error).partition("\n")[0],
                remedy="choose a shorter study.name without '--' and '..'; spell the organisation as the hub does",
            ) from None
    twice = [name for name, count in Counter((one.kind, one.name) for one in repositories).items() if count > 1]
    if twice:
        raise StudyError(
            "two models would have the same repository",
            where="config",
            key="students, corpora",
            found=twice[0][1],
            expected="names that stay different when '/' becomes '-'",
            remedy="rename a student or corpus",
        )
