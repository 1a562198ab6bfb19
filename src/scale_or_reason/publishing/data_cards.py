"""The cards of data sets: the pairs of a corpus, and the archive of a study."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scale_or_reason.common.files import read_json
from scale_or_reason.common.manifests import content_hash
from scale_or_reason.publishing.licences import licence_fields, licence_of
from scale_or_reason.study.catalogue import Corpus
from scale_or_reason.study.local_files import is_local
from scale_or_reason.study.study import Study

_TEMPLATES = Path(__file__).parent / "templates"
#: Largest number of rows of each of the hub's size categories.
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def pairs_card(corpus: Corpus, file: Path, audit: Path, study: Study, config: Mapping[str, Any]) -> str:
    """The card of a corpus' pairs; the licences of prompts and teacher are those of ``push.licenses``."""
    import pyarrow.parquet
    from huggingface_hub import DatasetCard, DatasetCardData

    source, licences = corpus.source, config["push"]["licenses"]
    on_hub = source.kind == "hub"
    table = pyarrow.parquet.ParquetFile(file)
    data = DatasetCardData(
        pretty_name=f"{study.name}: pairs of plain and reasoning answers, {corpus.name}",
        source_datasets=[source.path] if on_hub else None,
        size_categories=[_size_category(table.metadata.num_rows)],
        task_categories=["text-generation"],
        tags=["scale-or-reason", "distillation", "reasoning", "synthetic"],
        configs=[{"config_name": "default", "data_files": [{"split": "train", "path": "pairs.parquet"}]}],
        **licence_fields(licences.get(source.path)),
    )
    teacher = study.teacher
    card = DatasetCard.from_template(
        data,
        template_path=str(_TEMPLATES / "pairs_card.md.jinja"),
        study=study.name,
        corpus=corpus.name,
        rows=table.metadata.num_rows,
        columns=table.schema_arrow.names,
        source=source.path if on_hub else "prompts of our own",
        source_licence=licence_of(source.path, licences),
        teacher="" if teacher is None else teacher.name if is_local(teacher.model) else teacher.model,
        teacher_licence=licence_of(teacher.model, licences) if teacher else "",
        sampling=teacher.sampling if teacher else {},
        audit=read_json(audit) if audit.is_file() else {},
        decontaminated=sorted(study.benchmarks),
        sha256=content_hash(file),
    )
    return str(card)


def archive_card(file: Path, study: Study) -> str:
    """The card of an archive."""
    from huggingface_hub import DatasetCard, DatasetCardData

    data = DatasetCardData(
        pretty_name=f"{study.name}: results", tags=["scale-or-reason", "evaluation"], **licence_fields(None)
    )
    card = DatasetCard.from_template(
        data,
        template_path=str(_TEMPLATES / "archive_card.md.jinja"),
        study=study.name,
        archive=file.name,
        sha256=content_hash(file),
        students=list(study.students),
        corpora=list(study.corpora),
    )
    return str(card)


def _size_category(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), "1M<n<10M")
