// The fixtures agree with each other: what is committed is what the scripts write, and what the expectations name exists.

import { readdir, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { HOOKS } from '../src/model/hooks/index.ts';
import { METRIC_NAMES } from '../src/model/metrics.ts';

const root = path.resolve(import.meta.dirname, '..');
const lb = path.join(root, 'fixtures/lb');

interface Row {
  readonly head: string;
  readonly program: string;
  readonly metric: string;
  readonly input?: string;
  readonly kernels?: readonly string[];
  readonly change: number | 'up' | 'down' | 'any';
}

describe('packet captures', () => {
  test('are the bytes that the script writes', async () => {
    const { exitCode, stdout } = await execa(process.execPath, ['scripts/pcaps.mjs', '--check'], {
      cwd: root,
      reject: false,
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
  });
});

describe('the sample project', () => {
  test('has built objects for base and for every head, and no others', async () => {
    const heads = (await readdir(path.join(lb, 'heads'))).map((name) => path.basename(name, '.patch'));
    const built = await readdir(path.join(lb, 'built'));
    expect(built.sort()).toEqual(['base', ...heads].sort());
    for (const name of built) {
      expect((await readdir(path.join(lb, 'built', name, 'build'))).sort()).toEqual([
        'account.bpf.o',
        'filter.bpf.o',
        'lb.bpf.o',
      ]);
    }
  });

  test('shares its budget file and its captures with every built head', async () => {
    for (const name of await readdir(path.join(lb, 'built'))) {
      for (const shared of ['tollgate.yml', 'pcaps']) {
        expect(await realpath(path.join(lb, 'built', name, shared))).toBe(path.join(lb, 'base', shared));
      }
    }
  });

  test('keeps the path of the machine that built it out of its objects', async () => {
    for (const name of await readdir(path.join(lb, 'built'))) {
      const bytes = await readFile(path.join(lb, 'built', name, 'build/lb.bpf.o'), 'latin1');
      expect(bytes).toContain('\0src/lb.bpf.c\0');
      expect(bytes).not.toMatch(/tmp\/|home\//);
    }
  });

  test('expects changes only of heads, programs and metrics that exist', async () => {
    const rows: Row[] = JSON.parse(await readFile(path.join(lb, 'expected.json'), 'utf8'));
    const sources = await Promise.all(
      ['lb', 'account', 'filter'].map((name) => readFile(path.join(lb, `base/src/${name}.bpf.c`), 'utf8')),
    );
    const programs = sources.flatMap((text) =>
      [...text.matchAll(/^SEC\(.*\)\nint (\w+)/gm)].map((match) => match[1]),
    );
    const heads = (await readdir(path.join(lb, 'heads'))).map((name) => path.basename(name, '.patch'));
    const known = { head: heads, program: programs, metric: METRIC_NAMES as readonly string[] };
    for (const row of rows) {
      for (const key of ['head', 'program', 'metric'] as const) expect(known[key]).toContain(row[key]);
    }
    // Every head but one moves something.
    expect([...new Set(rows.map((row) => row.head)), 'unchanged'].sort()).toEqual(heads.sort());
  });
});

test('the stimulus tells by a symbol where the code lies that one event is counted in', async () => {
  const { stdout } = await execa('nm', [path.join(root, 'dist/native/stimulus')]);
  expect(stdout).toMatch(/^[0-9a-f]{16} T tollgate_event$/m);
});

describe('our own objects', () => {
  test('are those of the sources, and what hooks ask for is among them', async () => {
    const sources = (await readdir(path.join(root, 'bpf'))).filter((name) => name.endsWith('.bpf.c'));
    const objects = await readdir(path.join(root, 'dist/bpf'));
    expect(objects.sort()).toEqual(sources.map((name) => name.replace(/\.c$/, '.o')).sort());
    const wanted = HOOKS.flatMap(({ variants, empty, drop }) =>
      variants.flatMap((options) => [empty(options), ...(drop ? [drop(options)] : [])]),
    );
    expect(wanted.filter((name) => !objects.includes(`${name}.bpf.o`))).toEqual([]);
  });

  test('are an empty program of every type that has a test run', async () => {
    const objects = await readdir(path.join(root, 'dist/bpf'));
    const types = [
      ...['cgroup_skb', 'flow_dissector', 'lwt_in', 'lwt_out', 'lwt_seg6local', 'lwt_xmit', 'netfilter'],
      ...['raw_tracepoint', 'sched_act', 'sched_cls', 'sk_lookup', 'socket_filter', 'syscall', 'xdp'],
    ];
    expect(types.filter((type) => !objects.includes(`nop_${type}.bpf.o`))).toEqual([]);
  });
});
