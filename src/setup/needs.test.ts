import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { machinePaths, missingNeeds, NEEDS } from './needs.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-needs-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function machineWith(names: readonly string[], mode = 0o755) {
  const [commands, libraries] = [join(folder, 'bin'), join(folder, 'lib')];
  for (const path of [commands, libraries]) await mkdir(path, { recursive: true });
  for (const { kind, name } of NEEDS.filter((need) => names.includes(need.name))) {
    const file = join(kind === 'command' ? commands : libraries, name);
    await writeFile(file, '');
    await chmod(file, mode);
  }
  return { commands: [join(folder, 'nowhere'), commands], libraries: [libraries] };
}

const ALL = NEEDS.map(({ name }) => name);

test.each([
  { there: ALL, missing: [] },
  { there: [], missing: ALL },
  { there: ALL.slice(2), missing: ['qemu-system-x86_64', 'libbpf.so.1'] },
])('of a machine that has $there, $missing is missing', async ({ there, missing }) => {
  expect((await missingNeeds(await machineWith(there))).map(({ name }) => name)).toEqual(missing);
});

test('a program that nobody may run is missing', async () => {
  const missing = await missingNeeds(await machineWith(ALL, 0o644));
  expect(missing).toEqual(NEEDS.filter(({ kind }) => kind === 'command'));
});

test("programs are looked for where an ordinary user's PATH does not lead", () => {
  expect(machinePaths('/usr/bin:/bin').commands).toEqual(['/usr/bin', '/bin', '/usr/sbin', '/sbin']);
  expect(machinePaths(undefined).commands).toEqual(['/usr/sbin', '/sbin']);
});

test('scripts/setup.sh installs the same packages for the same reasons', async () => {
  const script = await readFile(new URL('../../scripts/setup.sh', import.meta.url), 'utf8');
  const [, body] = /^needs_of_run\(\) \{\n([\s\S]*?)^\}/m.exec(script)!;
  const listed = [
    ...body!.matchAll(/^ {2}(?:command_of (?<name>\S+)|libbpf_1 \|\| package) (?<apt>\S+) "(?<why>.+)"$/gm),
  ].map(({ groups }) => ({ name: groups!.name ?? 'libbpf.so.1', package: groups!.apt, why: groups!.why }));
  expect(listed).toEqual(NEEDS.map(({ name, package: apt, why }) => ({ name, package: apt, why })));
});
