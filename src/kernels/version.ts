// Debian's order of package versions (Debian policy 5.6.12): epoch, upstream version, revision, each compared
// in alternating runs of letters and digits, with '~' before everything, even before the end.

/** Negative, zero or positive as `a` is older than, the same as or newer than `b`; equal to dpkg's answer. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [split(a), split(b)];
  return (
    left.epoch - right.epoch ||
    comparePart(left.upstream, right.upstream) ||
    comparePart(left.revision, right.revision)
  );
}

function split(version: string) {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

function comparePart(a: string, b: string): number {
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a[i])) || (j < b.length && !isDigit(b[j]))) {
      const difference = weight(a[i]) - weight(b[j]);
      if (difference) return difference;
      i++;
      j++;
    }
    const [left, right] = [digitsAt(a, i), digitsAt(b, j)];
    i += left.length;
    j += right.length;
    const difference = compareNumbers(left, right);
    if (difference) return difference;
  }
  return 0;
}

/** Of any length: dates and hashes in versions are longer than a double is exact. */
function compareNumbers(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return left.length - right.length || (left < right ? -1 : left > right ? 1 : 0);
}

const isDigit = (char: string | undefined) => char !== undefined && char >= '0' && char <= '9';

const digitsAt = (text: string, at: number) => /^\d*/.exec(text.slice(at))![0];

/** '~' sorts before the end of the part, the end before letters, letters before all other characters. */
function weight(char: string | undefined): number {
  if (char === undefined || isDigit(char)) return 0;
  if (char === '~') return -1;
  return /[A-Za-z]/.test(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 256;
}
