import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TollgateError } from '../model/errors.ts';
import { type Check, canRun, diagnose, renderDoctor, type System } from './doctor.ts';

const GB = 1 << 30;

/** Every program there is, with what it prints. */
const ANSWERS: Readonly<Record<string, string>> = {
  '/usr/bin/qemu-system-x86_64': 'usage:\n-plugin [file=]<file>[,<argname>=<argvalue>]\n',
  ldd: 'ldd (Debian GLIBC 2.36-9+deb12u14) 2.36\nCopyright',
  gpgv: 'gpgv (GnuPG) 2.2.40\nlibgcrypt 1.10.1',
  xz: 'xz (XZ Utils) 5.4.1\nliblzma 5.4.1',
  lz4: '*** LZ4 command line interface 64-bits v1.9.4, by Yann Collet ***',
  zstd: '*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***',
  depmod: 'kmod version 30\n+ZSTD +XZ',
  'dpkg-deb': "Debian 'dpkg-deb' package archive backend version 1.21.23 (amd64).",
  setpriv: '',
  iperf3: 'iperf 3.12 (cJSON 1.7.15)\nLinux',
  clang: 'Debian clang version 14.0.6\nTarget: x86_64-pc-linux-gnu',
  'llvm-strip': 'llvm-strip, compatible with GNU strip\nDebian LLVM version 14.0.6',
  bpftool: 'bpftool v7.1.0\nusing libbpf v1.1',
  gcc: 'gcc (Debian 12.2.0-14) 12.2.0',
  make: 'GNU Make 4.3',
  git: 'git version 2.39.5',
  gpg: 'gpg (GnuPG) 2.2.40',
  cpio: 'cpio (GNU cpio) 2.13',
};

const qemu = {
  path: '/usr/bin/qemu-system-x86_64',
  version: '7.2.22',
  digest: 'd',
  machine: 'pc-i440fx-6.2',
  hasHpetProperty: true,
  hasSetpriv: true,
};

/** A machine that has everything, but for what a test takes away. */
const machine = (changes: Partial<System> = {}): System => ({
  run: async (name) => (name in ANSWERS ? { exitCode: 0, output: ANSWERS[name]! } : undefined),
  realpath: async (path) =>
    path === '/usr/lib/x86_64-linux-gnu/libbpf.so.1'
      ? '/usr/lib/x86_64-linux-gnu/libbpf.so.1.1.2'
      : undefined,
  makeWritable: async () => {},
  space: async () => ({ freeBytes: 8 * GB, totalBytes: 16 * GB }),
  memory: () => ({ freeBytes: 2 * GB, totalBytes: 4 * GB }),
  cores: () => 2,
  node: { version: 'v20.12.0', arch: 'x64', platform: 'linux' },
  findQemu: async () => qemu as Awaited<ReturnType<System['findQemu']>>,
  ...changes,
});

const without = (missing: string): Partial<System> => ({
  run: async (name) =>
    name !== missing && name in ANSWERS ? { exitCode: 0, output: ANSWERS[name]! } : undefined,
});

const look = (changes: Partial<System> = {}, more: Partial<Parameters<typeof diagnose>[0]> = {}) =>
  diagnose({ cacheDir: '/cache', system: machine(changes), ...more });

test('a machine with everything passes every check and shows what was found', async () => {
  const checks = await look();
  expect(checks.map(({ name, ok, needed, found }) => [name, ok, needed, found])).toEqual([
    ['system', true, 'run', 'linux x64, 2 cores'],
    ['node', true, 'run', 'v20.12.0'],
    ['qemu', true, 'run', '7.2.22 at /usr/bin/qemu-system-x86_64, machine pc-i440fx-6.2'],
    ['libbpf', true, 'run', '1.1.2 at /usr/lib/x86_64-linux-gnu/libbpf.so.1'],
    ['ldd', true, 'run', '2.36-9+deb12u14'],
    ['gpgv', true, 'run', '2.2.40'],
    ['xz', true, 'run', '5.4.1'],
    ['lz4', true, 'run', '1.9.4'],
    ['zstd', true, 'run', '1.5.4'],
    ['depmod', true, 'run', '30'],
    ['dpkg-deb', true, 'run', '1.21.23'],
    ['cache', true, 'run', '/cache, 8192 MB free'],
    ['memory', true, 'run', '2048 MB free of 4096 MB'],
    ['/dev/shm', true, 'optional', '8192 MB free of 16384 MB'],
    ['setpriv', true, 'optional', 'ends QEMU should Tollgate be killed'],
    ['qemu plugins', true, 'optional', 'supported'],
    ['iperf3', true, 'optional', '3.12'],
    ['clang', true, 'tests', '14.0.6'],
    ['llvm-strip', true, 'tests', '14.0.6'],
    ['bpftool', true, 'tests', '7.1.0'],
    ['gcc', true, 'tests', '12.2.0-14'],
    ['make', true, 'tests', '4.3'],
    ['git', true, 'tests', '2.39.5'],
    ['gpg', true, 'tests', '2.2.40'],
    ['cpio', true, 'tests', '2.13'],
  ]);
  expect(checks.some(({ fix }) => fix !== undefined)).toBe(false);
  expect(canRun(checks)).toBe(true);
});

