# SPDX-License-Identifier: Apache-2.0
"""Malformed scenarios with the knobs of suspicion and with the faults that operators met."""

from __future__ import annotations

from typing import Any

from malformed_cases import BASE

RDMA = {**BASE["fabric"], "transport": "rdma"}
PORT = {"subsystem": "sub", "port": "a0"}
WARY = {**BASE["hosts"][0], "suspicion": {"tcp_timeouts": 2}}
USER = {**BASE["hosts"][0], "suspicion": {"tcp_user_timeout": "1s"}}
PAGE = {"type": "delay_command", "at": "1s", "subsystem": "sub", "admin": True, "opcode": 24}
ASTRAY = {"type": "response", "at": "1s", "subsystem": "sub"}
STATUS = {"type": "command_status", "at": "1s", "subsystem": "sub"}
MUTE = {"type": "port_mute", "at": "1s", "port": "a0"}
NO_ROUTE = {"type": "no_route", "at": "1s", "host": "h1", "port": "a0"}
BLOCKED = {"type": "host_blocked", "at": "1s", "host": "h1"}
CRASH = {"type": "host_crash", "at": "1s", "host": "h1"}
DOWN = {"type": "link_down", "at": "1s", "link": "h1-s1"}
TRACE = {"type": "failure_trace"}
PAUSE = {"type": "host_pause", "at": "1s", "host": "h1"}
LEG = {**DOWN, "leg": "primary"}
FPIN = {"type": "link_integrity", "at": "1s", "host": "h1", "port": "a0"}
NODES = [{"name": "n0", "ports": ["a0"]}, {"name": "n1", "ports": ["a1"]}]
ARRAY = {**BASE["subsystems"][0], "nodes": NODES}
CLOCK = {"type": "node", "at": "1s", "subsystem": "sub", "node": "n1", "clock": "stops"}
GROUP = {"name": "both", "links": ["h1-s1", "s1-a0"]}


def rows(*failures: tuple[str, str, str]) -> dict[str, Any]:
    """A record of failures with these rows."""
    return {**TRACE, "failures": [{"at": t, "what": w, "state": s} for t, w, s in failures]}


