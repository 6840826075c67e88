#!/usr/bin/env python3
"""An engine of a Llama-shaped model as a float32 checkpoint: every weight is exactly what the engine's codes and scales say.

Built again in float32 it is what a quantized engine is to compute, without the rounding of activations that the CPU
backend adds. Needs numpy.
    dequantize.py ENGINE MODEL OUT      MODEL: the checkpoint the engine was built from (config.json, tokenizer)
"""
import json
import pathlib
import shutil
import struct
import sys

import numpy as np


def read_tensors(path):
    """name -> array of a safetensors file; BF16 as float32."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    types = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "I8": "i1", "U8": "u1"}
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or name.startswith(".padding."):
            continue
        begin, end = entry["data_offsets"]
        array = np.frombuffer(data[8 + size + begin : 8 + size + end], types[entry["dtype"]]).reshape(entry["shape"])
        if entry["dtype"] == "BF16":
            array = (array.astype(np.uint32) << 16).view(np.float32)
        tensors[name] = array
    return tensors


def dequantized(codes, scales):
    """core/engine/engine_format.cpp: INT8 [rows, cols] with a scale a row, INT4 [rows, cols / 2] with a scale a group."""
    if codes.dtype == np.int8:
        return codes.astype(np.float32) * scales[:, None]
    values = np.stack([codes & 15, codes >> 4], axis=-1).reshape(codes.shape[0], -1).astype(np.float32) - 8
    return values * np.repeat(scales, values.shape[1] // scales.shape[1], axis=1)


def unstacked(name, matrix, config):
    """What the passes fuse_qkv and fuse_gate_up stacked, taken apart."""
    if name.endswith("qkv_proj.weight"):
        width = config["hidden_size"] // config["num_attention_heads"]
        rows = [config["num_attention_heads"] * width] + [config["num_key_value_heads"] * width] * 2
        names = ["q_proj", "k_proj", "v_proj"]
        stacked = "qkv_proj"
    elif name.endswith("gate_up_proj.weight"):
        rows, names, stacked = [config["intermediate_size"]] * 2, ["gate_proj", "up_proj"], "gate_up_proj"
    else:
        return {name: matrix}
    parts = np.split(matrix, np.cumsum(rows)[:-1])
    return {name.replace(stacked, part): values for part, values in zip(names, parts)}


def main(engine, model, out):
    engine, model, out = pathlib.Path(engine), pathlib.Path(model), pathlib.Path(out)
    config = json.loads((model / "config.json").read_text())
    stored = {}
    for file in sorted(engine.glob("weights-*.safetensors")):
        stored.update(read_tensors(file))
    tensors = {}
    for name, values in stored.items():
        if name.endswith(".scales"):
            continue
        scales = stored.get(name + ".scales")
        matrix = values.astype(np.float32) if scales is None else dequantized(values, scales)
        tensors.update(unstacked(name, matrix, config))
    shutil.copytree(model, out, ignore=shutil.ignore_patterns("*.safetensors", "*.index.json"))
    header, blob = {}, b""
    for name, values in tensors.items():
        data = np.ascontiguousarray(values, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(blob), len(blob) + len(data)]}
        blob += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (out / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + blob)


if __name__ == "__main__":
    main(*sys.argv[1:4])
