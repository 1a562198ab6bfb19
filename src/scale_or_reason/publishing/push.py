"""Upload repositories to the hub: only what differs from what is there, private unless the config says otherwise.

The token comes from the environment alone and is written nowhere. Files are compared by content: large ones by SHA-256,
small ones by git's hash. Nothing on the hub is deleted.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scale_or_reason.common.checksums import file_checksum
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.redaction import redacted
from scale_or_reason.common.wording import counted
from scale_or_reason.hub.attempts import patiently
from scale_or_reason.integrity.report import size
from scale_or_reason.publishing.repositories import Upload, Uploads

if TYPE_CHECKING:
    from huggingface_hub import HfApi

TOKEN_VARIABLE = "HF_TOKEN"
_CHUNK = 1 << 22


@dataclass(frozen=True)
class Difference:
    """What a repository lacks: the paths to upload, and the number of files that are equal there already."""

    exists: bool
    missing: tuple[str, ...]
    equal: int


def token() -> str | None:
    """The hub's token of the environment; None without one. A token on disk is left aside."""
    return os.environ.get(TOKEN_VARIABLE, "").strip() or None


def push(uploads: Uploads, confirm: bool, private: bool, note: Callable[[str], None]) -> int:
    """Upload what is missing, or list it if not ``confirm``. Returns the number of files uploaded.

    Raises :class:`StudyError` without a token, where the hub refuses, for a public repository if ``private``, and for
    new public ones while a licence is unstated.
    """
    for name in uploads.unstated:
        note(f"licence unstated: {name}: see its page, then set push.licenses; until then, cards state `unknown`")
    if confirm and not private and uploads.unstated:
        raise StudyError(
            "a public repository needs the licences of everything behind it",
            where="config",
            key="push.licenses",
            found=f"none for {', '.join(uploads.unstated)}",
            expected="the licence on the page of each owner, or `unknown` after a look",
            remedy="push.licenses: {NAME: LICENCE}; or keep push.private: true",
        )
    secret = token()
    if confirm and secret is None:
        raise StudyError(
            "the hub needs a token to upload",
            where="environment",
            key=TOKEN_VARIABLE,
            found="not set",
            expected="a token of the hub that may write to the organisation",
            remedy=f"export {TOKEN_VARIABLE}=..., from https://huggingface.co/settings/tokens; it reaches no log",
        )
    api = _api(secret)
    found = {upload: _difference(api, upload, private) if secret else None for upload in uploads_in(uploads)}
    done = 0
    for upload, difference in found.items():
        lines = _listed(upload, difference, private)
        note("\n".join(lines))
        if confirm and difference is not None and difference.missing:
            _upload(api, upload, difference, private)
            done += len(difference.missing)
            note(f"  uploaded {counted(len(difference.missing), 'file')}")
    for what, why in uploads.skipped:
        note(f"skipped: {what}: {why}")
    return done


def uploads_in(uploads: Uploads) -> list[Upload]:
    """The repositories, data before models: a model's card links to its data."""
    return sorted(uploads.repositories, key=lambda one: (one.kind != "dataset", one.name))


def _api(secret: str | None) -> HfApi:
    from huggingface_hub import HfApi
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    # False: no token from a file of this machine either
    return HfApi(token=secret or False, library_name="scale-or-reason")


def _listed(upload: Upload, difference: Difference | None, private: bool) -> list[str]:
    """The lines that describe a repository: its state, and the files to upload with their sizes."""
    paths = tuple(upload.files) if difference is None else difference.missing
    total = size(sum(map(upload.size, paths)))
    state = "private" if private else "public"
    if difference is None:
        state += ", not compared with the hub"
    elif difference.exists:
        state = f"exists, equal: {counted(difference.equal, 'file')}"
    else:
        state += ", new"
    files = [f"  {path}  {size(upload.size(path))}" for path in sorted(paths)]
    return [f"{upload.kind} {upload.name} ({state}): {counted(len(paths), 'file')} of {total} to upload", *files]


