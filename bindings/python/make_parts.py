# SPDX-License-Identifier: Apache-2.0
"""Write holdfast/parts.py: one constructor for each object of a scenario, from the JSON Schema.

Used by the build: make_parts.py PROGRAM OUT, where PROGRAM is `holdfast`.
"""

from __future__ import annotations

import json
import keyword
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

HEAD = '''# SPDX-License-Identifier: Apache-2.0
"""Constructors of the objects of a scenario, with completion. Written by the build.

Each returns a plain dictionary, for use in :class:`holdfast.Scenario`. What is left out keeps its
default. Quantities are strings with a unit: ``"15s"``, ``"25Gbps"``, ``"4KiB"``, ``"0.1%"``.
"""

from __future__ import annotations

from typing import Any, Literal

__all__ = [{names}]


def _part(start: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    return start | {{key: value for key, value in given.items() if value is not None}}
'''


def kind_of(schema: dict[str, Any], node: dict[str, Any]) -> str:
    """Return the Python type of a value of the schema."""
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    if "const" in node:
        return f"Literal[{node['const']!r}]"
    if "enum" in node:
        return f"Literal[{', '.join(repr(word) for word in node['enum'])}]"
    several = node.get("anyOf") or node.get("oneOf")
    if several:
        kinds = dict.fromkeys(kind_of(schema, one) for one in several)
        return " | ".join(kinds)
    simple = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
    if node.get("type") == "array":
        return f"list[{kind_of(schema, node.get('items', {}))}]"
    return simple.get(node.get("type", ""), "dict[str, Any]")


def argument(key: str, kind: str, needed: bool) -> tuple[str, str]:
    """Return the name of an argument and its line in the signature."""
    word = key + "_" if keyword.iskeyword(key) else key
    return word, f"    {word}: {kind}," if needed else f"    {word}: {kind} | None = None,"


def constructor(schema: dict[str, Any], name: str, node: dict[str, Any]) -> str:
    """Return the source of one constructor."""
    properties = dict(node["properties"])
    tag = properties.pop("type", {}).get("const")
    needed = set(node.get("required", [])) - {"type"}
    arguments, docs, given = [], [], []
    for key in sorted(properties, key=lambda k: (k not in needed, k)):
        one = properties[key]
        word, line = argument(key, kind_of(schema, one), key in needed)
        arguments.append(line)
        text = one.get("description", "")
        if "default" in one and not isinstance(one["default"], dict):
            text += f" (default: {json.dumps(one['default'])})"
        head, tail = " " * 8, " " * 12
        docs.append(
            textwrap.fill(f"{word}: {text}", 96, initial_indent=head, subsequent_indent=tail)
        )
        given.append(f"            {key!r}: {word},")
    start = repr({"type": tag}) if tag else "{}"
    doc = [f'    """{node.get("description", name)}']
    if docs:
        doc += ["", "    Args:", *docs]
    doc.append('    """')
    body = ["    return _part(", f"        {start},", "        {", *given, "        },", "    )"]
    star = ["    *,"] if arguments else []
    return "\n".join([f"def {name}(", *star, *arguments, ") -> dict[str, Any]:", *doc, *body])


def main(program: str, out: Path) -> None:
    """Write the module."""
    schema = json.loads(
        subprocess.run([program, "schema"], check=True, capture_output=True, text=True).stdout
    )
    parts = {name: node for name, node in sorted(schema["$defs"].items()) if "properties" in node}
    names = ", ".join(f'"{name}"' for name in parts)
    functions = [constructor(schema, name, node) for name, node in parts.items()]
    out.write_text("\n\n\n".join([HEAD.format(names=names).rstrip(), *functions]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
