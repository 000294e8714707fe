# SPDX-License-Identifier: Apache-2.0
"""The valid scenario that test_malformed.py breaks, and the ways in which it breaks it."""

from __future__ import annotations

from typing import Any

BASE: dict[str, Any] = {
    "name": "base",
    "duration": "2s",
    "fabric": {
        "links": [
            {"name": "h1-s1", "ends": ["h1", "s1"]},
            {"name": "s1-a0", "ends": ["s1", "a0"]},
            {"name": "h1-a1", "ends": ["h1", "a1"]},
        ]
    },
    "subsystems": [{"name": "sub", "ports": ["a0", "a1"], "namespaces": [{"size": "1MiB"}]}],
    "hosts": [
        {
            "name": "h1",
            "connect": [{"subsystem": "sub", "port": "a0"}, {"subsystem": "sub", "port": "a1"}],
        }
    ],
    "workloads": [
        {"type": "fio", "host": "h1", "rate_iops": 10},
        {"type": "rw_test", "host": "h1"},
    ],
    "faults": [
        {"type": "blackhole", "at": "1s", "for": "500ms", "link": "h1-s1"},
        {"type": "fopcode", "at": "1s", "subsystem": "sub", "controller": 1},
    ],
    "expect": {"integrity": "ok"},
}

TWO = {**BASE["hosts"][0], "count": 2}
REMOVE = object()
A_DURATION = "a duration as a string with a unit"

LINK = {"name": "x", "ends": ["h1", "z"]}
ISLAND = [{"name": "a", "ends": ["h1", "s1"]}, {"name": "h1-s1", "ends": ["a0", "a1"]}]
# a1 behind a0: hosts and ports forward nothing.
THROUGH_PORT = [
    {"name": "h1-s1", "ends": ["h1", "s1"]},
    {"name": "s1-a0", "ends": ["s1", "a0"]},
    {"name": "a0-a1", "ends": ["a0", "a1"]},
]
SECOND_LINK = {"name": "again", "ends": ["s1", "h1"]}
ODD_BLOCKS = [{"size": "1000000B"}]
TWICE = {"subsystem": "sub", "port": "a0"}
ANA = {"type": "ana_change", "at": "1s", "subsystem": "sub", "port": "a0", "state": "change"}
STATUS = {"type": "command_status", "at": "1s", "subsystem": "sub"}
DISCOVERY = {"subsystem": "discovery", "port": "a0"}
DELAY = {"type": "delay_command", "at": "1s", "subsystem": "sub"}
RESET = {"type": "reset_controller", "at": "1s", "host": "h1", "controller": "nvme0"}
CCR = {**RESET, "type": "passthrough_ccr"}
ADMIN = {**RESET, "type": "passthrough", "opcode": 6}
CNTLIDS = {**BASE["subsystems"][0], "attr_cntlid_min": 9, "attr_cntlid_max": 8}
ADAPTER = {"type": "hca_removed", "at": "1s", "host": "h1", "link": "h1-s1"}
NODES = [{"name": "n1", "ports": ["a0"]}, {"name": "n2", "ports": ["a1"]}]
SHARED = [{"name": "n1", "ports": ["a0", "a1"]}, {"name": "n2", "ports": ["a1"]}]
TWO_NODES = [{"name": "n1", "ports": ["a0"]}, {"name": "n1", "ports": ["a1"]}]
KATOS = {**BASE["subsystems"][0], "kato_min": "10s", "kato_max": "5s"}
NODE_FAULT = {"type": "node", "at": "1s", "subsystem": "sub", "node": "n1"}
STALL = {"type": "admin_stall", "at": "1s", "subsystem": "sub", "controller": 0}
IMPAIR = {"type": "impair", "at": "1s", "link": "h1-s1"}
KILL = {"type": "kill_sockets", "at": "1s", "host": "h1", "controller": "nvme0"}
DROP = {**KILL, "type": "drop_capsule"}
DAMAGE = {**KILL, "type": "damage_pdu"}
UNLINK = {"type": "port_removed", "at": "1s", "subsystem": "sub", "port": "a0"}
CROSS = {"type": "cross_traffic", "at": "1s", "from": "h1", "to": "a0"}
HOLE = {**BASE["faults"][0], "host": "h1", "controller": "nvme0"}
GILBERT = {"p": "1%", "r": "10%"}
TAIL = {"usual": "1ms", "chance": "1%"}
MANY = [{"name": f"l{i}", "ends": ["h1", f"n{i}"]} for i in range(262_145)]
FC_MTU = {"transport": "fc", "links": [{**BASE["fabric"]["links"][0], "mtu": 9000}]}
PORT_LOST = {"type": "remote_port_lost", "at": "1s", "host": "h1", "port": "a0"}

