# SPDX-License-Identifier: Apache-2.0
"""The house rules: what every file of the tree must keep to.

Each rule is a function of a path and a text that yields what it found, so that test_house.py can
show of each that it is able to fail. Patterns are spelled with a bracket here and there (`T[O]DO`)
so that this file does not offend against itself.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MAX_COLUMNS = 100
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
SPDX = "SPDX-License-Identifier: Apache-2.0"


@dataclass(frozen=True)
class Finding:
    """One offence; printed the way compilers print theirs."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        """Return `file:line: error: text`."""
        return f"{self.path}:{self.line}: error: {self.text}"


Rule = Callable[[str, str], Iterator[Finding]]


def is_cpp(path: str) -> bool:
    """Tell whether a path names a C++ file."""
    return path.endswith((".cpp", ".hpp"))


def is_code(path: str) -> bool:
    """Tell whether a path names a file that the rules on code apply to."""
    names = ("CMakeLists.txt", "Makefile", "tools/bootstrap", ".ci/run")
    return path.endswith((".cpp", ".hpp", ".py", ".sh", ".cmake", *names))


def line_of(text: str, offset: int) -> int:
    """Return the line number, from 1, of a place in a text."""
    return text.count("\n", 0, offset) + 1


TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)"""
    r"""|(?P<raw>R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)")"""
    r"""|(?P<word>[A-Za-z0-9_](?:'?[A-Za-z0-9_])*)"""
    r"""|(?P<string>"(?:\\.|[^"\\\n])*")|(?P<char>'(?:\\.|[^'\\\n])+')""",
    re.DOTALL,
)


def blank(text: str, *, strings: bool) -> str:
    """Blank the comments of C++ text, and its strings if asked; lines and columns stay."""

    def replace(match: re.Match[str]) -> str:
        kind = match.lastgroup
        if kind == "comment" or (strings and kind in ("raw", "string", "char")):
            return re.sub(r"[^\n]", " ", match.group())
        return match.group()

    return TOKEN.sub(replace, text)


INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', re.MULTILINE)
# Which folders a folder must not include. The first that fits a path holds.
ABOVE_MODELS = ("analysis/", "bindings/", "tests/")
ABOVE_ANALYSIS = ("bindings/", "tests/")
SCENARIO, CONFORM = "models/scenario/", "analysis/conform/"
FORBIDDEN = (
    (
        f"{SCENARIO}reading/",
        tuple(f"{SCENARIO}{r}/" for r in ("declaration", "checks", "builder")) + ABOVE_MODELS,
    ),
    (f"{SCENARIO}declaration/", (f"{SCENARIO}checks/", f"{SCENARIO}builder/", *ABOVE_MODELS)),
    (f"{SCENARIO}checks/", (f"{SCENARIO}builder/", *ABOVE_MODELS)),
    (
        f"{CONFORM}view/",
        tuple(f"{CONFORM}{r}/" for r in ("checks", "catalogue", "campaign", "report"))
        + ABOVE_ANALYSIS,
    ),
    (f"{CONFORM}checks/", (f"{CONFORM}campaign/", f"{CONFORM}report/", *ABOVE_ANALYSIS)),
    (f"{CONFORM}catalogue/", (f"{CONFORM}campaign/", f"{CONFORM}report/", *ABOVE_ANALYSIS)),
    (f"{CONFORM}campaign/", (f"{CONFORM}report/", *ABOVE_ANALYSIS)),
    ("analysis/files/", ("sim/", "models/", CONFORM, "analysis/run/", *ABOVE_ANALYSIS)),
    ("analysis/traces/", (CONFORM, "analysis/run/", *ABOVE_ANALYSIS)),
    ("analysis/run/", (CONFORM, *ABOVE_ANALYSIS)),
    ("models/wire/", ("sim/", "models/", "analysis/", "bindings/", "tests/")),
    ("models/host/", ("models/target/", "analysis/", "bindings/", "tests/")),
    ("models/target/", ("models/host/", "analysis/", "bindings/", "tests/")),
    ("models/", ("analysis/", "bindings/", "tests/")),
    ("sim/", ("models/", "analysis/", "bindings/", "tests/")),
    ("analysis/", ("bindings/", "tests/")),
    ("bindings/", ("tests/",)),
)
# The only files that see SimGrid: its room, the benchmark, and tests named after the room.
SIMGRID_ROOMS = re.compile(r"sim/simgrid/|tests/bench/|tests/(?:\w+/)+simgrid_\w+\.[ch]pp$")
ROOMS = ("sim/", "models/", "analysis/", "bindings/", "tests/")