# As PATCHES of malformed_cases.
PATCHES: list[tuple[str, str, Any, str, str]] = [
    ("suspicion", "/hosts/0/suspicion", {"slow_oi": "1s"}, "/suspicion/slow_oi", 'mean "slow_io"?'),
    ("late", "/hosts/0/suspicion", {"keep_alive_late": 1}, "/keep_alive_late", "a duration"),
    ("late_us", "/hosts/0/suspicion", {"keep_alive_late": "10us"}, "/keep_alive_late", "1ms"),
    ("look", "/hosts/0/suspicion", {"look_every": "-1s"}, "/look_every", "-1s"),
    ("probe", "/hosts/0/suspicion", {"probe_idle": True}, "/probe_idle", "a duration"),
    ("timeouts", "/hosts/0/suspicion", {"tcp_timeouts": 16}, "/tcp_timeouts", "from 0 to 15"),
    ("user_us", "/hosts/0/suspicion", {"tcp_user_timeout": "1us"}, "/tcp_user_timeout", "1ms"),
    ("slow_io", "/hosts/0/suspicion", {"slow_io": "1"}, "/suspicion/slow_io", "a duration"),
    ("factor", "/hosts/0/suspicion", {"slow_io_factor": 7}, "/slow_io_factor", '"slow_io" as well'),
    (
        "factor_zero",
        "/hosts/0/suspicion",
        {"slow_io": "1s", "slow_io_factor": 0},
        "/slow_io_factor",
        "above 0",
    ),
    (
        "ends_wait",
        "/hosts/0/suspicion",
        {"lost_host_ends_wait": True},
        "/suspicion/lost_host_ends_wait",
        '"lost_host_notice": true',
    ),
    ("notice", "/hosts/0/suspicion", {"lost_host_notice": 1}, "/lost_host_notice", "true or false"),
    ("on_ana", "/hosts/0/suspicion", {"probe_on_ana": "yes"}, "/probe_on_ana", "true or false"),
    ("with_ccr", "/hosts/0/suspicion", {"only_with_ccr": True}, "/only_with_ccr", "tp8028-v6"),
    ("larger_than", "/faults/0/larger_than", 63, "/faults/0/larger_than", "from 64 to 65535"),
    ("feature", "/faults/2", {**PAGE, "feature": 15}, "/2/feature", "Set Features"),
    ("log_page", "/faults/2", {**PAGE, "log_page": 12}, "/2/log_page", "Get Log Page"),
    ("status_page", "/faults/2", {**STATUS, "log_page": 12}, "/2/log_page", "Get Log Page"),
    ("fopcode_admin", "/faults/1/admin", True, "/faults/1/admin", "one of"),
    ("astray", "/faults/2", {**ASTRAY, "what": "early"}, "/2/what", "late"),
    ("astray_id", "/faults/2", {**ASTRAY, "controller": 0}, "/2/controller", "1"),
    (
        "astray_delay",
        "/faults/2",
        {**ASTRAY, "what": "lost", "delay": "1s"},
        "/2/delay",
        "twice",
    ),
    ("mute_port", "/faults/2", {**MUTE, "port": "a2"}, "/2/port", "a0"),
    ("mute_for", "/faults/2", {**MUTE, "for": "0s"}, "/2/for", "0s"),
    ("no_route_port", "/faults/2", {**NO_ROUTE, "port": "s1"}, "/2/port", "connects to"),
    ("no_route_host", "/faults/2", {**NO_ROUTE, "host": "h2"}, "/2/host", "h1"),
    ("no_route_error", "/faults/2", {**NO_ROUTE, "error": 101}, "/2/error", "network"),
    ("blocked", "/faults/2", {**BLOCKED, "host": "h2"}, "/2/host", "h1"),
    ("hostnqn", "/hosts/0/hostnqn", "", "/hosts/0/hostnqn", "name"),
    ("connect_time", "/subsystems/0/connect_time", "61s", "/connect_time", "61s"),
    ("ana_event", "/subsystems/0/ana_event_lost", "no", "/ana_event_lost", "true or false"),
    ("crash_host", "/faults/2", {**CRASH, "host": "h2"}, "/2/host", "h1"),
    ("crash_for", "/faults/2", {**CRASH, "for": "0s"}, "/2/for", "0s"),
    ("killed", "/faults/2", {**CRASH, "type": "initiator_killed", "host": "a0"}, "/2/host", "h1"),
    ("shutdown", "/faults/2", {**CRASH, "type": "host_shutdown", "host": 1}, "/2/host", "a name"),
    ("forwards", "/faults/2", {**DOWN, "forwards_after": 30}, "/2/forwards_after", "a duration"),
    ("group_link", "/fabric/groups", [{**GROUP, "links": ["h1"]}], "/groups/0/links/0", "a link"),
    ("group_empty", "/fabric/groups", [{**GROUP, "links": []}], "/groups/0/links", "1"),
    ("group_name", "/fabric/groups", [{**GROUP, "name": "h1-s1"}], "/0/name", "a name of its own"),
    ("group_twice", "/fabric/groups", [GROUP, GROUP], "/groups/1/name", "a name of its own"),
    (
        "group_again",
        "/fabric/groups",
        [{**GROUP, "links": ["h1-s1", "h1-s1"]}],
        "/groups/0/links/1",
        "each link once",
    ),
    ("no_group", "/faults/2", {**DOWN, "link": "both"}, "/2/link", "a group of links"),
    ("teardown_time", "/subsystems/0/teardown_time", "61s", "/teardown_time", "61s"),
    ("takeover", "/subsystems/0/takeover", {}, "/0/takeover", "at least two"),
    ("takeover_key", "/subsystems/0/takeover", {"fenced": "1s"}, "/takeover/fenced", '"fence"'),
    ("takeover_time", "/subsystems/0/takeover", {"detect": 2}, "/takeover/detect", "a duration"),
    ("takeover_by", "/subsystems/0/takeover", {"by": "adress"}, "/takeover/by", 'mean "address"?'),
    (
        "takeover_learn",
        "/subsystems/0",
        {**ARRAY, "takeover": {"learn": "1s"}},
        "/takeover/learn",
        '"by": "address"',
    ),
    ("per_node", "/subsystems/0/reservations", "per_node", "/0/reservations", "at least two"),
    ("per_node_word", "/subsystems/0/reservations", "each", "/0/reservations", "per_node"),
    (
        "reservation_delay",
        "/subsystems/0/reservation_delay",
        "1s",
        "/0/reservation_delay",
        '"reservations": "per_node"',
    ),
    ("trace", "/faults/2", TRACE, "/faults/2", '"failures"'),
    ("trace_file", "/faults/2", {**TRACE, "file": "no.csv"}, "/2/file", "a file that can be read"),
    ("trace_name", "/faults/2", rows(("1s", "h1-s2", "down")), "/0/what", 'mean "h1-s1"?'),
    ("trace_state", "/faults/2", rows(("1s", "h1-s1", "hang")), "/0/state", "up or down"),
    ("trace_word", "/faults/2", rows(("1s", "h1-s1", "donw")), "/0/state", 'mean "down"?'),
    ("trace_up", "/faults/2", rows(("1s", "h1-s1", "up")), "/0/state", "another state"),
    (
        "trace_order",
        "/faults/2",
        rows(("1s", "h1-s1", "down"), ("500ms", "h1-s1", "up")),
        "/failures/1/at",
        "at least 1s",
    ),
    ("trace_late", "/faults/2", rows(("2s", "h1-s1", "down")), "/0/at", "the end of the run"),
    ("pause_host", "/faults/2", {**PAUSE, "host": "h2"}, "/2/host", "h1"),
    ("pause_clock", "/faults/2", {**PAUSE, "clock": "stop"}, "/2/clock", 'mean "stops"?'),
    ("pause_down", "/faults", [PAUSE, CRASH], "/faults/0/host", "paused, or one that goes down"),
    (
        "path_latency",
        "/hosts/0/path_latency",
        {"window": "1s"},
        "/hosts/0/path_latency",
        '"iopolicy": "latency"',
    ),
    (
        "path_latency_shift",
        "/hosts/0",
        {**BASE["hosts"][0], "iopolicy": "latency", "path_latency": {"ewma_shift": 17}},
        "/path_latency/ewma_shift",
        "from 0 to 16",
    ),
    (
        "path_latency_key",
        "/hosts/0",
        {**BASE["hosts"][0], "iopolicy": "latency", "path_latency": {"windows": "1s"}},
        "/path_latency/windows",
        'mean "window"?',
    ),
    (
        "path_latency_above",
        "/hosts/0",
        {**BASE["hosts"][0], "iopolicy": "latency", "path_latency": {"ignore_above": "2s"}},
        "/path_latency/ignore_above",
        "1s",
    ),
    ("iopolicy_latency", "/hosts/0/iopolicy", "latncy", "/hosts/0/iopolicy", 'mean "latency"?'),
    ("fast", "/hosts/0/clock_fast_ppm", 100_001, "/clock_fast_ppm", "from 0 to 100000"),
    ("slow", "/subsystems/0/clock_slow_ppm", -1, "/clock_slow_ppm", "from 0 to 100000"),
    (
        "fast_and_slow",
        "/hosts/0",
        {**BASE["hosts"][0], "clock_fast_ppm": 1, "clock_slow_ppm": 1},
        "/hosts/0/clock_slow_ppm",
        "one of the two",
    ),
    ("hostid", "/hosts/0/hostid", "h1", "/hosts/0/hostid", "a UUID"),
    ("hostid_dash", "/hosts/0/hostid", "0" * 36, "/hosts/0/hostid", "a UUID"),
    ("bond_ends", "/fabric/links/1/bond", {}, "/fabric/links/1/ends", "one end that is a host"),
    ("miimon", "/fabric/links/0/bond", {"miimon": "0s"}, "/bond/miimon", "1ms"),
    ("bond_phase", "/fabric/links/0/bond", {"phase": "100ms"}, "/bond/phase", "less than miimon"),
    ("leg", "/faults/2", LEG, "/2/leg", 'a link with "bond"'),
    ("leg_word", "/faults/2", {**DOWN, "leg": "first"}, "/2/leg", "primary"),
    ("fpin", "/faults/2", FPIN, "/2/type", '"transport": "fc"'),
    ("tls", "/hosts/0/connect/0/tls", {"tiem": "1s"}, "/tls/tiem", 'mean "time"?'),
    ("tls_ms", "/hosts/0/connect/0/tls", {"timeout": "1500ms"}, "/tls/timeout", "1s"),
    ("tls_time", "/subsystems/0/tls_time", "61s", "/tls_time", "61s"),
    ("concat", "/hosts/0/connect/0/tls", {"concat": True}, "/tls/concat", '"dhchap"'),
    ("dhchap", "/hosts/0/connect/1/dhchap", {}, "/connect/1/dhchap", '"dhchap_time"'),
    ("dhchap_time", "/subsystems/0/dhchap_time", "1ms", "/hosts/0/connect/0", '"dhchap": {}'),
    (
        "dhchap_group",
        "/hosts/0/connect/0/dhchap",
        {"group": "ffdhe2084"},
        "/dhchap/group",
        'mean "ffdhe2048"?',
    ),
    (
        "dhchap_tls",
        "/subsystems/0/dhchap_under_tls",
        "no",
        "/dhchap_under_tls",
        "true or false",
    ),
    ("user_own", "/hosts/0/connect/0/tcp_user_timeout", "0s", "/tcp_user_timeout", "1ms"),
    ("rto_own", "/hosts/0/connect/0/rto_min", "61s", "/connect/0/rto_min", "60s"),
    ("reseed", "/reseed", {"at": "1s"}, "/reseed", '"seed" (the other seed)'),
    ("reseed_at", "/reseed", {"at": "2s", "seed": 2}, "/reseed/at", "the end of the run"),
    ("reseed_seed", "/reseed", {"at": "1s", "seed": -1}, "/reseed/seed", "18446744073709551615"),
    ("false_alarms", "/expect/false_alarms", "none", "/expect/false_alarms", "number"),
]

