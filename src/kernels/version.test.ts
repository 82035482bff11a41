import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { compareVersions } from './version.ts';

const VERSIONS = [
  '5.10.262-1',
  '5.10.223-1',
  '6.1.192-2',
  '6.1.192-1',
  '6.1.176-1~deb11u1',
  '6.12.117-1',
  '6.12.117-1~deb12u1',
  '6.12.107-1',
  '6.12.9-1',
  '6.12.90-1',
  '6.12.90-1.1',
  '7.2.12-1',
  '7.2.12-1~bpo13+1',
  '7.2.12-1~bpo13+2',
  '7.2.6-1',
  '7.2~rc3-1~exp1',
  '7.2-1',
  '7.2-1~exp1',
  '1:5.10-1',
  '0:7.2-1',
  '7.2',
  '7.2-0',
  '7.02-1',
  '7.2.a-1',
  '7.2+b1-1',
  '7.2+-1',
  '7.2a-1',
  '7.2A-1',
  '7.2.~-1',
  '7.2.~~-1',
  '7.2.~~a-1',
  '20260101123456789012345-1',
  '20260101123456789012346-1',
  '7.2-1-2',
];

/** What dpkg says, as -1, 0 or 1. */
async function dpkgCompares(a: string, b: string): Promise<number> {
  for (const [operator, result] of [
    ['lt', -1],
    ['eq', 0],
    ['gt', 1],
  ] as const) {
    const { exitCode } = await execa('dpkg', ['--compare-versions', a, operator, b], { reject: false });
    if (exitCode === 0) return result;
  }
  throw new Error(`dpkg cannot compare ${a} and ${b}`);
}

describe('versions are ordered as dpkg orders them', () => {
  // Each with its next three: the rest follows, as both are orders.
  const pairs = VERSIONS.flatMap((a, index) =>
    [1, 2, 3].map((step) => [a, VERSIONS[(index + step) % VERSIONS.length]!] as const),
  );
  test.each(pairs)('%s and %s', async (a, b) => {
    const expected = await dpkgCompares(a, b);
    expect([Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) + 0]).toEqual([
      expected,
      expected,
    ]);
  });
});

test('a whole list sorts into the order dpkg gives', () => {
  expect([...VERSIONS].filter((version) => version.startsWith('6.12')).sort(compareVersions)).toEqual([
    '6.12.9-1',
    '6.12.90-1',
    '6.12.90-1.1',
    '6.12.107-1',
    '6.12.117-1~deb12u1',
    '6.12.117-1',
  ]);
});
