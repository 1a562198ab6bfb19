"""API keys of served teachers and judges that are not in the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted
from scale_or_reason.study.selection import models_of_jury


@dataclass(frozen=True)
class UnsetKey:
    """A served model whose API key is missing: its catalogue, its name, and the environment variable."""

    catalogue: str
    name: str
    variable: str

    def note(self) -> str:
        """A line for the beginning of a run, which may not need the model."""
        return f"note: {self.catalogue}.{self.name} needs an API key: export {self.variable}=... before jobs start"

    def error(self, jobs: int) -> StudyError:
        """For a run in which ``jobs`` jobs would call the model."""
        return StudyError(
            f"the API key of a server is not set, and {counted(jobs, 'job')} of this run would need it",
            where="the environment",
            key=self.variable,
            found="no value",
            expected=f"the API key that {self.catalogue}.{self.name}.endpoint.key names",
            remedy=f"export {self.variable}=... in this shell, then repeat the command",
        )


def unset_keys(config: Mapping[str, Any]) -> Iterator[UnsetKey]:
    """The served models that the study uses and whose key is not in the environment."""
    study = config["study"]
    teachers = [study["teacher"]] if study["teacher"] else []
    for catalogue, names in (("teachers", teachers), ("judges", models_of_jury(study["judges"]))):
        for name in names:
            variable = config[catalogue][name].get("endpoint", {}).get("key")
            if variable and not os.environ.get(variable):
                yield UnsetKey(catalogue, name, variable)
