"""The one description of the config: type, unit, bounds, default and advice for each key.

``python -m scale_or_reason.preflight.description`` writes three things from it: the JSON schemas in
``workflow/schemas/`` (for editors and for the check before the first job), ``docs/reference/config.md``, and the
comments of ``config/config.yaml``. The values of ``config/config.yaml`` are the defaults.

The models are pydantic's, but no run of the workflow imports them. The check reads the generated schema with
jsonschema, which takes 0.05 s of processor time in Snakemake's process; building the pydantic models there takes
0.15 s, and 0.29 s where pydantic is not loaded yet. Jobs on a cluster check nothing and import neither.
"""
