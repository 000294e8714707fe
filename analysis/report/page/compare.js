// SPDX-License-Identifier: Apache-2.0
// Runs against the first of them, what the other policies would have done, and tables that say the
// same as the picture.
"use strict";

const SECONDS = (value) => spanWords(value * 1e9);
const PLAIN = (value) => Number(value.toPrecision(6)).toLocaleString("en", { maximumFractionDigits: 3 });
const LESS = -1, MORE = 1, NEUTRAL = 0;
/// A difference below this part of the larger value is none.
const THRESHOLD = 0.01;

/// [what, where in the document or how, better if, words]
const METRICS = [
  ["verdict", (d) => d.integrity.verdict, NEUTRAL, String],
  ["stale writes", "/integrity/stale_writes", LESS, PLAIN],
  ["stale reads", "/integrity/stale_reads", LESS, PLAIN],
  ["lost writes", "/integrity/lost_writes", LESS, PLAIN],
  ["commands that took effect twice", "/integrity/duplicate_effects", LESS, PLAIN],
  ["longest exposure", "/exposure/max_s", LESS, SECONDS],
  ["total exposure", "/exposure/total_s", LESS, SECONDS],
  ["windows of exposure", "/exposure/intervals", LESS, PLAIN],
  ["longest stall", "/io/longest_stall_s", LESS, SECONDS],
  ["slowest read", "/io/read/slowest_s", LESS, SECONDS],
  ["slowest write", "/io/write/slowest_s", LESS, SECONDS],
  ["write latency, median", "/io/write/lat_us/p50", LESS, (us) => spanWords(us * 1e3)],
  ["write latency, 99 %", "/io/write/lat_us/p99", LESS, (us) => spanWords(us * 1e3)],
  ["write latency, 99.9 %", "/io/write/lat_us/p999", LESS, (us) => spanWords(us * 1e3)],
  ["read latency, median", "/io/read/lat_us/p50", LESS, (us) => spanWords(us * 1e3)],
  ["read latency, 99 %", "/io/read/lat_us/p99", LESS, (us) => spanWords(us * 1e3)],
  ["read latency, 99.9 %", "/io/read/lat_us/p999", LESS, (us) => spanWords(us * 1e3)],
  ["I/O per second before the fault", "/io/before_fault/iops", MORE, PLAIN],
  ["I/O per second during the fault", "/io/during_fault/iops", MORE, PLAIN],
  ["failed writes", "/io/write/errors", LESS, PLAIN],
  ["failed reads", "/io/read/errors", LESS, PLAIN],
  ["fault to detection", (d) => longest(d, "fault_s", "detected_s"), LESS, SECONDS],
  ["detection to release", (d) => longest(d, "detected_s", "released_s"), LESS, SECONDS],
  ["release to first retry done", (d) => longest(d, "released_s", "first_retry_done_s"), LESS, SECONDS],
  ["detection to reconnect", (d) => longest(d, "detected_s", "reconnected_s"), LESS, SECONDS],
  ["paths given up", (d) => d.recovery.length, LESS, PLAIN],
  ["keep-alive timers of targets expired", "/target/expiries", NEUTRAL, PLAIN],
  ["packets", "/sim/packets", NEUTRAL, PLAIN],
  ["packets lost", "/sim/dropped", NEUTRAL, PLAIN],
];

function longest(document, from, to) {
  const all = document.recovery.filter((one) => from in one && to in one).map((one) => one[to] - one[from]);
  return all.length ? Math.max(...all) : undefined;
}

function valueAt(document, where) {
  if (typeof where === "function") return where(document);
  return where.slice(1).split("/").reduce((part, key) => (part ? part[key] : undefined), document);
}

/// How a value differs from the first run's: {changed, better (1, 0, -1), words}.
function difference(value, base, better, words) {
  if (value === undefined && base === undefined) return { changed: false, better: 0, words: "" };
  if (typeof value !== "number" || typeof base !== "number") {
    const changed = value !== base;
    const order = ["corrupt", "not judged", "ok"];
    const rank = changed && order.includes(value) && order.includes(base)
      ? Math.sign(order.indexOf(value) - order.indexOf(base)) : 0;
    return { changed, better: rank, words: "" };
  }
  const by = value - base, size = Math.max(Math.abs(value), Math.abs(base));
  if (size === 0 || Math.abs(by) <= THRESHOLD * size) return { changed: false, better: 0, words: "" };
  const sign = by > 0 ? "+" : "−";
  const part = base === 0 || value === 0 ? "" : Math.abs(by / base) < 10
    ? `, ${sign}${Math.round(Math.abs(by / base) * 100)} %`
      : `, × ${Number((value / base).toPrecision(2)).toLocaleString("en")}`;
  return { changed: true, better: Math.sign(by) * better, words: `${sign}${words(Math.abs(by))}${part}` };
}

