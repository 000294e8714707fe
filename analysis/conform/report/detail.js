// SPDX-License-Identifier: Apache-2.0
// What is opened beside the matrix: a requirement, an implementation, or a cell with its incident.
"use strict";

function showDetail(place) {
  const box = $("detail");
  box.hidden = !place;
  document.body.classList.toggle("with-detail", !!place);
  if (!place) {
    box.replaceChildren();
    return;
  }
  const parts = place.i < 0 ? requirementDetail(place.r)
              : place.r < 0 ? implementationDetail(place.i) : cellDetail(place.r, place.i);
  const bar = h("div", { class: "bar" },
    h("button", { type: "button", title: "Previous failure (p)", onclick: () => step(-1) }, "‹ prev"),
    h("button", { type: "button", title: "Next failure (n)", onclick: () => step(1) }, "next ›"),
    copyButton("Copy link", () => location.href),
    h("button", { type: "button", class: "close", title: "Close (Esc)", onclick: close }, "Close"));
  box.replaceChildren(bar, ...parts);
  box.scrollTop = 0;
}

function step(by) {
  const next = neighbour(state.model, state.view, state.place, by);
  if (next) open(next);
}

/// What the requirement says and where it comes from.
function about(r) {
  const one = state.model.requirements[r];
  const facts = [
    ["Source", one.source], ["Kind", one.kind], ["Kept by", one.party],
    ["Confidence", one.confidence],
    ["Transports", one.transports.length ? one.transports.join(", ") : "all"],
    ["Presupposes", one.when.length ? one.when.join(", ") : null],
    ["Notes", one.protocol ? `docs/protocol.md ${one.protocol}` : null],
    ["Timing", one.timing ? "sensitive to timing: checked under drawn scenarios" : null],
  ].filter(([, value]) => value);
  return [h("p", { class: "text" }, one.text),
          h("dl", { class: "facts" }, facts.map(([name, value]) =>
            [h("dt", {}, name), h("dd", {}, value)]))];
}

const badge = (verdict) =>
  h("span", { class: `v v${verdict} badge` }, `${SIGNS[verdict]} ${VERDICTS[verdict]}`);

function requirementDetail(r) {
  const { model } = state;
  const one = model.requirements[r];
  const out = [h("h2", {}, h("span", { class: "id" }, one.id), ` ${one.title}`), ...about(r)];
  for (const verdict of [FAIL, NOT_EXERCISED, PASS, NOT_APPLICABLE]) {
    const found = model.implementations.filter((i) => {
      const cell = model.cells[r][i.index];
      return cell && cell.verdict === verdict;
    });
    if (found.length === 0) continue;
    out.push(h("h3", {}, badge(verdict), ` ${plural(found.length, "implementation")}`),
             h("ul", { class: "places" }, found.map((i) => h("li", {},
               link({ r, i: i.index }, i.name)))));
  }
  return out;
}

function implementationDetail(i) {
  const { model } = state;
  const one = model.implementations[i];
  const out = [h("h2", {}, one.name)];
  for (const verdict of [FAIL, NOT_EXERCISED, PASS, NOT_APPLICABLE]) {
    const found = model.requirements.filter((r) => {
      const cell = model.cells[r.index][i];
      return cell && cell.verdict === verdict;
    });
    if (found.length === 0) continue;
    out.push(h("h3", {}, badge(verdict), ` ${plural(found.length, "requirement")}`),
             h("ul", { class: "places" }, found.map((r) => h("li", {},
               link({ r: r.index, i }, `${r.id} ${r.title}`)))));
  }
  return out;
}

function cellDetail(r, i) {
  const { model } = state;
  const requirement = model.requirements[r];
  const implementation = model.implementations[i];
  const cell = model.cells[r][i];
  const out = [
    h("h2", {}, h("span", { class: "id" }, link({ r, i: -1 }, requirement.id)),
      ` ${requirement.title}`),
    h("p", { class: "verdict" }, cell ? badge(cell.verdict) : null, " ",
      link({ r: -1, i }, implementation.name)),
  ];
  if (!cell) return [...out, h("p", {}, "There is no result.")];
  if (cell.change) {
    out.push(h("p", { class: "change" },
               `${cell.change.worse ? "Worse: it" : "It"} was ${cell.change.before}, is ` +
               `${cell.change.after}.`));
  }
  out.push(...verdictWords(cell));
  if (cell.incident) out.push(...incidentDetail(cell.incident));
  out.push(h("h3", {}, "The requirement"), ...about(r), ...elsewhere(r, i));
  return out;
}

function verdictWords(cell) {
  if (cell.verdict === NOT_APPLICABLE) return [h("p", {}, `Not applicable: it ${cell.why}.`)];
  if (cell.verdict === NOT_EXERCISED)
    return [h("p", {}, "No scenario came to the point, so nothing is known. This is no pass.")];
  const came = `${plural(cell.scenarios, "scenario")} came to the point, on ` +
               `${plural(cell.occasions, "occasion")}`;
  if (cell.verdict === PASS) return [h("p", {}, `${came}; it was kept every time.`)];
  const out = [];
  if (cell.incident) out.push(h("p", { class: "breach" }, cell.incident.text));
  if (cell.expected) out.push(h("p", { class: "expected" }, "Expected: ", cell.expected));
  out.push(h("p", {}, `${came}; ${cell.failed} failed.`));
  return out;
}

