# SPDX-License-Identifier: Apache-2.0
"""The tree keeps the house rules, and each rule can tell an offence from what is allowed."""

from __future__ import annotations

import pytest
from house import ROOT, RULES, SPDX, check, cpp_functions, tree
from house_tree import TREE_RULES, Tree
from units import numbers_without_unit

HEAD = f"// {SPDX}\n#pragma once\n"
LONG = "  f();\n" * 70
OPEN = "TO" + "DO"

# Each rule by name, a path, a text that offends, and one that comes close and does not.
CASES = [
    ("layering", "sim/a.hpp", '#include "models/net/link.hpp"', '#include "sim/time.hpp"'),
    ("layering", "sim/a.hpp", '#include "analysis/x.hpp"', '// #include "analysis/x.hpp"'),
    ("layering", "models/net/a.cpp", '#include "bindings/cli/x.hpp"', '#include "sim/x.hpp"'),
    ("layering", "models/net/a.cpp", '#include "analysis/x.hpp"', '#include "models/wire/x.hpp"'),
    ("layering", "analysis/a.cpp", '#include "bindings/cli/x.hpp"', '#include "models/net/x.hpp"'),
    ("layering", "models/wire/a.hpp", '#include "sim/time.hpp"', '#include "models/wire/b.hpp"'),
    ("layering", "models/host/a.hpp", '#include "models/target/b.hpp"', '#include "sim/b.hpp"'),
    ("layering", "models/target/a.hpp", '#include "models/host/b.hpp"', '#include "sim/b.hpp"'),
    ("layering", "models/net/a.hpp", "#include <simgrid/s4u.hpp>", "#include <vector>"),
    ("layering", "tests/unit/a.cpp", "#include <simgrid/s4u.hpp>", "#include <string>"),
    ("layering", "sim/engine.cpp", "#include <xbt/log.h>", '#include "sim/simgrid/kernel.hpp"'),
    ("layering", "sim/a.cpp", '#include "time.hpp"', '#include "sim/time.hpp"'),
    ("wall", "models/host/a.cpp", "w.target.ports[id];", "w.transport.queues[id]; x.target = 1;"),
    ("wall", "models/host/a.cpp", "target::fatal_error(w, id);", "// as target::fatal_error does"),
    ("wall", "models/target/a.cpp", "twin_world->host.controllers;", "using namespace host;"),
    ("wall", "models/target/a.hpp", "void f(host::Hosts& h);", "r.host == holder;"),
    ("columns", "sim/a.cpp", "x" * 101, "x" * 100),
    ("file_length", "sim/a.cpp", "x\n" * 400, "x\n" * 399),
    ("spdx", "sim/a.cpp", "// A file.\n", f"// {SPDX}\n"),
    ("spdx", "tools/a.sh", "#!/bin/sh\n# A file.\n", f"#!/bin/sh\n# {SPDX}\n"),
    ("pragma_once", "sim/a.hpp", "int x;\n", HEAD),
    ("determinism", "sim/a.cpp", "std::unordered_map<int, int> m;", "std::map<int, int> m;"),
    ("determinism", "sim/a.cpp", "std::unordered_multiset<int> m;", "// no unordered_set here"),
    ("determinism", "models/a.cpp", "int x = std::rand();", "int x = operand();"),
    ("determinism", "models/a.cpp", "std::random_device d;", "RandomDevice d;"),
    ("determinism", "models/a.cpp", "std::mt19937_64 g;", "Philox g;"),
    ("determinism", "models/a.cpp", "std::uniform_int_distribution<> d;", "uniform_int(stream);"),
    ("determinism", "models/a.cpp", "std::normal_distribution<> d;", "normal(stream);"),
    ("determinism", "sim/a.cpp", "std::shuffle(a, b, g);", "shuffle(stream, a);"),
    ("determinism", "sim/a.cpp", "std::chrono::system_clock::now();", "world.now();"),
    ("determinism", "sim/a.cpp", "using C = std::chrono::steady_clock;", '"steady_clock"'),
    ("determinism", "sim/a.cpp", "high_resolution_clock::now();", "simulated_clock::now();"),
    ("determinism", "sim/a.cpp", "auto t = time(nullptr);", "auto t = time(world);"),
    ("determinism", "sim/a.cpp", "std::this_thread::get_id();", "std::this_thread::yield();"),
    ("determinism", "sim/a.cpp", "std::hash<int>{}(1);", "sim::hash(1);"),
    ("determinism", "sim/a.cpp", "std::map<Link*, int> m;", "std::map<int, Link*> m;"),
    ("determinism", "sim/a.cpp", "reinterpret_cast<std::uintptr_t>(p);", "index(p);"),
    ("determinism", "sim/a.cpp", 'printf("%p", p);', 'printf("100%");'),
    ("determinism", "sim/a.cpp", 'fmt::format("{:p}", p);', 'fmt::format("{:d} p", p);'),
    ("determinism", "sim/a.cpp", "int n = 1'000; std::hash<int> h;", "int n = 1'000'000;"),
    ("words", "docs/a.md", f"{OPEN}: more\n", f"{OPEN.lower()}s are banned\n"),
    ("words", "sim/a.cpp", "// place" + "holder\n", "using std::place" + "holders::_1;\n"),
    ("words", "sim/a.cpp", "// not " + "implemented\n", "// implemented\n"),
    ("words", "docs/a.md", "see /ho" + "me/me/x\n", "see docs/ho" + "me/x\n"),
    ("words", "docs/a.md", "cd /wo" + "rk/main\n", "net/wo" + "rk and frame/wo" + "rk\n"),
    ("words", "docs/a.md", "from py" + "pi.org\n", "from nvmexpress.org\n"),
    ("whitespace", "sim/a.cpp", "x \n", "x\n"),
    ("whitespace", "sim/a.cpp", "\tx\n", "  x\n"),
    ("whitespace", "docs/a.md", "x", "x\n"),
    ("whitespace", "docs/a.md", "x\n\n", "x\n"),
    ("whitespace", "sim/a.cpp", "x\r\n", "x\n"),
    ("function_length", "sim/a.cpp", f"void f() {{\n{LONG}}}\n", f"namespace a {{\n{LONG}}}\n"),
    ("function_length", "sim/a.cpp",
     f"template <class T>\nauto A::f(T t) const\n    -> T {{\n{LONG}}}",
     f"struct A {{\n{LONG}}};\n"),
    ("function_length", "sim/a.cpp", f"A::A(int a) : b_(a), c_{{a}} {{\n{LONG}}}\n",
     "int f() {\n" + "  f();\n" * 60 + "}\n"),
    ("function_length", "tests/unit/a.cpp", f'TEST_CASE("it is") {{\n{LONG}}}\n',
     f"const int table[] = {{\n{LONG}}};\n"),
    ("function_length", "tools/a.py", "def f():\n" + "    f()\n" * 70, "f()\n" * 70),
    ("test_names", "tests/unit/a.cpp", 'TEST_CASE("a; b", "[x]")', 'TEST_CASE("a, b", "[x]")'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "bad", "good"), CASES)