test.each([
  ['gpgv', 'gpgv', 'run'],
  ['xz', 'xz-utils', 'run'],
  ['lz4', 'lz4', 'run'],
  ['zstd', 'zstd', 'run'],
  ['depmod', 'kmod', 'run'],
  ['dpkg-deb', 'dpkg', 'run'],
  ['ldd', 'libc-bin', 'run'],
  ['setpriv', 'util-linux', 'optional'],
  ['iperf3', 'iperf3', 'optional'],
  ['clang', 'clang', 'tests'],
  ['llvm-strip', 'llvm', 'tests'],
  ['bpftool', 'bpftool (Ubuntu: linux-tools-generic)', 'tests'],
  ['gcc', 'gcc', 'tests'],
  ['make', 'make', 'tests'],
  ['git', 'git', 'tests'],
  ['gpg', 'gnupg', 'tests'],
  ['cpio', 'cpio', 'tests'],
] as const)('where %s is missing, the fix installs %s', async (name, aptPackage, needed) => {
  const checks = await look(without(name));
  expect(checks.filter(({ ok }) => !ok)).toEqual([
    { name, needed, ok: false, found: 'not installed', fix: `apt-get install ${aptPackage}` },
  ]);
  expect(canRun(checks)).toBe(needed !== 'run');
});

const noQemu = new TollgateError('infrastructure', 'Cannot find qemu-system-x86_64 on PATH', {
  hint: 'apt-get install qemu-system-x86',
});

test.each<[what: string, changes: Partial<System>, broken: Check]>([
  [
    'another architecture cannot run',
    { node: { version: 'v20.12.0', arch: 'arm64', platform: 'linux' } },
    {
      name: 'system',
      needed: 'run',
      ok: false,
      found: 'linux arm64, 2 cores',
      fix: 'Tollgate runs on Linux on x86-64',
    },
  ],
  [
    'a Node before 20.12 is too old',
    { node: { version: 'v20.11.1', arch: 'x64', platform: 'linux' } },
    {
      name: 'node',
      needed: 'run',
      ok: false,
      found: 'v20.11.1',
      fix: 'install Node 20.12 or newer: https://nodejs.org',
    },
  ],
  [
    'a missing libbpf names the folders looked in',
    { realpath: async () => undefined },
    {
      name: 'libbpf',
      needed: 'run',
      ok: false,
      found: 'no libbpf.so.1 in /usr/lib/x86_64-linux-gnu, /lib/x86_64-linux-gnu, /usr/lib64',
      fix: 'apt-get install libbpf1 (Ubuntu 22.04 has libbpf0 alone, which is too old)',
    },
  ],
  [
    'a cache folder that cannot be written to says why',
    {
      makeWritable: async () => {
        throw new Error("EACCES: permission denied, access '/cache'");
      },
    },
    {
      name: 'cache',
      needed: 'run',
      ok: false,
      found: "EACCES: permission denied, access '/cache'",
      fix: 'choose another folder with --cache-dir',
    },
  ],
  [
    'little memory is told',
    { memory: () => ({ freeBytes: GB / 2, totalBytes: GB }) },
    {
      name: 'memory',
      needed: 'run',
      ok: false,
      found: '512 MB free of 1024 MB',
      fix: 'a machine takes up to 900 MB: end something',
    },
  ],
  [
    "a container's 64 MB of /dev/shm are too little",
    {
      space: async (folder) =>
        folder === '/dev/shm'
          ? { freeBytes: 64 << 20, totalBytes: 64 << 20 }
          : { freeBytes: 8 * GB, totalBytes: 8 * GB },
    },
    {
      name: '/dev/shm',
      needed: 'optional',
      ok: false,
      found: '64 MB free of 64 MB',
      fix: 'the cache folder serves, more slowly; in a container: docker run --shm-size=2g',
    },
  ],
  [
    'a full disk is told',
    {
      space: async (folder) => ({ freeBytes: folder === '/cache' ? GB : 8 * GB, totalBytes: 8 * GB }),
    },
    {
      name: 'cache',
      needed: 'run',
      ok: false,
      found: '/cache, 1024 MB free',
      fix: 'have 2048 MB free there, or choose another folder with --cache-dir',
    },
  ],
])('%s', async (_, changes, broken) => {
  expect((await look(changes)).filter(({ ok }) => !ok)).toEqual([broken]);
});

test('where QEMU is missing, the fix installs it, and its plugins are missing too', async () => {
  const checks = await look({
    findQemu: async () => {
      throw noQemu;
    },
  });
  const missing = { ok: false, found: noQemu.message, fix: 'apt-get install qemu-system-x86' };
  expect(checks.filter(({ ok }) => !ok)).toEqual([
    { name: 'qemu', needed: 'run', ...missing },
    { name: 'qemu plugins', needed: 'optional', ...missing },
  ]);
});

