// SPDX-License-Identifier: Apache-2.0
// The parts of a recommendation: the frontier, the rule of thumb beside it, what binds.
"use strict";

function sizeParts(document) {
  const { goal, frontier, rule_of_thumb: rule, recommended: best } = document;
  const kinds = [["frontier", frontier, { colour: 0, line: true }],
                 ["rule of thumb", [rule], { colour: 1, shape: "diamond" }],
                 ...(best ? [["recommended", [best], { colour: 2, shape: "ring" }]] : [])];
  const says = (one) => [`KATO ${numberWords(one.kato_s)} s, CQT ${numberWords(one.cqt_s)} s`,
    `keep alive by ${one.keep_alive}`, `risk ${numberWords(one.risk_probability)}`,
    `stall ${numberWords(one.stall_s)} s`];
  const chart = (label, key, y, marks) => makeChart({ label, x: { name: "KATO (s)", log: false }, y, marks,
    series: kinds.map(([name, points, look]) => ({ name, ...look,
      points: points.map((one) => ({ x: one.kato_s, y: one[key], says: says(one) })) })) });
  const rows = [...kinds.slice(1).reverse(), kinds[0]].flatMap(([what, points]) => points.map((one) => ({ what, keep_alive: one.keep_alive,
    kato_s: one.kato_s, cqt_s: one.cqt_s, risk_probability: one.risk_probability, stall_s: one.stall_s })));
  return [
    part("The frontier",
      h("p", { class: "note" }, "Each KATO with the least CQT that the risk asks for beside it. Longer KATOs forgive " +
        "more to the network; the longest one within the stall is recommended."),
      h("div", { class: "charts" },
        chart("Stall against KATO", "stall_s", { name: "stall (s)", low: 0, log: false },
              [{ axis: "y", at: goal.stall_s, words: `asked for: ${numberWords(goal.stall_s)} s`, tone: "bad" }]),
        chart("Risk against KATO", "risk_probability", { name: "probability of exposure", log: true },
              [{ axis: "y", at: goal.risk_probability, words: `asked for: ${numberWords(goal.risk_probability)}`,
                 tone: "bad" }])),
      tableOf("Settings", rows)),
    part("The run of a point", runBox(document.name, rows)),
    part("What binds", factList([
      ["binds", bindsWords(document.binds)],
      ["slack of the stall", document.slack && `${numberWords(document.slack.stall_s)} s`],
      ["the risk is smaller by a factor of", document.slack && document.slack.risk_ratio],
      ["CQT, at least", best && `${numberWords(best.cqt_s)} s`],
      ["CQT, at most within the stall", best && `${numberWords(best.cqt_most_s)} s`],
      ["I/O timeout, at least", best && `${numberWords(best.io_timeout_s)} s`],
      ["reconnect delay, at least", best && `${numberWords(best.reconnect_delay_s)} s`],
      ["Cross-Controller Reset", best && (best.ccr ? "asked for first" : "not there")],
      ["a stall that would do", document.needs && NUMERIC(document.needs.stall_s)
        ? `${numberWords(document.needs.stall_s)} s` : null],
      ["a risk that would do", document.needs && document.needs.risk_probability],
      ["evaluations of the risk", document.evaluation_count]])),
  ];
}

/// A point is chosen, and the command is there that makes the page of its run.
function runBox(name, rows) {
  const commandOf = (one) => ["holdfast report", wordOf(name),
    `--set '/hosts/*/connect/*/keep_alive_tmo=${one.kato_s}s'`, `--set '/subsystems/*/attr_cqt=${one.cqt_s}s'`,
    `--set '/subsystems/*/traffic_based_keep_alive=${one.keep_alive === "traffic"}'`, "--out page.html"].join(" ");
  const code = h("code", { tabindex: 0 }, rows.length ? commandOf(rows[0]) : "");
  const box = h("select", { onchange: () => { code.textContent = commandOf(rows[Number(box.value)]); } },
    rows.map((one, i) => h("option", { value: i },
      `${one.what}: KATO ${numberWords(one.kato_s)} s, CQT ${numberWords(one.cqt_s)} s, keep alive by ${one.keep_alive}`)));
  return [h("label", {}, "Settings ", box),
    h("div", { class: "replay" }, code, copyButton("Copy", () => code.textContent)),
    h("p", { class: "note" }, "It runs a bundled scenario by its name; of your own, write the file instead.")];
}

/// A word as a shell takes it.
function wordOf(text) {
  return /^[\w.\/-]+$/.test(text) ? text : `'${String(text).replace(/'/g, "'\\''")}'`;
}

function bindsWords(binds) {
  return { stall: "the stall: the next KATO holds for too long by itself",
           both: "both: the next KATO, with the CQT that the risk asks for, stalls for too long",
           cqt_field: "the CQT field: the risk asks for more than 65.535 s",
           kato_limit: "nothing within ten minutes of KATO" }[binds] || (binds ? String(binds) : "no setting is feasible");
}