def test_each_rule_can_fail(name: str, path: str, bad: str, good: str) -> None:
    """A rule reports the offending text once or more, and not the text beside it."""
    rule = next(rule for rule in RULES if rule.__name__ == name)
    findings = [str(f) for f in rule(path, bad)]
    assert findings
    assert findings[0].startswith(f"{path}:")
    assert ": error: " in findings[0]
    assert [str(f) for f in rule(path, good)] == []


def test_no_rule_is_untested() -> None:
    """Every rule has a case above."""
    assert {rule.__name__ for rule in RULES} == {case[0] for case in CASES}
    assert {rule.__name__ for rule in TREE_RULES} == {case[0] for case in TREE_CASES}


def package(modules: dict[str, str]) -> Tree:
    """Return a tree of modules of the package, whose texts begin in line 2."""
    return {f"bindings/python/holdfast/{name}.py": f"\n{text}\n" for name, text in modules.items()}


def files(folder: str, count: int) -> Tree:
    """Return a tree of empty files in one folder."""
    return {f"{folder}/{i}.json": "" for i in range(count)}


LATE = "def f():\n    from holdfast.plot import a\n"
TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from holdfast import result\n"
# Each rule on the tree by name, the place that it names first, a tree that offends, and one that
# comes close and does not.
TREE_CASES: list[tuple[str, str, Tree, Tree]] = [
    ("python_circles", "bindings/python/holdfast/",
     package({"result": LATE, "plot/a": TYPES}),
     package({"result": LATE, "plot/a": "import result"})),
    ("python_circles", "bindings/python/holdfast/",
     package({"world": "from holdfast import running", "running": "from .world import World"}),
     package({"world": "from holdfast import units", "running": "from .world import World"})),
    ("python_circles", "bindings/python/holdfast/",
     package({"plot/__init__": "from .a import b", "plot/a": "from holdfast.plot import c"}),
     package({"plot/__init__": "from .a import b", "plot/a": "from holdfast.plot import d",
              "plot/d": "import holdfast.units"})),
    ("python_layers", "bindings/python/holdfast/plot/a.py:4:",
     package({"plot/a": TYPES, "result": ""}),
     package({"plot/a": "from holdfast.statistics import b"})),
    ("python_layers", "bindings/python/holdfast/units.py:2:",
     package({"units": "from holdfast.sweeping.runs import sweep", "sweeping/runs": ""}),
     package({"units": "from holdfast.errors import UsageError", "errors": ""})),
    ("python_layers", "bindings/python/holdfast/novel.py:1:",
     package({"novel": ""}), package({"world": "import novel"})),
    ("folder_sizes", "models/wire:1:", files("models/wire", 26), files("models/wire", 25)),
    ("folder_sizes", "scenarios:1:", files("scenarios", 25), files("scenarios", 26)),
    ("names_of_files", "sim/a.hpp:2:",
     {"sim/a.hpp": "\n// See sim/b.hpp.\n"}, {"sim/a.hpp": "\n// See sim/a.hpp, a.hpp.\n"}),
    ("names_of_files", "docs/a.md:1:",
     {"docs/a.md": "`tcp_send.cpp`", "models/tcp/send.cpp": ""},
     {"docs/a.md": "`tcp/send.cpp`, `models/<room>/send.cpp`", "models/tcp/send.cpp": ""}),
    ("names_of_files", "docs/a.md:1:",
     {"docs/a.md": "all of models/transport/tcp_*.cpp", "models/tcp/send.cpp": ""},
     {"docs/a.md": "all of models/*/s*.cpp, in models/tcp/", "models/tcp/send.cpp": ""}),
    ("names_of_files", "docs/a.md:1:",
     {"docs/a.md": "in `sim/a_*.cpp`", "tests/unit/sim/a_b.cpp": ""},
     {"docs/a.md": "in `tests/unit/sim/a_*.cpp`", "tests/unit/sim/a_b.cpp": ""}),
    ("names_of_files", "models/b.hpp:1:",
     {"models/b.hpp": "// timers.cpp", "tests/unit/timers.cpp": ""},
     {"tests/b.hpp": "// timers.cpp", "tests/unit/timers.cpp": ""}),
    ("names_of_files", "tools/a.py:3:",
     {"tools/a.py": 'x = 1\n\n# As models/tcp does.\ny = "sim/no.cpp"\n'},
     {"tools/a.py": 'x = 1\n\n# As tools does.\ny = "sim/no.cpp"\n'}),
    ("names_of_files", "tools/a.py:2:",
     {"tools/a.py": 'def f() -> None:\n    """Do as b.py does."""\n'},
     {"tools/a.py": 'def f() -> None:\n    """Do as a.py does."""\n'}),
    ("names_of_files", "CMakeLists.txt:1:",
     {"CMakeLists.txt": "# see tools/b.cmake\n"}, {"CMakeLists.txt": "include(tools/b.cmake)\n"}),
    ("names_of_files", "sim/a.hpp:1:",
     {"sim/a.hpp": "// The result (des" + "ign 8).\n"}, {"sim/a.hpp": "// By design, 8.\n"}),
    ("checks", "sim/:1:",
     {"sim/a.hpp": "  HOLDFAST_CHECK(x);\n" * 9 + "  // HOLDFAST_CHECK(x);\n" * 999},
     {"sim/a.hpp": "  HOLDFAST_CHECK(x);\n" * 999, "analysis/a.cpp": "\n"}),
    ("checks", "models/transport/tcp/:1:",
     {"models/transport/tcp/a.cpp": "#define HOLDFAST_CHECK(x)\n" * 999,
      "models/transport/a.cpp": "  HOLDFAST_CHECK(x);\n" * 999},
     {"models/transport/tcp/a.cpp": "  HOLDFAST_CHECK(x);\n" * 999}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "place", "bad", "good"), TREE_CASES)
