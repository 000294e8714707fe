# SPDX-License-Identifier: Apache-2.0
"""What Holdfast runs beside its peers: requests over one switch, and fabrics of many hosts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CLIENTS, DEPTH = 8, 8

#: Data bytes of a full segment at an MTU of 1,500 (Holdfast and ns-3 alike).
SEGMENT_BYTES = 1448


@dataclass(frozen=True)
class Traffic:
    """What one request is, and what answers it."""

    rw: str
    bs: str
    ask_bytes: int
    answer_bytes: int
    #: More data segments of Holdfast's: an R2T, and the command apart from its data.
    more_segments: int

    def segments(self) -> int:
        """Return the data segments of one request and its answer."""
        return sum(-(-one // SEGMENT_BYTES) for one in (self.ask_bytes, self.answer_bytes))


TRAFFICS = {
    "4 KiB reads": Traffic("randread", "4KiB", 72, 4144, 0),
    "64 KiB writes": Traffic("randwrite", "64KiB", 65632, 24, 2),
}


def requests_scenario(traffic: Traffic, seconds: float, mtu: int = 1500) -> dict[str, Any]:
    """Clients behind one switch, each with so many requests in flight."""
    return {
        "name": "requests",
        "duration": f"{seconds:.9f}s",
        "fabric": {
            "links": [
                {"count": CLIENTS, "name": "l{i}", "ends": ["h{i}", "s0"], "mtu": mtu},
                {"name": "trunk", "ends": ["s0", "a0"], "rate": "100Gbps", "mtu": mtu},
            ]
        },
        "subsystems": [
            {
                "name": "store",
                "ports": ["a0"],
                "namespaces": [{"size": "1GiB", "media": {"read": "1ns", "write": "1ns"}}],
            }
        ],
        "hosts": [
            {
                "count": CLIENTS,
                "name": "h{i}",
                "cpus": 1,
                "connect": [{"subsystem": "store", "port": "a0", "at": "{i}us"}],
            }
        ],
        "workloads": [
            {
                "count": CLIENTS,
                "type": "fio",
                "host": "h{i}",
                "rw": traffic.rw,
                "bs": traffic.bs,
                "iodepth": DEPTH,
                "start": "{10000 + i}us",
            }
        ],
    }


def load_and_loss(hosts: int) -> dict[str, Any]:
    """A write at a time for each host, and one of two nodes that crashes."""
    return {
        "workloads": [
            {
                "count": hosts,
                "type": "fio",
                "host": "h{i}",
                "rw": "randwrite",
                "thinktime": "100ms",
                "size": "1MiB",
                "offset": "{i % 1024}MiB",
                "start": "{2000000 + 7 * i}us",
            }
        ],
        "faults": [
            {
                "type": "node",
                "at": "9s",
                "for": "20s",
                "subsystem": "store",
                "node": "n1",
                "state": "crash",
            }
        ],
    }


def fabric_scenario(hosts: int, seconds: float, *, lost: bool = False) -> dict[str, Any]:
    """Hosts with four paths that send Keep Alives; with a load and a node that is lost, or not."""
    document: dict[str, Any] = {
        "name": f"fabric{hosts}",
        "duration": f"{seconds:.9f}s",
        "fabric": {
            "links": [
                {"count": 2 * hosts, "name": "l{i}", "ends": ["h{i / 2}", "s{i % 2}"]},
                {
                    "count": 4,
                    "name": "t{i}",
                    "ends": ["s{i % 2}", "a{i}"],
                    "rate": "400Gbps",
                    "queue": "64MiB",
                },
            ]
        },
        "subsystems": [
            {
                "name": "store",
                "profile": "array",
                "ports": ["a0", "a1", "a2", "a3"],
                "nodes": [
                    {"name": "n1", "ports": ["a0", "a1"]},
                    {"name": "n2", "ports": ["a2", "a3"]},
                ],
                "namespaces": [{"size": "1GiB"}],
            }
        ],
        "hosts": [
            {
                "count": hosts,
                "name": "h{i}",
                "cpus": 1,
                "policy": "tp8028-v3",
                "iopolicy": "round-robin",
                "connect": [
                    {
                        "count": 4,
                        "subsystem": "store",
                        "port": "a{j}",
                        "at": "{5 * i + j}us",
                        "queue_size": 16,
                    }
                ],
            }
        ],
    }
    return {**document, **load_and_loss(hosts)} if lost else document
