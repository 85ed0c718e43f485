"""One address to one file: resumed after a kill, held to its sha256, never filling the disk."""

from __future__ import annotations

import errno
import os
import shutil
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPResponse
from pathlib import Path
from typing import IO, Protocol

from models.errors import ModelError
from models.store import sha256_of

_BLOCK = 256 * 1024
_TIMEOUT_S = 30.0
_TRIES = (
    5  # in a row without one new byte: a connection that drops now and then is no reason to end
)

#: left free on the disk for the record of sessions, which must never be what finds it full
SPARE_BYTES = 50 * 1024 * 1024


class Progress(Protocol):
    """Who is told how far a pull is: a progress bar, lines in a log, or nobody."""

    def say(self, line: str) -> None: ...

    def begin(self, what: str, total: int | None, done: int) -> None: ...

    def advance(self, count: int) -> None: ...

    def end(self) -> None: ...


class Silent:
    """Nobody is told."""

    def say(self, line: str) -> None:
        return

    def begin(self, what: str, total: int | None, done: int) -> None:
        return

    def advance(self, count: int) -> None:
        return

    def end(self) -> None:
        return


def require_space(where: Path, needed_bytes: int, what: str) -> None:
    """Raise ModelError, before anything is fetched, if `what` does not fit where it goes."""
    existing = where
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < needed_bytes + SPARE_BYTES:
        raise ModelError(
            f"no space for {what}: it needs {_mb(needed_bytes + SPARE_BYTES)} and {existing} has "
            f"{_mb(free)} free; free some, or move the cache with DEESCAL_HOME"
        )


def no_space(problem: OSError, what: str, kept: Path | None) -> ModelError | None:
    """The one line for a write that found the disk full, or None if `problem` is another one.

    kept: where what was written so far stays; None where it was taken away.
    """
    numpys = problem.errno is None and "requested and" in str(
        problem
    )  # tofile: so many written, not why
    if problem.errno not in (errno.ENOSPC, errno.EDQUOT) and not numpys:
        return None
    left = f"; what is there so far is kept in {kept}" if kept else ""
    return ModelError(
        f"the disk is full while {what}{left}: free some space and run the same command again"
    )