def _difference(api: HfApi, upload: Upload, private: bool) -> Difference:
    """What the hub lacks of a repository. Raises :class:`StudyError` if others could read what should be private."""
    from huggingface_hub.errors import RepositoryNotFoundError

    with _refusals(upload):
        try:
            info = patiently(lambda: api.repo_info(upload.name, repo_type=upload.kind))
        except RepositoryNotFoundError as error:
            if error.response.status_code == 401 and error.response.headers.get("X-Error-Code") != "RepoNotFound":
                raise
            return Difference(False, tuple(sorted(upload.files)), 0)
        if private and info.private is False:
            raise StudyError(
                "a repository is public, but the study's should be private",
                where=_address(upload),
                key="push.private",
                found="public",
                expected="private",
                remedy="make it private on its page, or set push.private to false",
            )
        remote = _remote_files(api, upload)
    missing = tuple(path for path in sorted(upload.files) if not _is_equal(upload.files[path], remote.get(path)))
    return Difference(True, missing, len(upload.files) - len(missing))


def _remote_files(api: HfApi, upload: Upload) -> dict[str, Any]:
    """The files of a repository by path; none in an empty one."""
    from huggingface_hub.errors import EntryNotFoundError, RevisionNotFoundError
    from huggingface_hub.hf_api import RepoFile

    try:
        tree = patiently(lambda: list(api.list_repo_tree(upload.name, repo_type=upload.kind, recursive=True)))
    except (EntryNotFoundError, RevisionNotFoundError):
        return {}
    return {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}


def _is_equal(content: Path | bytes, remote: Any) -> bool:
    length = len(content) if isinstance(content, bytes) else content.stat().st_size
    if remote is None or remote.size != length:
        return False
    if remote.lfs is not None:
        digest = hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else file_checksum(content).sha256
        return bool(remote.lfs.sha256 == digest)
    return bool(remote.blob_id == _git_hash(content, length))


def _git_hash(content: Path | bytes, length: int) -> str:
    """Git's hash of a file's content."""
    digest = hashlib.sha1(f"blob {length}\0".encode(), usedforsecurity=False)
    if isinstance(content, bytes):
        digest.update(content)
        return digest.hexdigest()
    with content.open("rb") as stream:
        while data := stream.read(_CHUNK):
            digest.update(data)
    return digest.hexdigest()


def _upload(api: HfApi, upload: Upload, difference: Difference, private: bool) -> None:
    from huggingface_hub import CommitOperationAdd

    def content(path: str) -> str | bytes:
        value = upload.files[path]
        return value if isinstance(value, bytes) else str(value)

    def commit() -> object:
        additions = [CommitOperationAdd(path, content(path)) for path in difference.missing]
        message = "Results of a study by Scale or Reason?"
        try:
            return api.create_commit(upload.name, additions, commit_message=message, repo_type=upload.kind)
        except RuntimeError as error:  # the library's own, around the failure of one large file
            raise error.__cause__ or error from None

    with _refusals(upload):
        if not difference.exists:
            patiently(lambda: api.create_repo(upload.name, repo_type=upload.kind, private=private, exist_ok=True))
        patiently(commit)


@contextmanager
def _refusals(upload: Upload) -> Iterator[None]:
    """Turn the hub's refusals into :class:`StudyError`, without the token."""
    import httpx2
    from huggingface_hub.errors import BadRequestError, HfHubHTTPError

    try:
        yield
    except (HfHubHTTPError, httpx2.TransportError, ValueError, RuntimeError) as error:
        response = getattr(error, "response", None)
        status = None if response is None else response.status_code
        found = f"status {status}" if status else redacted((str(error).strip() or type(error).__name__).splitlines()[0])
        if isinstance(error, BadRequestError | ValueError):
            found = redacted(" ".join(str(error).split()))[:300]
        raise StudyError(
            "the hub does not take an upload",
            where=_address(upload),
            key="push.organisation",
            found=found,
            expected=f"the right to write {upload.name}",
            remedy=_REMEDIES.get(status, "repeat the command later: what is uploaded stays"),
        ) from None


_REMEDIES: Mapping[int | None, str] = {
    401: f"the hub does not accept the token: set {TOKEN_VARIABLE} to a valid one",
    403: "use a token with write access to this organisation; you have to be a member who may create repositories",
    404: "check push.organisation: the hub has no such user or organisation",
    400: "the hub refuses the content; the message above has the reason",
    None: "check the network and HF_ENDPOINT, then repeat the command: what is uploaded stays",
}


def _address(upload: Upload) -> str:
    return f"https://huggingface.co/{'datasets/' if upload.kind == 'dataset' else ''}{upload.name}"
