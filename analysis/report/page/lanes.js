// SPDX-License-Identifier: Apache-2.0
// The lanes of a run: what is drawn under each other, and where. Pure, like model.js.
"use strict";

const LANE = 20, ROW = 5, ROWS = 12, GAP = 8;
/// More controllers, faults and links than these are not drawn; the page says how many.
const MOST = { faults: 10, links: 6, controllers: 16, targets: 16 };

/// {lanes: [{group, label, type, y, height, items}], height, left_out: [words]}
function makeLanes(run) {
  const out = { lanes: [], height: GAP, left_out: [], arrows: [] };
  addFaults(run, out);
  const exposed = exposureSpans(run);
  addLane(out, "exposure", "stale write possible", "spans", exposed, { open: true });
  const { from_ns: from, length_ns: length } = run.stall;
  addLane(out, "exposure", "longest stall", "spans",
          length > 0 ? [{ from, to: from + length, state: "stalled" }] : [], { open: true });
  addHosts(run, out);
  addTargets(run, out);
  out.arrows = arrowsOf(run, out);
  out.height += GAP;
  return out;
}

function addLane(out, group, label, type, items, more = {}) {
  const before = out.lanes[out.lanes.length - 1];
  if (before && before.group !== group) out.height += GAP;
  const lane = { group, label, type, items, y: out.height, height: LANE, ...more };
  out.lanes.push(lane);
  out.height += lane.height + 2;
  return lane;
}

/// The first `most` of a list; what is left out is said.
function capped(out, list, most, words) {
  if (list.length > most) out.left_out.push(`${list.length - most} more ${words}`);
  return list.slice(0, most);
}

function addFaults(run, out) {
  const by = faultSpans(run);
  for (const id of capped(out, [...by.keys()].sort((a, b) => a - b), MOST.faults, "faults")) {
    const items = by.get(id).map((one) => ({ ...one, label: run.faults[id].name }));
    addLane(out, "fault", run.faults[id].name, "spans", items, { fault: id });
  }
  const drops = dropsOf(run);
  const busiest = [...drops.keys()].sort((a, b) => drops.get(b).length - drops.get(a).length);
  for (const link of capped(out, busiest, MOST.links, "links with lost packets")) {
    addLane(out, "fault", `lost on ${run.links[link]}`, "ticks", drops.get(link), { link });
  }
}

/// Controllers of hosts in the order in which something happened to them, then the others.
function orderOfControllers(run) {
  const seen = new Set(run.events.filter((one) => one.kind === "recovery_started")
    .map((one) => one.controller));
  const rest = run.controllers.map((_, id) => id).filter((id) => !seen.has(id));
  const all = [...seen, ...rest];
  return all.length > MOST.controllers ? all : all.sort((a, b) => a - b);
}

function addHosts(run, out) {
  const states = hostSpans(run), fences = fenceSpans(run), connects = connectSpans(run);
  const rows = attemptRows(run);
  const marks = marksOf(run);
  for (const id of capped(out, orderOfControllers(run), MOST.controllers, "host controllers")) {
    const name = controllerName(run, id), group = `host ${id}`;
    addLane(out, group, name, "spans", states.get(id) || [],
            { controller: id, states: true, marks: marks.get(id) || [] });
    if (fences.has(id))
      addLane(out, group, "hold, CCR", "spans", fences.get(id), { controller: id, sub: true });
    const tries = (connects.get(id) || []).filter((one) => one.number > 1 || one.from >= run.origin);
    if (run.fault !== null && tries.length > 0)
      addLane(out, group, "reconnects", "spans", tries, { controller: id, sub: true });
    const list = rows.get(id);
    if (!list) continue;
    const height = Math.max(LANE - 4, list.rows * ROW + 2);
    addLane(out, group, "I/O", "attempts", Int32Array.from(list.items),
            { controller: id, sub: true, height, row: Uint8Array.from(list.row), rows: list.rows });
  }
}

function addTargets(run, out) {
  const spans = targetSpans(run);
  const landings = new Map();
  const c = run.c;
  for (let i = 0; i < run.attempts.count; ++i) {
    const late = c.try_end[i] === GIVEN_UP && run.attempts.landed[i] >= run.attempts.ended[i];
    if (!late && !c.try_stale[i]) continue;
    const subsystem = run.subsystems.indexOf(run.controllers[c.try_controller[i]].subsystem);
    const item = { at: run.attempts.landed[i], attempt: i, stale: c.try_stale[i] === 1 };
    addTo(landings, `${subsystem}/${c.try_cntlid[i]}`, item);
  }
  const many = run.subsystems.length > 1;
  for (const key of capped(out, [...spans.keys()], MOST.targets, "target controllers")) {
    const [subsystem, cntlid] = key.split("/").map(Number);
    const label = `${many ? `${run.subsystems[subsystem]} ` : ""}controller ${cntlid}`;
    addLane(out, "target", label, "spans", spans.get(key),
            { target: key, states: true, landings: landings.get(key) || [] });
  }
}

