/* Inflate (RFC 1951) inside zlib (RFC 1950), for browsers without DecompressionStream. */

const LENGTHS = [], DISTANCES = [];
(function () {
  let base = 3;
  for (let code = 0; code < 28; code++) { const bits = code < 8 ? 0 : (code >> 2) - 1; LENGTHS.push([base, bits]); base += 1 << bits; }
  LENGTHS.push([258, 0]);
  base = 1;
  for (let code = 0; code < 30; code++) { const bits = code < 4 ? 0 : (code >> 1) - 1; DISTANCES.push([base, bits]); base += 1 << bits; }
})();

function codeTable(lengths) {
  const counts = new Uint16Array(16), starts = new Uint16Array(17), symbols = new Uint16Array(lengths.length);
  lengths.forEach(function (length) { counts[length]++; });
  counts[0] = 0;
  for (let i = 1; i < 16; i++) { starts[i + 1] = starts[i] + counts[i]; }
  const next = starts.slice();
  lengths.forEach(function (length, symbol) { if (length) { symbols[next[length]++] = symbol; } });
  return { counts, symbols };
}

function inflate(bytes) {
  let at = 2, hold = 0, held = 0, out = new Uint8Array(bytes.length * 4 + 1024), size = 0;
  function bits(n) {
    while (held < n) { hold |= bytes[at++] << held; held += 8; }
    const value = hold & ((1 << n) - 1);
    hold >>>= n; held -= n;
    return value;
  }
  function symbol(table) {
    let code = 0, first = 0, index = 0;
    for (let length = 1; length < 16; length++) {
      code |= bits(1);
      const count = table.counts[length];
      if (code - count < first) { return table.symbols[index + code - first]; }
      index += count; first = (first + count) << 1; code <<= 1;
    }
    throw new Error("damaged data");
  }
  function room(more) {
    if (size + more <= out.length) { return; }
    const wider = new Uint8Array(Math.max(out.length * 2, size + more));
    wider.set(out); out = wider;
  }
  function block(literals, distances) {
    for (;;) {
      const found = symbol(literals);
      if (found === 256) { return; }
      if (found < 256) { room(1); out[size++] = found; continue; }
      const l = LENGTHS[found - 257], length = l[0] + bits(l[1]), d = DISTANCES[symbol(distances)], back = d[0] + bits(d[1]);
      room(length);
      for (let i = 0; i < length; i++, size++) { out[size] = out[size - back]; }
    }
  }
  const fixed = [];
  for (let i = 0; i < 288; i++) { fixed.push(i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8); }
  let last;
  do {
    last = bits(1);
    const type = bits(2);
    if (type === 0) {
      hold = held = 0;
      const length = bytes[at] | bytes[at + 1] << 8;
      room(length);
      out.set(bytes.subarray(at + 4, at + 4 + length), size);
      at += 4 + length; size += length;
    } else if (type === 1) {
      block(codeTable(fixed), codeTable(new Array(30).fill(5)));
    } else {
      const nl = bits(5) + 257, nd = bits(5) + 1, nc = bits(4) + 4, order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
      const small = new Array(19).fill(0), lengths = [];
      for (let i = 0; i < nc; i++) { small[order[i]] = bits(3); }
      const table = codeTable(small);
      while (lengths.length < nl + nd) {
        const found = symbol(table);
        if (found < 16) { lengths.push(found); continue; }
        const value = found === 16 ? lengths[lengths.length - 1] : 0;
        let times = found === 16 ? 3 + bits(2) : found === 17 ? 3 + bits(3) : 11 + bits(7);
        while (times--) { lengths.push(value); }
      }
      block(codeTable(lengths.slice(0, nl)), codeTable(lengths.slice(nl)));
    }
  } while (!last);
  return out.subarray(0, size);
}
