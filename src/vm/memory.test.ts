import { expect, test } from 'vitest';
import { availableMemoryBytes, requireMemory } from './memory.ts';

const MB = 1 << 20;
const MEMINFO = 'MemTotal:       24684412 kB\nMemFree:        20738332 kB\nMemAvailable:   21472896 kB\n';

const MACHINES: readonly [what: string, files: Record<string, string>, mb: number][] = [
  ['a machine without limits', { '/proc/meminfo': MEMINFO, '/proc/self/cgroup': '0::/\n' }, 20_969],
  [
    'a container (cgroup v2), its idle page cache counted as free',
    {
      '/proc/meminfo': MEMINFO,
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/memory.max': `${1024 * MB}\n`,
      '/sys/fs/cgroup/memory.current': `${600 * MB}\n`,
      '/sys/fs/cgroup/memory.stat': `anon 5\ninactive_file ${100 * MB}\n`,
    },
    524,
  ],
  [
    'a limit of a parent group',
    {
      '/proc/meminfo': MEMINFO,
      '/proc/self/cgroup': '0::/user.slice/job.scope\n',
      '/sys/fs/cgroup/user.slice/job.scope/memory.max': 'max\n',
      '/sys/fs/cgroup/user.slice/job.scope/memory.current': '0\n',
      '/sys/fs/cgroup/user.slice/memory.max': `${2000 * MB}\n`,
      '/sys/fs/cgroup/user.slice/memory.current': `${500 * MB}\n`,
    },
    1500,
  ],
  [
    'a container (cgroup v1)',
    {
      '/proc/meminfo': MEMINFO,
      '/proc/self/cgroup': '12:cpu,cpuacct:/x\n5:memory:/docker/ab\n',
      '/sys/fs/cgroup/memory/docker/ab/memory.limit_in_bytes': `${800 * MB}`,
      '/sys/fs/cgroup/memory/docker/ab/memory.usage_in_bytes': `${900 * MB}`,
    },
    0,
  ],
];

test.each(MACHINES)('%s', (_, files, mb) => {
  expect(Math.floor(availableMemoryBytes((path) => files[path]) / MB)).toBe(mb);
});

test('a machine that says nothing has no known limit', () => {
  expect(availableMemoryBytes(() => undefined)).toBe(Number.POSITIVE_INFINITY);
});

test('this machine says something', () => {
  expect(availableMemoryBytes()).toBeGreaterThan(0);
  expect(availableMemoryBytes()).toBeLessThan(1e15);
});

test('too little memory is an error before the VM starts', () => {
  expect(() => requireMemory('debian:6.1', 900 * MB, 900 * MB)).not.toThrow();
  expect(() => requireMemory('debian:6.1', 900 * MB, 512 * MB)).toThrow(
    expect.objectContaining({
      kind: 'infrastructure',
      message: 'debian:6.1: cannot start a VM: it needs 900 MB of memory, 512 MB are available',
      details: {
        reason: 'no-memory',
        hint: 'Free memory, raise the container’s limit, or run fewer kernels at once.',
      },
    }),
  );
});
