# SPDX-License-Identifier: Apache-2.0
"""One run as a picture: what each controller's recovery did when, and when data was at risk."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from holdfast._arguments import checked
from holdfast.plot import style
from holdfast.plot.phases import PHASES, RECONNECT

#: from column, to column, name, colour; drawn in this order, so that later ones are on top
_BARS = (
    ("released_s", "reconnected_s", "path not back", RECONNECT[2]),
    ("fault_s", "detected_s", PHASES[0][1], PHASES[0][2]),
    ("detected_s", "released_s", PHASES[1][1], PHASES[1][2]),
    ("released_s", "first_retry_done_s", PHASES[2][1], PHASES[2][2]),
)
_EXPOSED = "a stale write could land"


class _Sim(Protocol):
    @property
    def end_s(self) -> float: ...


class _Integrity(Protocol):
    @property
    def incidents(self) -> list[dict[str, Any]]: ...


@runtime_checkable
class _Run(Protocol):
    """What is drawn of a run: these of :class:`holdfast.Result`, which draws itself with it."""

    @property
    def sim(self) -> _Sim: ...
    @property
    def integrity(self) -> _Integrity: ...
    @property
    def verdict(self) -> str: ...
    @property
    def stall_s(self) -> float: ...
    @property
    def exposure_max_s(self) -> float: ...
    @property
    def recovery(self) -> pd.DataFrame: ...
    @property
    def exposure(self) -> pd.DataFrame: ...


@checked
def timeline(result: _Run, ax: Axes | None = None) -> Axes:
    """Draw the recoveries of a run, the windows of exposure below, and incidents as crosses.

    A lane a controller: from the fault to its detection, the fence, the first retry, and until the
    path is back, if it comes back. What ends after the run is drawn up to its end. Moments that are
    too short to be seen are drawn as thin marks.

    Args:
        result: of :func:`holdfast.run`.
        ax: where to draw; None: on a new figure.

    """
    ax = style.axes(ax)
    ax.grid(False, axis="y")
    style.words(ax, _finding(result), "time in the run (s)", "")
    recovery, windows = result.recovery, result.exposure
    if recovery.empty and windows.empty:
        return style.note(ax, "no path was lost")
    end_s = result.sim.end_s
    incidents = [one["timeline"][-1] for one in result.integrity.incidents if one["timeline"]]
    low, high = _range(recovery, windows, incidents, end_s)
    thin = (high - low) / 400
    lanes: list[str] = []
    used: dict[str, str] = {}
    for (host, controller), group in recovery.groupby(["host", "controller"], sort=False):
        for _, one in group.iterrows():
            _recovery(ax, len(lanes), one, end_s, thin, used)
        lanes.append(f"{host} {controller}")
    for _, one in windows.iterrows():
        _span(ax, len(lanes), one["from_s"], one["to_s"], thin, style.BAD)
        used[_EXPOSED] = style.BAD
    if len(windows) or incidents:
        lanes.append("exposure")
    _incidents(ax, len(lanes) - 1, incidents)
    ax.set_yticks(range(len(lanes)), lanes)
    ax.set_ylim(len(lanes) - 0.4, -0.6)
    ax.set_xlim(low, high)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    _legend(ax, used)
    return ax


def _finding(result: _Run) -> str:
    exposed = f"exposed for up to {style.time_text(result.exposure_max_s)}"
    if result.verdict == "corrupt":
        what = f"Data corrupted, {exposed}" if result.exposure_max_s > 0 else "Data corrupted"
    elif result.exposure_max_s > 0:
        what = f"{exposed.capitalize()}, data not hit"
    else:
        what = "No exposure"
    return f"{what}; longest stall {style.time_text(result.stall_s)}"


def _range(
    recovery: pd.DataFrame, windows: pd.DataFrame, incidents: list[Any], end_s: float
) -> tuple[float, float]:
    """Return the part of the run in which something happened, with some room around it."""
    columns = ["fault_s", "detected_s", "released_s", "first_retry_done_s", "reconnected_s"]
    times = [float(t) for c in columns for t in recovery[c].dropna()]
    times += [float(t) for c in ("from_s", "to_s") for t in windows[c].dropna()]
    times += [float(one["t_s"]) for one in incidents]
    low, high = min(times), max(times)
    room = 0.04 * (high - low) or 0.5
    if recovery["reconnected_s"].isna().any():
        return low - room, min(high + 6 * room, end_s)
    return low - room, high + room


def _recovery(
    ax: Axes, lane: int, one: pd.Series[Any], end_s: float, thin: float, used: dict[str, str]
) -> None:
    for start, stop, name, ink in _BARS:
        if pd.isna(one[start]) or (name == PHASES[0][1] and pd.isna(one[stop])):
            continue
        if name == PHASES[2][1] and not _has_retry(one):
            continue
        to_s = end_s if pd.isna(one[stop]) else one[stop]
        _span(ax, lane, one[start], to_s, thin, ink)
        used[name] = ink


def _has_retry(one: pd.Series[Any]) -> bool:
    """Tell whether there is a first retry after the release: of nothing there is none.

    Reads that a filter let go earlier may be done before the release.
    """
    done = one["first_retry_done_s"]
    return bool(one["cancelled"] > 0 if pd.isna(done) else done >= one["released_s"])


def _span(ax: Axes, lane: int, from_s: float, to_s: float, thin: float, ink: str) -> None:
    length = to_s - from_s
    ax.barh([lane], [max(length, thin)], left=from_s, height=0.5, color=ink)
    if length > 30 * thin and ink != RECONNECT[2]:
        bright = ink in (style.OKABE_ITO[0], style.BAD)
        ax.text(from_s + length / 2, lane, style.time_text(length), ha="center", va="center",
                fontsize=style.SMALL, color="white" if bright else style.INK)  # fmt: skip


def _incidents(ax: Axes, lane: int, incidents: list[Any]) -> None:
    """Mark them all, and say of the first of each kind what it is."""
    told: set[str] = set()
    for one in incidents:
        ax.plot([one["t_s"]], [lane], "X", markersize=15, color=style.INK,
                markeredgecolor="white", clip_on=False, zorder=5)  # fmt: skip
        what = str(one["event"])
        if what in told:
            continue
        # Each kind on a line of its own, so that they do not cover one another.
        text = ax.annotate(what, xy=(one["t_s"], lane), xytext=(14, 14 + 22 * len(told)),
                           textcoords="offset points", fontsize=style.SMALL,
                           fontweight="bold", color=style.INK, zorder=6)  # fmt: skip
        style.halo(text)
        told.add(what)


def _legend(ax: Axes, used: dict[str, str]) -> None:
    order = [PHASES[0][1], PHASES[1][1], PHASES[2][1], _BARS[0][2], _EXPOSED]
    handles: list[Any] = [Patch(color=used[name], label=name) for name in order if name in used]
    ax.legend(handles=handles, fontsize=style.SMALL, frameon=False, ncols=3, loc="upper left",
              bbox_to_anchor=(-0.012, -0.14), handlelength=1.0, columnspacing=1.6)  # fmt: skip
