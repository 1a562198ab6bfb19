"""The values that the jury's settings may have. Without other imports: the Snakefile checks the config with them."""

from __future__ import annotations

MAJORITIES = ("readable", "all")
#: The settings for ties and their verdicts. (In YAML a bare yes or no would be a boolean.)
TIES = {"undecided": "unparsable", "right": "yes", "wrong": "no"}