# With rdma: what is changed in the base, where the error is, a part of what it says.
WITH_RDMA: list[tuple[str, dict[str, Any], str]] = [
    ("/hosts/0/suspicion/tcp_timeouts", {"hosts": [WARY]}, '"transport": "tcp"'),
    ("/hosts/0/suspicion/tcp_user_timeout", {"hosts": [USER]}, '"transport": "tcp"'),
    ("/faults/0/type", {"faults": [ASTRAY]}, '"transport": "tcp"'),
    ("/faults/0/type", {"faults": [MUTE]}, '"transport": "tcp"'),
    ("/faults/0/type", {"faults": [NO_ROUTE]}, '"transport": "tcp"'),
    ("/faults/0/type", {"faults": [CRASH]}, '"transport": "tcp"'),
    ("/faults/0/type", {"faults": [PAUSE]}, '"transport": "tcp"'),
    (
        "/faults/0/clock",
        {"subsystems": [ARRAY], "faults": [CLOCK]},
        '"state": "hang"',
    ),
    (
        "/subsystems/0/takeover/by",
        {"subsystems": [{**ARRAY, "takeover": {"by": "address"}}]},
        '"transport": "tcp"',
    ),
    (
        "/hosts/0/clock_fast_ppm",
        {"hosts": [{**BASE["hosts"][0], "clock_fast_ppm": 1}]},
        '"transport": "tcp"',
    ),
    (
        "/hosts/0/connect/0/rto_min",
        {"hosts": [{"name": "h1", "connect": [{**PORT, "rto_min": "50ms"}]}]},
        '"transport": "tcp"',
    ),
    (
        "/hosts/0/connect/0/tcp_user_timeout",
        {"hosts": [{"name": "h1", "connect": [{**PORT, "tcp_user_timeout": "1s"}]}]},
        '"transport": "tcp"',
    ),
    (
        "/hosts/0/connect/0/tls",
        {"hosts": [{"name": "h1", "connect": [{**PORT, "tls": {}}]}]},
        '"transport": "tcp"',
    ),
]

# Lines of a file of failures, the line that is wrong, a part of what is said of it.
FILES: list[tuple[str, int, str]] = [
    ("time,what,state\n1s,h1-s1\n", 2, "three: time,what,state"),
    ("1s,h1-s1,down\n# a note\n1.5,h1-s1,up\n", 3, "a time with a unit"),
    ("1s,h1-s2,down\n", 1, 'mean "h1-s1"?'),
    ("1s,h1-s1,donw\n", 1, 'mean "down"?'),
    ("1s,h1-s1,down\n\n1s,h1-s1,down\n", 3, "another state"),
    ("1s,h1-s1,down\n500ms,h1-s1,up\n", 2, "at least 1s"),
    ("1s,h1-s1,down\n2s,h1-s1,up\n", 2, "the end of the run"),
    ("# nothing\n", 1, "time,what,state"),
]