def layering(path: str, text: str) -> Iterator[Finding]:
    """Hold the arrows one way: bindings, analysis, models, sim; and SimGrid in its own room."""
    if not is_cpp(path):
        return
    room, forbidden = next(((r, f) for r, f in FORBIDDEN if path.startswith(r)), ("", ()))
    for match in INCLUDE.finditer(blank(text, strings=False)):
        line = line_of(text, match.start())
        ours, theirs = match.groups()
        if ours is None:
            simgrid = theirs.startswith(("simgrid/", "xbt/")) or theirs in ("xbt.h", "smpi.h")
            if simgrid and not SIMGRID_ROOMS.match(path):
                yield Finding(path, line, f"<{theirs}> belongs in sim/simgrid and its tests only")
        elif not ours.startswith(ROOMS):
            yield Finding(path, line, f'"{ours}" is not a path from the root of the tree')
        elif ours.startswith(forbidden) and not (room == "models/wire/" and ours.startswith(room)):
            yield Finding(path, line, f'{room} must not include "{ours}"')


WALLS = (
    (
        "models/host/",
        re.compile(r"(?<!namespace )\btarget::|\b\w*(?:w|world|World)\b(?:\.|->)target\b"),
    ),
    (
        "models/target/",
        re.compile(r"(?<!namespace )\bhost::|\b\w*(?:w|world|World)\b(?:\.|->)host\b"),
    ),
)


def wall(path: str, text: str) -> Iterator[Finding]:
    """Keep host and target from each other's state and functions, which the world would show them.

    They meet through transport and wire, as the real ones do.
    """
    for room, beyond in WALLS:
        if path.startswith(room) and is_cpp(path):
            for match in beyond.finditer(blank(text, strings=True)):
                yield Finding(
                    path, line_of(text, match.start()), f"{match.group()} is beyond the wall"
                )


def columns(path: str, text: str) -> Iterator[Finding]:
    """Keep lines of code within the width."""
    if is_code(path):
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > MAX_COLUMNS:
                yield Finding(path, number, f"{len(line)} columns, at most {MAX_COLUMNS}")


def file_length(path: str, text: str) -> Iterator[Finding]:
    """Keep files of code short enough to be read in one go."""
    lines = text.count("\n")
    if is_code(path) and lines >= MAX_FILE_LINES:
        yield Finding(path, lines, f"{lines} lines, must stay under {MAX_FILE_LINES}")


def spdx(path: str, text: str) -> Iterator[Finding]:
    """Want the licence named first in each file of code (after a shebang line)."""
    lines = text.split("\n")
    first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
    if is_code(path) and first not in (f"// {SPDX}", f"# {SPDX}"):
        yield Finding(path, 1, f"the first line must be: {SPDX}")


def pragma_once(path: str, text: str) -> Iterator[Finding]:
    """Want every header guarded, once, in one way."""
    if path.endswith(".hpp") and not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield Finding(path, 1, "a header needs #pragma once")


BANNED = (
    (r"\bunordered_(?:multi)?(?:map|set)\b", "its order of iteration differs between machines"),
    (r"\bs?rand\s*\(|\brandom_device\b", "draw from a stream of sim/ instead"),
    (r"\bmt19937(?:_64)?\b|\bminstd_rand0?\b|\bdefault_random_engine\b", "use a stream of sim/"),
    (r"\b[a-z]+_(?:int_|real_)?distribution\b", "differs between standard libraries"),
    (r"\bstd::(?:ranges::)?(?:shuffle|sample)\b", "differs between standard libraries"),
    (r"\b(?:system|steady|high_resolution|utc|file)_clock\b", "no wall clock may steer a run"),
    (r"\b(?:clock_gettime|gettimeofday)\b|\bstd::time\b|\btime\s*\(\s*(?:nullptr|NULL|0)\s*\)",
     "no wall clock may steer a run"),
    (r"\b__(?:DATE|TIME|TIMESTAMP)__\b", "the moment of the build must not show"),
    (r"\bthis_thread::get_id\b|\bpthread_self\b", "no thread id may steer a run"),
    (r"\bstd::hash\b", "differs between standard libraries"),
    (r"\bu?intptr_t\b|\bfmt::ptr\b", "no address may steer a run"),
    (r"\bstd::(?:multi)?(?:map|set)\s*<[^,<>;]*\*\s*[,>]", "ordered by address"),
)  # fmt: skip
POINTER_FORMAT = re.compile(r"%p|\{[^{}]*:[^{}]*p\}")


def determinism(path: str, text: str) -> Iterator[Finding]:
    """Ban from the engine and the models what would make two runs differ."""
    if not is_cpp(path) or not path.startswith(("sim/", "models/")):
        return
    bare = blank(text, strings=True)
    for pattern, why in BANNED:
        for match in re.finditer(pattern, bare):
            yield Finding(path, line_of(text, match.start()), f"{match.group().strip()}: {why}")
    for token in TOKEN.finditer(text):
        if token.lastgroup in ("raw", "string") and POINTER_FORMAT.search(token.group()):
            yield Finding(path, line_of(text, token.start()), "a printed address changes each run")


LEFT_OPEN = re.compile(
    r"\b(?:T[O]DO|F[I]XME|X[X]X|H[A]CK|T[B]D|(?i:not[ ]implemented|place[h]older))\b"
)
MACHINE_PATH = re.compile(r"(?<![\w.$})*/-])/(?:r[o]ot|h[o]me|w[o]rk)(?=/|\b(?![\w-]))")
REGISTRY_HOST = re.compile(
    r"\b(?:[\w-]+\.)*(?:pypi|pythonhosted|crates|npmjs|debian|ubuntu|golang|maven|anaconda)"
    r"\.(?:org|io|com|net)\b"
)


