import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KERNEL_SOURCES, resolveKernel, sourceOf } from './index.ts';
import { sha256 } from './testing/archive.ts';
import { bzImage } from './testing/bzimage.ts';

const RELEASE = '6.1.0-50-cloud-amd64';
const IMAGE = bzImage({ payload: Buffer.from('any payload at all'), release: RELEASE });
const VMLINUX = Buffer.from('\x7fELF and so on', 'latin1');
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'tollgate-path-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true });
});

async function lay(files: Readonly<Record<string, Buffer | string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(dir, name)), { recursive: true });
    await writeFile(path.join(dir, name), content);
  }
}

const resolve = (reference: string) => resolveKernel(reference, { cacheDir: '/nonexistent', baseDir: dir });

describe('a kernel is found', () => {
  const modulesDep = { [`lib/modules/${RELEASE}/modules.dep`]: '' };
  test.each([
    [
      'in a folder laid out like a system',
      { [`boot/vmlinuz-${RELEASE}`]: IMAGE, [`boot/config-${RELEASE}`]: '', ...modulesDep },
      'path:.',
      {
        image: `boot/vmlinuz-${RELEASE}`,
        modules: `lib/modules/${RELEASE}`,
        config: `boot/config-${RELEASE}`,
      },
    ],
    [
      'with its modules below usr',
      { [`boot/vmlinuz-${RELEASE}`]: IMAGE, [`usr/lib/modules/${RELEASE}/modules.dep`]: '' },
      'path:.',
      { image: `boot/vmlinuz-${RELEASE}`, modules: `usr/lib/modules/${RELEASE}` },
    ],
    [
      "in the modules' folder, as Debian's packages have it since 6.19",
      {
        [`usr/lib/modules/${RELEASE}/vmlinuz`]: IMAGE,
        [`usr/lib/modules/${RELEASE}/config`]: '',
        [`usr/lib/modules/${RELEASE}/modules.dep`]: '',
      },
      'path:.',
      {
        image: `usr/lib/modules/${RELEASE}/vmlinuz`,
        modules: `usr/lib/modules/${RELEASE}`,
        config: `usr/lib/modules/${RELEASE}/config`,
      },
    ],
    [
      "in a kernel's build tree",
      { 'arch/x86/boot/bzImage': IMAGE, '.config': '' },
      'path:.',
      { image: 'arch/x86/boot/bzImage' },
    ],
    ['without modules', { 'boot/bzImage': IMAGE }, 'path:.', { image: 'boot/bzImage' }],
    [
      'with other modules than its own passed over',
      { 'boot/bzImage': IMAGE, 'lib/modules/5.10.0/modules.dep': '', ...modulesDep },
      'path:.',
      { image: 'boot/bzImage', modules: `lib/modules/${RELEASE}` },
    ],
    [
      'with a vmlinux for debugging beside it',
      { [`boot/vmlinuz-${RELEASE}`]: IMAGE, [`boot/vmlinux-${RELEASE}`]: VMLINUX },
      'path:.',
      { image: `boot/vmlinuz-${RELEASE}` },
    ],
    [
      'as a bare bzImage',
      { 'build/bzImage': IMAGE, ...modulesDep },
      'path:build/bzImage',
      { image: 'build/bzImage' },
    ],
    [
      "as an installed system's image, with its modules",
      { [`boot/vmlinuz-${RELEASE}`]: IMAGE, [`boot/config-${RELEASE}`]: '', ...modulesDep },
      `path:boot/vmlinuz-${RELEASE}`,
      {
        image: `boot/vmlinuz-${RELEASE}`,
        modules: `lib/modules/${RELEASE}`,
        config: `boot/config-${RELEASE}`,
      },
    ],
  ])('%s', async (_what, files, reference, expected) => {
    await lay(files as Record<string, Buffer | string>);
    const found = expected as { image: string; modules?: string; config?: string };
    expect(await resolve(reference)).toEqual({
      reference,
      release: RELEASE,
      digest: sha256(IMAGE),
      imagePath: path.join(dir, found.image),
      ...(found.modules ? { modulesPath: path.join(dir, found.modules) } : {}),
      ...(found.config ? { configPath: path.join(dir, found.config) } : {}),
    });
  });

  test('as a bare vmlinux, whose release is not known before it boots', async () => {
    await lay({ vmlinux: VMLINUX });
    expect(await resolve('path:vmlinux')).toEqual({
      reference: 'path:vmlinux',
      digest: sha256(VMLINUX),
      imagePath: path.join(dir, 'vmlinux'),
    });
  });

  test('as a vmlinux in a folder whose only modules say its release', async () => {
    await lay({ 'boot/vmlinux': VMLINUX, 'lib/modules/7.2.0/modules.dep': '' });
    const { release, modulesPath } = await resolve('path:.');
    expect([release, modulesPath]).toEqual(['7.2.0', path.join(dir, 'lib/modules/7.2.0')]);
  });

  test('and nothing is written', async () => {
    await lay({ 'boot/bzImage': IMAGE });
    await resolve('path:.');
    expect(await readdir(dir, { recursive: true })).toEqual(['boot', 'boot/bzImage']);
  });
});

