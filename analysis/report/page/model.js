// SPDX-License-Identifier: Apache-2.0
// What the page knows of a run, apart from how it looks. Nothing here touches the document, so that
// the tests can run it by itself. Times are nanoseconds since the begin of the run.
"use strict";

const ANSWERED = 0, GIVEN_UP = 1, OPEN = 2;
const TARGET_STATES = ["gone", "created", "ready", "draining"];
const DROPS = ["queue full", "loss", "blackhole", "link down", "impaired", "scripted"];
const FATES = ["still open at the end", "the original landed", "provably gone"];
const HARM = ["stale_write", "stale_read", "lost_write", "duplicate_effect", "misplaced_write"];

/// The data of a run with its columns decoded.
function makeRun(data, columns, index) {
  const run = { ...data, index, c: columns, letter: String.fromCharCode(65 + index) };
  run.many = run.hosts.length > 1;
  run.policies = [...new Set(run.document.hosts.map((one) => one.policy))].join(", ");
  const struck = run.faults.map((one) => one.first_ns).filter((at) => at !== undefined);
  run.fault = struck.length ? Math.min(...struck) : null;
  run.origin = run.fault === null ? 0 : run.fault;
  run.events = eventsOf(run);
  run.attempts = attemptsOf(run);
  run.every = run.cut.every || 1;
  return run;
}

function controllerName(run, index) {
  const one = run.controllers[index];
  if (!one) return `controller ${index}`;
  return run.many ? `${run.hosts[one.host]}/${one.name}` : one.name;
}

/// Events as objects with their words by name: {at, kind, ...}.
function eventsOf(run) {
  const { event_at: at, event_kind: kind, event_a: a, event_b: b, event_c: c } = run.c;
  const out = [];
  for (let i = 0; i < at.length; ++i) {
    const [name, ...words] = run.kinds[kind[i]];
    const event = { at: at[i], kind: name };
    [a[i], b[i], c[i]].slice(0, words.length).forEach((value, w) => (event[words[w]] = value));
    out.push(event);
  }
  return out;
}

/// Attempts as arrays, with absolute times; `ended` of one that is open is the end of the run.
function attemptsOf(run) {
  const c = run.c, count = c.try_op.length;
  const out = { count, sent: new Float64Array(count), ended: new Float64Array(count),
                landed: new Float64Array(count), fetched: new Float64Array(count),
                first: new Int32Array(c.op_serial.length + 1) };
  for (let i = 0; i < count; ++i) {
    const op = c.try_op[i];
    const done = c.op_took[op] < 0 ? run.end_ns : c.op_submitted[op] + c.op_took[op];
    out.sent[i] = c.op_submitted[op] + c.try_sent[i];
    out.ended[i] = done - c.try_before_end[i];
    out.fetched[i] = c.try_fetched[i] < 0 ? -1 : out.sent[i] + c.try_fetched[i];
    out.landed[i] = c.try_landed[i] < 0 ? -1 : out.sent[i] + c.try_landed[i];
    ++out.first[op + 1];
  }
  for (let op = 0; op < c.op_serial.length; ++op) out.first[op + 1] += out.first[op];
  return out;
}

/// "write 7" for a row of the operations.
function opName(run, row) {
  return `${run.io_kinds[run.c.op_kind[row]]} ${run.c.op_serial[row]}`;
}

/// The row of an operation by its serial number; -1: it is not drawn.
function opRow(run, serial) {
  const list = run.c.op_serial;
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < serial) low = middle + 1;
    else high = middle;
  }
  return list[low] === serial ? low : -1;
}

function addTo(map, key, value) {
  if (!map.has(key)) map.set(key, []);
  map.get(key).push(value);
}

/// Spans of a state from instants at which it changed: [{from, to, state}].
function spansOf(changes, end) {
  return changes.map((one, i) => ({
    ...one, from: one.at, to: i + 1 < changes.length ? changes[i + 1].at : end,
  })).filter((one) => one.to >= one.from);
}

