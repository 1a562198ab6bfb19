"""Upload finished students, pairs and the archive of a study to the hub, or list what would be uploaded.

    snakemake push --config 'push={organisation: ORG}'                    # lists, uploads nothing
    snakemake push --config 'push={organisation: ORG, confirm: true}'     # uploads, with HF_TOKEN of the environment

calls it with the study's config. Damaged files are refused. What the hub has already is not uploaded again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.wording import counted
from scale_or_reason.publishing.push import push
from scale_or_reason.publishing.repositories import uploads_of
from scale_or_reason.study import shared_options
from scale_or_reason.study.study import Study


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.config()],
    )
    parser.add_argument("--results", type=Path, required=True, help="results folder of the study")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    wanted = arguments.config["push"]
    if wanted["organisation"] is None:
        raise StudyError(
            "a push needs an organisation or user of the hub",
            where="config",
            key="push.organisation",
            found="null",
            expected="a name on the hub",
            remedy="snakemake push --config 'push={organisation: ORG}'",
        )
    uploads = uploads_of(arguments.results, Study.from_config(arguments.config), arguments.config)
    done = push(uploads, wanted["confirm"], wanted["private"], lambda text: print(text, flush=True))
    repositories = counted(len(uploads.repositories), "repository", "repositories")
    if wanted["confirm"]:
        print(f"{counted(done, 'file')} uploaded to {repositories} of {wanted['organisation']}")
    else:
        print(
            f"dry run: {repositories}, nothing was uploaded. To upload:"
            f" --config 'push={{organisation: {wanted['organisation']}, confirm: true}}'"
        )


if __name__ == "__main__":
    run_script(main)
