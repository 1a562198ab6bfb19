"""What the workflow replaces in Snakemake itself. It contains nothing about the study."""
