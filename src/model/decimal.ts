// Arithmetic on figures as they are written. A gate that allows +0.1 must not fail on 420.3 - 420.2,
// which binary floating point makes 0.10000000000002.

interface Decimal {
  readonly units: bigint;
  /** value = units / 10 ** scale */
  readonly scale: number;
}

/** a - b, exact in the decimals both are written with. */
export function subtract(a: number, b: number): number {
  const x = toDecimal(a);
  const y = toDecimal(b);
  const scale = Math.max(x.scale, y.scale);
  return toNumber({ units: rescale(x, scale) - rescale(y, scale), scale });
}

/** What `percent` (as '2.5') of `value` comes to, rounded down to so many decimals: an allowance is never rounded up. */
export function percentFloor(value: number, percent: string, decimals = 0): number {
  const x = toDecimal(value);
  const y = toDecimal(Number(percent));
  const units = x.units * y.units * 10n ** BigInt(decimals);
  const divisor = 100n * 10n ** BigInt(x.scale + y.scale);
  const quotient = units / divisor;
  const floor = units < 0n && quotient * divisor !== units ? quotient - 1n : quotient;
  return toNumber({ units: floor, scale: decimals });
}

/** To so many decimals, for figures that are shown. */
export function rounded(value: number, decimals: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals;
}

function toDecimal(value: number): Decimal {
  if (!Number.isFinite(value)) throw new RangeError(`no decimal for ${value}`);
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value))!;
  const [, sign, whole, fraction = '', exponent = '0'] = match;
  const units = BigInt(`${sign}${whole}${fraction}`);
  const scale = fraction.length - Number(exponent);
  return scale < 0 ? { units: units * 10n ** BigInt(-scale), scale: 0 } : { units, scale };
}

function rescale(decimal: Decimal, scale: number): bigint {
  return decimal.units * 10n ** BigInt(scale - decimal.scale);
}

function toNumber({ units, scale }: Decimal): number {
  return Number(`${units}e-${scale}`);
}
