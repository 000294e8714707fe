// SPDX-License-Identifier: Apache-2.0
// What is opened beside the picture: an I/O with all its attempts, a state with its rule, an event.
"use strict";

function rows(list) {
  return h("dl", { class: "facts" }, list.filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function timesOf(run, from, to) {
  return [
    ["from", `${exactWords(from)} (${sinceWords(from - run.origin)} from the fault)`],
    to === undefined ? ["", ""] : ["to", exactWords(to)],
    to === undefined ? ["", ""] : ["length", exactWords(to - from)],
  ];
}

function ruleParts(state) {
  const rule = ruleOf(state);
  if (!rule) return [];
  return [h("h3", {}, "The rule"), h("p", { class: "rule" }, rule[0]),
          h("p", { class: "clause" }, rule[1])];
}

const ENDS = ["answered", "given up", "open at the end"];

/// An I/O: one row an attempt, and what it means that one landed late.
function opDetail(run, row) {
  const c = run.c, { first, sent, ended, fetched, landed } = run.attempts;
  const from = c.op_submitted[row], took = c.op_took[row];
  const head = ["attempt", "over", "how it ended", "sent", "had by the target", "on the medium", "ended"];
  const since = (at) => (at < 0 ? "–" : sinceWords(at - from));
  const body = [];
  let harmful = false, late = false;
  for (let i = first[row]; i < first[row + 1]; ++i) {
    const stale = c.try_stale[i] === 1;
    harmful = harmful || stale;
    late = late || (c.try_end[i] === GIVEN_UP && landed[i] > ended[i]);
    body.push(h("tr", { class: stale ? "bad" : c.try_end[i] === GIVEN_UP ? "lost" : "" },
      h("th", { scope: "row" }, String(c.try_number[i])),
      h("td", {}, controllerName(run, c.try_controller[i])),
      h("td", {}, stale ? `${ENDS[c.try_end[i]]}; landed stale` : ENDS[c.try_end[i]]),
      [sent[i], fetched[i], landed[i], ended[i]].map((at) => h("td", { class: "t" }, since(at)))));
  }
  const state = harmful ? "stale" : late || body.length > 1 ? "given_up" : null;
  return {
    title: `${opName(run, row)} of ${run.jobs[c.op_job[row]]}`,
    parts: [
      rows([["submitted", `${exactWords(from)} (${sinceWords(from - run.origin)} from the fault)`],
            ["block", `${c.op_lba[row]}${c.op_blocks[row] > 1 ? `, ${c.op_blocks[row]} blocks` : ""}`],
            ["took", took < 0 ? "still out at the end of the run" : exactWords(took)],
            ["status", c.op_status[row] ? `0x${c.op_status[row].toString(16)}` : "success"]]),
      h("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Attempts" },
        h("table", { class: "attempts" },
          h("caption", {}, "Times since the I/O was submitted"),
          h("thead", {}, h("tr", {}, head.map((name) => h("th", { scope: "col" }, name)))),
          h("tbody", {}, body))),
      ...(state ? ruleParts(state) : []),
    ],
    op: row,
  };
}

function spanDetail(run, lane, one) {
  const more = [];
  if (one.state === "fence") {
    more.push(["meant to hold", one.hold ? exactWords(one.hold) : "no time; Cross-Controller Reset"],
              ["ended because", one.how]);
  }
  if (one.state === "exposed") {
    more.push(["the original", `I/O ${one.operation}, attempt ${one.attempt}, over ` +
                               controllerName(run, one.controller)], ["ended because", one.fate]);
  }
  if (one.number) more.push(["attempt", String(one.number)]);
  if (one.error) more.push(["error", String(one.error)]);
  const name = one.state === "fault" ? one.label : one.state === "fence" ? "hold or fence"
    : one.state === "exposed" ? "a stale write could land" : one.state;
  const parts = [rows([...timesOf(run, one.from, one.to), ...more]), ...ruleParts(one.state)];
  const op = one.state === "exposed" ? opRow(run, one.operation) : -1;
  if (op >= 0) parts.unshift(h("p", {}, opButton(run, op)));
  return { title: `${lane.label}: ${name}`, parts };
}

function opButton(run, row) {
  return h("button", { type: "button", class: "plain", onclick: () => openOp(run, row) },
           `All attempts of ${opName(run, row)}`);
}

function eventDetail(run, lane, event) {
  const words = Object.entries(event).filter(([key]) => !["at", "kind", "controller", "a"].includes(key))
    .map(([key, value]) => (key.endsWith("_ns") ? [key.slice(0, -3), exactWords(value)]
                                                : [key.replace(/_/g, " "), String(value)]));
  return { title: `${lane.label}: ${event.kind.replace(/_/g, " ")}`,
           parts: [rows([...timesOf(run, event.at), ...words])] };
}

function dropDetail(run, lane, one) {
  return { title: lane.label, parts: [rows([...timesOf(run, one.at), ["why", one.reason]]),
                                      ...ruleParts("drop")] };
}

function detailOf(run, hit) {
  if (hit.attempt !== undefined) return opDetail(run, run.c.try_op[hit.attempt]);
  if (hit.landing) return opDetail(run, run.c.try_op[hit.landing.attempt]);
  if (hit.mark) return eventDetail(run, hit.lane, hit.mark);
  if (hit.item) return hit.lane.type === "ticks" ? dropDetail(run, hit.lane, hit.item)
                                                 : spanDetail(run, hit.lane, hit.item);
  return null;
}

/// One line for the pointer, and for readers that hear the page.
function hitWords(run, hit) {
  if (!hit) return [];
  const c = run.c;
  if (hit.attempt !== undefined || hit.landing) {
    const i = hit.landing ? hit.landing.attempt : hit.attempt;
    const op = c.try_op[i];
    if (hit.landing)
      return [`${opName(run, op)} lands ${hit.landing.stale ? "stale" : "late"}`,
              exactWords(hit.landing.at)];
    return [`${opName(run, op)}, attempt ${c.try_number[i]}: ${ENDS[c.try_end[i]]}`,
            `${exactWords(run.attempts.sent[i])} to ${exactWords(run.attempts.ended[i])}`,
            exactWords(run.attempts.ended[i] - run.attempts.sent[i])];
  }
  if (hit.mark) return [hit.mark.kind.replace(/_/g, " "), exactWords(hit.mark.at)];
  if (hit.item && hit.lane.type === "ticks")
    return [`packet lost: ${hit.item.reason}`, exactWords(hit.item.at)];
  if (hit.item) {
    const one = hit.item, name = one.label || one.state;
    return one.to > one.from
      ? [name, `${exactWords(one.from)} to ${exactWords(one.to)}`, exactWords(one.to - one.from)]
      : [name, exactWords(one.from)];
  }
  return [hit.lane.label];
}

function showDetail(detail) {
  const box = $("detail");
  box.hidden = !detail;
  if (!detail) {
    box.replaceChildren();
    return;
  }
  box.replaceChildren(
    h("div", { class: "bar" }, h("h2", { id: "detail-title", tabindex: -1 }, detail.title),
      h("button", { type: "button", class: "close", title: "Close (Esc)", onclick: closeDetail },
        "Close")),
    ...detail.parts);
}

/// Opens an I/O, wherever it was named.
function openOp(run, row) {
  state.shown.op = { run, row };
  for (const panel of state.panels) panel.selected = panel.run === run ? row : -1;
  showDetail(opDetail(run, row));
  repaint();
}

function closeDetail() {
  state.shown.op = null;
  for (const panel of state.panels) panel.selected = -1;
  showDetail(null);
  repaint();
  if (state.panels[0]) (state.active || state.panels[0]).canvas.focus();
}
