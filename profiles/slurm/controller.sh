#!/usr/bin/env bash
# Snakemake as a Slurm job that submits itself again, so that a study of weeks needs no login node:
#
#   profiles/slurm/controller.sh --profile profiles/slurm [MORE ARGUMENTS OF SNAKEMAKE]
#   tail -f snakemake-controller.log
#   scancel --name snakemake-controller       # to stop it; the study's jobs go on, and the next Snakemake takes them over
#
# Compute nodes must be allowed to submit jobs. Change the lines below to what a partition for long small jobs allows, or
# give further options of sbatch: CONTROLLER_SBATCH="--partition=long --time=7-0" profiles/slurm/controller.sh ...
#SBATCH --job-name=snakemake-controller
#SBATCH --time=2-00:00:00
#SBATCH --cpus-per-task=1
#SBATCH --mem=4G
#SBATCH --output=snakemake-controller.log
#SBATCH --open-mode=append
# the successor goes on, not the same job
#SBATCH --no-requeue
# SIGTERM to this script, so many seconds before the time limit
#SBATCH --signal=B:TERM@300
set -uo pipefail

if [ -z "${CONTROLLER_SCRIPT:-}" ] || [ -z "${SLURM_JOB_ID:-}" ]; then
    if [ "$#" -eq 0 ]; then
        echo "error: no arguments for Snakemake. What to do: $0 --profile profiles/slurm" >&2
        exit 2
    fi
    CONTROLLER_SCRIPT=$(realpath "$0")
    export CONTROLLER_SCRIPT
    # shellcheck disable=SC2086  # several options
    exec sbatch ${CONTROLLER_SBATCH:-} "$CONTROLLER_SCRIPT" "$@"
fi

say() { echo "$(date '+%F %T') controller $SLURM_JOB_ID: $*"; }

# The successor waits for the end of this job, whatever that is: a time limit, a lost node.
previous=${CONTROLLER_PREVIOUS:-}
export CONTROLLER_PREVIOUS=$SLURM_JOB_ID
# shellcheck disable=SC2086
if ! successor=$(sbatch --parsable --dependency="afterany:$SLURM_JOB_ID" ${CONTROLLER_SBATCH:-} "$CONTROLLER_SCRIPT" "$@"); then
    say "error: Slurm accepts no jobs from this node. What to do: start Snakemake on a login node, inside tmux"
    exit 1
fi
successor=${successor%%;*}

if [ -n "$previous" ]; then
    say "goes on after $previous"
    snakemake --unlock "$@" >/dev/null 2>&1 # its locks outlived it
fi

stopped=
# SIGKILL: on any other signal Snakemake would cancel its jobs or wait for their end
trap 'stopped=yes; kill -KILL "$snakemake"' TERM
snakemake "$@" &
snakemake=$!
wait "$snakemake"
status=$?
if [ -n "$stopped" ]; then
    say "its time is over; $successor takes over"
    exit 0
fi
scancel "$successor"
say "Snakemake has ended with status $status"
exit "$status"