/// {controller: spans}
function hostSpans(run) {
  const by = new Map();
  const { host_at: at, host_controller: id, host_state: state } = run.c;
  for (let i = 0; i < at.length; ++i)
    addTo(by, id[i], { at: at[i], state: run.states[state[i]] });
  for (const [key, list] of by) by.set(key, spansOf(list, run.end_ns));
  return by;
}

/// {"subsystem/cntlid": spans}
function targetSpans(run) {
  const by = new Map();
  const { target_at: at, target_subsystem: sub, target_cntlid: id, target_state: state } = run.c;
  for (let i = 0; i < at.length; ++i)
    addTo(by, `${sub[i]}/${id[i]}`, { at: at[i], state: TARGET_STATES[state[i]] });
  for (const [key, list] of by)
    by.set(key, spansOf(list, run.end_ns).filter((one) => one.state !== "gone"));
  return by;
}

/// A span for each time that a fault was on; one that strikes an instant has no length.
function faultSpans(run) {
  const by = new Map();
  const on = new Map();
  const { fault_at: at, fault_fault: id, fault_on: is_on } = run.c;
  for (let i = 0; i < at.length; ++i) {
    if (is_on[i]) {
      const span = { from: at[i], to: run.faults[id[i]].link >= 0 ? run.end_ns : at[i],
                     state: "fault" };
      addTo(by, id[i], span);
      on.set(id[i], span);
    } else if (on.has(id[i])) {
      on.get(id[i]).to = at[i];
    }
  }
  return by;
}

/// {link: instants at which a packet was dropped there}
function dropsOf(run) {
  const by = new Map();
  const { drop_at: at, drop_channel: channel, drop_reason: reason } = run.c;
  for (let i = 0; i < at.length; ++i)
    addTo(by, channel[i] >> 1, { at: at[i], reason: DROPS[reason[i]] });
  return by;
}

/// Holds, Cross-Controller Resets and what came of them, for each controller of a host.
function fenceSpans(run) {
  const by = new Map();
  const open = new Map();
  const close = (id, event, how) => {
    if (!open.has(id)) return;
    Object.assign(open.get(id), { to: event.at, how });
    open.delete(id);
  };
  for (const event of run.events) {
    const id = event.controller;
    if (event.kind === "fence_started") {
      const span = { from: event.at, to: run.end_ns, state: "fence", hold: event.hold_ns,
                     how: "open at the end" };
      addTo(by, id, span);
      open.set(id, span);
    } else if (event.kind === "ccr_succeeded") {
      close(id, event, "Cross-Controller Reset done");
    } else if (event.kind === "hold_ended") {
      close(id, event, "the hold is over");
    } else if (event.kind === "requests_cancelled") {
      close(id, event, "requests are let go");
    }
  }
  return by;
}

/// Attempts to connect: spans from the attempt to how it ended.
function connectSpans(run) {
  const by = new Map();
  const open = new Map();
  for (const event of run.events) {
    const id = event.controller;
    if (event.kind === "connect_attempt") {
      const span = { from: event.at, to: run.end_ns, state: "trying", number: event.attempt };
      addTo(by, id, span);
      open.set(id, span);
    } else if (open.has(id) && (event.kind === "connect_failed" || event.kind === "connected")) {
      const failed = event.kind === "connect_failed";
      Object.assign(open.get(id), { to: event.at, state: failed ? "failed" : "connected",
                                    error: failed ? event.error : 0 });
      open.delete(id);
    }
  }
  return by;
}

function exposureSpans(run) {
  const c = run.c;
  return Array.from(c.exposure_from, (from, i) => ({
    from, to: c.exposure_to[i], state: "exposed", operation: c.exposure_operation[i],
    attempt: c.exposure_attempt[i], controller: c.exposure_controller[i],
    fate: FATES[c.exposure_fate[i]],
  }));
}

