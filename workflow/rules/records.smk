# In place of Snakemake's own: locks that end with their own run only, records that cluster jobs write themselves, and a
# graph in which ancient inputs hide nothing.
from scale_or_reason.inference.text_lengths import longest_text
from snakemake_study.graph import replace_graph
from snakemake_study.records import replace_records

replace_graph()
replace_records(PROJECT / "workflow" / "rules", longest_text)
