"""Where the person's package index keeps a wheel, asked of their own pip as it is configured.

So no index is named here, and mirrors, extra indexes, folders of wheels, proxies and certificates
that pip is told of are used. What pip's finder logs is read, not `pip install --dry-run --report`:
before pip 25.3 that downloads the whole wheel first, which could then not be resumed or shown.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from typing import NamedTuple

from models.errors import ModelError

_TIMEOUT_S = 300

#: `  Found link URL (from PAGE) (requires-python:>=3.9), version: 1.0` — pip's wording since 2014
_FOUND = re.compile(r"^\s*Found link (\S+\.whl)(#\S+)?(?: \(.*\))?, version: (\S+)$", re.MULTILINE)


class Address(NamedTuple):
    """Where a wheel is; its sha256 where the index's page gives one in pip's log."""

    url: str
    sha256: str | None


def address_of(package: str, version: str) -> Address:
    """The address of one pinned wheel.

    Raises ModelError in one line: no pip, no network, no such version, a password needed.
    """
    if importlib.util.find_spec("pip") is None:
        raise ModelError(
            f"this Python ({sys.executable}) has no pip to ask for wheels: "
            "run `python -m ensurepip`, or give a folder of wheels with --wheelhouse"
        )
    said = _ask(package)
    for url, fragment, found in _FOUND.findall(said):
        if found == version:
            if "****" in url:  # pip hides what is between // and @
                raise ModelError(
                    f"your package index asks for a password; fetch {package}=={version} with "
                    "`pip download --no-deps -d DIR` and give --wheelhouse DIR"
                )
            digest = re.search(r"sha256=([0-9a-f]{64})", fragment)
            return Address(url, digest[1] if digest else None)
    raise ModelError(_reason(said, f"{package}=={version}"))


def _ask(package: str) -> str:
    command = [
        *(sys.executable, "-m", "pip", "-vv", "index", "versions"),
        *("--no-input", "--disable-pip-version-check", "--no-color", package),
    ]
    try:
        answer = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelError("the package index does not answer; check the network") from None
    return answer.stdout


def _reason(said: str, pin: str) -> str:
    """One line out of what pip wrote."""
    if re.search(r"SSLError|CERTIFICATE_VERIFY|problem confirming the ssl", said):
        return (
            "the package index's certificate is not trusted; point PIP_CERT to your organisation's "
            "bundle of certificates"
        )
    if re.search(r"connection error|NewConnection|Timeout|ProxyError|Max retries", said):
        return (
            f"the package index cannot be reached for {pin}; check the network, or use "
            "--wheelhouse with a folder of wheels fetched elsewhere"
        )
    errors = [line for line in said.splitlines() if line.startswith("ERROR:")]
    if not errors or "No matching distribution" in errors[-1]:
        return f"your package index has no wheel of {pin}; use --wheelhouse or another --source"
    return f"pip cannot find {pin}: {errors[-1].removeprefix('ERROR:').strip()[:200]}"