def test_each_rule_on_the_tree_can_fail(name: str, place: str, bad: Tree, good: Tree) -> None:
    """A rule reports the offending tree once, where it offends, and not the tree beside it."""
    rule = next(rule for rule in TREE_RULES if rule.__name__ == name)
    findings = [str(f) for f in rule(bad)]
    assert len(findings) == 1
    assert findings[0].startswith(place)
    assert ": error: " in findings[0]
    assert [str(f) for f in rule(good)] == []


def test_functions_are_found_where_they_are() -> None:
    """The lines of functions are told by braces, whatever stands in strings and comments."""
    text = 'namespace a {\n// }\nint f(int x) {\n  return g("}");\n}\n'
    text += "struct B {\n  int h() {\n  }\n};\n}"
    assert list(cpp_functions(text)) == [(3, 5), (7, 8)]


def test_a_number_without_a_unit_is_found() -> None:
    """Units, plain counts and statistics under a unit pass; other numbers do not."""
    fine = {"seed": 1, "end_s": 2.5, "lat_us": {"p99": 3}, "io": [{"count": 4}], "ok": True}
    assert list(numbers_without_unit(fine)) == []
    bad = {"end": 2.5, "io": [{"latency": {"p99": 3}}], "hold_s": 1, "times_s": [1, 2]}
    assert list(numbers_without_unit(bad)) == ["/end", "/io/0/latency/p99"]


def test_the_tree_keeps_the_rules() -> None:
    """No file of the tree offends."""
    whole: Tree = {}
    for path in tree():
        try:
            whole[path] = (ROOT / path).read_bytes().decode()
        except UnicodeDecodeError:
            whole[path] = ""  # A binary file: a capture or a picture.
    findings = [str(finding) for path, text in whole.items() for finding in check(path, text)]
    findings += [str(finding) for rule in TREE_RULES for finding in rule(whole)]
    if findings:
        pytest.fail("\n".join(findings), pytrace=False)
