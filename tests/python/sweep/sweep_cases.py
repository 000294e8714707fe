# SPDX-License-Identifier: Apache-2.0
"""What `holdfast sweep` refuses: changes of a sweep file, and command lines."""

from __future__ import annotations

from typing import Any

# What is left out is None there.
NULL = object()
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"sedes": 3}, 'did you mean "seeds"'),
    ({"base": None}, 'no "base"'),
    ({"points": None}, 'no "points"'),
    ({"base": "nowhere.json"}, "nowhere.json"),
    ({"base": 3}, "base: found 3"),
    ({"points": {"/hosts/0/polcy": ["spec"]}}, 'did you mean "policy"'),
    ({"points": {"sobol": {"n": 4, "range": {}}}}, 'did you mean "ranges"'),
    ({"points": {"sobol": {"n": 4}}}, "n and ranges"),
    ({"set": {"/durration": "3s"}}, 'did you mean "duration"'),
    ({"set": ["/duration"]}, "set: found"),
    ({"paired": 1}, "paired: found 1"),
    ({"points": {}}, "points: found no axis"),
    ({"points": {"/hosts/*/policy": ["spec", "spec"]}}, "found 'spec' twice, expected each value"),
    ({"points": {"/duration": ["1s", "1000ms"]}}, "found '1000ms' twice, expected each value"),
    ({"set": {"/hosts/9/cpus": 1}}, "sweep.json: set: at /hosts/9: found no element"),
    ({"points": {"/hosts/9/cpus": [1]}}, "sweep.json: points: at /hosts/9: found no element"),
    ({"points": [{"/durration": "3s"}]}, "sweep.json: points: at /durration: "),
    ({"seeds": -1}, "seeds: found -1"),
    ({"seeds": NULL}, "sweep.json: at /seeds: found null, expected a number of seeds or a list"),
    ({"seeds": 2.0}, "at /seeds: found 2.0"),
    ({"seeds": 2**70}, "at /seeds: found the number 1180591620717411303424"),
    ({"seeds": True}, "at /seeds: found true"),
    ({"points": NULL}, "sweep.json: at /points: found null, expected an object {path: values}"),
    ({"points": "spec"}, 'at /points: found "spec"'),
    ({"points": {"crossed": []}}, "sweep.json: crossed: found no points"),
    ({"points": [NULL]}, "sweep.json: points[0]: found None, expected a point {path: value}"),
    ({"points": {"a": {"b": 5}}}, "sweep.json: points: a: found 5"),
    ({"base": NULL}, "sweep.json: at /base: found null"),
    ({"base": ""}, 'at /base: found ""'),
    ({"base": "x" * 5000}, "at /base: found"),
    ({"set": NULL}, "sweep.json: at /set: found null"),
    ({"name": NULL}, "sweep.json: at /name: found null, expected a string"),
    ({"description": 5}, "sweep.json: at /description: found 5, expected a string"),
    ({"out": NULL}, "sweep.json: at /out: found null, expected a path"),
    ({"out": ""}, 'at /out: found ""'),
    ({"out": "a\0b.csv"}, "found"),
    ({"until": NULL}, "sweep.json: at /until: found null"),
    ({"until": {"column": "stall_s"}, "seeds": None}, 'at /until: found no "width"'),
    ({"until": {"column": 5, "width": 1}, "seeds": None}, "at /until: column: found 5"),
    ({"points": {"sobol": {"n": "4", "ranges": {}}}}, "sweep.json: n: found '4'"),
    ({"points": {"sobol": NULL}}, "sobol: found null"),
    ({"out": 5}, "out: found 5"),
    ({"points": {"/duration": ["5s"]}}, 'points: at /duration: found "/duration" after'),
    ({"points": {"/hosts/*/policy": ["spec"], "hosts.h1.policy": ["spec"]}}, "at /hosts/0/policy"),
    ({"set": {"seed": 5}}, "set: found seed beside seeds"),
]

#: Options behind the verb, with {} for a good file; a part of what is said.
USAGE: list[tuple[list[str], str]] = [
    ([""], "SWEEP.json: found ''"),
    (["x" * 5000], "SWEEP.json: found 'xxx"),
    ([], "expected"),
    (["{}", "--sedes", "3"], "found --sedes 3, expected one of -h, --help"),
    (["{}", "--see", "3"], 'did you mean "--seeds"?'),
    (["nowhere.json"], "nowhere.json"),
    (["{}", "--jobs", "0"], "jobs: found 0"),
    (["{}", "--jobs", "1_0"], "--jobs: found '1_0', expected an integer"),
    (["{}", "--jobs", "99999"], "expected an integer from 1 to 4096"),
    (["{}", "--seeds", "1_000"], "--seeds: found '1_000', expected an integer"),
    (["{}", "--seeds", "\u0661\u0662"], "--seeds: found"),
    (["{}", "--seeds", " 5"], "--seeds: found ' 5'"),
    (["{}", "--seeds", "+5"], "--seeds: found '+5'"),
    (["{}", "--seeds", ""], "--seeds: found ''"),
    (["{}", "--seeds", "3", "--seeds", "4"], "--seeds: found twice, expected once"),
    (["{}", "--out", "a", "--out", "b"], "--out: found twice"),
    (["{}", "--out", ""], "out: found ''"),
    (["{}", "--seeds"], "--seeds: expected one argument"),
    (["{}", "x"], "found x"),
]
