"""Checks of saved weights, from the headers of their safetensors files: no weight is loaded to memory as a whole.

What they find: truncated files, missing shards, empty tensors (a trainer that saves a partitioned parameter without
gathering it writes shape ``(0,)``), shapes that differ from ``config.json``, layers that are missing, and values that
are not finite.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scale_or_reason.common.checksums import check_content, check_size
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted

#: Bytes of a tensor in memory at a time.
_CHUNK = 1 << 24
#: The exponent bits of each floating-point type, all of them set in infinities and NaN, and numpy's type of the bits.
_EXPONENTS = {
    "F64": (0x7FF0000000000000, np.uint64),
    "F32": (0x7F800000, np.uint32),
    "F16": (0x7C00, np.uint16),
    "BF16": (0x7F80, np.uint16),
}
#: Names of the language model, also inside a vision-language model.
_LAYER = re.compile(r"(?:language_model\.|model\.)*layers\.(\d+)\.(.+)")
_TOP = re.compile(r"(?:language_model\.|model\.)*((?:embed_tokens|norm|lm_head)\.weight)")
#: Dense decoders whose layers are alike, by ``model_type``; those marked True have hidden_size / heads as head size.
_DENSE = {"llama": True, "mistral": True, "qwen2": True, "qwen3": False, "gemma3_text": False}
_REMEDY = "make the model again: `snakemake quarantine` moves it aside, and the next run trains it"

#: Begins the file that a clone without Git LFS has in the place of a large one.
_LFS_POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class Tensor:
    """A tensor of a safetensors file: where it is, its type and its shape; ``begin`` and ``end`` are bytes."""

    file: Path
    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def check_weights(
    folder: Path,
    *,
    parameters: Mapping[str, tuple[int, ...]] | None = None,
    contents: bool = False,
    finite: bool = False,
) -> dict[str, Tensor]:
    """Check the safetensors files of a model folder; return its tensors by name.

    ``parameters`` are names and shapes that must be among them. With ``contents`` all files of the folder are
    compared with their recorded checksums, with ``finite`` every value is read. Raises :class:`StudyError` for the
    first fault.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise _fault(folder, "the model has no safetensors weights", "no file *.safetensors", "model.safetensors")
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        everything = [file for file in sorted(folder.iterdir()) if file.is_file() and not file.name.startswith(".")]
        list(pool.map(check_content, everything) if contents else pool.map(check_size, files))
        tensors = {tensor.name: tensor for file in files for tensor in read_header(file)}
        _check_index(folder, tensors)
        for tensor in tensors.values():
            if 0 in tensor.shape:
                raise _fault(
                    tensor.file,
                    "a saved tensor is empty: its values were not gathered from all processes",
                    f"{tensor.name} of shape {tensor.shape}",
                    "a tensor with values",
                )
        _check_shapes(tensors, parameters or {}, "the trained model")
        _check_config(tensors, _read_config(folder / "config.json"), folder)
        if finite:
            list(pool.map(_check_finite, tensors.values()))
    return tensors


def check_shapes_of_config(shapes: Mapping[str, tuple[int, ...]], config: Mapping[str, Any], where: Path) -> None:
    """Compare the shapes of tensors, by name, with a ``config.json``; :class:`StudyError` if they differ."""
    tensors = {name: Tensor(where, name, "", shape, 0, 0) for name, shape in shapes.items()}
    _check_config(tensors, config, where)


def read_header(file: Path) -> list[Tensor]:
    """The tensors of a safetensors file. Raises :class:`StudyError` if the file is damaged or truncated."""
    from safetensors import SafetensorError, safe_open

    try:
        with file.open("rb") as stream:
            if stream.read(len(_LFS_POINTER)) == _LFS_POINTER:
                expected = "the file itself, which `git lfs pull` fetches"
                raise _fault(file, "the weights are missing", "a pointer of Git LFS in their place", expected)
        with safe_open(file, framework="numpy"):  # the library checks the header, and that all bytes are there
            pass
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(length))
    except (SafetensorError, OSError, ValueError) as error:
        raise _fault(file, "the weights are damaged", str(error), "a whole safetensors file") from None
    start = 8 + length
    return [
        Tensor(
            file,
            name,
            entry["dtype"],
            tuple(entry["shape"]),
            start + entry["data_offsets"][0],
            start + entry["data_offsets"][1],
        )
        for name, entry in header.items()
        if name != "__metadata__"
    ]


def _read_config(file: Path) -> dict[str, Any]:
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _fault(file, "a model's config.json cannot be read", str(error), "JSON") from None
    if not isinstance(config, dict):
        raise _fault(file, "a model's config.json cannot be read", type(config).__name__, "a JSON object")
    return config