def download(
    url: str,
    target: Path,
    *,
    sha256: str | None,
    size: int | None,
    what: str,
    progress: Progress,
) -> Path:
    """Fetch `url` into `target` and return it; `target.part` holds what is there until it is whole.

    A `.part` of an earlier try is continued by an HTTP Range request; a `file:` address is used
    where it stands. Raises ModelError in one line; KeyboardInterrupt passes and leaves the `.part`.
    """
    if url.startswith("file:"):
        local = Path(urllib.request.url2pathname(urllib.parse.urlparse(url).path))
        return check_sha256(local, sha256, what)
    if target.is_file() and (sha256 is None or sha256_of(target) == sha256):
        return target
    part = target.with_name(target.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    have = part.stat().st_size if part.exists() else 0
    progress.begin(what, size, have)
    try:
        _until_whole(url, part, size, what, progress)
    except OSError as problem:
        full = no_space(problem, f"fetching {what}", part)
        if full:
            raise full from None
        raise ModelError(f"cannot write {part} ({problem.strerror or problem})") from None
    finally:
        progress.end()
    try:
        check_sha256(part, sha256, what)
    except ModelError:
        part.unlink(missing_ok=True)  # it cannot be continued into something right
        raise
    part.replace(target)
    return target


def check_sha256(path: Path, expected: str | None, what: str) -> Path:
    """`path`, if it is what was promised."""
    if not path.is_file():
        raise ModelError(f"{what}: {path} does not exist")
    found = sha256_of(path) if expected else None
    if found != expected:
        raise ModelError(
            f"{what}: wrong sha256 (expected {str(expected)[:12]}…, got {str(found)[:12]}…); "
            "nothing was installed. Try again, and if it stays so, do not use that source"
        )
    return path


class _RefusedError(Exception):
    """A refusal that asking again will not change."""


class _BrokenError(Exception):
    """The connection failed or broke: worth another try."""


def _until_whole(url: str, part: Path, size: int | None, what: str, progress: Progress) -> None:
    """Ask again, from where it broke, until the file is whole or no byte comes any more."""
    tries = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            if _one_request(url, part, size, progress):
                return
            problem = "the connection closed early"
        except _RefusedError as refusal:
            raise ModelError(f"{what}: {refusal}") from None
        except _BrokenError as broken:
            problem = str(broken)
        got_more = part.exists() and part.stat().st_size > before
        tries = 0 if got_more else tries + 1
        if tries >= _TRIES or (tries >= 2 and "resolve" in problem):
            raise ModelError(
                f"{what}: {problem}; check the network and run the same command again (it "
                "continues where it stopped), or use --wheelhouse with wheels fetched elsewhere"
            )
        time.sleep(min(8.0, 0.25 * 2**tries))


def _one_request(url: str, part: Path, size: int | None, progress: Progress) -> bool:
    """One HTTP request appended to `part`. True when the file is whole, False when it broke off."""
    have = part.stat().st_size if part.exists() else 0
    if size is not None and have == size:
        return True
    if size is not None and have > size:
        part.unlink()
        have = 0
    headers = {"User-Agent": "deescal", "Accept-Encoding": "identity"}
    request = urllib.request.Request(url, headers=headers)
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=tls_context())
    except urllib.error.HTTPError as refusal:
        return _refused(refusal, part, have)
    except urllib.error.URLError as problem:
        raise _connection(problem.reason) from None
    except (OSError, ValueError) as problem:
        raise _connection(problem) from None
    with response:
        if have and response.status != 206:  # the server starts over: so must we
            progress.advance(-have)
            have = 0
        length = response.headers.get("Content-Length")
        whole = have + int(length) if length and length.isdigit() else size
        with part.open("ab" if have else "wb") as file:
            have = _copy(response, file, have, progress)
            file.flush()
            os.fsync(file.fileno())
    return whole is None or have >= whole


def _copy(response: HTTPResponse, file: IO[bytes], have: int, progress: Progress) -> int:
    """Append what comes until it ends or breaks; only a failing *write* leaves here as OSError."""
    while True:
        try:
            block = response.read1(_BLOCK)  # what is there: a slow line loses little to a kill
        except Exception as problem:  # http.client and ssl raise several unrelated kinds
            raise _connection(problem) from None
        if not block:
            return have
        file.write(block)
        have += len(block)
        progress.advance(len(block))


def _refused(refusal: urllib.error.HTTPError, part: Path, have: int) -> bool:
    if refusal.code == 416 and have:  # beyond its end: ours is not a piece of this file
        part.unlink()
        return False
    if refusal.code in (401, 403):
        raise _RefusedError(
            f"the index refuses it (HTTP {refusal.code}); fetch it with `pip download --no-deps` "
            "and use --wheelhouse"
        )
    if refusal.code in (408, 425, 429) or refusal.code >= 500:
        raise _BrokenError(f"the server answers HTTP {refusal.code}")
    raise _RefusedError(f"the server answers HTTP {refusal.code} ({refusal.reason})")


def _connection(problem: object) -> Exception:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return _RefusedError(
            "the server's certificate is not trusted; point PIP_CERT to your organisation's bundle"
        )
    if isinstance(problem, TimeoutError):
        return _BrokenError("no answer within 30 s")
    if "resolution" in str(problem) or "not known" in str(problem):
        return _BrokenError("cannot resolve the server's name (no network?)")
    return _BrokenError(f"the connection failed ({problem})")


def tls_context() -> ssl.SSLContext:
    """Certificates as pip and its kin are told of them, else the system's."""
    for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        bundle = os.environ.get(name)
        if bundle:
            place = Path(bundle)
            if not place.exists():
                raise ModelError(f"{name}={bundle}: there is no such file of certificates")
            if place.is_dir():
                return ssl.create_default_context(capath=bundle)
            return ssl.create_default_context(cafile=bundle)
    return ssl.create_default_context()


def _mb(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