def words(path: str, text: str) -> Iterator[Finding]:
    """Ban words that leave work open, paths of one machine, and hosts of package registries."""
    if path == "LICENSE":
        return
    for pattern, why in (
        (LEFT_OPEN, "finish it, or file an issue"),
        (MACHINE_PATH, "a path of one machine"),
        (REGISTRY_HOST, "where packages come from is the machine's business"),
    ):
        for match in pattern.finditer(text):
            yield Finding(path, line_of(text, match.start()), f"{match.group()}: {why}")


def whitespace(path: str, text: str) -> Iterator[Finding]:
    """Want clean line ends, no tabs but in the Makefile, and one newline at the end."""
    if path == "LICENSE":
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield Finding(path, number, "white space at the end of the line")
        if "\t" in line and is_code(path) and path != "Makefile":
            yield Finding(path, number, "a tab")
    if text and (not text.endswith("\n") or text.endswith("\n\n")):
        yield Finding(path, text.count("\n") + 1, "a file ends with exactly one newline")


NOT_A_FUNCTION = re.compile(r"\s*(?:(?:inline|typedef|static|constexpr|const)\s+)*"
                            r"(?:namespace|class|struct|union|enum|extern)\b")  # fmt: skip
FUNCTION_HEAD = re.compile(r"\)\s*(?:const|noexcept|override|final|mutable|->[^{}]*|:[^{}]*|\s)*$")


def cpp_functions(text: str) -> Iterator[tuple[int, int]]:
    """Yield the first and the last line of each outermost C++ function, judged by its braces."""
    bare = re.sub(r"^[ \t]*#[^\n]*", lambda m: " " * len(m.group()), blank(text, strings=True),
                  flags=re.MULTILINE)  # fmt: skip
    head, depth, body, first = 0, 0, None, 0
    for match in re.finditer(r"[{};]", bare):
        mark, at = match.group(), match.start()
        if body is not None:
            depth += {"{": 1, "}": -1, ";": 0}[mark]
            # A member initialised in braces is followed by the next one, or by the body proper.
            ends = mark == "}" and depth == body and bare[at + 1 :].lstrip()[:1] not in (",", "{")
            if ends:
                yield first, line_of(bare, at)
                body = None
        elif mark == "{":
            said = bare[head:at]
            signature = re.sub(r"template\s*<.*?>\s*(?=\w)", "", said, flags=re.DOTALL).lstrip()
            if not NOT_A_FUNCTION.match(signature) and FUNCTION_HEAD.search(said):
                first = line_of(bare, head + len(said) - len(said.lstrip()))
                body = depth
            depth += 1
        elif mark == "}":
            depth -= 1
        head = at + 1


def function_length(path: str, text: str) -> Iterator[Finding]:
    """Keep functions, test cases included, short enough to be seen whole."""
    spans: list[tuple[int, int]] = []
    if is_cpp(path):
        spans = list(cpp_functions(text))
    elif path.endswith(".py"):
        nodes = (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef))
        spans = [(n.lineno, n.end_lineno or n.lineno) for n in nodes]
    for first, last in spans:
        if last - first + 1 >= MAX_FUNCTION_LINES:
            yield Finding(path, first, f"a function of {last - first + 1} lines, must stay under "
                                       f"{MAX_FUNCTION_LINES}")  # fmt: skip


TEST_CASE = re.compile(r'\b(?:TEST_CASE|SCENARIO)\s*\(\s*"((?:\\.|[^"\\\n])*)"')


def test_names(path: str, text: str) -> Iterator[Finding]:
    """Ban from names of test cases what CMake's lists or Catch2's patterns read as their own."""
    if path.startswith("tests/") and is_cpp(path):
        for match in TEST_CASE.finditer(text):
            if re.search(r"[;*\"\\]|^~|^\s|\s$|^-", match.group(1)):
                yield Finding(path, line_of(text, match.start()),
                              'no ; * " or \\ in the name of a test case')  # fmt: skip


RULES: tuple[Rule, ...] = (
    layering,
    wall,
    columns,
    file_length,
    spdx,
    pragma_once,
    determinism,
    words,
    whitespace,
    function_length,
    test_names,
)


def tree() -> list[str]:
    """List the files that git tracks or would; without git, all but what builds leave."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return sorted({n for n in done.stdout.split("\0") if n and (ROOT / n).is_file()})
    except FileNotFoundError:
        pass
    skipped = re.compile(r"(?:^|/)(?:\.git|\.venv|build(?:-[^/]*)?|__pycache__|\.\w+_cache)/")
    found = (p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*") if p.is_file())
    return sorted(name for name in found if not skipped.search(name))


def check(path: str, text: str) -> Iterator[Finding]:
    """Apply all rules to one file."""
    for rule in RULES:
        yield from rule(path, text)
