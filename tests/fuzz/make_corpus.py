#!/usr/bin/env python3
"""Writes the handcrafted seeds under corpus/<target>/. Their outcome is fixed here too: names begin with ok_ or bad_, and
the replay checks that a target accepts exactly the ok_ ones. Files of other names (found by fuzzing) only must not crash."""
import json
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"


def write(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def write_safetensors():
    one = {"t": tensor("F32", [2], 0, 8)}
    good = {
        "empty": safetensors({}),
        "one": safetensors(one, bytes(8)),
        "padded": safetensors(json.dumps(one) + "   ", bytes(8)),
        "scalar": safetensors({"s": tensor("F16", [], 0, 2)}, bytes(2)),
        "two_unsorted": safetensors({"b": tensor("I8", [3], 4, 7), "a": tensor("F32", [1], 0, 4)}, bytes(7)),
        "metadata": safetensors({"__metadata__": {"format": "pt", "": "\u5c71"}, "a": tensor("BF16", [1, 2], 0, 4)}, bytes(4)),
        "empty_tensor_on_a_seam": safetensors({"e": tensor("F32", [0, 9], 8, 8), **one}, bytes(8)),
        "skipped_dtypes": safetensors({"i": tensor("I64", [1], 0, 8), "f": tensor("F4", [2], 8, 9)}, bytes(9)),
        "eight_dimensions": safetensors({"t": tensor("U8", [1] * 8, 0, 1)}, bytes(1)),
        "odd_names": safetensors({"": tensor("I8", [1], 0, 1), "a\nb/../\u202e": tensor("I8", [1], 1, 2)}, bytes(2)),
    }
    one_text = json.dumps(one)
    bad = {
        "no_bytes": b"",
        "seven_bytes": bytes(7),
        "length_0": safetensors("{}", length=0),
        "length_1": safetensors("{}", length=1),
        "length_beyond": safetensors("{}", length=3),
        "length_2_31": safetensors("{}", length=2**31),
        "length_2_63": safetensors("{}", length=2**63),
        "length_max": safetensors("{}", length=2**64 - 1),
        "list": safetensors("[]"),
        "byte_order_mark": safetensors(b"\xef\xbb\xbf{}"),
        "bad_utf8": safetensors(b'{"\xff":1}'),
        "nul_after": safetensors(b"{}\0{}"),
        "text_after": safetensors("{} {}"),
        "deep": safetensors('{"a":' + "[" * 2000),
        "negative": safetensors(one_text.replace("[0, 8]", "[-8, 0]"), bytes(8)),
        "float": safetensors(one_text.replace("[0, 8]", "[0.0, 8]"), bytes(8)),
        "exponent": safetensors(one_text.replace("[0, 8]", "[0, 8e0]"), bytes(8)),
        "offset_2_63": safetensors({"t": tensor("F32", [2], 2**63, 2**63 + 8)}, bytes(8)),
        "offset_2_64": safetensors({"t": tensor("F32", [2], 0, 2**64)}, bytes(8)),
        "backwards": safetensors({"t": tensor("F32", [2], 8, 0)}, bytes(8)),
        "beyond_the_end": safetensors(one, bytes(7)),
        "trailing_byte": safetensors(one, bytes(9)),
        "overlap": safetensors({"a": tensor("I8", [4], 0, 4), "b": tensor("I8", [4], 2, 6)}, bytes(6)),
        "hole": safetensors({"a": tensor("I8", [2], 0, 2), "b": tensor("I8", [2], 4, 6)}, bytes(6)),
        "two_empty_at_one_offset": safetensors({"a": tensor("I8", [0], 0, 0), "b": tensor("I8", [0], 0, 0)}),
        "duplicate": safetensors('{"t":%s,"t":%s}' % (json.dumps(one["t"]), json.dumps(one["t"])), bytes(8)),
        "duplicate_escaped": safetensors('{"t":%s,"\\u0074":%s}' % (json.dumps(one["t"]), json.dumps(one["t"])), bytes(8)),
        "shape_overflow": safetensors({"t": tensor("F32", [2**32, 2**32, 2**32], 0, 8)}, bytes(8)),
        "shape_wraps": safetensors({"t": tensor("F32", [2**62, 4, 2], 0, 8)}, bytes(8)),
        "nine_dimensions": safetensors({"t": tensor("U8", [1] * 9, 0, 1)}, bytes(1)),
        "unknown_dtype": safetensors({"t": tensor("F31", [2], 0, 8)}, bytes(8)),
        "half_a_byte": safetensors({"t": tensor("F4", [3], 0, 1)}, bytes(1)),
        "no_shape": safetensors({"t": {"dtype": "F32", "data_offsets": [0, 8]}}, bytes(8)),
        "extra_field": safetensors({"t": {**one["t"], "stride": [1]}}, bytes(8)),
        "metadata_number": safetensors({"__metadata__": {"a": 1}}),
        "pickle": b"\x80\x02cos\nsystem\nX\x04\0\0\0trueq\0\x85R.",
        "gguf": b"GGUF" + struct.pack("<IQQ", 3, 2**60, 2**60),
    }
    for name, content in good.items():
        write("safetensors", "ok_" + name, content)
    for name, content in bad.items():
        write("safetensors", "bad_" + name, content)


def write_json():
    good = {
        "null": "null", "empty_object": "{}", "numbers": "[0, -0, -1, 1.5, 1e3, 18446744073709551615, 36893488147419103232]",
        "escapes": r'["\u0000\ud83d\ude00\"\\\/\b\f\n\r\t"]', "nested_128": "[" * 128 + "]" * 128, "spaces": " \t\r\n{ } \n",
        "keys": json.dumps({str(i): {"a": [i]} for i in range(30)}),
    }
    bad = {
        "nothing": "", "cut": '{"a": [1, 2', "cut_string": '"abc', "duplicate": '{"a":1,"a":2}', "duplicate_escaped": r'{"a":1,"\u0061":2}',
        "nested_129": "[" * 129 + "]" * 129, "deep_mixed": '{"a":[' * 5000, "nan": "[NaN]", "infinity": "[-Infinity]", "huge": "[1e999]",
        "lone_surrogate": r'["\ud800"]', "raw_control": '["a\nb"]', "comma": "[1,]", "comment": "[1] // x", "leading_zero": "[01]",
        "plus": "[+1]", "hex": "[0x1]", "single_quotes": "{'a': 1}", "byte_order_mark": b"\xef\xbb\xbf[]", "overlong": b'["\xc0\xaf"]',
        "utf16": "[]".encode("utf-16"), "nul_after": b"{}\0", "nul_inside": b'["\0"]', "two": "{}{}", "bad_utf8": b'["\xff\xfe"]',
    }
    for name, content in good.items():
        write("json", "ok_" + name, content)
    for name, content in bad.items():
        write("json", "bad_" + name, content)


def write_config():
    llama = {"architectures": ["LlamaForCausalLM"], "vocab_size": 512, "hidden_size": 64, "intermediate_size": 172,
             "num_hidden_layers": 5, "num_attention_heads": 8, "num_key_value_heads": 4, "max_position_embeddings": 512}
    baichuan = {**llama, "architectures": ["BaichuanForCausalLM"], "num_key_value_heads": 8}
    good = {
        "llama": llama, "mistral": {**llama, "architectures": ["MistralForCausalLM"], "sliding_window": 4096},
        "baichuan_small": {**baichuan, "position_embedding": "ALIBI", "norm_head": True},
        "baichuan2_7b": {**baichuan, "vocab_size": 125696, "hidden_size": 4096},
        "eos_list": {**llama, "eos_token_id": [1, 2]}, "new_rope": {**llama, "rope_parameters": {"rope_type": "default", "rope_theta": 5e5}},
    }
    bad = {
        "empty": {}, "list": [], "unknown": {**llama, "architectures": ["XForCausalLM"]}, "layers": {**llama, "num_hidden_layers": 10**9},
        "vocab_negative": {**llama, "vocab_size": -1}, "vocab_text": {**llama, "vocab_size": "512"}, "hidden_huge": {**llama, "hidden_size": 2**31},
        "hidden_float": {**llama, "hidden_size": 1e308}, "heads": {**llama, "num_attention_heads": 7}, "kv": {**llama, "num_key_value_heads": 3},
        "rope_0": {**llama, "rope_theta": 0}, "yarn": {**llama, "rope_scaling": {"type": "yarn"}}, "eos_beyond": {**llama, "eos_token_id": 512},
        "quantized": {**llama, "quantization_config": {"quant_method": "gptq"}}, "quantized_text": {**llama, "quantization_config": "gptq"},
        "baichuan_unclear": baichuan,
    }
    for name, content in good.items():
        write("config", "ok_" + name, json.dumps(content))
    for name, content in bad.items():
        write("config", "bad_" + name, json.dumps(content))


def write_listing():
    sha, blob = "ab" * 32, "cd" * 20
    small = {"type": "file", "path": "config.json", "size": 3, "oid": blob}
    large = {"type": "file", "path": "a/b.safetensors", "size": 2**40, "oid": blob, "lfs": {"oid": sha, "size": 2**40, "pointerSize": 134}}
    row = {"Type": "blob", "Name": "config.json", "Path": "config.json", "Size": 3, "Sha256": sha}

    def scope(*rows, code=200):
        return {"Code": code, "Data": {"Files": list(rows)}, "Success": True}

    good = {
        "empty": [], "two": [small, large], "folder": [{"type": "directory", "path": "..", "size": 0}], "no_hash": [{**small, "oid": ""}],
        "scope": scope(row), "scope_bare": {"Data": [row]}, "scope_unverified": scope({**row, "Sha256": ""}), "chinese": [{**small, "path": "模型.json"}],
    }
    paths = ["../x", "/x", "a/../../x", "C:x", "\\\\host\\s", "CON", "nul.txt", "x.", "x ", "a//b", "a\nb", "a\u0000b", "\u202egnp.exe", "x" * 241, ""]
    bad = {f"path_{i}": [{**small, "path": path}] for i, path in enumerate(paths)}
    bad |= {f"scope_path_{i}": scope({**row, "Path": path}) for i, path in enumerate(paths)}
    bad |= {
        "size_negative": [{**small, "size": -1}], "size_float": [{**small, "size": 3.0}], "size_huge": [{**small, "size": 2**63}],
        "sha_short": [{**large, "lfs": {"oid": sha[1:]}}], "sha_long": [{**large, "lfs": {"oid": sha + "0"}}], "sha_path": [{**large, "lfs": {"oid": "../../x"}}],
        "blob_path": [{**small, "oid": "../../x"}], "lfs_list": [{**large, "lfs": []}], "not_objects": [1, 2], "twice": [small, small],
        "case": [small, {**small, "path": "CONFIG.json"}], "file_and_folder": [{**small, "path": "a"}, large], "code": scope(code=10010205001),
        "scope_sha": scope({**row, "Sha256": "x"}), "scope_null": {"Code": 200, "Data": None},
    }
    for name, content in good.items():
        write("listing", "ok_" + name, json.dumps(content))
    for name, content in bad.items():
        write("listing", "bad_" + name, json.dumps(content))


def write_template():
    good = {
        "empty": "", "text": "plain \u5c71\n", "chatml": "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m['content']|trim }}<|im_end|>\n{% endfor %}"
        "{%- if add_generation_prompt -%} <|im_start|>assistant {%- endif %}",
        "tools": "{%- set ns = namespace(first=true) -%}{%- for tool in tools if tool.function is mapping %}{{- tool|tojson(indent=2) if ns.first else '' }}"
        "{%- set ns.first = false %}{%- else %}none{%- endfor %}",
        "macro": "{% macro f(x, y=1) %}{{ x }}{{ y }}{{ varargs }}{{ caller() if caller }}{% endmacro %}{{ f('a', 2, 3) }}{% call f(n) %}b{% endcall %}",
        "white": "  {%- raw -%} {{ }} {%- endraw +%}\n{#- gone -#}\t{%+ if n %}\n{% endif +%}\n",
        "operators": "{{ 1 + 2 * 3 // 4 % 5 ** 2 - -6 / 7.5e1 }}{{ 1 < 2 <= 3 != 4 and not (5 in [6]) or 'a' ~ 'b' is string }}{{ 'x' if n else 'y' }}",
        "slices": "{{ s[::-1] }}{{ s[1:] }}{{ messages[-1]['content'][2:5] }}{{ (1, 2)[0] }}{{ {'a': [1]}.a }}",
        "methods": "{{ s.split(' ', 1)[-1].upper().replace('B', messages[1].content)|indent(2)|length }}{{ 'a%sb' % n }}{{ '\\x41\\u5c71\\n' }}",
        "filters": "{{ messages|map(attribute='role')|unique|sort(reverse=true)|join(', ') }}{{ messages|selectattr('role', 'equalto', 'user')|list|tojson }}"
        "{{ tools[0]|dictsort|first|last }}{{ '3.7'|int + 2.5|round }}{{ zz|default('d') }}",
        "blocks": "{% set t %}a{{ n }}{% endset %}{% filter upper %}{{ t }}{% endfilter %}{% with a = 1, b = 2 %}{{ a }}{% endwith %}{% generation %}g{% endgeneration %}",
        "loops": "{% for k, v in tools[0].items() %}{{ loop.index }}{{ loop.previtem }}{% if loop.last %}{% break %}{% else %}{% continue %}{% endif %}{% endfor %}",
        "date": "{{ strftime_now('%Y-%m-%d') }}",
    }
    bad = {
        "no_end": "{% if n %}", "no_close": "{{ n", "comment": "{# n", "raw": "{% raw %}", "string": "{{ 'n }}", "bracket": "{{ (n] }}", "escape": "{{ '\\xzz' }}",
        "unknown_block": "{% include 'x' %}", "unknown_filter": "{{ n|zap }}", "unknown_test": "{{ n is zap }}", "undefined": "{{ zz.x }}", "class": "{{ ''.__class__.__mro__ }}",
        "range": "{{ range(10**9) }}", "loop": "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}", "times": "{{ 'a' * 10**9 }}",
        "self_call": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "deep": "{{ " + "[" * 500 + "]" * 500 + " }}", "nested": "{% if 1 %}" * 500,
        "doubling": "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}", "nul": "{{ n \0 }}",
        "raise": "{{ raise_exception('no \u202e') }}", "bytes": b"{{ \xff\xfe.x }}", "huge_number": "{{ 99999999999999999999 }}", "break": "{% break %}",
        "deep_list": "{% set ns = namespace(l=[]) %}{% for i in range(999) %}{% set ns.l = [ns.l] %}{% endfor %}",
    }
    for name, content in good.items():
        write("template", "ok_" + name, content)
    for name, content in bad.items():
        write("template", "bad_" + name, content)


write_safetensors()
write_json()
write_config()
write_listing()
write_template()
