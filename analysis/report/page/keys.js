// SPDX-License-Identifier: Apache-2.0
// Moving about in the picture: pointer, wheel, fingers and keys.
"use strict";

function listen() {
  addEventListener("resize", repaint);
  addEventListener("scroll", repaint, { passive: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  addEventListener("beforeprint", () => {
    state.printing = true;
    paint();
  });
  addEventListener("afterprint", () => (state.printing = false));
  document.addEventListener("keydown", onKey);
  $("controls").addEventListener("click", (event) => {
    const button = event.target.closest("[data-key]");
    if (button) act(button.dataset.key);
  });
  $("find").addEventListener("submit", (event) => {
    event.preventDefault();
    findOp($("number").value);
  });
  $("axis").addEventListener("click", onAxisClick);
  for (const panel of state.panels) {
    panel.canvas.addEventListener("keydown", (event) => onLaneKey(event, panel));
    panel.canvas.addEventListener("focus", () => (state.active = panel));
    for (const canvas of [panel.canvas, panel.chart]) watchPointer(canvas, panel);
  }
}

/// The number of an I/O, "write 17" or "17"; in the first run that has it.
function findOp(typed) {
  const number = Number((/\d+/.exec(typed) || [])[0]);
  for (const run of state.runs) {
    const row = opRow(run, number);
    if (row < 0) continue;
    const at = toPlace(state.shown.scale, run.c.op_submitted[row] + run.shift);
    const { view } = state.shown;
    if (at < view.from || at > view.to)
      moveTo({ from: at - (view.to - view.from) / 2, to: at + (view.to - view.from) / 2 });
    openOp(run, row);
    return;
  }
  $("live").textContent = `There is no I/O ${typed} in the picture`;
}

function moveTo(view) {
  state.shown.view = clampView(state.shown.scale, view);
  repaint();
}

function zoom(factor, around) {
  const { view, cursor } = state.shown;
  const middle = around !== undefined ? around
    : cursor !== null && cursor >= view.from && cursor <= view.to ? cursor : (view.from + view.to) / 2;
  state.shown.view = zoomView(state.shown.scale, view, factor, middle);
  repaint();
}

/// What keys and buttons do. Tells whether it was one of them.
function act(key) {
  const { view, scale } = state.shown;
  const length = view.to - view.from;
  const acts = {
    "+": () => zoom(0.6), "=": () => zoom(0.6), w: () => zoom(0.6), "-": () => zoom(1 / 0.6),
    s: () => zoom(1 / 0.6),
    a: () => moveTo({ from: view.from - length / 5, to: view.to - length / 5 }),
    d: () => moveTo({ from: view.from + length / 5, to: view.to + length / 5 }),
    0: () => moveTo(wholeView(scale)),
    f: () => {
      // Until a host has noticed: a fault may strike in silence.
      const [run] = state.runs, at = toPlace(scale, run.origin);
      const seen = run.events.find((one) => one.kind === "recovery_started" && one.at >= run.origin);
      const to = seen ? Math.max(at, toPlace(scale, seen.at)) : at;
      moveTo({ from: at - scale.length / 60, to: to + scale.length / 20 });
    },
    c: () => {
      state.fold = !state.fold;
      state.open.clear();
      rescale();
    },
  };
  if (!(key in acts)) return false;
  acts[key]();
  return true;
}

function onKey(event) {
  if (event.target.closest("input, select, dialog") || event.ctrlKey || event.metaKey || event.altKey)
    return;
  if (event.key === "Escape") closeDetail();
  else if (event.key === "?") $("help").showModal();
  else if (act(event.key.toLowerCase())) event.preventDefault();
}

function placesInLane(run, lane) {
  if (lane.type === "attempts")
    return Array.from(lane.items, (i) => ({ a: run.places.a[i], b: run.places.b[i], hit: { lane, attempt: i } }));
  return [...lane.items.map((item) => ({ a: item.a, b: item.b, hit: { lane, item } })),
          ...(lane.landings || []).map((one) => ({ a: one.a, b: one.a, hit: { lane, landing: one } }))]
    .sort((one, other) => one.a - other.a);
}

/// Arrows lead from lane to lane and from thing to thing; Enter opens.
function onLaneKey(event, panel) {
  const { lanes } = panel.layout;
  const row = lanes.indexOf(panel.lane);
  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  if (event.key === "Enter" && panel.lane) {
    const all = placesInLane(panel.run, panel.lane);
    const detail = all[panel.place] && detailOf(panel.run, all[panel.place].hit);
    if (!detail) return;
    event.preventDefault();
    open(panel, detail);
    $("detail-title").focus();
    return;
  }
  if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const [down, on] = moves[event.key];
  const next = lanes[row < 0 ? 0 : Math.min(Math.max(row + down, 0), lanes.length - 1)];
  const all = placesInLane(panel.run, next);
  const near = state.shown.cursor === null ? 0
    : Math.max(0, all.findIndex((one) => one.b >= state.shown.cursor));
  panel.place = next === panel.lane ? Math.min(Math.max(panel.place + on, 0), all.length - 1) : near;
  panel.lane = next;
  tellFocus(panel, all);
}

function tellFocus(panel, all) {
  const one = all[panel.place];
  for (const other of state.panels) other.focus = other === panel && one ? one : null;
  const { shown } = state;
  if (!one) {
    $("live").textContent = `${panel.lane.label}: nothing in this lane`;
    repaint();
    return;
  }
  const { view } = shown;
  if (one.a < view.from || one.a > view.to) {
    const half = (view.to - view.from) / 2;
    shown.view = clampView(shown.scale, { from: one.a - half, to: one.a + half });
  }
  shown.cursor = one.a;
  $("live").textContent = `${panel.lane.label}, ${panel.place + 1} of ${all.length}: ` +
                          hitWords(panel.run, one.hit).join(", ");
  repaint();
}

function open(panel, detail) {
  state.shown.op = detail.op === undefined ? null : { run: panel.run, row: detail.op };
  for (const one of state.panels) one.selected = one === panel && detail.op !== undefined ? detail.op : -1;
  showDetail(detail);
  repaint();
}

function onAxisClick(event) {
  const { scale, view, width } = state.shown;
  const at = event.clientX - event.currentTarget.getBoundingClientRect().left;
  const x = mapperOf(view, gutterOf(width), width);
  const fold = scale.folds.find((one) => at >= x(one.at) && at <= x(one.at + one.width));
  if (!fold) return;
  if (state.open.has(fold.number)) state.open.delete(fold.number);
  else state.open.add(fold.number);
  rescale();
}

/// Where a pointer is: pixels within the canvas, and the place.
function whereOf(event, canvas) {
  const box = canvas.getBoundingClientRect();
  const { view, width } = state.shown;
  const left = gutterOf(width);
  const x = event.clientX - box.left, y = event.clientY - box.top;
  return { x, y, place: view.from + ((x - left) / (width - left)) * (view.to - view.from) };
}

function watchPointer(canvas, panel) {
  const fingers = new Map();
  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    state.active = panel;
    fingers.set(event.pointerId, whereOf(event, canvas));
    try {
      canvas.setPointerCapture(event.pointerId);
    } catch {
      // A pointer that has gone meanwhile.
    }
    const at = whereOf(event, canvas);
    drag = fingers.size === 1 ? { ...at, touch: event.pointerType === "touch", moved: false } : null;
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = whereOf(event, canvas);
    if (fingers.size === 2 && fingers.has(event.pointerId)) pinch(fingers, event.pointerId, at);
    else if (drag) dragTo(drag, at);
    else hover(panel, canvas, at, event);
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, whereOf(event, canvas));
  });
  const ends = (event, cancelled) => {
    fingers.delete(event.pointerId);
    const done = drag;
    drag = null;
    const chosen = state.shown.drag;
    state.shown.drag = null;
    if (!done || cancelled) return;
    if (chosen && Math.abs(chosen.to - chosen.from) > 0) {
      moveTo({ from: Math.min(chosen.from, chosen.to), to: Math.max(chosen.from, chosen.to) });
    } else if (!done.moved && canvas === panel.canvas) {
      choose(panel, done);
    }
  };
  canvas.addEventListener("pointerup", (event) => ends(event, false));
  canvas.addEventListener("pointercancel", (event) => ends(event, true));
  canvas.addEventListener("pointerleave", () => {
    $("tip").hidden = true;
    state.shown.cursor = null;
    repaint();
  });
  canvas.addEventListener("dblclick", () => act("0"));
  canvas.addEventListener("wheel", (event) => onWheel(event, canvas, panel), { passive: false });
}

