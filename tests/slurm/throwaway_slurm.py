"""A Slurm of one's own for the length of a test: controller and node daemons on the loopback interface, no systemd.

Needs root (munge and the node daemon do) and Debian's packages slurm-wlm, slurm-client and munge. The nodes only
pretend to have their memory and GPUs, so a laptop can be a small cluster.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import accounting

PROGRAMS = ("munged", "munge", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sinfo", "scancel")
CLIENTS = ("srun", "sbatch", "scontrol", "squeue", "scancel", "sinfo", "sacct", "sacctmgr")

#: cred_expire: requeued jobs start so many seconds later, where Slurm's own value is two minutes.
SLURM_CONF = """\
ClusterName=throwaway
FirstJobId={first_job}
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=15
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/pids/slurmctld
SlurmdPidFile={folder}/pids/slurmd.%n
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=0
MinJobAge=600
KillWait=3
JobAcctGatherType=jobacct_gather/linux
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/log/jobcomp.log
{accounting}{nodes}
PartitionName=DEFAULT Nodes=ALL MaxTime=2-00:00:00 State=UP
{partitions}
PartitionName=urgent PriorityTier=10
"""


def why_not() -> str | None:
    """What keeps a Slurm from being started here; None if nothing does."""
    if os.geteuid() != 0:
        return "starting a throw-away Slurm needs root"
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: apt-get install slurm-wlm slurm-client munge)"
    return None


#: Below the range from which Linux takes ports for everything else on the machine, which could take one of these
#: before a daemon does, and below that in which trainings over several nodes meet (``torchrun.py``).
PORTS = range(10_000, 15_000)


def _free_ports(count: int) -> list[int]:
    found: set[int] = set()
    while len(found) < count:
        port = secrets.choice(PORTS)
        with contextlib.suppress(OSError), socket.socket() as one:
            one.bind(("127.0.0.1", port))
            found.add(port)
    return list(found)


@dataclass
class Job:
    """One line of Slurm's own record of finished jobs."""

    job_id: str
    partition: str
    state: str
    exit_code: str
    facts: dict[str, str]


@dataclass(frozen=True)
class Cluster:
    """What a throw-away Slurm pretends to be. The first partition is the default one; ``accounting`` is slurmdbd."""

    nodes: tuple[str, ...] = ("node1", "node2")
    cpus: int = 8
    memory_mb: int = 300_000
    gpus: int = 8
    gpu_model: str = "h100"
    partitions: tuple[str, ...] = ("cpu", "gpu")
    accounting: bool = False