describe('what cannot be used is told', () => {
  test.each([
    ['nothing there', {}, 'path:none', 'cannot read DIR/none', undefined],
    [
      'an empty folder',
      {},
      'path:.',
      'no kernel image found; looked for vmlinuz, vmlinuz-*, bzImage, vmlinux and vmlinux-* in ' +
        'DIR/boot, DIR, DIR/arch/x86/boot, DIR/lib/modules/*, DIR/usr/lib/modules/*',
      undefined,
    ],
    [
      'several images',
      { 'boot/vmlinuz-1': IMAGE, 'boot/vmlinuz-2': IMAGE },
      'path:.',
      'DIR has several images (boot/vmlinuz-1, boot/vmlinuz-2)',
      "Name one of them, as 'path:DIR/boot/vmlinuz-1'.",
    ],
    [
      'no kernel',
      { 'notes.txt': 'text' },
      'path:notes.txt',
      'DIR/notes.txt is no x86 kernel: it has only 4 bytes',
      undefined,
    ],
    [
      'modules without modules.dep',
      { 'boot/bzImage': IMAGE, [`lib/modules/${RELEASE}/modules.order`]: '' },
      'path:.',
      `DIR/lib/modules/${RELEASE} has no modules.dep`,
      `depmod -b DIR ${RELEASE} makes it.`,
    ],
    [
      'a vmlinux with modules of several releases',
      { 'boot/vmlinux': VMLINUX, 'lib/modules/1/modules.dep': '', 'lib/modules/2/modules.dep': '' },
      'path:.',
      'the image does not say its release, and there are modules of several: DIR/lib/modules/1, DIR/lib/modules/2',
      undefined,
    ],
  ])('%s', async (_what, files, reference, why, hint) => {
    await lay(files as Record<string, Buffer | string>);
    const error = await resolve(reference).catch((caught) => caught);
    expect([error.kind, error.message, error.details.hint]).toEqual([
      'config',
      `Cannot use kernel '${reference}': ${why.replaceAll('DIR', dir)}`,
      hint?.replaceAll('DIR', dir),
    ]);
  });
});

test.each([
  ['debian:6.1', 'debian'],
  ['debian:5.10', 'debian'],
  ['path:a:b', 'path'],
  ['host', 'host'],
])("the reference '%s' names the source %s", (reference, name) => {
  expect(sourceOf(reference).name).toBe(name);
});

test.each([
  ['debian', "expected a series of two numbers, as 'debian:6.1', or 'debian:newest'", undefined],
  ['debian:', "expected a series of two numbers, as 'debian:6.1', or 'debian:newest'", undefined],
  ['debian:6', "expected a series of two numbers, as 'debian:6.1', or 'debian:newest'", undefined],
  ['debian:6.1.0', "expected a series of two numbers, as 'debian:6.1', or 'debian:newest'", undefined],
  ['debian:6.1/../x', "expected a series of two numbers, as 'debian:6.1', or 'debian:newest'", undefined],
  ['path:', "expected a file or a folder, as 'path:build/bzImage'", undefined],
  ['host:1', "expected 'host' with nothing after it", undefined],
  ['', 'expected one of debian:SERIES, path:DIR or path:BZIMAGE, host', undefined],
  [
    'Debian:6.1',
    'expected one of debian:SERIES, path:DIR or path:BZIMAGE, host',
    "Did you mean 'debian:6.1'?",
  ],
  ['6.1', 'expected one of debian:SERIES, path:DIR or path:BZIMAGE, host', "Did you mean 'debian:6.1'?"],
])("the reference '%s' is a configuration error", async (reference, expected, hint) => {
  const error = await resolve(reference).catch((caught) => caught);
  expect([error.kind, error.message, error.details.hint]).toEqual([
    'config',
    `Cannot parse kernel '${reference}': ${expected}`,
    hint,
  ]);
});

test('the host is listed, and refused with the reason and what to take instead', async () => {
  expect(KERNEL_SOURCES.map(({ name }) => name)).toEqual(['debian', 'path', 'host']);
  const error = await resolve('host').catch((caught) => caught);
  expect([error.kind, error.details.reason]).toEqual(['config', 'host-not-exact']);
  expect(error.message).toMatch(/^Cannot use kernel 'host' in exact mode: it already runs, on a clock/);
  expect(error.details.hint).toContain("'debian:6.1'");
});