SCRIPT = {"type": "script", "host": "h1"}


def step(does: str, **words: object) -> dict[str, Any]:
    """Return a script with one step."""
    return {**SCRIPT, "steps": [{"do": does, **words}]}


# Name, where in the base, the value put there, the pointer of the error, a part of what it says.
PATCHES: list[tuple[str, str, Any, str, str]] = [
    ("empty_key", "/", 1, "at /: ", 'unknown key ""'),
    ("empty_key_of_host", "/hosts/0/", {}, "at /hosts/0/: ", 'unknown key ""'),
    ("empty_key_of_fault", "/faults/1/", 1, "at /faults/1/: ", 'unknown key ""'),
    ("way_through_a_port", "/fabric/links", THROUGH_PORT, "/connect/1/port", "forward nothing"),
    (
        "seed_too_large",
        "/seed",
        2**64,
        "at /seed: found the number 18446744073709551616",
        "to 18446744073709551615, or a number with a point",
    ),
    (
        "long_number",
        "/faults/0/for",
        [1, -(2**63) - 1],
        "at /faults/0/for/1: found the number -9223372036854775809",
        "an integer from -9223372036854775808",
    ),
    ("delays_too_many", "/faults/0", {**IMPAIR, "limit": 2_097_153}, "/limit", "4194304"),
    # Unknown keys, at each level.
    ("unknown_top", "/hots", 1, "/hots", 'did you mean "hosts"?'),
    (
        "negative_setup_time",
        "/hosts/0/connect/0/setup_time",
        "-1ms",
        "/hosts/0/connect/0/setup_time",
        "-1ms",
    ),
    (
        "linear_timeouts",
        "/fabric/syn_linear_timeouts",
        256,
        "/fabric/syn_linear_timeouts",
        "from 0 to 255",
    ),
    ("unknown_fabric", "/fabric/trnsport", "tcp", "/fabric/trnsport", 'mean "transport"?'),
    ("unknown_link", "/fabric/links/0/delya", "1us", "/fabric/links/0/delya", 'mean "delay"?'),
    ("unknown_subsystem", "/subsystems/0/cqt", "1s", "/subsystems/0/cqt", "attr_cqt"),
    ("unknown_namespace", "/subsystems/0/namespaces/0/sise", "1MiB", "/namespaces/0/sise", "size"),
    ("unknown_media", "/subsystems/0/namespaces/0/media", {"red": "1us"}, "/media/red", "read"),
    ("unknown_host", "/hosts/0/polcy", "x", "/hosts/0/polcy", 'mean "policy"?'),
    ("unknown_knob", "/hosts/0/policy", {"hodl": "none"}, "/policy/hodl", 'mean "hold"?'),
    ("unknown_connect", "/hosts/0/connect/0/kato", "5s", "/connect/0/kato", "keep_alive_tmo"),
    ("unknown_fio", "/workloads/0/iodeph", 1, "/workloads/0/iodeph", 'mean "iodepth"?'),
    ("unknown_fault", "/faults/0/lnk", "h1-s1", "/faults/0/lnk", 'mean "link"?'),
    ("unknown_expect", "/expect/exposure", 0, "/expect/exposure", "exposure_s"),
    ("unknown_bound", "/expect/stale_writes", {"mx": 0}, "/stale_writes/mx", 'mean "max"?'),
    ("control_characters", "/a\nb", 1, "/a", "expected one of"),
    # Missing keys and empty lists.
    ("no_name", "/name", REMOVE, "", 'no "name"'),
    ("no_fabric", "/fabric", REMOVE, "", 'no "fabric"'),
    ("no_ends", "/fabric/links/0/ends", REMOVE, "/fabric/links/0", 'no "ends"'),
    ("no_type", "/faults/0/type", REMOVE, "/faults/0", 'no "type"'),
    ("no_links", "/fabric/links", [], "/fabric/links", "a list of 1 to 262144"),
    ("no_subsystems", "/subsystems", [], "/subsystems", "a list of 1 to"),
    ("no_ports", "/subsystems/0/ports", [], "/subsystems/0/ports", "a list of 1 to"),
    ("no_namespaces", "/subsystems/0/namespaces", [], "/subsystems/0/namespaces", "a list of 1"),
    ("no_hosts", "/hosts", [], "/hosts", "a list of 1 to"),
    ("no_connections", "/hosts/0/connect", [], "/hosts/0/connect", "a list of 1 to 4096"),
    ("empty_bounds", "/expect/hold_s", {}, "/expect/hold_s", '"min", "max" or both'),
    # Wrong types.
    ("list_as_object", "/hosts", {}, "/hosts", "a list of 1 to"),
    ("object_as_string", "/fabric", "tcp", "/fabric", "an object"),
    ("null_fabric", "/fabric", None, "/fabric", "an object"),
    ("bare_duration", "/duration", 15, "/duration", A_DURATION),
    ("bare_rate", "/fabric/links/0/rate", 25e9, "/fabric/links/0/rate", "a rate as a string"),
    ("bare_size", "/subsystems/0/namespaces/0/size", 4096, "/namespaces/0/size", '"4KiB"'),
    ("text_number", "/workloads/0/iodepth", "4", "/workloads/0/iodepth", "an integer from 1"),
    ("fraction", "/workloads/0/iodepth", 1.5, "/workloads/0/iodepth", "an integer from 1 to 4096"),
    ("bool_number", "/workloads/0/numjobs", True, "/workloads/0/numjobs", "an integer from 1"),
    ("number_bool", "/hosts/0/connect/0/duplicate_connect", 1, "duplicate", "true or false"),
    ("number_name", "/name", 5, "/name", "a name of 1 to 64"),
    ("policy_number", "/hosts/0/policy", 3, "/hosts/0/policy", "the name of a policy preset"),
    ("three_ends", "/fabric/links/0/ends", ["h1", "s1", "a0"], "/0/ends", "list of exactly 2"),
    # Units, ranges, overflow.
    ("no_unit", "/duration", "15", "/duration", "without a unit"),
    ("bad_unit", "/duration", "15 sec", "/duration", A_DURATION),
    ("negative", "/faults/0/at", "-1s", "/faults/0/at", "negative"),
    ("too_fine", "/fabric/links/0/delay", "0.5ns", "/fabric/links/0/delay", "finer than 1 ns"),
    ("overflow", "/duration", "99999999999999999999s", "/duration", "too large"),
    ("too_long", "/duration", "1000001s", "/duration", "to 1000000s"),
    ("zero_run", "/duration", "0s", "/duration", "a duration from 1ns"),
    ("zero_rate", "/fabric/links/0/rate", "0bps", "/fabric/links/0/rate", "a rate from 1Kbps"),
    ("small_mtu", "/fabric/links/0/mtu", 100, "/fabric/links/0/mtu", "from 576 to 65535"),
    ("tiny_queue", "/fabric/links/0/queue", "1KiB", "/fabric/links/0/queue", "room for a packet"),
    ("loss_above_one", "/fabric/links/0/loss", 1.5, "/fabric/links/0/loss", "a probability"),
    ("loss_percent", "/fabric/links/0/loss", "101%", "/fabric/links/0/loss", "a probability"),
    ("negative_seed", "/seed", -1, "/seed", "an integer from 0"),
    ("huge_seed", "/seed", 1e300, "/seed", "an integer from 0"),
    ("queue_size", "/hosts/0/connect/0/queue_size", 8, "/queue_size", "from 16 to 1024"),
    ("half_kato", "/hosts/0/connect/0/keep_alive_tmo", "1500ms", "keep_alive_tmo", "of 1s"),
    ("negative_kato", "/hosts/0/connect/0/keep_alive_tmo", "-1s", "keep_alive_tmo", "-1s"),
    ("cqt_too_long", "/subsystems/0/attr_cqt", "66s", "/attr_cqt", "to 65535ms"),
    ("cqt_microseconds", "/subsystems/0/attr_cqt", "1us", "/attr_cqt", "multiple of 1ms"),
    ("block_size", "/subsystems/0/namespaces/0/block_size", "3KiB", "/block_size", "power of two"),
    ("huge_namespace", "/subsystems/0/namespaces/0/size", "65TiB", "/size", "to 64TiB"),
    ("odd_namespace", "/subsystems/0/namespaces", ODD_BLOCKS, "/0/size", "multiple of block_size"),
    ("deep_queue", "/workloads/0/iodepth", 5000, "/workloads/0/iodepth", "from 1 to 4096"),
    ("uniform_order", "/faults/0/at", {"uniform": ["2s", "1s"]}, "/at/uniform", "bound first"),
    ("two_kinds", "/faults/0/at", {"uniform": [], "exponential": "1s"}, "/0/at", "exactly one"),
    ("bounds_order", "/expect/hold_s", {"min": 2, "max": 1}, "/expect/hold_s", '"min" not above'),
    ("negative_bound", "/expect/recoveries", -1, "/expect/recoveries", "not negative"),
    # Scripts and zones.
    ("no_steps", "/workloads/0", {**SCRIPT, "steps": []}, "/workloads/0/steps", "a list of 1 to"),
    ("unknown_step", "/workloads/0", step("wirte"), "/steps/0/do", 'mean "write"?'),
    ("step_far", "/workloads/0", step("write", lba=256), "/steps/0/lba", "0 to 255"),
    ("step_long", "/workloads/0", step("deallocate", lba=255, blocks=2), "/0/lba", "0 to 255"),
    ("copy_far", "/workloads/0", step("copy", **{"from": 256}), "/steps/0/from", "0 to 255"),
    ("step_ranges", "/workloads/0", step("deallocate", ranges=2), "/0/ranges", "one range per"),
    ("no_zones", "/workloads/0", step("zone_append"), "/steps/0/do", "a zoned namespace"),
    ("odd_zone", "/subsystems/0/namespaces/0/zoned", {"zone_size": "5KiB"}, "/zone_size", "multip"),
    ("rw_on_zones", "/subsystems/0/namespaces/0/zoned", {"zone_size": "4KiB"}, "/0/nsid", "script"),
    ("short_wait", "/workloads/0", step("wait", **{"for": "1ns"}), "/steps/0/for", "from 1us"),
    # Words and names.
    ("transport", "/fabric/transport", "roce", "/fabric/transport", "one of tcp, rdma, fc"),
    ("neighbours", "/fabric/neighbours", "known", "/fabric/neighbours", "one of asked, learned"),
    ("for_ever", "/fabric/retries_for_ever", 7, "/retries_for_ever", "true or false"),
    (
        "drains",
        "/hosts/0/policy",
        {"delete_drains": "no"},
        "/policy/delete_drains",
        "true or false",
    ),
    ("policy", "/hosts/0/policy", "cqt_only", "/hosts/0/policy", 'mean "cqt-only"?'),
    (
        "hold nowhere",
        "/hosts/0/policy",
        {"preset": "linux-mainline", "hold": "kato_plus_cqt"},
        "/hosts/0/policy",
        '"waits": "fencing"',
    ),
    (
        "CCR nowhere",
        "/hosts/0/policy",
        {"preset": "linux-mainline", "ccr": True},
        "/hosts/0/policy",
        '"waits": "fencing"',
    ),
    (
        "CCR resetting",
        "/hosts/0/policy",
        {"preset": "tp4129-rfc1", "ccr": True},
        "/hosts/0/policy",
        '"recovering"',
    ),
    ("profile", "/subsystems/0/profile", "nvmet", "/subsystems/0/profile", "nvmet-mainline"),
    ("iopolicy", "/hosts/0/iopolicy", "round_robin", "/hosts/0/iopolicy", 'mean "round-robin"?'),
    ("fault_type", "/faults/0/type", "blackhol", "/faults/0/type", 'mean "blackhole"?'),
    ("workload_type", "/workloads/0/type", "vdbench", "/workloads/0/type", "one of rw_test, fio"),
    ("pattern", "/workloads/0/rw", "randomrw", "/workloads/0/rw", 'mean "randrw"?'),
    ("port_lost_on_tcp", "/faults/0", PORT_LOST, "/faults/0/type", '"transport": "fc"'),
    ("mtu_on_fc", "/fabric", FC_MTU, "/fabric/links/0/mtu", "no mtu"),
    ("opcode", "/faults/1/opcode", "wirte", "/faults/1/opcode", 'mean "write"?'),
    ("opcode_range", "/faults/1/opcode", 256, "/faults/1/opcode", "an integer from 0 to 255"),
    ("verdict", "/expect/integrity", "good", "/expect/integrity", "one of ok, corrupt"),
    ("path_as_name", "/name", "../../etc", "/name", "a name of 1 to 64"),
    ("space_in_node", "/fabric/links/0/ends/1", "s 1", "/fabric/links/0/ends/1", "a name of"),
    ("empty_node", "/fabric/links/0/ends/1", "", "/fabric/links/0/ends/1", "a name of"),
    # References and shape.
    ("adapter on tcp", "/faults/0", ADAPTER, "/faults/0/type", '"transport": "rdma"'),
    ("adapter of h2", "/faults/0", {**ADAPTER, "host": "h2"}, "/faults/0/host", 'mean "h1"?'),
    ("adapter far", "/faults/0", {**ADAPTER, "link": "s1-a0"}, "/0/link", "a link of the host"),
    ("too many retries", "/fabric/retry_count", 8, "/fabric/retry_count", "from 0 to 7"),
    ("unresolved_link", "/faults/0/link", "h1-s2", "/faults/0/link", 'mean "h1-s1"?'),
    ("unresolved_subsystem", "/hosts/0/connect/0/subsystem", "sbu", "/0/subsystem", 'mean "sub"?'),
    ("unresolved_port", "/hosts/0/connect/0/port", "a9", "/connect/0/port", "the name of a port"),
    ("unresolved_host", "/workloads/0/host", "h2", "/workloads/0/host", 'mean "h1"?'),
    ("unresolved_nsid", "/workloads/1/nsid", 2, "/workloads/1/nsid", "a namespace of"),
    ("host_not_a_node", "/hosts/0/name", "h9", "/hosts/0/name", "an end of a link"),
    ("port_not_a_node", "/subsystems/0/ports/0", "a9", "/subsystems/0/ports/0", "an end of a link"),
    ("host_is_port", "/subsystems/0/ports/0", "h1", "/hosts/0/name", "not both host and port"),
    ("fault_subsystem", "/faults/1/subsystem", "x", "/faults/1/subsystem", "name of a subsystem"),
    ("controller", "/subsystems/0/attr_cntlid_min", 5, "/faults/1/controller", "5 to 65519"),
    ("self_link", "/fabric/links/0/ends", ["h1", "h1"], "/links/0/ends", "two different nodes"),
    ("second_link", "/fabric/links/3", SECOND_LINK, "/links/3/ends", "at most one link between"),
    ("link_twice", "/fabric/links/3", {**LINK, "name": "h1-s1"}, "/links/3/name", "of its own"),
    ("subsystem_twice", "/subsystems/1", BASE["subsystems"][0], "/subsystems/1/name", "of its own"),
    ("host_twice", "/hosts/1", BASE["hosts"][0], "/hosts/1/name", "of its own"),
    ("port_twice", "/subsystems/0/ports", ["a0", "a0"], "/subsystems/0/ports/1", "each port once"),
    ("connect_twice", "/hosts/0/connect/2", TWICE, "/connect/2", "duplicate_connect"),
    ("island", "/fabric/links", ISLAND, "/connect/0/port", "a port to which links"),
    ("cntlid_order", "/subsystems/0", CNTLIDS, "/0/attr_cntlid_min", "attr_cntlid_max 8"),
    ("fault_after_end", "/faults/0/at", "2s", "/faults/0/at", "before the end of the run"),
    ("start_after_end", "/workloads/0/start", "3s", "/workloads/0/start", "before the end"),
    ("connect_after_end", "/hosts/0/connect/0/at", "3s", "/connect/0/at", "before the end"),
    ("bs_not_blocks", "/workloads/0/bs", "512B", "/workloads/0/bs", "a multiple of"),
    ("region", "/workloads/0/size", "2MiB", "/workloads/0/size", "within the namespace of 1MiB"),
    ("offset", "/workloads/0/offset", "1MiB", "/workloads/0/offset", "within the namespace"),
    ("node_port", "/subsystems/0/nodes", [{"name": "n", "ports": ["a9"]}], "/ports/0", "a port of"),
    ("node_shares", "/subsystems/0/nodes", SHARED, "/nodes/1/ports/0", "each port in one node"),
    ("node_misses", "/subsystems/0/nodes", NODES[:1], "/subsystems/0/nodes", "each port in one"),
    ("node_twice", "/subsystems/0/nodes", TWO_NODES, "/nodes/1/name", "a name of its own"),
    ("no_such_node", "/faults/2", NODE_FAULT, "/faults/2/node", "a node of"),
    ("stalled_controller", "/faults/2", STALL, "/faults/2/controller", "from 1 to 65519"),
    ("kato_order", "/subsystems/0", KATOS, "/subsystems/0/kato_max", "at least kato_min 10s"),
    ("every_too_short", "/faults/0/every", "500ms", "/faults/0/every", 'longer than "for" 500ms'),
    ("every_alone", "/faults/0", {**IMPAIR, "every": "2s"}, "/0/every", '"for" as well'),
    ("times_alone", "/faults/0/times", 3, "/faults/0/times", '"every" as well'),
    ("half_a_filter", "/faults/0/host", "h1", "/faults/0/host", '"controller" together'),
    ("queue_alone", "/faults/0/queue", 1, "/faults/0/queue", "together"),
    ("filter_host", "/faults/0", {**HOLE, "host": "h2"}, "/faults/0/host", 'mean "h1"?'),
    ("filter_device", "/faults/0", {**HOLE, "controller": "nvme2"}, "/0/controller", "nvme0"),
    ("filter_queue", "/faults/0", {**HOLE, "queue": 5}, "/faults/0/queue", "0 to 4"),
    ("bent_nothing", "/faults/0", {**IMPAIR, "delay_correlation": 1}, "correlation", '"jitter" as'),
    ("normal_nothing", "/faults/0", {**IMPAIR, "distribution": "normal"}, "/0/d", '"jitter" as'),
    (
        "overtakes",
        "/faults/0",
        {**IMPAIR, "reorder": "1%"},
        "/0/reorder",
        '"delay" as well',
    ),
    ("gap_alone", "/faults/0", {**IMPAIR, "gap": 5}, "/faults/0/gap", '"reorder" as well'),
    (
        "two_losses",
        "/faults/0",
        {**IMPAIR, "loss": "1%", "loss_model": GILBERT},
        "/faults/0/loss_model",
        "one of the two",
    ),
    ("half_a_model", "/faults/0", {**IMPAIR, "loss_model": {"p": 1}}, "/loss_model", 'no "r"'),
    ("long_jitter", "/faults/0", {**IMPAIR, "jitter": "3s"}, "/faults/0/jitter", "to 2s"),
    ("kill_device", "/faults/0", {**KILL, "controller": "nvme2"}, "/0/controller", "nvme0"),
    ("damage_undigested", "/faults/0", DAMAGE, "/0/controller", "a connection with"),
    ("target_port_on_tcp", "/faults/0", {**UNLINK, "type": "target_port_lost"}, "/0/type", "fc"),
    ("kill_side", "/faults/0", {**KILL, "side": "tagret"}, "/0/side", 'mean "target"?'),
    ("drop_host", "/faults/0", {**DROP, "host": "h2"}, "/faults/0/host", 'mean "h1"?'),
    ("drop_nothing", "/faults/0", {**DROP, "nth": 0}, "/faults/0/nth", "from 1"),
    ("unlink_port", "/faults/0", {**UNLINK, "port": "s1"}, "/faults/0/port", 'a port of "sub"'),
    ("cross_switch", "/faults/0", {**CROSS, "to": "s1"}, "/faults/0/to", "a node with one link"),
    ("cross_itself", "/faults/0", {**CROSS, "to": "h1"}, "/faults/0/to", "another node"),
    ("cross_far", "/faults/0", {**CROSS, "from": "a1"}, "/faults/0/to", "no path"),
    ("cross_size", "/faults/0", {**CROSS, "packet": "2KiB"}, "/faults/0/packet", "at most 1500"),
    ("cross_bursts", "/faults/0", {**CROSS, "pattern": "on_off"}, "/0/pattern", '"burst" and'),
    ("cross_pause", "/faults/0", {**CROSS, "pause": "1s"}, "/0/pause", '"pattern": "on_off"'),
    ("half_a_tail", "/faults/0/at", TAIL, "/faults/0/at", "together"),
    ("ana_port", "/faults/0", {**ANA, "port": "s1"}, "/faults/0/port", 'a port of "sub"'),
    ("ana_group", "/faults/0", {**ANA, "group": 2}, "/faults/0/group", "ana_group of a namespace"),
    ("ana_state", "/faults/0", {**ANA, "state": "optimised"}, "/state", 'mean "optimized"?'),
    ("ana_begin", "/subsystems/0/ana_states", [{"port": "a2", "state": "change"}], "/0/port", "a1"),
    (
        "ana_twice",
        "/subsystems/0/ana_states",
        [{"port": "a0", "state": "change"}, {"port": "a0", "state": "optimized"}],
        "/ana_states/1",
        "one state for each group and port",
    ),
    ("status_text", "/faults/0", {**STATUS, "status": "302h"}, "/faults/0/status", "0x7ff"),
    ("status_zero", "/faults/0", {**STATUS, "status": "0x000"}, "/faults/0/status", "0x001"),
    ("crdt_step", "/subsystems/0/crdt", ["150ms"], "/crdt/0", "100ms"),
    ("discovery_name", "/subsystems/0/name", "discovery", "/subsystems/0/name", "a name that"),
    ("discovery_port", "/hosts/0/connect/0", {**DISCOVERY, "port": "s1"}, "/port", "any subsystem"),
    ("discovery_load", "/workloads/0/subsystem", "discovery", "/subsystem", "with namespaces"),
    ("discovery_only", "/hosts/0/connect", [DISCOVERY], "/workloads/0/host", "to a subsystem"),
    ("no_delay_unit", "/faults/2", {**DELAY, "delay": 2000}, "/faults/2/delay", A_DURATION),
    ("reset_host", "/faults/2", {**RESET, "host": "h2"}, "/faults/2/host", 'mean "h1"?'),
    ("reset_device", "/faults/2", {**RESET, "controller": "nvme2"}, "/2/controller", "nvme0"),
    ("ccr_of_itself", "/faults/2", {**CCR, "source": "nvme0"}, "/2/source", "another controller"),
    ("ccr_source", "/faults/2", {**CCR, "source": "nvme7"}, "/2/source", 'mean "nvme0"'),
    ("ccr_names", "/faults/2", {**CCR, "source": "nvme1", "names": "own"}, "/2/names", "own_id"),
    ("admin_device", "/faults/2", {**ADMIN, "controller": "nvme2"}, "/2/controller", "nvme0"),
    ("admin_opcode", "/faults/2", {**ADMIN, "opcode": 256}, "/2/opcode", "from 0 to 255"),
    ("admin_dword", "/faults/2", {**ADMIN, "cdw10": -1}, "/2/cdw10", "from 0 to 4294967295"),
    ("admin_data", "/faults/2", {**ADMIN, "data_size": "1MiB"}, "/2/data_size", "16KiB"),
    ("requirement", "/expect/requirements", ["HOLD1"], "/requirements/0", 'mean "HOLD-1"?'),
    ("requirements", "/expect/requirements", "HOLD-1", "/expect/requirements", "a list"),
    # Templates.
    ("count_zero", "/hosts/0/count", 0, "/hosts/0/count", "an integer from 1 to 1048576"),
    ("count_text", "/hosts/0/count", "2", "/hosts/0/count", 'found the string "2"'),
    ("equal_copies", "/hosts/0", TWO, "/hosts/0/name", "(first at /hosts/0) (in the copy i = 1)"),
    ("half_a_brace", "/hosts/0", {**TWO, "name": "h{i"}, "/0/name", "without its other one"),
    ("other_number", "/hosts/0", {**TWO, "name": "h{j}"}, "/0/name", "an expression of i, whole"),
    ("negative", "/hosts/0", {**TWO, "name": "h{i - 1}"}, "/0/name", "it is -1"),
    ("divided", "/hosts/0", {**TWO, "name": "h{1 / i}"}, "/0/name", "divides by 0, with i = 0"),
    ("no_template", "/hosts/0/name", "h{i}", "/hosts/0/name", "a name of 1 to 64"),
    ("copies_of_copies", "/hosts/0/connect/0/count", 2, "/0/connect/0", "(in the copy j = 1)"),
    # Too much of it.
    ("too_many_copies", "/faults/0/copies", 1 << 20, "/faults", "a list of 0 to 10000"),
    ("too_many_links", "/fabric/links", MANY, "/fabric/links", "a list of 1 to 262144"),
    ("too_many_jobs", "/workloads/0/numjobs", 65_536, "/workloads/1", "at most 65536"),
    ("too_many_cpus", "/hosts/0/cpus", 1025, "/hosts/0/cpus", "from 1 to 1024"),
]

