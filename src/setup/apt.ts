// apt with a state of its own: the machine's sources, keys, mirrors and proxies, but its own lists, status and
// archives. So it needs no root, waits for nobody's lock and changes nothing on the machine. Everything that it
// downloads is verified as apt always does.

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { TollgateError } from '../model/errors.ts';
import type { Log } from './log.ts';

/** What all commands here take. */
export interface AptOptions {
  /** The environment of every command; PATH says which apt-get. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly signal?: AbortSignal;
  /** The wait before the second try; it doubles from one to the next. Default 5 s. */
  readonly retryDelayMs?: number;
}

/** Arguments that make apt-get and apt-cache use a state in a folder of ours. */
export type AptState = readonly string[];

/** Makes a state in `folder`, which is empty. Throws TollgateError where there is no apt. */
export async function makeAptState(folder: string, options: AptOptions): Promise<AptState> {
  const settings = await run('apt-config', ['dump'], options);
  if (settings.failed) throw aptFailed('read its settings', settings);
  for (const name of ['lists/partial', 'cache/archives/partial'])
    await mkdir(join(folder, name), { recursive: true });
  // Hooks of the machine are for its own state: they refresh what others read.
  const kept = settings.stdout.split('\n').filter((line) => !/(Pre|Post)-Invoke|Pre-Install-Pkgs/.test(line));
  await writeFile(join(folder, 'apt.conf'), kept.join('\n'));
  await writeFile(join(folder, 'status'), ASSUMED.map(assumed).join('\n'));
  const own = {
    'Dir::Etc::Parts': '/dev/null',
    'Dir::Etc::Main': join(folder, 'apt.conf'),
    'Dir::State': folder,
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    // the folder is ours alone: the user that apt downloads as could not write to it
    'APT::Sandbox::User': 'root',
    'APT::Install-Recommends': 'false',
    'APT::Get::AllowUnauthenticated': 'false',
    'Acquire::AllowInsecureRepositories': 'false',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    'Acquire::http::Timeout': '30',
    'Acquire::https::Timeout': '30',
  };
  return Object.entries(own).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/**
 * Downloads `packages` with everything they depend on, but for ASSUMED. One that the distribution does not have and
 * that `elsewhere` names is `absent`, and what is said there is downloaded in its place. Throws TollgateError, reason
 * 'apt-failed', after the last try.
 */
export async function downloadPackages(
  state: AptState,
  folder: string,
  packages: readonly string[],
  elsewhere: Readonly<Record<string, readonly string[]>>,
  options: AptOptions,
): Promise<{ readonly debs: readonly string[]; readonly absent: readonly string[] }> {
  for (let attempt = 1; ; attempt++) {
    // One source of several that is down is no failure yet: it need not be the one that has what is wanted.
    const update = await run('apt-get', [...state, '-q', 'update'], options);
    const absent = update.failed
      ? []
      : await absentPackages(
          state,
          packages.filter((name) => name in elsewhere),
          options,
        );
    const wanted = packages.flatMap((name) => (absent.includes(name) ? elsewhere[name]! : [name]));
    const install = await run(
      'apt-get',
      [...state, '-q', '-y', '--download-only', 'install', ...wanted],
      options,
    );
    if (!install.failed) return { debs: await debsIn(join(folder, 'cache/archives')), absent };
    const failure = update.failed
      ? aptFailed('update', update)
      : aptFailed(`download ${wanted.join(', ')}`, install);
    if (attempt === ATTEMPTS) throw failure;
    const waitMs = (options.retryDelayMs ?? 5000) * 2 ** (attempt - 1);
    options.log.info(`${failure.message}; trying again in ${waitMs / 1000} s`);
    await sleep(waitMs, options.signal);
  }
}

/** Installs for good, as root or through a sudo that asks for no password. Throws TollgateError. */
export async function installPackages(
  packages: readonly string[],
  options: AptOptions & { readonly isRoot: boolean },
): Promise<void> {
  const settings = ['-o', 'Acquire::Retries=3', '-o', 'DPkg::Lock::Timeout=120', '-q'];
  const asRoot = async (args: readonly string[]) => {
    const command = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...settings, ...args];
    const [file, ...rest] = options.isRoot ? command : ['sudo', '-n', ...command];
    return await run(file!, rest, options);
  };
  for (let attempt = 1; ; attempt++) {
    const update = await asRoot(['update']);
    if (!options.isRoot && isNoSudo(update)) throw needsRoot(packages);
    const install = await asRoot(['-y', '--no-install-recommends', 'install', ...packages]);
    if (!install.failed) return;
    const failure = aptFailed(`install ${packages.join(', ')}`, install);
    if (attempt === ATTEMPTS) throw failure;
    options.log.info(`${failure.message}; trying again`);
    await sleep((options.retryDelayMs ?? 5000) * 2 ** (attempt - 1), options.signal);
  }
}