def _check_index(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    """Check that every shard named in the index is there with its tensors."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return
    try:
        shards = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    except (ValueError, KeyError) as error:
        raise _fault(index, "the index of the weights is damaged", repr(error), "JSON with a weight_map") from None
    lost = [name for name, file in shards.items() if name not in tensors or tensors[name].file.name != file]
    if lost:
        raise _fault(index, "tensors are missing from the weights", f"no {lost[0]} in {shards[lost[0]]}", "all shards")


def _check_shapes(tensors: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]], source: str) -> None:
    for name, shape in expected.items():
        found = tensors.get(name)
        if found is None or found.shape != tuple(shape):
            where = next(iter(tensors.values())).file.parent if found is None else found.file
            raise _fault(
                where,
                "saved weights differ from the model",
                f"{name}: {'missing' if found is None else found.shape}",
                f"{tuple(shape)}, as in {source}",
            )


def _check_config(tensors: Mapping[str, Tensor], config: Mapping[str, Any], folder: Path) -> None:
    """Compare names and shapes with ``config.json``, for dense decoders."""
    text = config.get("text_config", config)
    if text.get("model_type") not in _DENSE:
        return
    layers: dict[int, set[str]] = {}
    top, shapes = set(), _shapes_of_config(text)
    for tensor in tensors.values():
        if match := _LAYER.fullmatch(tensor.name):
            layers.setdefault(int(match[1]), set()).add(match[2])
        elif match := _TOP.fullmatch(tensor.name):
            top.add(match[1])
        name = match[match.lastindex or 0] if match else ""
        if name in shapes and tensor.shape != shapes[name]:
            raise _differs(tensor.file, f"{tensor.name}: {tensor.shape}", str(shapes[name]))
    count = text.get("num_hidden_layers")
    if isinstance(count, int) and (lost := set(range(count)) - set(layers)):
        raise _differs(folder, f"no layer {min(lost)}", counted(count, "layer"))
    every = set().union(*layers.values())
    for number in sorted(layers):
        if missing := every - layers[number]:
            raise _differs(folder, f"no {min(missing)} in layer {number}", "the same tensors in every layer")
    needed = {"embed_tokens.weight", "norm.weight"}
    needed |= {"lm_head.weight"} if text.get("tie_word_embeddings") is False else set()
    if missing := needed - top:
        raise _differs(folder, f"no {min(missing)}", ", ".join(sorted(needed)))


def _shapes_of_config(text: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Shapes by name, below a layer or below the model."""
    names = ("vocab_size", "hidden_size", "intermediate_size", "num_attention_heads")
    if any(not isinstance(text.get(name), int) for name in names):
        return {}  # a published config may omit its type's defaults
    vocabulary, hidden, inner, heads = (text[name] for name in names)
    shapes: dict[str, tuple[int, ...]] = {
        "embed_tokens.weight": (vocabulary, hidden),
        "lm_head.weight": (vocabulary, hidden),
        "norm.weight": (hidden,),
        "input_layernorm.weight": (hidden,),
        "post_attention_layernorm.weight": (hidden,),
        "mlp.gate_proj.weight": (inner, hidden),
        "mlp.up_proj.weight": (inner, hidden),
        "mlp.down_proj.weight": (hidden, inner),
    }
    size = text.get("head_dim") or (hidden // heads if _DENSE[text["model_type"]] else None)
    if size is None:
        return shapes
    queries, keys = heads * size, (text.get("num_key_value_heads") or heads) * size
    for name, rows in (("q_proj", queries), ("k_proj", keys), ("v_proj", keys)):
        shapes[f"self_attn.{name}.weight"] = (rows, hidden)
        shapes[f"self_attn.{name}.bias"] = (rows,)
    shapes["self_attn.o_proj.weight"] = (hidden, queries)
    return shapes


def _differs(where: Path, found: str, expected: str) -> StudyError:
    return _fault(where, "saved weights differ from config.json", found, expected)


def _check_finite(tensor: Tensor) -> None:
    if tensor.dtype not in _EXPONENTS:
        return
    exponent, kind = _EXPONENTS[tensor.dtype]
    with tensor.file.open("rb") as stream:
        stream.seek(tensor.begin)
        left = tensor.end - tensor.begin
        while left:
            data = np.frombuffer(stream.read(min(_CHUNK, left)), dtype=kind)
            if bad := int(np.count_nonzero((data & kind(exponent)) == kind(exponent))):
                raise _fault(
                    tensor.file, "the weights are not finite", f"infinities or NaN in {tensor.name}: {bad}", "numbers"
                )
            left -= data.nbytes


def _fault(where: Path, problem: str, found: str, expected: str) -> StudyError:
    return StudyError(problem, where=where, found=found, expected=expected, remedy=_REMEDY)
