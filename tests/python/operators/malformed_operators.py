# SPDX-License-Identifier: Apache-2.0
"""Malformed scenarios with the knobs of suspicion and with the faults that operators met."""

from __future__ import annotations

from typing import Any

from malformed_cases import BASE

RDMA = {**BASE["fabric"], "transport": "rdma"}
WARY = {**BASE["hosts"][0], "suspicion": {"tcp_timeouts": 2}}
USER = {**BASE["hosts"][0], "suspicion": {"tcp_user_timeout": "1s"}}
PAGE = {"type": "delay_command", "at": "1s", "subsystem": "sub", "admin": True, "opcode": 24}
ASTRAY = {"type": "response", "at": "1s", "subsystem": "sub"}
STATUS = {"type": "command_status", "at": "1s", "subsystem": "sub"}
MUTE = {"type": "port_mute", "at": "1s", "port": "a0"}
NO_ROUTE = {"type": "no_route", "at": "1s", "host": "h1", "port": "a0"}
BLOCKED = {"type": "host_blocked", "at": "1s", "host": "h1"}

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
    ("false_alarms", "/expect/false_alarms", "none", "/expect/false_alarms", "number"),
]

# With rdma: what is changed in the base, where the error is, a part of what it says.
WITH_RDMA: list[tuple[str, dict[str, Any], str]] = [
    ("/hosts/0/suspicion/tcp_timeouts", {"hosts": [WARY]}, '"transport": "tcp"'),
    ("/hosts/0/suspicion/tcp_user_timeout", {"hosts": [USER]}, '"transport": "tcp"'),
    ("/faults/0/type", {"faults": [ASTRAY]}, '"transport": "tcp"'),
    ("/faults/0/type", {"faults": [MUTE]}, '"transport": "tcp"'),
    ("/faults/0/type", {"faults": [NO_ROUTE]}, '"transport": "tcp"'),
]
