// The command line and the guest run on Node 20, 22 and 24, and which of them it is makes no difference to a figure.

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reportSchema } from '../model/report.ts';
import { DIST, differences, LB } from './testing/lab.ts';
import { nodeOf } from './testing/nodes.ts';

const KERNEL = 'debian:6.12';
const OTHERS = ['22.23.3', '24.21.0'] as const;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-nodes-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([process.versions.node, ...OTHERS])(
  'Node %s runs the built guest from a folder with nothing else',
  async (version) => {
    const node = await nodeOf(version);
    const empty = join(folder, `guest-${version}`);
    for (const name of [
      'guest.js',
      'koffi.node',
      'native/clock.so',
      'native/visits.so',
      'native/stimulus',
      'bpf/nop_xdp.bpf.o',
    ]) {
      mkdirSync(dirname(join(empty, name)), { recursive: true });
      copyFileSync(join(DIST, name), join(empty, name));
    }
    const { stdout } = await execa(node, ['guest.js'], { cwd: empty, env: { NODE_PATH: '' } });
    expect(stdout).toMatch(new RegExp(`^tollgate guest: node v${version}, libbpf 1\\.\\d+, objects found$`));
  },
);

test('the same figures come from a guest on Node 20, 22 and 24', async () => {
  const [ours, ...others] = await Promise.all(
    [process.versions.node, ...OTHERS].map(async (version) => await measureOn(version)),
  );
  expect(ours!.length).toBeGreaterThan(100);
  expect(others.map((figures) => differences(ours!, figures))).toEqual(OTHERS.map(() => []));
});

async function measureOn(version: string) {
  const json = join(folder, `${version}.json`);
  const objects = join(LB, 'built/base/build');
  await execa(await nodeOf(version), [
    join(DIST, 'cli.js'),
    'measure',
    ...readdirSync(objects).map((name) => join(objects, name)),
    ...['--config', join(LB, 'base/tollgate.yml'), '--kernel', KERNEL, '--quiet', '--json', json],
  ]);
  return reportSchema.parse(JSON.parse(readFileSync(json, 'utf8'))).measurements;
}
