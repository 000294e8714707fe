// SPDX-License-Identifier: Apache-2.0
// The parts of a search: what was chosen, when it became inevitable, what was tried.
"use strict";

/// Wilson's interval of a share at 95 %.
function wilson(hits, n) {
  const z = 1.959963984540054, z2 = z * z;
  if (!n) return [0, 1];
  const middle = (hits + z2 / 2) / (n + z2);
  const half = (z / (n + z2)) * Math.sqrt((hits * (n - hits)) / n + z2 / 4);
  return [hits === 0 ? 0 : Math.max(0, middle - half), hits === n ? 1 : Math.min(1, middle + half)];
}

function likelihoodRows(likelihood) {
  return likelihood.map((one) => {
    const [low, high] = wilson(one.corrupt_count, one.worlds);
    return { at_s: one.at_s, worlds: one.worlds, corrupt_count: one.corrupt_count,
             share: one.worlds ? one.corrupt_count / one.worlds : null, low, high };
  });
}

function searchParts(document) {
  const { worst } = document, out = [];
  if (worst && worst.deviations.length) {
    out.push(part("What was chosen otherwise", tableOf("Choices", worst.deviations.map(
      ({ says, ...rest }) => rest), ["made_s", "kind", "point", "ordinal", "time_s", "instead_of_s", "happens"])));
  }
  if (worst && worst.aftermath && worst.aftermath.critical && worst.deviations.length) {
    const last = worst.deviations.reduce((a, b) => (b.made_s >= a.made_s ? b : a));
    out.push(part("The critical choice", h("p", {}, h("b", {}, last.says)),
      h("p", { class: "note" }, "The finding is shrunk: without that choice the data is safe, and with it nothing " +
        "within one more deviation saves it.")));
  }
  if (worst && worst.likelihood && worst.likelihood.length)
    out.push(likelihoodPart(worst, likelihoodRows(worst.likelihood)));
  out.push(triedPart(document));
  if (worst) out.push(part("Do it again", scenarioBox(worst.scenario, worst.trace_hash)));
  return out;
}

function likelihoodPart(worst, rows) {
  const marks = worst.deviations.map((one, i) =>
    ({ axis: "x", at: one.made_s, words: worst.deviations.length > 1 ? `choice ${i + 1}` : "the choice" }));
  if (NUMERIC(worst.inevitable_s)) marks.push({ axis: "x", at: worst.inevitable_s, words: "inevitable", tone: "bad" });
  marks.push({ axis: "x", at: worst.seen_s, words: "corruption", tone: "bad" });
  const points = rows.map((one) => ({ x: one.at_s, y: one.share, low: one.low, high: one.high, says: [
    `at ${instantWords(one.at_s)} s`, `${one.corrupt_count} of ${one.worlds} corrupt`,
    `95 %: ${numberWords(one.low)} to ${numberWords(one.high)}`] }));
  return part("When it became inevitable",
    h("p", { class: "note" }, "Copies of this execution go on from each instant with random choices within the " +
      "bounds. These are shares among choices of the adversary, and no probabilities of the real world."),
    makeChart({ label: "Share of executions that corrupt, by the instant from which they go on",
                x: { name: "at (s)" }, y: { name: "share that corrupts", low: 0, high: 1, log: false },
                series: [{ name: "", colour: 4, line: true, band: true, points }], marks }),
    tableOf("Likelihood over time", rows));
}

function triedPart(document) {
  const levels = document.levels.map((one) => ({ deviations: one.deviations, worlds: one.worlds,
                                                 probes: one.probes, exhausted: one.exhausted }));
  const { says, ...bounds } = document.bounds;
  return part("What was tried",
    factList([["within", says], ["executions", document.worlds.toLocaleString("en")], ["beside them, probes", document.probes],
              ["drawn at random", document.walks.worlds || null],
              ["of these left: outside of the bounds", document.walks.outside_count || null],
              ["strategy", document.strategy], ["ended", document.ended],
              ["safe under", document.against]]),
    levels.length ? tableOf("Executions by number of deviations", levels) : null,
    h("details", { class: "code" }, h("summary", {}, "The bounds as the scenario has them"),
      h("pre", { tabindex: 0 }, JSON.stringify(bounds, null, 2))));
}
