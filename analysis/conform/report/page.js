// SPDX-License-Identifier: Apache-2.0
// The page: filters, the matrix, and moving about in it.
"use strict";

const state = { model: null, view: { rows: [], columns: [] }, place: null, focus: null };

function start() {
  state.model = unpack(JSON.parse($("data").textContent));
  showHead();
  fillFilters();
  listen();
  render();
  follow();
}

function showHead() {
  const { data, requirements, implementations } = state.model;
  $("extent").textContent =
    `${plural(requirements.length, "requirement")}, ` +
    `${plural(implementations.length, "implementation")}; ${plural(data.probes, "probe")}` +
    `${data.variations ? "," : " and"} ${plural(data.swarm, "drawn scenario")}` +
    (data.variations ? ` and up to ${plural(data.variations, "variation")} of probes` : "") +
    ` for each, seed ${data.seed}; ` +
    `model ${data.model_version}` + (data.complete ? "" : "; stopped before its end");
  const words = {
    sings: "The canary, a check that must fail, failed everywhere: the checker is alive.",
    dead: "The canary, a check that must fail, did not fail: do not believe this report.",
    none: "There is no result of the canary, a check that must fail.",
  };
  $("canary").textContent = words[data.canary];
  $("canary").className = data.canary;
  showChanges();
}

function showChanges() {
  const { model } = state;
  const compared = (model.data.comparisons || []).map(({ with: other }) => other);
  if (compared.length === 0) return;
  const worse = model.changes.filter((change) => change.worse).length;
  const box = $("changes");
  box.hidden = false;
  box.open = worse > 0;
  box.classList.toggle("worse", worse > 0);
  box.querySelector("summary").textContent =
    `Against ${compared.join(" and ")}: ${worse} worse, ${plural(model.changes.length - worse, "other difference")}`;
  box.querySelector("ul").append(...model.changes.map((change) => {
    const name = `${change.requirement} ${change.policy} on ${change.target}`;
    return h("li", {}, change.worse ? h("strong", {}, "worse ") : null,
             change.place ? link(change.place, name) : name,
             ` was ${change.before}, is ${change.after}`);
  }));
}

/// A link to a requirement, an implementation or a cell.
function link(place, text, attributes = {}) {
  return h("a", { href: fragment(state.model, place), ...attributes }, text);
}

function fillFilters() {
  for (const name of FILTERS) {
    const box = document.querySelector(`[data-filter="${name}"]`);
    const all = choices(state.model, name);
    box.append(h("option", { value: "" }, "all"), ...all.map((one) => h("option", {}, one)));
    box.parentElement.hidden = all.length < 2;
  }
  $("order").parentElement.hidden =
    choices(state.model, "policy").length < 2 || choices(state.model, "target").length < 2;
  const options = [[1, "fail"], [0, "pass"], [3, "not exercised"], [2, "not applicable"]];
  if (state.model.changes.length > 0) options.push(["changed", "changed"]);
  $("verdicts").append(...options.map(([value, text]) => h("button", {
    type: "button", "data-verdict": value, "aria-pressed": "false", class: `chip k${value}`,
  }, h("span", { class: `v v${value}`, "aria-hidden": "true" }, SIGNS[value] || "◥"),
     h("b", {}, ""), ` ${text}`)));
}

function filters() {
  const pressed = document.querySelector('#verdicts [aria-pressed="true"]');
  const out = { text: $("find").value, verdict: pressed ? pressed.dataset.verdict : "" };
  for (const box of document.querySelectorAll("[data-filter]")) out[box.dataset.filter] = box.value;
  return out;
}

function listen() {
  $("filters").addEventListener("input", render);
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("reset", () => {
    press(null);
    setTimeout(render);
  });
  $("verdicts").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    press(button.getAttribute("aria-pressed") === "true" ? null : button);
    render();
  });
  $("matrix").addEventListener("click", (event) => {
    const cell = event.target.closest("[data-place]");
    if (cell) open(JSON.parse(cell.dataset.place));
  });
  $("matrix").addEventListener("keydown", onMatrixKey);
  $("matrix").addEventListener("focusin", (event) => rove(event.target));
  document.addEventListener("keydown", onKey);
  addEventListener("hashchange", follow);
  $("theme").addEventListener("click", nextTheme);
  $("help-open").addEventListener("click", () => $("help").showModal());
}

function press(button) {
  for (const one of $("verdicts").children)
    one.setAttribute("aria-pressed", String(one === button));
}

/// The matrix anew.
function render() {
  const { model } = state;
  const chosen = select(model, filters());
  const by = $("order").value;
  state.view = { rows: chosen.rows, columns: ordered(model, chosen.columns, by) };
  const { rows, columns } = state.view;
  // The counts on the buttons are of what the other filters let through.
  const open = select(model, { ...filters(), verdict: "" });
  const counts = count(model, open.rows, open.columns);
  for (const button of $("verdicts").children) {
    const number = counts[button.dataset.verdict];
    button.querySelector("b").textContent = number === undefined ? model.changes.length : number;
  }
  const few = columns.length <= 3;
  $("matrix").classList.toggle("few", few);
  if (rows.length === 0 || columns.length === 0) {
    $("matrix").replaceChildren(h("p", { class: "nothing" }, "Nothing passes these filters."));
    return;
  }
  const table = h("table", { role: "grid" }, tableHead(rows, columns, by, few));
  const body = h("tbody");
  rows.forEach((r, at) => body.append(tableRow(r, columns, few,
    at > 0 && model.requirements[r].family !== model.requirements[rows[at - 1]].family)));
  table.append(body);
  $("matrix").replaceChildren(table);
  mark();
}

