"""A Slurm executor for runs of days, chosen with ``executor: slurm-study`` in a Snakemake profile.

It extends snakemake-executor-plugin-slurm: jobs are submitted in the same way and the settings are the same, spelled
``--slurm-study-...``. It differs in how it follows jobs once they are submitted; ``docs/reference/slurm.md`` lists the
differences. Snakemake imports all executor plugins when it starts, so this module must not need Slurm, and it must not
fail where snakemake-executor-plugin-slurm is missing or has changed.
"""

from snakemake_interface_executor_plugins.settings import CommonSettings

try:
    from snakemake_executor_plugin_slurm import common_settings

    from snakemake_executor_plugin_slurm_study.executor import Executor
    from snakemake_executor_plugin_slurm_study.settings import ExecutorSettings

    __all__ = ["Executor", "ExecutorSettings", "common_settings"]
except ImportError as error:
    from snakemake_executor_plugin_slurm_study.unavailable import unavailable_executor

    Executor = unavailable_executor(str(error))  # type: ignore[misc]
    common_settings = CommonSettings(non_local_exec=True, implies_no_shared_fs=False, job_deploy_sources=False)
