"""Writes a GGUF anew: the same tokeniser and settings, other weights or more metadata. No torch.

llama.cpp itself can neither merge an adapter into quantised weights nor add a key to a file; the
`gguf` package (pure Python, by llama.cpp's authors) reads, dequantises and writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.download import no_space
from models.errors import BadModel, ModelError
from models.gguf_info import read_gguf

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

#: A tensor's name and its weights in float32 -> its new weights.
Change = Callable[[str, "Floats"], "Floats"]


def open_gguf(path: Path) -> Any:
    """A `gguf.GGUFReader` of a file that was checked first, so that a bad one is one line."""
    read_gguf(path)
    try:
        from gguf import GGUFReader
    except ImportError:
        raise ModelError("the gguf package is missing: pip install gguf==0.19.0") from None
    try:
        return GGUFReader(path)
    except (ValueError, OSError, KeyError) as problem:
        raise BadModel(f"{path}: cannot be read as GGUF ({problem})") from None


def tensors_of(path: Path) -> dict[str, Floats]:
    """Every tensor of a small file (an adapter) in float32, by name."""
    from gguf import dequantize

    return {
        tensor.name: dequantize(tensor.data, tensor.tensor_type)
        for tensor in open_gguf(path).tensors
    }


def copy_gguf(
    source: Path, target: Path, metadata: Mapping[str, str], quantised: str | None = None
) -> None:
    """Copy a GGUF with more (or other) text values; weights stay bit for bit.

    quantised: a type of whole rows ("q4_0", "q5_0") that float matrices are brought to on the way, for
    files that `llama_model_quantize` refuses (adapters).
    """
    reader = open_gguf(source)
    from gguf import GGMLQuantizationType, LlamaFileType, quantize

    kind = GGMLQuantizationType[quantised.upper()] if quantised else None
    file_type = LlamaFileType[f"MOSTLY_{quantised.upper()}"] if quantised else None
    writer = _writer(reader, target, metadata, file_type)

    def data_of(tensor: Any) -> tuple[Any, Any]:
        if kind is None or tensor.data.ndim < 2 or tensor.data.dtype.kind != "f":
            return tensor.data, tensor.tensor_type
        return quantize(tensor.data, kind), kind

    weights = [data_of(tensor) for tensor in reader.tensors]  # of a plain copy: views of the file
    for tensor, (data, its) in zip(reader.tensors, weights, strict=True):
        writer.add_tensor_info(tensor.name, data.shape, data.dtype, data.nbytes, its)
    _write(writer, target, (data for data, _ in weights))


def rewrite_f16(
    source: Path,
    target: Path,
    change: Change,
    metadata: Mapping[str, str],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Dequantise every matrix, let `change` change it, and write float16 (vectors stay float32).

    One tensor is held at a time. progress: tensors done, tensors in all.
    """
    import numpy as np
    from gguf import dequantize

    reader = open_gguf(source)
    mostly_f16 = 1
    writer = _writer(reader, target, metadata, file_type=mostly_f16)
    shapes = []
    for tensor in reader.tensors:
        shape = tuple(int(n) for n in reversed(tensor.shape))
        kind = np.float16 if len(shape) > 1 else np.float32
        shapes.append((shape, kind))
        size = int(np.prod(shape)) * np.dtype(kind).itemsize
        writer.add_tensor_info(tensor.name, shape, np.dtype(kind), size)

    def weights() -> Any:
        for number, (tensor, (shape, kind)) in enumerate(zip(reader.tensors, shapes, strict=True)):
            before = dequantize(tensor.data, tensor.tensor_type).reshape(shape)
            yield np.ascontiguousarray(change(tensor.name, before), dtype=kind)
            progress(number + 1, len(shapes))

    _write(writer, target, weights())


def _writer(reader: Any, target: Path, metadata: Mapping[str, str], file_type: int | None) -> Any:
    from gguf import GGUFValueType, GGUFWriter

    architecture = reader.get_field("general.architecture").contents()
    part = target.with_name(f".{target.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(part, arch=architecture, endianess=reader.endianess)
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in ("general.architecture", *metadata):
            continue
        if field.name == "general.file_type" and file_type is not None:
            writer.add_file_type(file_type)
            continue
        array = field.types[0] == GGUFValueType.ARRAY
        writer.add_key_value(
            field.name,
            field.contents(),
            field.types[0],
            sub_type=field.types[-1] if array else None,
        )
    for name, value in metadata.items():
        writer.add_string(name, value)
    return writer


def _write(writer: Any, target: Path, weights: Any) -> None:
    part = target.with_name(f".{target.name}.part")
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for data in weights:
            writer.write_tensor_data(data)
        writer.close()
        part.replace(target)
    except OSError as problem:
        full = no_space(problem, f"writing {target}", None)
        raise full or ModelError(f"{target}: cannot be written ({problem})") from None
    finally:
        part.unlink(missing_ok=True)