function tableHead(rows, columns, by, few) {
  const { model } = state;
  const other = by === "target" ? "policy" : "target";
  const first = h("tr", {}, h("th", { rowspan: 3, class: "corner" },
    `${plural(rows.length, "requirement")} × ${plural(columns.length, "implementation")}`));
  const second = h("tr"), third = h("tr", { class: "sums" });
  columns.forEach((i, at) => {
    const one = model.implementations[i];
    const begins = at === 0 || model.implementations[columns[at - 1]][by] !== one[by];
    if (begins) {
      const wide = columns.filter((j) => model.implementations[j][by] === one[by]).length;
      first.append(h("th", { colspan: wide, class: "group", scope: "colgroup", title: one[by] },
                     h("span", {}, one[by])));
    }
    const failed = count(model, rows, [i])[FAIL];
    second.append(h("th", {
      scope: "col", class: `name${begins ? " begins" : ""}`, tabindex: -1, title: one.name,
      "data-place": JSON.stringify({ r: -1, i }),
    }, h("span", {}, one[other])));
    third.append(h("td", { class: begins ? "begins" : "", title: `${one.name}: ${failed} fail` },
                   few ? `${failed} fail` : failed || ""));
  });
  return h("thead", {}, first, second, third);
}

function tableRow(r, columns, few, begins) {
  const { model } = state;
  const requirement = model.requirements[r];
  const row = h("tr", { class: begins ? "family" : "" }, h("th", {
    scope: "row", tabindex: -1, "data-place": JSON.stringify({ r, i: -1 }),
    title: requirement.text,
  }, h("span", { class: "id" }, requirement.id), h("span", { class: "title" }, requirement.title),
     h("span", { class: `kind ${requirement.kind}` }, requirement.kind)));
  columns.forEach((i, at) => {
    const before = at > 0 ? model.implementations[columns[at - 1]] : null;
    const one = model.implementations[i];
    const by = $("order").value;
    const cell = model.cells[r][i];
    const attributes = { class: before && before[by] === one[by] ? "" : "begins" };
    if (!cell) {
      row.append(h("td", attributes));
      return;
    }
    const words = `${requirement.id}, ${one.name}: ${VERDICTS[cell.verdict]}`;
    attributes.class += ` v v${cell.verdict}${cell.change ? " changed" : ""}`;
    row.append(h("td", {
      ...attributes, tabindex: -1, "data-place": JSON.stringify({ r, i }), title: words,
      "aria-label": words,
    }, few ? longCell(cell) : SIGNS[cell.verdict]));
  });
  return row;
}

/// With few columns there is room to say what happened.
function longCell(cell) {
  const text = cell.verdict === FAIL && cell.incident ? cell.incident.text : cell.why || "";
  return [h("b", {}, `${SIGNS[cell.verdict]} ${VERDICTS[cell.verdict]}`),
          text ? h("span", {}, text) : null];
}

/// One cell of the grid can be reached by Tab; arrows lead to the others.
function rove(element) {
  const cell = element.closest("[data-place]");
  if (!cell) return;
  for (const one of $("matrix").querySelectorAll('[tabindex="0"]')) one.tabIndex = -1;
  cell.tabIndex = 0;
  state.focus = cell.dataset.place;
}

/// The open place, and the way into the grid by Tab.
function mark() {
  const grid = $("matrix");
  for (const one of grid.querySelectorAll(".open")) one.classList.remove("open");
  const key = state.place && JSON.stringify(state.place);
  const cell = key && grid.querySelector(`[data-place='${key}']`);
  if (cell) cell.classList.add("open");
  const way = cell || grid.querySelector(`[data-place='${state.focus}']`) ||
              grid.querySelector("td[data-place]");
  if (way) rove(way);
}

function onMatrixKey(event) {
  const cell = event.target.closest("[data-place]");
  if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    open(JSON.parse(cell.dataset.place));
    return;
  }
  const { r, i } = JSON.parse(cell.dataset.place);
  const rows = [-1, ...state.view.rows], columns = [-1, ...state.view.columns];
  let row = rows.indexOf(r), column = columns.indexOf(i);
  const moves = {
    ArrowUp: () => --row, ArrowDown: () => ++row, ArrowLeft: () => --column,
    ArrowRight: () => ++column, Home: () => (column = 0), End: () => (column = columns.length - 1),
    PageUp: () => (row -= 15), PageDown: () => (row += 15),
  };
  if (!(event.key in moves)) return;
  event.preventDefault();
  moves[event.key]();
  row = Math.min(Math.max(row, 0), rows.length - 1);
  column = Math.min(Math.max(column, 0), columns.length - 1);
  const place = JSON.stringify({ r: rows[row], i: columns[column] });
  const next = $("matrix").querySelector(`[data-place='${place}']`);
  if (next) next.focus();
}

function onKey(event) {
  const typing = event.target.closest("input, select, dialog");
  if (event.key === "Escape" && !$("help").open) close();
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    event.preventDefault();
    $("find").focus();
  } else if (event.key === "n" || event.key === "p") {
    const next = neighbour(state.model, state.view, state.place, event.key === "n" ? 1 : -1);
    if (next) open(next);
  } else if (event.key === "?") {
    $("help").showModal();
  }
}

/// Opens by the address, so that going back and a link do the same.
function open(place) {
  const wanted = fragment(state.model, place);
  if (location.hash === wanted) follow();
  else location.hash = wanted;
}

function close() {
  if ($("detail").hidden) return;
  history.pushState(null, "", location.pathname + location.search);
  follow();
  const cell = $("matrix").querySelector('[tabindex="0"]');
  if (cell) cell.focus();
}

function follow() {
  state.place = placeFrom(state.model, location.hash);
  showDetail(state.place);
  mark();
  const cell = $("matrix").querySelector(".open");
  if (cell) cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}
