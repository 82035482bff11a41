// What this machine can do and what it lacks, each with the command that mends it. Things are tried, not guessed: a
// program is run, a folder is written to. Nothing here throws: whatever goes wrong is a check that failed.

import { constants } from 'node:fs';
import { access, mkdir, realpath, statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { basename, dirname } from 'node:path';
import { execa } from 'execa';
import { messageOf, TollgateError } from '../model/errors.ts';
import { LIBBPF_PATHS } from '../vm/initramfs.ts';
import { availableMemoryBytes, VM_MEMORY_BYTES } from '../vm/memory.ts';
import { findQemu, type Qemu } from '../vm/qemu.ts';

/** 'run': no figure without it; 'tests': building and testing Tollgate itself; 'optional': some things go without. */
export type Need = 'run' | 'tests' | 'optional';

export interface Check {
  /** As 'qemu' or 'free memory'. */
  readonly name: string;
  readonly ok: boolean;
  readonly needed: Need;
  /** What was found, whether or not it is enough. */
  readonly found?: string;
  /** A command or a sentence; only where `ok` is false. */
  readonly fix?: string;
}

export interface DoctorOptions {
  readonly cacheDir: string;
  /** Another qemu-system-x86_64 than the one on PATH. */
  readonly qemuPath?: string;
  /**
   * Boots something under KVM, with a deadline of its own, and says what came of it in one line. Without it, KVM is
   * not spoken of.
   */
  readonly probeKvm?: () => Promise<{ readonly ok: boolean; readonly says: string }>;
  /** Does a timed job on the machine's own kernel, and says what came of it. Without it, that is not spoken of. */
  readonly probeHost?: () => Promise<{ readonly ok: boolean; readonly says: string; readonly fix?: string }>;
  /** Asks the archive for something and says what it answered; throws where it cannot be reached. */
  readonly askMirror?: () => Promise<string>;
  /** The machine; tests have others. */
  readonly system?: System;
}

/** What doctor asks of a machine. Paths are absolute, sizes in bytes. */
export interface System {
  /** The output of a command, standard error included; undefined where there is no such command. */
  readonly run: (
    command: string,
    args: readonly string[],
  ) => Promise<{ readonly exitCode: number | undefined; readonly output: string } | undefined>;
  /** The file behind a path, links followed; undefined where there is none. */
  readonly realpath: (path: string) => Promise<string | undefined>;
  /** Makes the folder where it is missing. Throws where it cannot be written to. */
  readonly makeWritable: (folder: string) => Promise<void>;
  /** Undefined where the folder is missing. */
  readonly space: (
    folder: string,
  ) => Promise<{ readonly freeBytes: number; readonly totalBytes: number } | undefined>;
  readonly memory: () => { readonly freeBytes: number; readonly totalBytes: number };
  readonly cores: () => number;
  readonly node: { readonly version: string; readonly arch: string; readonly platform: string };
  readonly findQemu: (options: { readonly qemuPath?: string; readonly cacheDir: string }) => Promise<Qemu>;
}

/** Looks at everything, a few seconds at the most; in the order a reader should mend things. */
export async function diagnose(options: DoctorOptions): Promise<Check[]> {
  const system = options.system ?? THIS_MACHINE;
  const checks = await Promise.all(PROBES.map(async (probe) => await guarded(probe, system, options)));
  return checks.flat();
}

/** Whether kernels can be booted and objects measured here. */
export function canRun(checks: readonly Check[]): boolean {
  return checks.every(({ ok, needed }) => ok || needed !== 'run');
}

/** One line a check, grouped by what needs it, each fix below its check; the last line says whether it will do. */
export function renderDoctor(checks: readonly Check[]): string {
  const width = Math.max(0, ...checks.map(({ name }) => name.length));
  const groups = GROUPS.flatMap(({ need, title }) => {
    const members = checks.filter(({ needed }) => needed === need);
    if (members.length === 0) return [];
    return [title, ...members.flatMap((check) => lines(check, width))];
  });
  const broken = checks.filter(({ ok, needed }) => !ok && needed === 'run').length;
  const verdict =
    broken === 0
      ? 'this machine can measure'
      : `this machine cannot measure yet: ${broken} ${broken === 1 ? 'thing is' : 'things are'} missing`;
  return `${[...groups, verdict].join('\n')}\n`;
}

const GROUPS: readonly { readonly need: Need; readonly title: string }[] = [
  { need: 'run', title: 'needed to measure' },
  { need: 'optional', title: 'optional' },
  { need: 'tests', title: "needed to build and test Tollgate itself, and for a project's own build" },
];

function lines({ name, ok, needed, found, fix }: Check, width: number): string[] {
  const mark = ok ? 'ok     ' : needed === 'run' ? 'MISSING' : 'lacking';
  const first = `  ${mark}  ${name.padEnd(width)}  ${found ?? ''}`.trimEnd();
  return fix === undefined || ok ? [first] : [first, `           ${fix}`];
}

interface Probe {
  readonly name: string;
  readonly needed: Need;
  readonly look: (system: System, options: DoctorOptions) => Promise<Finding>;
}

/** `undefined` takes the check out: it was not asked for. */
type Finding = { readonly ok: boolean; readonly found?: string; readonly fix?: string } | undefined;

async function guarded(probe: Probe, system: System, options: DoctorOptions): Promise<Check[]> {
  const { name, needed } = probe;
  try {
    const finding = await probe.look(system, options);
    if (!finding) return [];
    const { fix, ...rest } = finding;
    return [{ name, needed, ...rest, ...(finding.ok || fix === undefined ? {} : { fix }) }];
  } catch (cause) {
    const hint = cause instanceof TollgateError ? cause.details.hint : undefined;
    return [
      { name, needed, ok: false, found: shortMessageOf(cause), ...(hint === undefined ? {} : { fix: hint }) },
    ];
  }
}

const shortMessageOf = (cause: unknown) => messageOf(cause).slice(0, 500);

const MB = 1 << 20;
const NODE_AT_LEAST = [20, 12] as const;
/** A kernel with its modules, its vmlinux, an initramfs and a saved state take about 400 MB. */
const CACHE_BYTES = 2048 * MB;
/** A machine's memory file while it boots, and its window; both are sparse. */
const SHM_BYTES = 768 * MB;

/** A program of a Debian package that is run to see whether it is there; the answer's first number is its version. */
function command(
  name: string,
  args: readonly string[],
  aptPackage: string,
  needed: Need,
  version = /\d+(?:\.\d+)+[\w.+~-]*/,
): Probe {
  const fix = `apt-get install ${aptPackage}`;
  return {
    name,
    needed,
    look: async (system) => {
      const answer = await system.run(name, args);
      if (!answer) return { ok: false, found: 'not installed', fix };
      const found = version.exec(answer.output)?.[0] ?? firstLine(answer.output);
      if (answer.exitCode === 0) return { ok: true, found };
      return { ok: false, found: `'${[name, ...args].join(' ')}' fails: ${firstLine(answer.output)}`, fix };
    },
  };
}

const firstLine = (text: string) => text.trim().split('\n')[0]!.slice(0, 200);

const PROBES: readonly Probe[] = [
  {
    name: 'system',
    needed: 'run',
    look: async ({ node, cores }) => ({
      ok: node.platform === 'linux' && node.arch === 'x64',
      found: `${node.platform} ${node.arch}, ${cores()} cores`,
      fix: 'Tollgate runs on Linux on x86-64',
    }),
  },
  {
    name: 'node',
    needed: 'run',
    look: async ({ node }) => {
      const [major = 0, minor = 0] = node.version.replace(/^v/, '').split('.').map(Number);
      return {
        ok: major > NODE_AT_LEAST[0] || (major === NODE_AT_LEAST[0] && minor >= NODE_AT_LEAST[1]),
        found: node.version,
        fix: `install Node ${NODE_AT_LEAST.join('.')} or newer: https://nodejs.org`,
      };
    },
  },
  {
    name: 'qemu',
    needed: 'run',
    look: async (system, { qemuPath, cacheDir }) => {
      const qemu = await system.findQemu({ cacheDir, ...(qemuPath === undefined ? {} : { qemuPath }) });
      return { ok: true, found: `${qemu.version} at ${qemu.path}, machine ${qemu.machine}` };
    },
  },
  {
    name: 'libbpf',
    needed: 'run',
    look: async ({ realpath }) => {
      for (const path of LIBBPF_PATHS) {
        const file = await realpath(path);
        // The file behind the link bears the whole version: libbpf.so.1.1.2.
        if (file) return { ok: true, found: `${/\.so\.(.+)$/.exec(basename(file))?.[1] ?? '1'} at ${path}` };
      }
      return {
        ok: false,
        found: `no libbpf.so.1 in ${LIBBPF_PATHS.map((path) => dirname(path)).join(', ')}`,
        fix: 'apt-get install libbpf1 (Ubuntu 22.04 has libbpf0 alone, which is too old)',
      };
    },
  },
  command('ldd', ['--version'], 'libc-bin', 'run'),
  command('gpgv', ['--version'], 'gpgv', 'run'),
  command('xz', ['--version'], 'xz-utils', 'run'),
  command('lz4', ['--version'], 'lz4', 'run'),
  command('zstd', ['--version'], 'zstd', 'run'),
  command('depmod', ['--version'], 'kmod', 'run', /\d+/),
  command('dpkg-deb', ['--version'], 'dpkg', 'run'),
  {
    name: 'cache',
    needed: 'run',
    look: async ({ makeWritable, space }, { cacheDir }) => {
      try {
        await makeWritable(cacheDir);
      } catch (cause) {
        return { ok: false, found: shortMessageOf(cause), fix: 'choose another folder with --cache-dir' };
      }
      const { freeBytes } = (await space(cacheDir))!;
      return {
        ok: freeBytes >= CACHE_BYTES,
        found: `${cacheDir}, ${megabytes(freeBytes)} free`,
        fix: `have ${megabytes(CACHE_BYTES)} free there, or choose another folder with --cache-dir`,
      };
    },
  },
  {
    name: 'memory',
    needed: 'run',
    look: async ({ memory }) => {
      const { freeBytes, totalBytes } = memory();
      return {
        ok: freeBytes >= VM_MEMORY_BYTES.boot,
        found: `${megabytes(freeBytes)} free of ${megabytes(totalBytes)}`,
        fix: `a machine takes up to ${megabytes(VM_MEMORY_BYTES.boot)}: end something`,
      };
    },
  },
  {
    name: '/dev/shm',
    needed: 'optional',
    look: async ({ space }) => {
      const shm = await space('/dev/shm');
      if (!shm) return { ok: true, found: 'none: the cache folder serves, more slowly' };
      return {
        ok: shm.freeBytes >= SHM_BYTES,
        found: `${megabytes(shm.freeBytes)} free of ${megabytes(shm.totalBytes)}`,
        fix: 'the cache folder serves, more slowly; in a container: docker run --shm-size=2g',
      };
    },
  },
  {
    name: 'mirror',
    needed: 'run',
    look: async (_, { askMirror }) => {
      if (!askMirror) return undefined;
      return { ok: true, found: await askMirror() };
    },
  },
  {
    name: 'setpriv',
    needed: 'optional',
    look: async ({ run }) => {
      const answer = await run('setpriv', ['--pdeathsig', 'KILL', 'true']);
      return {
        ok: answer?.exitCode === 0,
        found: answer ? 'ends QEMU should Tollgate be killed' : 'not installed',
        fix: 'apt-get install util-linux',
      };
    },
  },
  {
    name: 'kvm',
    needed: 'optional',
    look: async (_, { probeKvm }) => {
      if (!probeKvm) return undefined;
      const { ok, says } = await probeKvm();
      return { ok, found: says, fix: 'exact mode does without; timed mode wants a machine with working KVM' };
    },
  },
  {
    name: 'host',
    needed: 'optional',
    look: async (_, { probeHost }) => {
      if (!probeHost) return undefined;
      const { ok, says, fix } = await probeHost();
      return { ok, found: says, ...(fix === undefined ? {} : { fix }) };
    },
  },
  {
    name: 'qemu plugins',
    needed: 'optional',
    look: async (system, { qemuPath, cacheDir }) => {
      const { path } = await system.findQemu({ cacheDir, ...(qemuPath === undefined ? {} : { qemuPath }) });
      const help = await system.run(path, ['--help']);
      const ok = /^-plugin\b/m.test(help?.output ?? '');
      return {
        ok,
        found: ok ? 'supported' : 'this QEMU was built without',
        fix: "use Debian's or Ubuntu's QEMU, or one built with --enable-plugins",
      };
    },
  },
  command('iperf3', ['--version'], 'iperf3', 'optional'),
  command('clang', ['--version'], 'clang', 'tests'),
  command('llvm-strip', ['--version'], 'llvm', 'tests'),
  command('bpftool', ['version'], 'bpftool (Ubuntu: linux-tools-generic)', 'tests'),
  command('gcc', ['--version'], 'gcc', 'tests'),
  command('make', ['--version'], 'make', 'tests'),
  command('git', ['--version'], 'git', 'tests'),
  command('gpg', ['--version'], 'gnupg', 'tests'),
  command('cpio', ['--version'], 'cpio', 'tests'),
];

const megabytes = (bytes: number) => `${Math.floor(bytes / MB)} MB`;

const RUN_LIMIT_MS = 20_000;

const THIS_MACHINE: System = {
  run: async (name, args) => {
    // depmod and bpftool lie in /usr/sbin, which is not in an ordinary user's PATH on Debian.
    const candidates = name.includes('/') ? [name] : [name, `/usr/sbin/${name}`, `/sbin/${name}`];
    for (const candidate of candidates) {
      const result = await execa(candidate, args, {
        reject: false,
        all: true,
        stdin: 'ignore',
        timeout: RUN_LIMIT_MS,
        maxBuffer: MB,
        env: { LC_ALL: 'C' },
      });
      if (result.failed && 'code' in result && result.code === 'ENOENT') continue;
      return { exitCode: result.exitCode, output: result.all };
    }
    return undefined;
  },
  realpath: (path) => realpath(path).catch(() => undefined),
  makeWritable: async (folder) => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK);
  },
  space: async (folder) => {
    const stats = await statfs(folder).catch(() => undefined);
    return stats && { freeBytes: stats.bavail * stats.bsize, totalBytes: stats.blocks * stats.bsize };
  },
  memory: () => ({ freeBytes: availableMemoryBytes(), totalBytes: totalmem() }),
  cores: availableParallelism,
  node: { version: process.version, arch: process.arch, platform: process.platform },
  findQemu,
};
