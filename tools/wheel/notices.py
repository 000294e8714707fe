# SPDX-License-Identifier: Apache-2.0
"""The licences of the libraries that a wheel carries, put into it.

`python tools/wheel/notices.py WHEEL FOLDER` writes the wheel anew into the folder: with the
copyright files of the Debian packages that the libraries come from, the licences that these name,
as this machine has them, and a notice that says which libraries those are, what was changed, and
how to get their sources. A library of a package that is not listed here is an error: somebody has
to look at its licence first.
"""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

#: By Debian source package: the licence of what is in the library (SPDX), and files of
#: /usr/share/common-licenses that its copyright file points to.
LICENCES = {
    "simgrid": ("LGPL-2.1-only", ["LGPL-2.1", "Artistic"]),
    "boost1.74": ("BSL-1.0", []),
    "gcc-12": (
        "GPL-3.0-or-later WITH GCC-exception-3.1 AND LGPL-2.1-or-later",
        ["GPL-3", "LGPL-2.1"],
    ),
    "fmtlib": ("MIT", []),
    "pugixml": ("MIT", []),
}
#: Made by tools/wheel/make.
OURS = "libholdfast-no-ns3"
COMMON = Path("/usr/share/common-licenses")
DOCUMENTATION = Path("/usr/share/doc")

NOTICE = """\
This wheel carries libraries of others beside Holdfast, in the folder holdfast.libs. They are those
of Debian packages, with their names and the paths by which they find each other changed:

{rows}
SimGrid's library is under the GNU Lesser General Public License, version 2.1 (licenses/carried/
LGPL-2.1). Holdfast uses it as a shared library, so that you can replace it by one of your own:
put it into holdfast.libs under the name that is there. Holdfast may be changed for your own use,
and taken apart to find mistakes in such changes. In this copy ns-3, which Debian's build of SimGrid
uses for a network model that Holdfast never asks for, is replaced by {ours},
in which nothing happens; it is part of Holdfast.

The source of each is the Debian source package of the version above (`apt-get source NAME=VERSION`,
or the archive of Debian's packages).
"""


@dataclass(frozen=True)
class Carried:
    """A library in the wheel, and where it comes from."""

    file: str
    package: str
    source: str
    version: str


def said_by(*words: str) -> str:
    """Return what a command prints."""
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def origin_of(name: str) -> Carried:
    """Return which package has the library that was taken under this name."""
    # auditwheel puts a hash between the name and its versions.
    plain = re.sub(r"-[0-9a-f]{8}(?=\.so)", "", name)
    known = said_by("dpkg-query", "-S", f"*/{plain}").splitlines()
    package = known[0].split(":")[0]
    form = "${source:Package} ${source:Version}"
    source, version = said_by("dpkg-query", "-W", "-f", form, package).split()
    if source not in LICENCES:
        sys.exit(f"notices: {name} is of {source}, whose licence nobody has looked at")
    return Carried(name, package, source, version)


def notices(libraries: list[str]) -> tuple[dict[str, bytes], str]:
    """Return files to be added beside Holdfast's licence, and the licences as one expression."""
    carried = [origin_of(one) for one in libraries if not one.startswith(OURS)]
    rows = "".join(
        f"  {one.file}\n    {one.package}, source {one.source} {one.version}: "
        f"{LICENCES[one.source][0]}\n"
        for one in carried
    )
    files = {"carried/NOTICE": NOTICE.format(rows=rows, ours=OURS).encode()}
    for one in carried:
        text = (DOCUMENTATION / one.package / "copyright").read_bytes()
        files[f"carried/{one.source}.copyright"] = text
        for name in LICENCES[one.source][1]:
            files[f"carried/{name}"] = (COMMON / name).read_bytes()
    terms = {term for one in carried for term in LICENCES[one.source][0].split(" AND ")}
    return files, " AND ".join(["Apache-2.0", *sorted(terms)])


def with_notices(metadata: str, files: dict[str, bytes], expression: str) -> str:
    """Return the metadata of the wheel with its licences."""
    head, gap, body = metadata.partition("\n\n")
    lines = [
        f"License-Expression: {expression}" if line.startswith("License-Expression:") else line
        for line in head.split("\n")
    ]
    lines += [f"License-File: {name}" for name in files]
    return "\n".join(lines) + gap + body


def record_of(name: str, data: bytes) -> str:
    """Return the line of RECORD for a file."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    quoted = f'"{name}"' if "," in name else name
    return f"{quoted},sha256={digest},{len(data)}\n"


def main() -> None:
    """Write the wheel anew."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    wheel, folder = Path(sys.argv[1]), Path(sys.argv[2])
    with zipfile.ZipFile(wheel) as old:
        entries = [(one, old.read(one)) for one in old.infolist() if not one.is_dir()]
    record = next(one.filename for one, _ in entries if one.filename.endswith(".dist-info/RECORD"))
    info = record.removesuffix("RECORD")
    carried = [one.filename for one, _ in entries if one.filename.startswith("holdfast.libs/")]
    libraries = sorted(name.split("/")[-1] for name in carried)
    files, expression = notices(libraries)
    lines = []
    with zipfile.ZipFile(folder / wheel.name, "w", zipfile.ZIP_DEFLATED) as new:
        for one, before in entries:
            if one.filename == record:
                continue
            data = before
            if one.filename == f"{info}METADATA":
                data = with_notices(before.decode(), files, expression).encode()
            lines.append(record_of(one.filename, data))
            new.writestr(one, data)
        for name, data in files.items():
            lines.append(record_of(f"{info}licenses/{name}", data))
            new.writestr(f"{info}licenses/{name}", data)
        new.writestr(record, "".join([*lines, f"{record},,\n"]))
    print(f"wheel: {folder / wheel.name} carries {', '.join(libraries)}")


if __name__ == "__main__":
    main()
