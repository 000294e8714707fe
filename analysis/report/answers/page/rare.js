// SPDX-License-Identifier: Apache-2.0
// The parts of an estimate: levels, repetitions, what it has cost, worlds that failed.
"use strict";

/// Of each level the chance to come from it to the next one, and how probable it is to come to it.
function levelRows(levels) {
  let so_far = 1;
  return levels.map((one, i) => {
    const row = { level: i + 1, importance: one.importance, tried_count: one.tried_count,
                  reached_count: one.reached_count, chance: one.chance };
    so_far = one.chance === null ? null : so_far === null ? null : so_far * one.chance;
    return { ...row, probability: so_far, leads_to: one.importance === null ? "the event" : `level ${i + 2}` };
  });
}

function rareParts(document) {
  const rows = levelRows(document.levels);
  const out = [part("The estimate", estimateFacts(document))];
  if (rows.length) {
    out.push(part("Levels",
      h("p", { class: "note" }, "Worlds that come nearer to the event are copied there. The product of the chances " +
        "is the probability of coming so far; the last one is that of the event."),
      h("div", { class: "charts" }, [levelChart(document, rows), repetitionChart(document)]),
      tableOf("Levels", rows)));
  }
  out.push(part("Work", workTable(document)));
  out.push(examplesPart(document));
  return out;
}

function estimateFacts(document) {
  const { probability, crude } = document;
  const interval = (p) => (p && NUMERIC(p.low) && NUMERIC(p.high)
    ? `${numberWords(p.low)} to ${numberWords(p.high)} (95 %)` : null);
  return factList([
    ["probability in a failover", !probability ? "nothing was done" : probability.value === 0
      ? `nobody met it${NUMERIC(probability.high) ? `; at most ${numberWords(probability.high)} (95 %)` : ""}`
      : probability.value],
    ["interval", probability && probability.value === 0 ? null : interval(probability)],
    ["crude Monte Carlo", crude ? `${crude.hit_count} of ${crude.run_count} runs; ` +
      (interval(crude.probability) || "no interval") : "was not run"],
    ["gain over it", NUMERIC(document.gain)
      ? `it would need ${numberWords(Number(document.gain.toPrecision(3)))} times the events for the same error`
      : "is not known"],
    ["come from", plural(document.ancestor_count, "different beginning")],
    ["repetitions", `${document.repetition_count}, of which ${document.zero_count} met nothing`],
    ["worlds that begin in each", document.effort_count],
    ["method", document.method], ["seed", document.seed], ["ended", document.ended]]);
}

function levelChart(document, rows) {
  const says = (row) => [`level ${row.level}, leads to ${row.leads_to}`,
    ...(row.importance === null ? [] : [`importance ${numberWords(row.importance)}`]),
    `${numberWords(row.reached_count)} of ${numberWords(row.tried_count)} came on: ${numberWords(row.chance)}`,
    `probability so far ${numberWords(row.probability)}`];
  const marks = [];
  const p = document.probability;
  if (p && p.value > 0) marks.push({ axis: "y", at: p.value, words: `estimate ${numberWords(p.value)}`, tone: "bad" });
  return makeChart({
    label: "How far they come: probability by level", x: { name: "level", log: false },
    y: { name: "probability", log: true, high: 1 },
    series: [
      { name: "chance of the next level", colour: 2, shape: "diamond",
        points: rows.map((row) => ({ x: row.level, y: row.chance, says: says(row) })) },
      { name: "probability of coming so far", colour: 0, line: true,
        points: rows.map((row) => ({ x: row.level, y: row.probability, says: says(row) })) }],
    marks });
}

function repetitionChart(document) {
  if (document.repetitions.every((one) => one === 0)) return [];
  const p = document.probability, marks = [];
  if (p && p.value > 0) {
    marks.push({ axis: "y", at: p.value, words: "mean" });
    if (NUMERIC(p.low) && p.low > 0) marks.push({ axis: "y", at: p.low, words: "95 %, low" });
    if (NUMERIC(p.high) && p.high > 0) marks.push({ axis: "y", at: p.high, words: "95 %, high" });
  }
  const none = document.repetitions.filter((one) => one === 0).length;
  return makeChart({
    label: `Independent repetitions${none ? `; ${none} met nothing and are not shown` : ""}`,
    x: { name: "repetition", log: false }, y: { name: "estimate", log: true },
    series: [{ name: "", colour: 1, points: document.repetitions.map((one, i) =>
      ({ x: i + 1, y: one, says: [`repetition ${i + 1}`, `estimate ${numberWords(one)}`] })) }],
    marks });
}

function workTable(document) {
  const of = (what, work) => (work ? [{ of: what, root_count: work.root_count, copy_count: work.copy_count,
                                        event_count: work.event_count }] : []);
  return tableOf("Work", [...of("repetitions and pilot", document.work), ...of("the pilot alone", document.pilot_work),
                          ...of("crude Monte Carlo", document.crude && document.crude.work)]);
}

function examplesPart(document) {
  const { examples } = document, chosen = h("div", { "aria-live": "polite" });
  if (!examples.length) return part("Worlds that failed", h("p", {}, "None was met."));
  const show = (place) => {
    const one = examples[place];
    chosen.replaceChildren(h("h4", {}, String(one.scenario.name)), ...scenarioBox(one.scenario, one.trace_hash));
  };
  const rows = examples.map((one, i) => [one.scenario ? String(one.scenario.name) : `world ${i + 1}`, one.trace_hash,
                                         one.choices_count]);
  const left = document.examples_left_out_count;
  return part("Worlds that failed",
    h("p", { class: "note" }, "Of other beginnings each, with all choices, so that each can be run again."),
    left ? h("p", { class: "note" }, `Of ${left} of them the page has the hash only: they are large.`) : null,
    factTable("Worlds that failed", ["name", "trace_hash", "choices_count"], rows, (place) => (examples[place].scenario
      ? h("button", { type: "button", onclick: () => show(place) }, "Show") : null)), chosen);
}