/// Keep-alives and timeouts, as ticks on the lane of the controller's states.
function marksOf(run) {
  const by = new Map();
  const kinds = new Set(["keep_alive_sent", "request_timeout", "ccr_attempt", "ccr_succeeded",
                         "ccr_failed", "ccr_attempt_failed"]);
  for (const event of run.events)
    if (kinds.has(event.kind)) addTo(by, event.controller, event);
  return by;
}

/// Attempts of each controller, packed into rows so that few lie over each other.
function attemptRows(run) {
  const by = new Map();
  const { try_controller: controller } = run.c;
  const { sent, ended, count } = run.attempts;
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => sent[a] - sent[b]);
  for (const i of order) {
    const id = controller[i];
    if (!by.has(id)) by.set(id, { items: [], row: [], free: [], rows: 1 });
    const list = by.get(id);
    let row = 0;
    while (row < ROWS - 1 && row < list.free.length && list.free[row] > sent[i]) ++row;
    list.free[row] = ended[i];
    list.rows = Math.max(list.rows, row + 1);
    list.items.push(i);
    list.row.push(row);
  }
  return by;
}

/// From each attempt that was given up to its retry, and to where it landed stale.
function arrowsOf(run, out) {
  const arrows = [];
  const c = run.c, { first } = run.attempts;
  const lanes = new Map(out.lanes.filter((one) => one.type === "attempts")
    .map((one) => [one.controller, one]));
  const rowOf = new Map();
  for (const lane of lanes.values())
    lane.items.forEach((i, place) => rowOf.set(i, lane.row[place]));
  const y = (i) => {
    const lane = lanes.get(c.try_controller[i]);
    return lane && lane.y + rowOf.get(i) * ROW + ROW / 2 + 1;
  };
  for (let op = 0; op + 1 < first.length; ++op) {
    for (let i = first[op]; i < first[op + 1]; ++i) {
      if (c.try_end[i] !== GIVEN_UP) continue;
      const next = i + 1 < first[op + 1] ? i + 1 : -1;
      if (next >= 0 && y(i) !== undefined && y(next) !== undefined) {
        arrows.push({ type: "retry", op, from: run.attempts.ended[i], fromY: y(i),
                      to: run.attempts.sent[next], toY: y(next) });
      }
    }
  }
  for (const lane of out.lanes) {
    for (const one of lane.landings || []) {
      if (y(one.attempt) === undefined) continue;
      arrows.push({ type: one.stale ? "stale" : "late", op: c.try_op[one.attempt],
                    from: run.attempts.ended[one.attempt], fromY: y(one.attempt), to: one.at,
                    toY: lane.y + lane.height / 2 });
    }
  }
  return arrows;
}

/// Places of all that is drawn, for a scale. Spans get `a` and `b`, attempts arrays.
function placeLanes(run, layout, scale) {
  const shift = run.shift;
  const place = (at) => toPlace(scale, at + shift);
  for (const lane of layout.lanes) {
    if (lane.type === "attempts") continue;
    for (const one of lane.items) {
      one.a = place(lane.type === "ticks" ? one.at : one.from);
      one.b = lane.type === "ticks" ? one.a : place(one.to);
    }
    for (const one of lane.marks || []) one.a = place(one.at);
    for (const one of lane.landings || []) one.a = place(one.at);
  }
  for (const one of layout.arrows) {
    one.a = place(one.from);
    one.b = place(one.to);
  }
  const { count, sent, ended, landed } = run.attempts;
  const places = { a: new Float64Array(count), b: new Float64Array(count),
                   l: new Float64Array(count) };
  for (let i = 0; i < count; ++i) {
    places.a[i] = place(sent[i]);
    places.b[i] = place(ended[i]);
    places.l[i] = landed[i] < 0 ? -1 : place(landed[i]);
  }
  run.places = places;
  const c = run.c;
  run.opPlaces = Float64Array.from(c.op_submitted, (at, i) =>
    place(c.op_took[i] < 0 ? run.end_ns : at + c.op_took[i]));
}
