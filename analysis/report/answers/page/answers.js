// SPDX-License-Identifier: Apache-2.0
// The page of answers: each part below its verdict.
"use strict";

const PARTS = { search: searchParts, rare: rareParts, size: sizeParts };

function start() {
  const data = JSON.parse($("data").textContent);
  $("theme").addEventListener("click", nextTheme);
  $("extent").textContent = (data.answers.length > 1 ? `${data.answers.length} answers; ` : "") +
    `model ${data.model_version}`;
  data.answers.forEach((document, place) => {
    $(`parts-${place}`).append(...PARTS[document.question](document));
  });
  document.documentElement.dataset.ready = "yes";
}
