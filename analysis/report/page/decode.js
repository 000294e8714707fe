// SPDX-License-Identifier: Apache-2.0
// From the packed data (columns.cpp) to arrays of numbers.
"use strict";

/// The bytes of a run's columns. What is compressed is unpacked by the browser itself.
async function bytesOf(run) {
  const text = atob(run.data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
  if (!run.zip) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/// {name: Float64Array}. Seven bits a byte, zigzag; numbers up to 2^53, so shifts will not do.
function decodeColumns(bytes, columns) {
  const out = {};
  let place = 0;
  for (const [name, rows, differences] of columns) {
    const numbers = new Float64Array(rows);
    let before = 0;
    for (let row = 0; row < rows; ++row) {
      let word = 0, factor = 1, byte;
      do {
        byte = bytes[place++];
        word += (byte & 127) * factor;
        factor *= 128;
      } while (byte >= 128);
      const half = Math.floor(word / 2);
      let number = word - 2 * half === 0 ? half : -half - 1;
      if (differences) number = before += number;
      numbers[row] = number;
    }
    out[name] = numbers;
  }
  return out;
}
