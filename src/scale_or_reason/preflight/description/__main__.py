"""Write the schemas, the reference page and the comments of the config anew, and the page of all columns.

    python -m scale_or_reason.preflight.description

Run it in the project's folder after a change of the description or of a value in ``config/config.yaml``.
"""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from scale_or_reason.preflight.description.columns import columns_page
from scale_or_reason.preflight.description.comments import with_comments
from scale_or_reason.preflight.description.page import reference_page
from scale_or_reason.preflight.description.schema import overlay_schema, study_schema

CONFIG = "config/config.yaml"


def generated(project: Path) -> dict[str, str]:
    """Each file that follows from the description, by its path in ``project``, with the text that it should have."""
    text = (project / CONFIG).read_text(encoding="utf-8")
    defaults = yaml.safe_load(text)
    return {
        "workflow/schemas/config.schema.json": _as_json(study_schema(defaults)),
        "workflow/schemas/overlay.schema.json": _as_json(overlay_schema(defaults)),
        "docs/reference/config.md": reference_page(defaults),
        "docs/reference/columns.md": columns_page(),
        CONFIG: with_comments(text),
    }


def _as_json(schema: object) -> str:
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    project = Path()
    for name, text in generated(project).items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
