"""Accounts for a throw-away Slurm: a database server and slurmdbd, so that sacct answers.

Needs Debian's packages mariadb-server and slurmdbd.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

PROGRAMS = ("mariadb-install-db", "mariadbd", "mariadb", "slurmdbd", "sacctmgr")

#: Lines of slurm.conf.
SLURM_CONF = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={port}
AccountingStoragePass={folder}/munge/socket
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
"""

SLURMDBD_CONF = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={port}
SlurmUser=root
PidFile={folder}/pids/slurmdbd
LogFile={folder}/log/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={sql_port}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
CommunicationParameters=NoInAddrAny
"""

DATABASE = """\
CREATE DATABASE slurm_acct_db;
CREATE USER slurm@'127.0.0.1' IDENTIFIED BY 'slurm';
GRANT ALL ON slurm_acct_db.* TO slurm@'127.0.0.1';
"""


def why_not() -> str | None:
    """What keeps accounts from being kept here; None if nothing does."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: apt-get install mariadb-server slurmdbd)"
    return None


def start_database(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """A database server on the loopback interface that writes into ``folder`` only; to be ended by who calls this."""
    sql = folder / "sql"
    sql.mkdir()
    shutil.chown(sql, "mysql")
    server = ["--no-defaults", "--user=mysql", f"--datadir={sql}/data"]
    install = ["mariadb-install-db", *server, "--auth-root-authentication-method=socket", "--skip-test-db"]
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    server += [f"--socket={sql}/socket", "--bind-address=127.0.0.1", f"--port={port}", "--skip-name-resolve"]
    server += [f"--pid-file={sql}/pid", "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0"]
    with (folder / "log" / "mariadbd.log").open("wb") as log:
        process = subprocess.Popen(["mariadbd", *server], stdout=log, stderr=log)
    client = ["mariadb", "--no-defaults", f"--socket={sql}/socket"]
    try:
        _again(lambda: subprocess.run(client, input=b"SELECT 1;", check=True, capture_output=True, timeout=20))
        subprocess.run(client, input=DATABASE.encode(), check=True, capture_output=True, timeout=20)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process


def start_accounts(folder: Path, host: str, port: int, sql_port: int, environment: Mapping[str, str]) -> None:
    """slurmdbd, and an account for the user of the tests. The cluster's slurm.conf must be there."""
    configuration = folder / "slurmdbd.conf"
    text = SLURMDBD_CONF.format(folder=folder, host=host, port=port, sql_port=sql_port)
    descriptor = os.open(configuration, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    variables = {**environment, "SLURM_CONF": str(configuration)}
    subprocess.run(["slurmdbd"], env=variables, check=True, timeout=60)

    def manage(*words: str) -> None:
        subprocess.run(["sacctmgr", "-i", *words], env=dict(environment), check=True, capture_output=True, timeout=20)

    _again(lambda: manage("add", "cluster", "throwaway"))
    manage("add", "account", "lab", "Cluster=throwaway")
    manage("add", "user", "root", "Account=lab", "DefaultAccount=lab")


def _again(action: Callable[[], object], seconds: float = 60) -> None:
    """Until the daemon answers."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(subprocess.SubprocessError):
            action()
            return
        time.sleep(0.2)
    action()