@dataclass
class ThrowawaySlurm:
    """Start with ``with``; inside, ``environment`` is what clients have to be run with."""

    folder: Path
    cluster: Cluster = Cluster()
    environment: dict[str, str] = field(default_factory=dict)
    _database: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ThrowawaySlurm:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def run(self, *command: str) -> str:
        """What a Slurm client prints."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed: {done.stderr}{self.logs()}")
        return done.stdout

    def records(self, rule: str = "") -> list[dict[str, str]]:
        """What Slurm knows about each job, in their order; of one rule of the workflow, or of all jobs."""
        lines = self.run("scontrol", "--details", "--oneliner", "show", "job").splitlines()
        records = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]
        return [
            record
            for record in sorted(records, key=lambda record: int(record.get("JobId", 0)))
            if not rule or record.get("Comment", "").split("_wildcards_")[0] == f"rule_{rule}"
        ]

    def end_of(self, job_id: str) -> dict[str, str]:
        """The record of a job, when it has ended."""

        def record() -> dict[str, str]:
            (found,) = [record for record in self.records() if record["JobId"] == job_id]
            return found

        self.wait_until("job's end", lambda: record()["JobState"] not in ("PENDING", "RUNNING", "COMPLETING"), 900)
        return record()

    def idle_nodes(self) -> list[str]:
        """Those that wait for a job."""
        return self.run("sinfo", "-h", "-N", "-p", self.cluster.partitions[0], "-t", "idle", "-o", "%N").split()

    def finished_jobs(self) -> list[Job]:
        """All jobs that have ended, as Slurm's completion log tells it."""
        log = self.folder / "log" / "jobcomp.log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        records = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]
        return [
            Job(facts["JobId"], facts["Partition"], facts["JobState"], facts.get("ExitCode", "?"), facts)
            for facts in records
        ]

    def logs(self) -> str:
        """The daemons' logs, for the message of a failed test."""
        files = sorted((self.folder / "log").glob("*.log"))
        return "".join(f"\n--- {file.name}\n{file.read_text(errors='replace')[-3000:]}" for file in files)

    def _start(self) -> None:
        for name in ("pids", "log", "state", "spool", "munge", "gpu", "bin"):
            (self.folder / name).mkdir(parents=True)
        self.folder.chmod(0o755)
        self._start_munge()
        ports = _free_ports(3 + len(self.cluster.nodes))
        configuration = self._write_configuration(ports)
        self._write_clients(configuration)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SBATCH_"))},
            "SLURM_CONF": str(configuration),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
        }
        if self.cluster.accounting:
            self._database = accounting.start_database(self.folder, ports[2])
            accounting.start_accounts(self.folder, host_name(), ports[1], ports[2], self.environment)
        self.run("slurmctld", "-i")
        self.wait_until("controller", lambda: "is UP" in self.run("scontrol", "ping"))
        for node in self.cluster.nodes:
            self.run("slurmd", "-N", node)
        self.wait_until("nodes", lambda: self.idle_nodes() == list(self.cluster.nodes))

    def _start_munge(self) -> None:
        munge = self.folder / "munge"
        key = munge / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        options = {
            "key-file": key,
            "socket": munge / "socket",
            "seed-file": munge / "seed",
            "pid-file": self.folder / "pids" / "munged",
            "log-file": self.folder / "log" / "munged.log",
        }
        command = ["munged", *(f"--{name}={path}" for name, path in options.items())]
        subprocess.run(command, check=True, timeout=600)

    def _write_configuration(self, ports: list[int]) -> Path:
        cluster, host = self.cluster, host_name()
        controller_port, accounts_port, _, *node_ports = ports
        for number in range(cluster.gpus):  # Slurm wants character devices; copies of /dev/null will do
            os.mknod(self.folder / "gpu" / f"gpu{number}", 0o020666, os.makedev(1, 3))
        nodes = "\n".join(
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cluster.cpus} "
            f"RealMemory={cluster.memory_mb} Gres=gpu:{cluster.gpu_model}:{cluster.gpus} State=UNKNOWN"
            for node, port in zip(cluster.nodes, node_ports, strict=True)
        )
        first, *others = cluster.partitions
        partitions = "\n".join([f"PartitionName={first} Default=YES", *(f"PartitionName={name}" for name in others)])
        accounts = "AccountingStorageType=accounting_storage/none\n"
        if cluster.accounting:
            accounts = accounting.SLURM_CONF.format(folder=self.folder, port=accounts_port)
        # trainings over several nodes meet at a port that follows from the job's number: none of another cluster's here
        names: dict[str, object] = {"first_job": 1 + 20 * secrets.randbelow(700), "controller_port": controller_port}
        names |= {"nodes": nodes, "partitions": partitions, "accounting": accounts}
        text = SLURM_CONF.format(folder=self.folder, host=host, **names)
        (self.folder / "slurm.conf").write_text(text, encoding="utf-8")
        gpus = f"Name=gpu Type={cluster.gpu_model} File={self.folder}/gpu/gpu[0-{cluster.gpus - 1}]\n"
        (self.folder / "gres.conf").write_text("AutoDetect=off\n" + gpus, encoding="utf-8")
        return self.folder / "slurm.conf"

    def _write_clients(self, configuration: Path) -> None:
        """Wrappers first in PATH: inside a job the executor drops SLURM_CONF, and clients are lost without it."""
        for client in CLIENTS:
            program = shutil.which(client)
            if program is not None:
                wrapper = self.folder / "bin" / client
                wrapper.write_text(f'#!/bin/sh\nSLURM_CONF={configuration} exec {program} "$@"\n', encoding="utf-8")
                wrapper.chmod(0o755)

    def wait_until(self, what: str, ready: Callable[[], object], seconds: float = 300) -> None:
        """Come back when this is so; fail if it takes too long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(RuntimeError):  # the daemon does not answer yet
                if ready():
                    return
            time.sleep(0.2)
        raise RuntimeError(f"Slurm's {what} did not come within {seconds:.0f} s{self.logs()}")

    def _stop(self) -> None:
        """End jobs first, so that no job step stays behind, then the daemons, each by the process id it wrote."""
        if self.environment:
            subprocess.run(["scancel", "--user=root"], env=self.environment, capture_output=True, timeout=600)
            for _ in range(50):
                if not subprocess.run(["squeue", "-h"], env=self.environment, capture_output=True).stdout.strip():
                    break
                time.sleep(0.1)
        daemons = (f"slurmd.{node}" for node in self.cluster.nodes)
        for name in (*daemons, "slurmctld", "slurmdbd", "munged"):
            _end_process(self.folder / "pids" / name)
        if self._database is not None:
            self._database.terminate()
            self._database.wait(600)


def host_name() -> str:
    """As Slurm spells it."""
    return socket.gethostname().split(".")[0]


def _end_process(pid_file: Path) -> None:
    if not pid_file.exists():
        return
    process = int(pid_file.read_text().strip())
    for signal in ("TERM", "KILL"):
        subprocess.run(["kill", f"-{signal}", str(process)], capture_output=True)
        for _ in range(50):
            if not Path(f"/proc/{process}").exists():
                return
            time.sleep(0.1)