/// [{name, cells: [{text, changed, better, words}], changed}], those that differ first.
function differencesOf(runs) {
  const rows = METRICS.map(([name, where, better, words]) => {
    const values = runs.map((run) => valueAt(run.document, where));
    const cells = values.map((value, i) => ({
      text: value === undefined || value === null ? "–" : words(value),
      ...(i === 0 ? { changed: false, better: 0, words: "" }
                  : difference(value, values[0], better, words)),
    }));
    return { name, cells, changed: cells.some((one) => one.changed),
             there: values.some((one) => one !== undefined && one !== null) };
  }).filter((row) => row.there);
  return [...rows.filter((row) => row.changed), ...rows.filter((row) => !row.changed)];
}

/// Settings that are not the same everywhere: [[path, values]].
function settingsOf(runs) {
  const flat = runs.map((run) => {
    const out = new Map();
    const walk = (value, path) => {
      if (value !== null && typeof value === "object") {
        for (const [key, one] of Object.entries(value)) walk(one, `${path}/${key}`);
      } else {
        out.set(path, value);
      }
    };
    const { name, description, expect, ...rest } = run.scenario;
    walk(rest, "");
    return out;
  });
  const paths = [...new Set(flat.flatMap((one) => [...one.keys()]))];
  return paths.map((path) => [path, flat.map((one) => one.get(path))])
    .filter(([, values]) => values.some((value) => value !== values[0]));
}

const BETTER = { 1: ["better", "▲ "], "-1": ["worse", "▼ "], 0: ["", ""] };

function showComparison(runs) {
  if (runs.length < 2) return;
  const box = $("differences");
  box.hidden = false;
  const rows = differencesOf(runs);
  const head = h("tr", {}, h("th", { scope: "col" }, "measure"), runs.map((run) => h("th", { scope: "col" },
    h("span", { class: "letter" }, run.letter), ` ${run.document.name}`, h("br"),
    h("span", { class: "policy" }, run.policies))));
  const line = (row) => h("tr", {}, h("th", { scope: "row" }, row.name), row.cells.map((cell) => {
    const [name, sign] = BETTER[cell.better];
    return h("td", { class: cell.changed ? name || "other" : "" }, h("b", {}, cell.text),
      cell.changed && cell.words ? h("span", { class: "delta" }, ` ${sign}${cell.words}`,
        name ? h("span", { class: "hidden" }, ` ${name}`) : null) : null);
  }));
  const same = rows.filter((row) => !row.changed), other = rows.filter((row) => row.changed);
  const more = h("tbody", { hidden: true, id: "same" }, same.map(line));
  const button = h("button", { type: "button", "aria-expanded": "false", onclick: () => {
    more.hidden = !more.hidden;
    button.setAttribute("aria-expanded", String(!more.hidden));
  } }, `${plural(same.length, "measure")} within 1 %`);
  box.append(
    h("p", { class: "note" }, "Against run A; ▲ better, ▼ worse. Differences up to 1 % count as none."),
    h("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Table of differences" },
      h("table", { class: "deltas" }, h("thead", {}, head), h("tbody", {}, other.map(line)), more)),
    same.length ? button : null, ...settingsParts(runs), ...tailParts(runs));
}

function settingsParts(runs) {
  const settings = settingsOf(runs);
  if (settings.length === 0) return [h("p", {}, "All settings are the same.")];
  const shown = settings.slice(0, 40);
  const words = (value) => (value === undefined ? "–" : String(value));
  return [h("details", { class: "settings" },
    h("summary", {}, `${plural(settings.length, "setting")} differ${settings.length === 1 ? "s" : ""}: ` +
      settings.slice(0, 3).map(([path]) => path).join(", ") + (settings.length > 3 ? ", …" : "")),
    h("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Settings" },
      h("table", { class: "deltas" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "setting"),
        runs.map((run) => h("th", { scope: "col" }, run.letter)))), h("tbody", {}, shown.map(([path, values]) =>
        h("tr", {}, h("th", { scope: "row" }, path), values.map((value) => h("td", {}, words(value)))))))),
    settings.length > shown.length ? h("p", { class: "note" },
      `${settings.length - shown.length} more are not shown.`) : null)];
}

function tailParts(runs) {
  const canvas = h("canvas", { class: "tails", role: "img",
    "aria-label": "How large a part of the I/O took at least so long, for each run; the table above " +
                  "has percentiles" });
  const draw = () => paintTails(canvas, runs, coloursNow());
  addEventListener("resize", draw);
  $("theme").addEventListener("click", draw);
  requestAnimationFrame(draw);
  return [h("h3", {}, "Latencies over each other: what part of the I/O took at least so long"), canvas,
          h("ul", { class: "keys-of-runs" }, runs.map((run, i) => h("li", {},
            h("span", { class: "swatch", style: `background: var(--p${i % PATH_COLOURS})` }),
            `${run.letter} ${run.document.name}, ${run.policies}`)))];
}