const ATTEMPTS = 3;
const LIMIT_MS = 300_000;

/**
 * Packages that others depend on and that nothing is taken from: the C library, which has to be the machine's own as
 * its loader is, and what serves to install and configure, not to run.
 */
const ASSUMED = [
  'adduser',
  'debconf',
  'dpkg',
  'init-system-helpers',
  'iso-codes',
  'libc6',
  'libc-bin',
  'passwd',
  'perl',
  'perl-base',
  'systemd',
  'tar',
  'ucf',
  'udev',
];

const assumed = (name: string) =>
  [
    `Package: ${name}`,
    'Status: install ok installed',
    'Maintainer: nobody',
    'Architecture: amd64',
    'Multi-Arch: allowed',
    'Version: 999:0',
    'Description: assumed to be there',
    '',
  ].join('\n');

async function absentPackages(
  state: AptState,
  names: readonly string[],
  options: AptOptions,
): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const policy = await run('apt-cache', [...state, 'policy', ...names], options);
  if (policy.failed) throw aptFailed(`look for ${names.join(', ')}`, policy);
  const text = policy.stdout;
  return names.filter((name) => {
    const stanza = text.split(/^(?=\S)/m).find((part) => part.startsWith(`${name}:`));
    return !/^ {2}Candidate: [^(\s]/m.test(stanza ?? '');
  });
}

async function debsIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.deb')).sort();
  const odd = names.find((name) => !DEB_NAME.test(name));
  if (odd !== undefined)
    throw new TollgateError(
      'infrastructure',
      `Cannot use package file '${odd}': it is not named as packages are`,
      {
        reason: 'bad-package',
      },
    );
  return names.map((name) => join(folder, name));
}

/** As apt names what it downloads: NAME_VERSION_ARCHITECTURE.deb, a colon in the version as %3a. */
const DEB_NAME = /^[a-z0-9][a-z0-9.+-]*_[0-9][0-9A-Za-z.+~%-]*_(amd64|all)\.deb$/;

const TAIL_LINES = 15;

interface Ended {
  readonly failed: boolean;
  readonly timedOut: boolean;
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** There is no such command. */
  readonly isMissing: boolean;
}

async function run(command: string, args: readonly string[], options: AptOptions): Promise<Ended> {
  const result = await execa(command, args, {
    reject: false,
    stdin: 'ignore',
    timeout: LIMIT_MS,
    maxBuffer: 4 << 20,
    env: { ...options.env, LC_ALL: 'C' },
    ...(options.signal ? { cancelSignal: options.signal } : {}),
  });
  options.signal?.throwIfAborted();
  const isMissing = result.failed && 'code' in result && result.code === 'ENOENT';
  if (isMissing && command !== 'sudo') throw noApt(command);
  const { failed, timedOut, exitCode, stdout = '', stderr = '' } = result;
  return { failed, timedOut, exitCode, stdout, stderr, isMissing };
}

function aptFailed(what: string, result: Ended): TollgateError {
  const said = result.stderr.trim();
  // which dependency is not met stands in the standard output
  const all = `${result.stdout.trim()}\n${said}`.trim();
  const why = result.timedOut
    ? `no end after ${LIMIT_MS / 1000} s`
    : (/^E: (.+)$/m.exec(said)?.[1] ?? said.split('\n').at(-1)) || `exit code ${result.exitCode}`;
  const isFull = /No space left on device|enough free space/i.test(said);
  return new TollgateError('infrastructure', `apt cannot ${what}: ${why}`, {
    reason: isFull ? 'cache-write' : 'apt-failed',
    ...(all === '' ? {} : { tail: all.split('\n').slice(-TAIL_LINES).join('\n') }),
  });
}

/** For a machine that has none of it. */
export function noApt(command: string): TollgateError {
  return new TollgateError('infrastructure', `Cannot run '${command}': it is not installed`, {
    reason: 'no-apt',
    hint: "Set-up knows Debian and Ubuntu. Elsewhere install what 'tollgate doctor' names before the Action runs.",
  });
}

/** sudo that is missing, or that would ask for a password. */
function isNoSudo(result: Ended): boolean {
  return result.isMissing || (result.failed && /^sudo: /m.test(result.stderr));
}

function needsRoot(packages: readonly string[]): TollgateError {
  return new TollgateError(
    'infrastructure',
    `Cannot install ${packages.join(', ')}: this user is not root, and sudo is missing or asks for a password`,
    { reason: 'needs-root', hint: `apt-get install ${packages.join(' ')}, before the Action runs` },
  );
}

async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  signal?.throwIfAborted();
}