function incidentDetail(incident) {
  if (incident.document === undefined) {
    return [h("p", {}, `Found in ${incident.found_in}. The run was stopped before this scenario was ` +
                       "made small.")];
  }
  const scenario = documentOf(state.model, incident);
  const text = `${JSON.stringify(scenario, null, 2)}\n`;
  const name = incident.file.replace(/^.*\//, "");
  const command = `holdfast run ${incident.file}`;
  const faults = scenario.faults || [];
  return [
    h("h3", {}, "Smallest scenario that fails"),
    h("ul", { class: "faults" },
      faults.map((fault) => h("li", {}, faultWords(fault))),
      faults.length === 0 ? h("li", {}, "no fault") : null,
      h("li", {}, `${plural(scenario.hosts.length, "host")}, ` +
                  `${timeWords(scenario.duration)} of simulated time; found in ` +
                  `${incident.found_in}`)),
    h("div", { class: "replay" }, h("code", {}, command), copyButton("Copy", () => command)),
    h("p", { class: "note" }, "From the folder of the report, with holdfast on the PATH; or ",
      h("button", { type: "button", class: "plain", onclick: () => save(name, text) },
        "save the scenario"), " first."),
    ...timelineDetail(incident),
    h("details", { class: "document" }, h("summary", {}, `The scenario, ${name}`),
      h("div", { class: "code" }, copyButton("Copy", () => text), h("pre", {}, text))),
  ];
}

function timelineDetail(incident) {
  const line = timelineOf(state.model, incident);
  if (line.moments.length === 0) return [];
  const early = line.moments.filter((one) => one.early);
  // An instant is told in full once; what happens at the same instant stands below it.
  const same = (one) => {
    const before = line.moments[line.moments.indexOf(one) - 1];
    return before && !one.breach && before.at.toFixed(6) === one.at.toFixed(6) ? " same" : "";
  };
  const row = (one) => h("tr", { class: `${one.kind}${one.breach ? " at-breach" : ""}${same(one)}` },
    h("td", { class: "t" }, one.at.toFixed(6)),
    h("td", { class: "t since" }, one.early ? "" : `+${(one.at - line.origin).toFixed(6)}`),
    h("td", { class: "who" }, one.breach ? "✗ breach" : one.who), h("td", {}, one.text));
  const body = h("tbody", {}, line.moments.filter((one) => !one.early).map(row));
  const before = h("tbody", { hidden: early.length > 0 && early.length < line.moments.length },
                   early.map(row));
  const more = before.hidden && h("tbody", {}, h("tr", {}, h("td", { colspan: 4 },
    h("button", { type: "button", class: "plain", onclick: () => {
      before.hidden = false;
      more.remove();
    } }, `Show ${plural(early.length, "moment")} before the first fault`))));
  return [
    h("h3", {}, "Timeline"), lanes(line),
    h("table", { class: "timeline" },
      h("thead", {}, h("tr", {}, ["at (s)", "after fault (s)", "who", "what"].map((name) =>
        h("th", { scope: "col" }, name)))), more || null, before, body),
  ];
}

function svg(tag, attributes, ...children) {
  const out = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) out.setAttribute(key, value);
  out.append(...children);
  return out;
}

/// The timeline as a picture: a lane for each who, a line at the breach.
function lanes(line) {
  const left = 118, width = 640, lane = 19, top = 8;
  const length = line.to - line.from || 1;
  const x = (at) => left + 8 + ((at - line.from) / length) * (width - left - 24);
  const bottom = top + line.lanes.length * lane;
  const out = svg("svg", { viewBox: `0 0 ${width} ${bottom + 22}`, class: "lanes", role: "img",
                           "aria-label": "The timeline as a picture; the table below says the same" });
  line.lanes.forEach((who, at) => {
    const y = top + at * lane + lane / 2;
    out.append(svg("text", { x: left, y: y + 4, class: "lane", "text-anchor": "end" }, who),
               svg("line", { x1: left + 6, x2: width - 8, y1: y, y2: y, class: "rail" }));
  });
  if (line.breach !== null) {
    out.append(svg("line", { x1: x(line.breach), x2: x(line.breach), y1: 2, y2: bottom,
                             class: "breach-line" }));
  }
  for (const one of line.moments) {
    if (one.early || one.breach) continue;
    const y = top + line.lanes.indexOf(one.who) * lane + lane / 2;
    out.append(svg("circle", { cx: x(one.at), cy: y, r: 4.5, class: `dot ${one.kind}` },
                   svg("title", {}, `${one.at.toFixed(6)} s ${one.who}: ${one.text}`)));
  }
  for (const [at, anchor] of [[line.from, "start"], [line.to, "end"]]) {
    out.append(svg("text", { x: anchor === "start" ? left + 8 : width - 8, y: bottom + 15,
                             class: "tick", "text-anchor": anchor }, `${at.toFixed(3)} s`));
  }
  return out;
}

/// Where else this requirement fails, and what else this implementation fails.
function elsewhere(r, i) {
  const { model } = state;
  const failed = (a, b) => model.cells[a][b] && model.cells[a][b].verdict === FAIL;
  const others = model.implementations.filter((one) => one.index !== i && failed(r, one.index));
  const more = model.requirements.filter((one) => one.index !== r && failed(one.index, i));
  const list = (title, places) => (places.length === 0 ? [] : [
    h("h3", {}, title), h("ul", { class: "places" }, places.map((one) => h("li", {}, one)))]);
  return [
    ...list("Others that fail it", others.map((one) => link({ r, i: one.index }, one.name))),
    ...list("What else this implementation fails", more.map((one) =>
      link({ r: one.index, i }, `${one.id} ${one.title}`))),
  ];
}
