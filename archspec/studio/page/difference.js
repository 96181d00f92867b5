/** Two texts line by line: which lines of each have no partner in the other. */

/** Above so many lines in what differs, all of it counts as different. */
const MOST = 3000;

/**
 * Lines, counted from 1, that are in one text alone, and pairs of places where a difference begins.
 * @param {string} a
 * @param {string} b
 * @returns {{a: number[], b: number[], begins: Array<[number, number]>}}
 */
export function differing(a, b) {
  const [x, y] = [a.split("\n"), b.split("\n")];
  let first = 0,
    ends = 0;
  while (first < x.length && first < y.length && x[first] === y[first]) first += 1;
  while (ends < x.length - first && ends < y.length - first && x[x.length - 1 - ends] === y[y.length - 1 - ends]) ends += 1;
  const [p, q] = [x.slice(first, x.length - ends), y.slice(first, y.length - ends)];
  const pairs = p.length && q.length && p.length + q.length <= MOST ? common(p, q) : [];
  const found = {a: [], b: [], begins: []};
  let [i, j] = [0, 0];
  for (const [toI, toJ] of [...pairs, [p.length, q.length]]) {
    if (i < toI || j < toJ) found.begins.push([first + i + 1, first + j + 1]);
    for (; i < toI; i += 1) found.a.push(first + i + 1);
    for (; j < toJ; j += 1) found.b.push(first + j + 1);
    [i, j] = [toI + 1, toJ + 1];
  }
  return found;
}

/** The longest common sequence as pairs of indices. */
function common(p, q) {
  const wide = q.length + 1,
    lengths = new Uint16Array((p.length + 1) * wide);
  for (let i = p.length - 1; i >= 0; i -= 1) {
    for (let j = q.length - 1; j >= 0; j -= 1) {
      lengths[i * wide + j] =
        p[i] === q[j] ? lengths[(i + 1) * wide + j + 1] + 1 : Math.max(lengths[(i + 1) * wide + j], lengths[i * wide + j + 1]);
    }
  }
  const pairs = [];
  for (let i = 0, j = 0; i < p.length && j < q.length;) {
    if (p[i] === q[j]) pairs.push([i++, j++]);
    else if (lengths[(i + 1) * wide + j] >= lengths[i * wide + j + 1]) i += 1;
    else j += 1;
  }
  return pairs;
}

/** The lines of two texts, each with the sign of where it stands. @param {string} a @param {string} b @returns {string[]} */
export function lineDifference(a, b) {
  const [x, y] = [a.split("\n"), b.split("\n")],
    found = differing(a, b),
    [gone, come] = [new Set(found.a), new Set(found.b)],
    lines = [];
  for (let i = 1, j = 1; i <= x.length || j <= y.length;) {
    if (gone.has(i)) lines.push(`-${x[i++ - 1]}`);
    else if (come.has(j)) lines.push(`+${y[j++ - 1]}`);
    else {
      if (i <= x.length) lines.push(` ${x[i - 1]}`);
      i += 1;
      j += 1;
    }
  }
  return lines;
}
