/** Numbers as people read them, the same as `archspec summary` writes them. */

/** Three digits and a unit. @param {number} value @param {Array<[number, string]>} units */
function scaled(value, units) {
  for (const [size, name] of units) {
    if (value >= size * 0.9995) {
      const share = value / size;
      return `${share >= 999.5 ? Math.round(share).toLocaleString("en") : share.toPrecision(3)} ${name}`;
    }
  }
  return String(Math.round(value));
}

/** 27559896 as 27.6 M. @param {number | null | undefined} value */
export function short(value) {
  return value === null || value === undefined
    ? "?"
    : scaled(value, [
        [1e9, "G"],
        [1e6, "M"],
        [1e3, "k"],
      ]);
}

/** Bytes as 221 MiB. @param {number | null | undefined} value */
export function memory(value) {
  if (value === null || value === undefined) return "?";
  if (value < 1024) return `${value} B`;
  const MiB = 2 ** 20;
  if (value < MiB / 10) return `${Math.round(value / 1024)} KiB`;
  const size = value / MiB;
  if (size < 99.95) return `${size.toFixed(1)} MiB`;
  return size < 999.5 ? `${Math.round(size)} MiB` : `${(size / 1024).toPrecision(3)} GiB`;
}

/** 27559896 as 27,559,896. @param {number | null | undefined} value */
export const count = (value) => (value === null || value === undefined ? "?" : value.toLocaleString("en"));

/** A number with its noun. @param {number} number @param {string} one @param {string} [many] */
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** How long ago: 4 s, 3 min. @param {number} milliseconds */
export function ago(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return seconds < 90 ? `${seconds} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** A moment as people read it. @param {string} at */
export const moment = (at) => new Date(at).toLocaleString([], {dateStyle: "medium", timeStyle: "short"});

/** A moment that tells one of several from the others: two texts may be of one second. @param {string} at */
export const instant = (at) =>
  new Date(at).toLocaleString([], {
    ...{year: "numeric", month: "short", day: "numeric"},
    ...{hour: "numeric", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3},
  });

/** A count as people type it: 25M, 1.5 G, 300k. @param {string} text @returns {number | null} null for no number */
export function readCount(text) {
  const found = /^\s*([\d.,]+)\s*([kKmMgGbB]?)\s*$/.exec(text);
  if (!found) return null;
  const number = Number(found[1].replaceAll(",", ""));
  const unit = {k: 1e3, m: 1e6, g: 1e9, b: 1e9, "": 1}[found[2].toLowerCase()] ?? 1;
  return Number.isFinite(number) && number > 0 ? number * unit : null;
}

/** Bytes as people type them: 220 MiB, 1.5G; MiB without a unit. @param {string} text @returns {number | null} */
export function readMemory(text) {
  const found = /^\s*([\d.,]+)\s*([kKmMgG]?)(?:i?[bB])?\s*$/.exec(text);
  if (!found) return null;
  const number = Number(found[1].replaceAll(",", ""));
  const unit = {k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, "": 2 ** 20}[found[2].toLowerCase()] ?? 1;
  return Number.isFinite(number) && number > 0 ? number * unit : null;
}
