# Locks that end with their own run only, and records that cluster jobs write themselves, in place of Snakemake's.
from snakemake_study.records import replace_records

replace_records(PROJECT / "workflow" / "rules")