function showPrevented(runs) {
  const [run] = runs.filter((one) => one.what_if);
  if (!run) return;
  const box = $("prevented");
  box.hidden = false;
  const head = ["policy", "verdict", "stale writes", "exposure", "longest stall", "slowest read", "held for",
                "I/O done"];
  const seconds = (value) => (value === undefined ? "–" : SECONDS(value));
  const line = (row) => {
    const safe = row.verdict === "ok" && row.exposure_s === 0;
    if (row.error)
      return h("tr", {}, h("th", { scope: "row" }, row.policy), h("td", { colspan: 7 }, row.error));
    return h("tr", { class: row.own ? "own" : "" },
      h("th", { scope: "row" }, row.policy, row.own ? " (this run)" : ""),
      h("td", { class: row.verdict === "corrupt" ? "worse" : safe ? "better" : "other" },
        h("b", {}, row.verdict === "ok" && !safe ? "ok, exposed" : row.verdict)),
      [PLAIN(row.stale_writes_count), seconds(row.exposure_s), seconds(row.stall_s),
       seconds(row.slowest_read_s), seconds(row.hold_s), PLAIN(row.completed_count)]
        .map((text) => h("td", {}, text)));
  };
  box.append(
    h("p", { class: "note" }, `The same scenario and seed (${run.document.name}, seed ${run.document.seed}) ` +
      "under each policy that has a name, for all hosts. The stall is what safety costs."),
    h("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Table of policies" },
      h("table", { class: "deltas" },
        h("thead", {}, h("tr", {}, head.map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, run.what_if.map(line)))));
}

const MOST_ROWS = 400;

/// Everything but I/O and keep-alives, in order: [[at, who, what]].
function orderOf(run) {
  const out = [];
  for (const [id, spans] of faultSpans(run)) {
    for (const one of spans) {
      out.push([one.from, "fault", `${run.faults[id].name} begins`]);
      if (one.to > one.from && one.to < run.end_ns) out.push([one.to, "fault", `${run.faults[id].name} ends`]);
    }
  }
  for (const [id, spans] of hostSpans(run))
    for (const one of spans) out.push([one.from, controllerName(run, id), one.state]);
  const quiet = new Set(["keep_alive_sent", "keep_alive_done"]);
  for (const event of run.events) {
    if (quiet.has(event.kind)) continue;
    const who = event.controller !== undefined ? controllerName(run, event.controller)
      : event.cntlid !== undefined ? `controller ${event.cntlid}`
        : HARM.includes(event.kind) ? "data" : "target";
    const words = Object.entries(event)
      .filter(([key]) => !["at", "kind", "controller", "subsystem", "cntlid", "disk", "head"].includes(key))
      .map(([key, value]) => (key.endsWith("_ns") ? `${key.slice(0, -3)} ${spanWords(value)}`
        : key === "token" ? `I/O ${Math.floor(value / 256)}, attempt ${value % 256}`
          : `${key.replace(/_/g, " ")} ${value}`));
    out.push([event.at, who, [event.kind.replace(/_/g, " "), ...words].join(", ")]);
  }
  return out.sort((a, b) => a[0] - b[0]);
}

function showOrder(runs) {
  const box = $("order");
  box.hidden = false;
  for (const run of runs) {
    const all = orderOf(run), told = all.filter((row) => row[0] >= run.origin || all.length < 60);
    const list = told.slice(0, MOST_ROWS);
    box.append(h("details", {},
      h("summary", {}, `${runs.length > 1 ? `${run.letter}: ` : ""}${plural(list.length, "event")}` +
        (told.length < all.length ? " from the fault on" : "") +
        (told.length > list.length ? ` of ${told.length}` : "")),
      h("div", { class: "wide", tabindex: 0, role: "group", "aria-label": `Events of ${run.document.name}` },
        h("table", { class: "order" },
          h("thead", {}, h("tr", {}, ["at", "from the fault", "who", "what"].map((name) =>
            h("th", { scope: "col" }, name)))),
          h("tbody", {}, list.map(([at, who, what]) => h("tr", { class: who === "data" ? "bad" : "" },
            h("td", { class: "t" }, exactWords(at)),
            h("td", { class: "t" }, run.fault === null ? "" : sinceWords(at - run.origin)),
            h("td", {}, who), h("td", {}, what))))))));
  }
}

function showAgain(runs) {
  const box = $("again");
  box.hidden = false;
  for (const run of runs) {
    const name = `${run.document.name}.json`;
    const command = `holdfast run ${/^[\w.-]+$/.test(name) ? name : `'${name.replace(/'/g, "'\\''")}'`}`;
    box.append(h("div", { class: "replay" }, runs.length > 1 ? h("span", { class: "letter" }, run.letter) : null,
      h("code", {}, command), copyButton("Copy", () => command),
      h("button", { type: "button", onclick: () =>
        save(name.replace(/[^\w.-]/g, "_"), `${JSON.stringify(run.scenario, null, 2)}\n`) }, "Save the scenario"),
      h("button", { type: "button", onclick: () =>
        save("result.json", `${JSON.stringify(run.document, null, 2)}\n`) }, "Save the result")),
    h("p", { class: "note" }, `Trace hash ${run.document.trace_hash}, protocol ` +
      `${run.document.trace_hash_protocol}, outcome ${run.document.trace_hash_outcome}; scenario ` +
      `${run.document.scenario_hash}.`));
  }
}
