// `path:`: a kernel of one's own, as an image file or as a folder laid out like an installed system. Nothing under
// it is ever written.

import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { TollgateError } from '../model/errors.ts';
import type { Kernel } from '../model/kernel.ts';
import { readImageHeader } from './bzimage.ts';
import type { KernelOptions, KernelSource } from './source.ts';
import { sha256OfFile } from './unpack.ts';

export const local: KernelSource = {
  name: 'path',
  pattern: 'path:DIR or path:BZIMAGE',
  describe: 'a bzImage or vmlinux, or a folder with boot/ and lib/modules/',
  parse: (argument) =>
    argument ? { ok: true } : { expected: "a file or a folder, as 'path:build/bzImage'" },
  resolve: resolvePath,
};

/** Where an image may lie in a folder. The last one is where Debian's packages have it since 6.19. */
const IMAGE_PLACES = ['boot', '.', 'arch/x86/boot', 'lib/modules/*', 'usr/lib/modules/*'] as const;
const IMAGE_NAME = /^(vmlinuz(-.+)?|vmlinux(-.+)?|bzImage)$/;
const MODULE_PLACES = ['lib/modules', 'usr/lib/modules'] as const;

async function resolvePath(reference: string, options: KernelOptions): Promise<Kernel> {
  const given = path.resolve(options.baseDir ?? '.', reference.slice('path:'.length));
  const info = await stat(given).catch((cause) => {
    throw cannotUse(reference, `cannot read ${given}`, 'path-missing', undefined, cause);
  });
  const imagePath = info.isDirectory() ? await findImage(reference, given) : given;
  const release = await releaseOf(reference, imagePath);
  const root = info.isDirectory() ? given : path.dirname(path.dirname(given));
  // A bare image has no modules, unless it lies where an installed one would.
  const ownsRoot = info.isDirectory() || path.basename(path.dirname(given)) === 'boot';
  const modulesPath = ownsRoot ? await findModules(reference, root, release, info.isDirectory()) : undefined;
  const found = release ?? (modulesPath && path.basename(modulesPath));
  const configPath = found ? await findConfig(imagePath, modulesPath, found) : undefined;
  return {
    reference,
    digest: await sha256OfFile(imagePath),
    imagePath,
    ...(found ? { release: found } : {}),
    ...(modulesPath ? { modulesPath } : {}),
    ...(configPath ? { configPath } : {}),
  };
}

async function findImage(reference: string, dir: string): Promise<string> {
  const images: string[] = [];
  for (const place of IMAGE_PLACES) {
    for (const folder of await expand(dir, place)) {
      for (const entry of await readdir(folder).catch(() => [])) {
        const file = path.join(folder, entry);
        if (IMAGE_NAME.test(entry) && (await isFile(file))) images.push(file);
      }
    }
    if (images.length > 0) break;
  }
  // A bzImage says its release and boots anywhere; a vmlinux beside it is the same kernel with debug data.
  const bootable = images.filter((file) => !path.basename(file).startsWith('vmlinux'));
  const [image, another] = bootable.length > 0 ? bootable : images;
  if (image && !another) return image;
  if (image) {
    const all = images.map((file) => path.relative(dir, file)).sort();
    throw cannotUse(
      reference,
      `${dir} has several images (${all.join(', ')})`,
      'path-ambiguous',
      `Name one of them, as 'path:${path.join(dir, all[0]!)}'.`,
    );
  }
  const places = IMAGE_PLACES.map((place) => path.join(dir, place));
  throw cannotUse(
    reference,
    `no kernel image found; looked for vmlinuz, vmlinuz-*, bzImage, vmlinux and vmlinux-* in ${places.join(', ')}`,
    'path-no-image',
  );
}

async function expand(dir: string, place: string): Promise<readonly string[]> {
  if (!place.endsWith('/*')) return [path.join(dir, place)];
  const parent = path.join(dir, place.slice(0, -2));
  return (await readdir(parent).catch(() => [])).map((name) => path.join(parent, name));
}

/** Undefined for a vmlinux, which has no header to say it. Throws when the file is no kernel. */
async function releaseOf(reference: string, imagePath: string): Promise<string | undefined> {
  const head = Buffer.alloc(HEAD_BYTES);
  const file = await open(imagePath, 'r');
  const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0).finally(() => file.close());
  if (head.subarray(0, 4).equals(ELF_MAGIC)) return undefined;
  const header = readImageHeader(head.subarray(0, bytesRead));
  if ('wrong' in header)
    throw cannotUse(reference, `${imagePath} is no x86 kernel: ${header.wrong}`, 'no-kernel');
  return header.release;
}

/** The release's text lies within the set-up code: at most 64 sectors and one. */
const HEAD_BYTES = 65 * 512;
const ELF_MAGIC = Buffer.from('\x7fELF', 'latin1');

async function findModules(
  reference: string,
  root: string,
  release: string | undefined,
  isFolder: boolean,
): Promise<string | undefined> {
  const found: string[] = [];
  for (const place of MODULE_PLACES) {
    const folder = path.join(root, place);
    for (const name of await readdir(folder).catch(() => [])) {
      if (release === undefined ? isFolder : name === release) found.push(path.join(folder, name));
    }
    // On a merged /usr both are the same folder.
    if (found.length > 0) break;
  }
  const [modules, another] = found;
  if (modules === undefined) return undefined;
  if (another) {
    throw cannotUse(
      reference,
      `the image does not say its release, and there are modules of several: ${found.join(', ')}`,
      'path-ambiguous',
    );
  }
  if (await isFile(path.join(modules, 'modules.dep'))) return modules;
  throw cannotUse(
    reference,
    `${modules} has no modules.dep`,
    'path-no-modules-dep',
    `depmod -b ${root} ${path.basename(modules)} makes it.`,
  );
}

async function findConfig(image: string, modules: string | undefined, release: string) {
  const beside = path.dirname(image);
  const places = [
    path.join(beside, `config-${release}`),
    path.join(beside, 'config'),
    path.join(beside, '.config'),
  ];
  if (modules) places.push(path.join(modules, 'config'));
  for (const place of places) if (await isFile(place)) return place;
  return undefined;
}

const isFile = (file: string) =>
  stat(file).then(
    (info) => info.isFile(),
    () => false,
  );

const cannotUse = (reference: string, why: string, reason: string, hint?: string, cause?: unknown) =>
  new TollgateError('config', `Cannot use kernel '${reference}': ${why}`, {
    reason,
    ...(hint ? { hint } : {}),
    ...(cause ? { cause } : {}),
  });