function onWheel(event, canvas, panel) {
  const { view } = state.shown;
  const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    const by = (sideways / 600) * (view.to - view.from);
    moveTo({ from: view.from + by, to: view.to + by });
  } else if (event.ctrlKey || event.metaKey || document.activeElement === panel.canvas) {
    event.preventDefault();
    zoom(Math.exp(event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), whereOf(event, canvas).place);
  }
}

/// A mouse marks a stretch; a finger moves the picture.
function dragTo(drag, at) {
  if (Math.abs(at.x - drag.x) > 4) drag.moved = true;
  if (!drag.moved) return;
  const { view } = state.shown;
  if (drag.touch) {
    const by = drag.place - at.place;
    moveTo({ from: view.from + by, to: view.to + by });
    return;
  }
  const within = Math.min(Math.max(at.place, view.from), view.to);
  state.shown.drag = { from: Math.max(drag.place, view.from), to: within };
  $("tip").hidden = true;
  repaint();
}

function pinch(fingers, moved, at) {
  const [one, other] = [...fingers.values()];
  const before = Math.max(Math.abs(one.x - other.x), 8);
  const still = [...fingers.entries()].find(([id]) => id !== moved)[1];
  const now = Math.max(Math.abs(still.x - at.x), 8);
  zoom(before / now, (still.place + at.place) / 2);
}

function choose(panel, at) {
  const hit = hitLanes(panel, state.shown, at.x, at.y);
  const detail = hit && detailOf(panel.run, hit);
  if (hit) panel.lane = hit.lane;
  if (!detail) return;
  open(panel, detail);
}

function hover(panel, canvas, at, event) {
  const { shown } = state;
  if (at.x < gutterOf(shown.width)) return;
  shown.cursor = at.place;
  const instant = toTime(shown.scale, at.place) - panel.run.shift;
  const hit = canvas === panel.canvas ? hitLanes(panel, shown, at.x, at.y) : null;
  const lines = [h("b", {}, exactWords(instant)),
                 panel.run.fault === null ? null
                   : h("span", {}, `${sinceWords(instant - panel.run.origin)} from the fault`),
                 ...hitWords(panel.run, hit).map((text) => h("span", {}, text))];
  const tip = $("tip");
  tip.replaceChildren(...lines.filter(Boolean));
  tip.hidden = false;
  const wide = tip.offsetWidth, high = tip.offsetHeight;
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 16, innerWidth - wide - 8))}px`;
  tip.style.top = `${event.clientY + high + 24 > innerHeight ? event.clientY - high - 12
                                                              : event.clientY + 18}px`;
  repaint();
}
