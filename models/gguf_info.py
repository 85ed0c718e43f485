"""What a GGUF file says about itself, read from its header: no weights loaded, no package needed.

The layout is the GGUF v2/v3 specification of the ggml project: magic, version, two counts, then
key/value pairs and tensor descriptions, all little-endian, followed by the aligned tensor data.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from models.errors import BadModel

#: value type -> struct format, for the fixed-size types (8 is a string, 9 an array)
_SCALARS = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip

#: ggml tensor type -> (name, weights in a block, bytes of a block); what llama.cpp b6000+ can load
_TENSOR_TYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 36),
    10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292), 16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136), 24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4),
    27: ("I64", 1, 8), 28: ("F64", 1, 8), 29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17),
}  # fmt: skip

#: `general.file_type` -> the name people know the mixture by
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
    23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M",
    30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip

# A header of more than this is a corrupt count, not a model (the largest vocabularies are ~260k).
_MOST_ENTRIES = 10_000_000
_MOST_STRING = 64 * 1024 * 1024


@dataclass(frozen=True)
class GgufInfo:
    """The header of one GGUF file. `metadata` leaves out arrays (vocabularies are long)."""

    path: Path
    version: int
    architecture: str
    name: str | None
    quantisation: str
    tensor_types: dict[str, int]
    context_length: int | None
    chat_template: str | None
    metadata: dict[str, Any]

    @property
    def has_chat_template(self) -> bool:
        """Whether the file knows how turns are written, as an instruction-tuned model does."""
        return bool(self.chat_template)

    @property
    def is_adapter(self) -> bool:
        """Whether this is a LoRA adapter, to be used with a base model and not alone."""
        return self.metadata.get("general.type") == "adapter"


def read_gguf(path: Path | str) -> GgufInfo:
    """The header of `path`, with every tensor checked to lie inside the file.

    Raises BadModel, in one line, for a missing, truncated or non-GGUF file.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            return _Reader(file, path, size).info()
    except FileNotFoundError:
        raise BadModel(f"{path}: there is no such model file") from None
    except IsADirectoryError:
        raise BadModel(f"{path}: is a folder, not a GGUF file") from None
    except OSError as problem:
        raise BadModel(f"{path}: cannot be read ({problem.strerror})") from None


def require_chat_model(info: GgufInfo) -> None:
    """Raise BadModel, in one line, unless `info` is a model that can hold a conversation."""
    if info.is_adapter:
        raise BadModel(f"{info.path}: is an adapter, not a model; give its base model")
    if not info.has_chat_template:
        raise BadModel(
            f"{info.path}: {info.name or info.architecture} has no chat template, so it is not a "
            "chat model and cannot play a civilian; choose an instruct one (`deescal models list`)"
        )


class _Reader:
    """Reads one open file front to back; every short read is a truncated file."""

    def __init__(self, file: BinaryIO, path: Path, size: int) -> None:
        self._file = file
        self._path = path
        self._size = size

    def info(self) -> GgufInfo:
        magic = self._file.read(4)
        if magic != b"GGUF":
            what = "is empty" if self._size == 0 else "is not a GGUF file"
            raise BadModel(f"{self._path}: {what}; pull the model again or give another file")
        (version,) = self._unpack("<I")
        if version not in (2, 3):
            raise BadModel(f"{self._path}: GGUF version {version} is not one we read (2 and 3 are)")
        n_tensors, n_pairs = self._unpack("<QQ")
        if max(n_tensors, n_pairs) > _MOST_ENTRIES:
            raise self._truncated("its counts are impossible")
        metadata: dict[str, Any] = {}
        for _ in range(n_pairs):
            key = self._string()
            (kind,) = self._unpack("<I")
            value = self._value(kind)
            if value is not None:
                metadata[key] = value
        types = self._tensors(n_tensors, int(metadata.get("general.alignment", 32)))
        return self._describe(version, metadata, types)

    def _describe(self, version: int, metadata: dict[str, Any], types: Counter[str]) -> GgufInfo:
        architecture = str(metadata.get("general.architecture", "unknown"))
        file_type = _FILE_TYPES.get(metadata.get("general.file_type", -1))
        weights = [name for name, _ in types.most_common() if name != "F32"]
        context = metadata.get(f"{architecture}.context_length")
        return GgufInfo(
            path=self._path,
            version=version,
            architecture=architecture,
            name=metadata.get("general.name"),
            quantisation=file_type or (weights[0] if weights else "F32"),
            tensor_types=dict(types),
            context_length=int(context) if context is not None else None,
            chat_template=metadata.get("tokenizer.chat_template"),
            metadata=metadata,
        )

    def _tensors(self, count: int, alignment: int) -> Counter[str]:
        types: Counter[str] = Counter()
        end = 0
        for _ in range(count):
            self._string()
            (n_dims,) = self._unpack("<I")
            if n_dims > 8:
                raise self._truncated("a tensor has an impossible shape")
            shape = self._unpack(f"<{n_dims}Q")
            kind, offset = self._unpack("<IQ")
            name, block, block_bytes = _TENSOR_TYPES.get(kind, (f"type {kind}", 0, 0))
            types[name] += 1
            n_weights = 1
            for length in shape:
                n_weights *= length
            if block:
                end = max(end, offset + n_weights // block * block_bytes)
        start = -(-self._file.tell() // max(1, alignment)) * max(1, alignment)
        if start + end > self._size:
            raise self._truncated(f"it has {self._size:,} of {start + end:,} bytes")
        return types

    def _value(self, kind: int) -> Any:
        if kind == 8:
            return self._string()
        if kind == 9:
            self._skip_array()
            return None
        if kind not in _SCALARS:
            raise self._truncated(f"value type {kind} does not exist")
        return self._unpack("<" + _SCALARS[kind])[0]

    def _skip_array(self) -> None:
        kind, count = self._unpack("<IQ")
        if count > _MOST_ENTRIES:
            raise self._truncated("an array is impossibly long")
        if kind in _SCALARS:
            self._skip(count * struct.calcsize("<" + _SCALARS[kind]))
            return
        if kind not in (8, 9):
            raise self._truncated(f"array type {kind} does not exist")
        for _ in range(count):
            if kind == 8:
                self._skip(self._unpack("<Q")[0])
            else:
                self._skip_array()

    def _string(self) -> str:
        (length,) = self._unpack("<Q")
        if length > _MOST_STRING:
            raise self._truncated("a text is impossibly long")
        return self._read(length).decode("utf-8", errors="replace")

    def _unpack(self, form: str) -> tuple[Any, ...]:
        return struct.unpack(form, self._read(struct.calcsize(form)))

    def _skip(self, count: int) -> None:
        if count > self._size - self._file.tell():
            raise self._truncated("it ends inside its header")
        self._file.seek(count, 1)

    def _read(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) != count:
            raise self._truncated("it ends inside its header")
        return data

    def _truncated(self, why: str) -> BadModel:
        return BadModel(f"{self._path}: a damaged or cut-off GGUF file ({why}); pull it again")