# Name, text, where the error must be, a part of what it says.
TEXTS: list[tuple[str, str, str, str]] = [
    ("empty_file", "", ":1:1:", "the end of the text"),
    ("truncated", '{"name": "x",', ":1:14:", "the end of the text"),
    ("trailing_comma", '{\n  "name": "x",\n}', ":3:1:", "invalid JSON"),
    ("text_behind_nul", '{"name": "x"}\0{}', ":1:14:", "found a NUL byte"),
    ("nul_in_a_key", '{"na\0me": "x"}', ":1:5:", "found a NUL byte"),
    ("second_document", "{} {}", ":1:4:", "end of input"),
    ("comment", '{"name": "x" // why\n}', ":1:14:", "invalid JSON"),
    ("single_quotes", "{'name': 'x'}", ":1:2:", "invalid JSON"),
    ("not_a_number", '{"seed": NaN}', ":1:10:", "invalid JSON"),
    ("infinity", '{"seed": -Infinity}', ":1:", "invalid JSON"),
    ("number_overflow", '{"seed": 1e999}', ":1:", "a number that fits a double"),
    ("long_integer", '{"seed": ' + "9" * 400 + "}", ":1:", "a number that fits a double"),
    ("leading_zero", '{"seed": 007}', ":1:11:", "invalid JSON"),
    ("raw_newline", '{"name": "a\nb"}', ":1:", "invalid JSON"),
    ("lone_surrogate", '{"name": "\\ud800"}', ":1:", "invalid JSON"),
    ("top_list", "[]", "", "an object (scenario)"),
    ("top_string", '"scenario"', "", "an object (scenario)"),
    ("top_null", "null", "", "an object (scenario)"),
    ("duplicate_key", '{"name": "a", "name": "b"}', "/name", "each key once"),
    ("deep_duplicate", '{"a": [1, {"b": 1, "b": 2}]}', "/a/1/b", "each key once"),
    ("deep_lists", "[" * 100_000, "", "at most 32 levels"),
    ("deep_objects", '{"a":' * 100_000, "/a/a", "at most 32 levels"),
    ("long_key", '{"' + "k" * 1_000_000 + '": 1}', "/kkk", "expected one of"),
    ("long_text", '{"name": "' + "n" * 1_000_000 + '"}', "", 'no "fabric"'),
]
