// SPDX-License-Identifier: Apache-2.0
// What the pages share: elements, the theme, copying and saving.
"use strict";

const $ = (id) => document.getElementById(id);

/// An element with attributes and children. Text is always set as text, never read as HTML.
function h(tag, attributes = {}, ...children) {
  const out = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) out.addEventListener(key.slice(2), value);
    else out.setAttribute(key, value === true ? "" : value);
  }
  out.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return out;
}

const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

function nextTheme() {
  const order = ["", "light", "dark"];
  const now = document.documentElement.dataset.theme || "";
  document.documentElement.dataset.theme = order[(order.indexOf(now) + 1) % order.length];
}

function copyButton(words, text) {
  return h("button", { type: "button", class: "copy", onclick: async (event) => {
    const button = event.currentTarget;
    button.textContent = (await copy(text())) ? "Copied" : "Not allowed";
    setTimeout(() => (button.textContent = words), 1500);
  } }, words);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers keep the clipboard from some local files; the old way still works there.
    const area = h("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function save(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
