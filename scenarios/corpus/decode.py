"""Bytes to text: the encodings in which transcripts reach us."""

from __future__ import annotations

import codecs

from scenarios.corpus.transcript import Finding
from scenarios.errors import BadScenario

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes) -> tuple[str, list[Finding]]:
    """The text of a file, and what had to be done to get it. Raises BadScenario where there is
    none.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise BadScenario("the file is empty")
    text, encoding = _decoded(data)
    findings = []
    if encoding != "utf-8":
        findings.append(Finding("read", "encoding", 1, encoding))
    if nuls := text.count("\x00"):
        text = text.replace("\x00", "")
        findings.append(Finding("read", "NUL bytes removed", nuls))
    if lost := text.count("�"):
        findings.append(Finding("read", "characters lost before us", lost))
    if not text.strip("\ufeff \t\r\n"):
        raise BadScenario("the file is empty")
    return text.lstrip("\ufeff"), findings


def _decoded(data: bytes) -> tuple[str, str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding), encoding
            except UnicodeDecodeError:  # a cut last character is no reason to lose the file
                return data.decode(encoding, errors="replace"), encoding
    head = data[:4000]
    for offset, encoding in (
        (1, "utf-16-le"),
        (0, "utf-16-be"),
    ):  # UTF-16 with no mark: ASCII + NUL
        if len(head) >= 8 and head[offset::2].count(0) > 0.6 * (len(head) // 2):
            return data.decode(encoding, errors="replace"), encoding
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:  # five bytes have no meaning there
        return data.decode("latin-1"), "latin-1"