/// Instants that make the picture: silence is what lies between them. Rising, each once.
function instantsOf(run) {
  // A keep-alive in a silence does not end it.
  const quiet = new Set(["keep_alive_sent", "keep_alive_done", "reconnect_scheduled"]);
  const lists = ["host_at", "target_at", "fault_at", "drop_at", "exposure_from", "exposure_to",
                 "op_submitted"].map((name) => run.c[name]);
  lists.push(run.attempts.sent, run.attempts.ended, run.attempts.landed.filter((at) => at >= 0),
             run.events.filter((one) => !quiet.has(one.kind)).map((one) => one.at));
  const all = new Float64Array(lists.reduce((sum, one) => sum + one.length, 0));
  let end = 0;
  for (const list of lists) {
    all.set(list, end);
    end += list.length;
  }
  all.sort();
  let count = 0;
  for (let i = 0; i < end; ++i) if (count === 0 || all[i] !== all[count - 1]) all[count++] = all[i];
  return all.slice(0, count);
}

/// Sorted latencies in ns of what was answered well, each with the weight that it stands for.
function latenciesOf(run, which = () => true) {
  const c = run.c, out = [];
  for (let i = 0; i < c.op_serial.length; ++i) {
    if (c.op_took[i] < 0 || c.op_status[i] !== 0 || !which(run.io_kinds[c.op_kind[i]])) continue;
    out.push([c.op_took[i], c.op_told[i] ? 1 : run.every]);
  }
  return out.sort((a, b) => a[0] - b[0]);
}

/// What a run did in equal parts of a view: completions, and attempts by controller. `run.places`
/// and `run.opPlaces` are those of the scale (placeLanes).
function binsOf(run, view, count) {
  const done = new Float64Array(count);
  const by = run.controllers.map(() => new Float64Array(count));
  const { from, to } = view, factor = count / (to - from);
  const { ops, tries, controller } = run.weights ||= weightsOf(run);
  const places = run.opPlaces, sent = run.places.a;
  for (let i = 0; i < places.length; ++i) {
    const place = places[i];
    if (place >= from && place < to) done[((place - from) * factor) | 0] += ops[i];
  }
  for (let i = 0; i < sent.length; ++i) {
    const place = sent[i];
    if (place >= from && place < to) by[controller[i]][((place - from) * factor) | 0] += tries[i];
  }
  return { done, by };
}

/// How many I/Os each row stands for, of operations that ended well and of attempts; and of the latter
/// the controller. What each frame goes through is in arrays of small numbers.
function weightsOf(run) {
  const c = run.c;
  return {
    ops: Int32Array.from(c.op_took, (took, i) =>
      (took < 0 || c.op_status[i] !== 0 ? 0 : c.op_told[i] ? 1 : run.every)),
    tries: Int32Array.from(c.try_op, (op) => (c.op_told[op] ? 1 : run.every)),
    controller: Int32Array.from(c.try_controller),
  };
}

/// How slow the slowest part of a run's I/O is: [[latency in ns, part of the I/O that took at least
/// as long]], falling; as many points as a picture can show.
function tailOf(latencies, most = 400) {
  let total = 0;
  for (const [, weight] of latencies) total += weight;
  const out = [];
  let left = total, next = 1.0001;
  for (const [took, weight] of latencies) {
    const part = left / total;
    if (part < next || left === weight) {
      out.push([took, part]);
      // Equal steps of the logarithm down to the last I/O.
      next = part * Math.exp(-Math.log(Math.max(total, 2)) / most);
    }
    left -= weight;
  }
  return out;
}

/// Nearest-rank percentile of sorted latencies with weights, in ns; NaN: there is none.
function percentile(latencies, fraction) {
  let total = 0, below = 0;
  for (const [, weight] of latencies) total += weight;
  for (const [took, weight] of latencies) {
    below += weight;
    if (below >= fraction * total - 1e-9) return took;
  }
  return NaN;
}
