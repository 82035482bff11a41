// Fetching with an apt-get, a dpkg-deb and a sudo of the tests' own, which fail where the real ones rarely do. The
// packages are real.

import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TollgateError } from '../model/errors.ts';
import type { Need } from './needs.ts';
import { type PackageOptions, packagesFolder, providePackages } from './packages.ts';

const NEEDS: readonly Need[] = [{ kind: 'command', name: 'lz4', package: 'lz4', why: 'unpacks kernels' }];

let folder: string;
let bin: string;
let options: PackageOptions;
let said: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-packages-'));
  bin = join(folder, 'bin');
  await mkdir(bin);
  for (const tool of ['sh', 'cp', 'cat', 'echo', 'dpkg-deb', 'tar', 'rm', 'ldd', 'bash'])
    await symlink(await which(tool), join(bin, tool));
  said = [];
  options = {
    cacheDir: join(folder, 'cache'),
    env: { PATH: bin },
    log: {
      group: (_, work) => work(),
      info: (line) => said.push(line),
      warning: (line) => said.push(`warning: ${line}`),
    },
    retryDelayMs: 1,
    isRoot: false,
  };
  await fake(
    'apt-config',
    'echo "APT::Periodic \\"1\\";"; echo "APT::Update::Post-Invoke:: \\"touch hooked\\";"',
  );
  await fake('apt-cache', 'exit 0');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const which = async (name: string) => (await execa('which', [name])).stdout;

/** A command that writes its arguments down. */
async function fake(name: string, body: string): Promise<void> {
  const file = join(bin, name);
  await writeFile(file, `#!/bin/sh\necho "${name} $*" >>${folder}/calls\n${body}\n`);
  await chmod(file, 0o755);
}

/** An apt-get that has what it should have when it is called for the Nth time to install. */
async function fakeApt(deb: string, { failures = 0, fails = 'echo "E: no such mirror" >&2' } = {}) {
  await writeFile(join(folder, 'left'), 'x'.repeat(failures));
  await fake(
    'apt-get',
    `case "$*" in *" update") exit 0 ;; esac
for arg; do case $arg in Dir::Cache=*) cache=\${arg#Dir::Cache=} ;; esac; done
left=$(cat ${folder}/left)
if [ -n "$left" ]; then echo "\${left#x}" >${folder}/left; ${fails}; exit 100; fi
[ -z "$cache" ] || cp ${deb} "$cache/archives/"`,
  );
}

/** A package with one program, or with none. */
async function makeDeb({ file = 'lz4_1.9_amd64.deb', program = true } = {}): Promise<string> {
  const root = join(folder, 'package');
  await rm(root, { recursive: true, force: true });
  await mkdir(join(root, 'DEBIAN'), { recursive: true });
  await mkdir(join(root, 'usr/bin'), { recursive: true });
  await mkdir(join(root, 'usr/share/doc'), { recursive: true });
  await writeFile(
    join(root, 'DEBIAN/control'),
    'Package: lz4\nVersion: 1.9\nArchitecture: amd64\nMaintainer: nobody\nDescription: a test\n',
  );
  if (program) {
    await execa('cp', [await which('true'), join(root, 'usr/bin/unlz4')]);
    await symlink('unlz4', join(root, 'usr/bin/lz4'));
  }
  await execa('dpkg-deb', ['--build', '--root-owner-group', root, join(folder, file)]);
  return join(folder, file);
}

const calls = async (name: string) =>
  (await readFile(join(folder, 'calls'), 'utf8')).split('\n').filter((line) => line.startsWith(`${name} `));

const failure = (work: Promise<unknown>): Promise<TollgateError> =>
  work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error) => error,
  );

