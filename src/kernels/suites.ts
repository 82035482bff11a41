// The parts of Debian's archive that are searched for kernels. The main suites' indices are 8 to 10 MB each,
// so one that can only ever hold a single series is not asked for another; the rest are a few hundred KB.

/** One suite of one archive. */
export interface Suite {
  /** The folder below the mirror: 'debian' or 'debian-security'. */
  readonly archive: string;
  /** The codename, which the signed InRelease has to repeat. */
  readonly name: string;
  /** Whether it is worth asking for a series, as '6.12'. */
  readonly has: (series: string) => boolean;
  /** The index is small enough to be asked without a need. */
  readonly small: boolean;
}

/** Testing, which moves through the series that no stable release has, one at a time. */
export const TESTING = 'forky';

/**
 * In the order of a Debian release's age. A new stable release is a line here. sid is left out: what it has
 * reaches forky within days, and it breaks.
 */
export const SUITES: readonly Suite[] = [
  { archive: 'debian', name: 'bullseye', has: only('5.10'), small: false },
  { archive: 'debian-security', name: 'bullseye-security', has: any, small: true },
  { archive: 'debian', name: 'bookworm', has: only('6.1'), small: false },
  { archive: 'debian-security', name: 'bookworm-security', has: any, small: true },
  { archive: 'debian', name: 'trixie', has: only('6.12'), small: false },
  { archive: 'debian-security', name: 'trixie-security', has: any, small: true },
  { archive: 'debian', name: 'trixie-backports', has: any, small: true },
  { archive: 'debian', name: TESTING, has: (series) => Number.parseInt(series, 10) >= 7, small: false },
];

/** The suite of that codename. */
export function suiteNamed(name: string): Suite {
  const found = SUITES.find((suite) => suite.name === name);
  if (!found) throw new RangeError(`no suite '${name}'`);
  return found;
}

function any(): boolean {
  return true;
}

function only(ofSuite: string): (series: string) => boolean {
  return (series) => series === ofSuite;
}