test('a QEMU without plugins is told, and can measure', async () => {
  const checks = await look({
    run: async (name) => ({ exitCode: 0, output: name === qemu.path ? 'usage:' : (ANSWERS[name] ?? '') }),
  });
  expect(checks.filter(({ ok }) => !ok).map(({ name, found }) => [name, found])).toEqual([
    ['qemu plugins', 'this QEMU was built without'],
  ]);
  expect(canRun(checks)).toBe(true);
});

test('a command that is there and fails is not taken for one that works', async () => {
  const checks = await look({
    run: async (name) =>
      name === 'bpftool'
        ? { exitCode: 2, output: 'WARNING: bpftool not found for kernel 6.8.0\n' }
        : { exitCode: 0, output: ANSWERS[name] ?? '' },
  });
  expect(checks.filter(({ ok }) => !ok)).toEqual([
    {
      name: 'bpftool',
      needed: 'tests',
      ok: false,
      found: "'bpftool version' fails: WARNING: bpftool not found for kernel 6.8.0",
      fix: 'apt-get install bpftool (Ubuntu: linux-tools-generic)',
    },
  ]);
});

test('no /dev/shm at all will do', async () => {
  const checks = await look({
    space: async (folder) => (folder === '/dev/shm' ? undefined : { freeBytes: 8 * GB, totalBytes: 8 * GB }),
  });
  expect(checks.find(({ name }) => name === '/dev/shm')).toEqual({
    name: '/dev/shm',
    needed: 'optional',
    ok: true,
    found: 'none: the cache folder serves, more slowly',
  });
});

test('KVM that does not work is no obstacle', async () => {
  const checks = await look({}, { probeKvm: async () => ({ ok: false, says: 'QEMU aborts' }) });
  expect(checks.find(({ name }) => name === 'kvm')).toEqual({
    name: 'kvm',
    needed: 'optional',
    ok: false,
    found: 'QEMU aborts',
    fix: 'exact mode does without; timed mode wants a machine with working KVM',
  });
  expect(canRun(checks)).toBe(true);
});

test('a kernel of its own that cannot be timed is no obstacle', async () => {
  const says = 'Cannot measure on this kernel: only root may load programs';
  const checks = await look({}, { probeHost: async () => ({ ok: false, says, fix: 'sudo' }) });
  expect(checks.find(({ name }) => name === 'host')).toEqual({
    ...{ name: 'host', needed: 'optional', ok: false },
    found: says,
    fix: 'sudo',
  });
  expect(canRun(checks)).toBe(true);
});

test('a mirror that was asked and does not answer is told with the hint of its error', async () => {
  const checks = await look(
    {},
    {
      askMirror: async () => {
        throw new TollgateError('infrastructure', 'Cannot reach http://mirror', {
          hint: 'Try another mirror.',
        });
      },
    },
  );
  expect(checks.filter(({ ok }) => !ok)).toEqual([
    {
      name: 'mirror',
      needed: 'run',
      ok: false,
      found: 'Cannot reach http://mirror',
      fix: 'Try another mirror.',
    },
  ]);
});

test('a rendering has a line a check, the fix below what is missing, and the verdict last', () => {
  const checks: Check[] = [
    { name: 'node', ok: true, needed: 'run', found: 'v20.12.0' },
    { name: 'gpgv', ok: false, needed: 'run', found: 'not installed', fix: 'apt-get install gpgv' },
    { name: 'iperf3', ok: false, needed: 'optional', found: 'not installed', fix: 'apt-get install iperf3' },
  ];
  expect(renderDoctor(checks)).toBe(
    [
      'needed to measure',
      '  ok       node    v20.12.0',
      '  MISSING  gpgv    not installed',
      '           apt-get install gpgv',
      'optional',
      '  lacking  iperf3  not installed',
      '           apt-get install iperf3',
      'this machine cannot measure yet: 1 thing is missing',
      '',
    ].join('\n'),
  );
  expect(renderDoctor(checks.slice(0, 1))).toBe(
    'needed to measure\n  ok       node  v20.12.0\nthis machine can measure\n',
  );
});

test('the machine at hand, which has what the tests need, can measure', async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), 'tollgate-doctor-'));
  try {
    const checks = await diagnose({ cacheDir });
    expect(checks.filter(({ ok, needed }) => !ok && needed === 'run')).toEqual([]);
  } finally {
    await rm(cacheDir, { recursive: true });
  }
});

test('the set-up script installs a package for each thing that doctor finds missing', async () => {
  const script = await readFile(new URL('../../scripts/setup.sh', import.meta.url), 'utf8');
  const checks = await look({ run: async () => undefined, realpath: async () => undefined });
  const packages = checks.flatMap(({ fix, name }) =>
    name === 'iperf3' || name === 'ldd' ? [] : (/^apt-get install (\S+)/.exec(fix ?? '')?.slice(1) ?? []),
  );
  expect(packages.filter((each) => !new RegExp(`\\b${each}\\b`).test(script))).toEqual([]);
});