/** What is in the cache, work in progress included. */
const cached = async () =>
  (await readdir(options.cacheDir, { recursive: true }))
    .filter((name) => /^(packages|tmp)\//.test(name))
    .sort();

test('a missing program is fetched once, without its documentation, and runs from where it lies', async () => {
  await fakeApt(await makeDeb());
  const first = await providePackages(NEEDS, options);
  expect(first.from).toBe('fetched');
  expect(await readdir(first.tools.path[0]!)).toEqual(['lz4']);
  await execa(join(first.tools.path[0]!, 'lz4'), ['--any']);

  const second = await providePackages(NEEDS, options);
  expect(second).toEqual({ tools: first.tools, from: 'cache' });
  expect(await calls('apt-get')).toHaveLength(2);
  expect((await cached()).filter((name) => name.startsWith('tmp/'))).toEqual([]);
});

test("apt has the machine's settings, without its hooks, and a state of its own", async () => {
  await fakeApt(await makeDeb());
  await fake('apt-cache', 'exit 0');
  const kept = join(folder, 'apt.conf');
  await writeFile(
    join(bin, 'apt-get'),
    (await readFile(join(bin, 'apt-get'), 'utf8')).replace(
      'for arg;',
      `for arg; do case $arg in Dir::Etc::Main=*) cp "\${arg#Dir::Etc::Main=}" ${kept} ;; esac; done\nfor arg;`,
    ),
  );
  await providePackages(NEEDS, options);
  expect(await readFile(kept, 'utf8')).toBe('APT::Periodic "1";');
  const [update, install] = await calls('apt-get');
  expect(update).toContain(`-o Dir::State=${options.cacheDir}/tmp/`);
  expect(install).toMatch(/--download-only install lz4$/);
  expect(`${update} ${install}`).not.toMatch(/allow-unauthenticated|AllowInsecureRepositories=true/i);
});

test('an archive that fails twice is asked a third time', async () => {
  await fakeApt(await makeDeb(), { failures: 2 });
  expect((await providePackages(NEEDS, options)).from).toBe('fetched');
  expect(said.slice(0, 2)).toEqual([
    'apt cannot download lz4: no such mirror; trying again in 0.001 s',
    'apt cannot download lz4: no such mirror; trying again in 0.002 s',
  ]);
});

test('an archive that keeps failing is an error with what apt said', async () => {
  await fakeApt(await makeDeb(), { failures: 9 });
  const error = await failure(providePackages(NEEDS, options));
  expect(error).toMatchObject({
    kind: 'infrastructure',
    message: 'apt cannot download lz4: no such mirror',
    details: { reason: 'apt-failed', tail: 'E: no such mirror' },
  });
  expect(await cached()).toEqual([]);
});

test('a machine without apt is told what to do', async () => {
  await rm(join(bin, 'apt-config'));
  const error = await failure(providePackages(NEEDS, options));
  expect(error.message).toBe("Cannot run 'apt-config': it is not installed");
  expect(error.details.reason).toBe('no-apt');
});

test('without dpkg-deb nothing can be unpacked, and nothing is tried', async () => {
  const need: Need = { kind: 'command', name: 'dpkg-deb', package: 'dpkg', why: 'unpacks' };
  const error = await failure(providePackages([need], options));
  expect(error.details.reason).toBe('no-apt');
});

test.each(['lz4 1.9_amd64.deb', '-x_1.9_amd64.deb', 'lz4_1.9_s390x.deb', 'lz4_$(id)_amd64.deb'])(
  'a package file called %s is refused',
  async (file) => {
    const deb = await makeDeb();
    await fakeApt(`${deb} "$cache/archives/${file.replaceAll('$', '\\$')}"; cp ${deb}`);
    const error = await failure(providePackages(NEEDS, options));
    expect(error.message).toBe(`Cannot use package file '${file}': it is not named as packages are`);
    expect(error.details.reason).toBe('bad-package');
  },
);

test.each([
  { when: 'while unpacking', tool: 'dpkg-deb' },
  { when: 'while downloading', tool: 'apt-get' },
])('a disk that is full $when is said to be full, and nothing stays behind', async ({ tool }) => {
  await fakeApt(await makeDeb());
  await rm(join(bin, tool));
  await fake(tool, 'echo "E: write error: No space left on device" >&2; exit 2');
  const error = await failure(providePackages(NEEDS, options));
  expect(error.details.reason).toBe('cache-write');
  expect(error.message).toContain('No space left on device');
  expect(await cached()).toEqual([]);
});

test('what was fetched and does not run is installed with sudo, which must not ask', async () => {
  await fakeApt(await makeDeb({ program: false }));
  await fake('sudo', 'exit 0');
  expect(await providePackages(NEEDS, options)).toEqual({
    tools: { path: [], libraryPath: [] },
    from: 'installed',
  });
  expect(said).toEqual([
    'warning: Cannot run the packages from where they were unpacked: lz4 is in none of the packages; installing instead',
  ]);
  const apt = 'sudo -n env DEBIAN_FRONTEND=noninteractive apt-get';
  const settings = '-o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 -q';
  expect(await calls('sudo')).toEqual([
    `${apt} ${settings} update`,
    `${apt} ${settings} -y --no-install-recommends install lz4`,
  ]);
});

test.each([
  { why: 'there is no sudo', sudo: undefined },
  { why: 'sudo asks for a password', sudo: 'echo "sudo: a password is required" >&2; exit 1' },
])('where only installing would help and $why, the packages are named', async ({ sudo }) => {
  await fakeApt(await makeDeb({ program: false }));
  if (sudo !== undefined) await fake('sudo', sudo);
  const error = await failure(providePackages(NEEDS, options));
  expect(error).toMatchObject({
    message: 'Cannot install lz4: this user is not root, and sudo is missing or asks for a password',
    details: { reason: 'needs-root', hint: 'apt-get install lz4, before the Action runs' },
  });
});

test.each([
  { damage: 'changed', does: (file: string) => appendFile(file, 'x'), says: "'bin/lz4' has been changed" },
  { damage: 'missing', does: (file: string) => rm(file), says: "'bin/lz4' is missing" },
  {
    damage: 'joined by another',
    does: (file: string) => writeFile(`${file}2`, ''),
    says: "'bin/lz42' does not belong there",
  },
])('a cached program that is $damage is fetched again, with a warning', async ({ does, says }) => {
  await fakeApt(await makeDeb());
  const { tools } = await providePackages(NEEDS, options);
  await does(join(tools.path[0]!, 'lz4'));
  said.length = 0;
  expect(await providePackages(NEEDS, options)).toEqual({ tools, from: 'fetched' });
  expect(said[0]).toBe(
    `warning: The unpacked packages in the cache are of no use (${says}); they are fetched again`,
  );
  expect(await readdir(tools.path[0]!)).toEqual(['lz4']);
});

test('another release, another distribution and other needs have a folder of their own', () => {
  const machine = { distribution: 'debian', release: '12', arch: 'x64' };
  const folders = [
    packagesFolder('/c', machine, NEEDS),
    packagesFolder('/c', { ...machine, release: '13' }, NEEDS),
    packagesFolder('/c', { ...machine, distribution: 'ubuntu' }, NEEDS),
    packagesFolder('/c', machine, []),
  ];
  expect(new Set(folders).size).toBe(4);
  for (const path of folders) expect(path).toMatch(/^\/c\/packages\/[0-9a-f]{32}$/);
});
