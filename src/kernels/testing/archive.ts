// A tiny Debian archive for tests, made with the real tools: dpkg-deb, xz and gpg. Not part of the product.

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { execa } from 'execa';
import { SUITES } from '../suites.ts';
import { type FileServer, startFileServer } from './server.ts';

/** A package of the fake archive. */
export interface FakePackage {
  readonly name: string;
  readonly version: string;
  readonly depends?: string;
  /** Path in the package and content. */
  readonly files?: Readonly<Record<string, string>>;
  /** Bytes of a package made elsewhere, instead of `files`. */
  readonly deb?: Buffer;
  /** Fields of the index that lie. */
  readonly index?: Readonly<Record<string, string>>;
}

/** What of a suite is not as it should be. */
export interface SuiteFaults {
  /** Fields of the Release file to set, or to drop when undefined. */
  readonly release?: Readonly<Record<string, string | undefined>>;
  /** Signs with a key that nobody trusts. */
  readonly strangerSigns?: boolean;
  /** Changes the InRelease after signing. */
  readonly forge?: (inRelease: string) => string;
  /** Changes the index after its digest went into the Release file. */
  readonly forgeIndex?: (index: Buffer) => Buffer;
}

export interface FakeArchive {
  readonly server: FileServer;
  /** A fresh folder, for caches and the like. */
  readonly dir: string;
  /** Holds the one trusted keyring. */
  readonly keysDir: string;
  /** Replaces what a suite holds. */
  readonly publish: (
    suite: string,
    packages: readonly FakePackage[],
    faults?: SuiteFaults,
  ) => Promise<readonly PublishedPackage[]>;
  /** Every suite is empty again and the server behaves. */
  readonly reset: () => void;
  readonly close: () => Promise<void>;
}

export interface PublishedPackage {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Starts an archive in which every suite there is exists and is empty. */
export async function startFakeArchive(): Promise<FakeArchive> {
  const dir = await mkdtemp(path.join(tmpdir(), 'tollgate-archive-'));
  const keysDir = path.join(dir, 'keys');
  const gnupg = path.join(dir, 'gnupg');
  await mkdir(keysDir);
  await mkdir(gnupg, { mode: 0o700 });
  const gpg = (args: readonly string[], input?: string) =>
    execa('gpg', ['--homedir', gnupg, '--batch', '--quiet', '--passphrase', '', ...args], {
      ...(input === undefined ? {} : { input }),
    });
  for (const name of ['trusted', 'stranger']) {
    await gpg(['--quick-generate-key', `${name} <${name}@example.org>`, 'ed25519', 'sign', 'never']);
  }
  await gpg(['--output', path.join(keysDir, 'trusted.gpg'), '--export', 'trusted@example.org']);
  const server = await startFileServer();

  async function publish(suite: string, packages: readonly FakePackage[], faults: SuiteFaults = {}) {
    const { archive } = SUITES.find(({ name }) => name === suite)!;
    const published: PublishedPackage[] = [];
    const stanzas: string[] = [];
    for (const item of packages) {
      const deb = item.deb ?? (await buildDeb(dir, item));
      const filename = `pool/main/l/linux/${item.name}_${item.version}_amd64.deb`;
      server.files.set(`/${archive}/${filename}`, deb);
      published.push({ path: `/${archive}/${filename}`, sha256: sha256(deb), sizeBytes: deb.length });
      const fields: Record<string, string> = {
        Package: item.name,
        Version: item.version,
        Depends: item.depends ?? 'kmod, linux-base (>= 4.3~)',
        Filename: filename,
        Size: String(deb.length),
        SHA256: sha256(deb),
        ...item.index,
      };
      stanzas.push(formatFields(fields));
    }
    const other = 'Package: hello\nVersion: 2.10-3\nFilename: pool/main/h/hello/hello.deb\n';
    const index = await xz([other, ...stanzas].join('\n'));
    const base = `/${archive}/dists/${suite}`;
    const fields = {
      Origin: 'Debian',
      Suite: `fake-${suite}`,
      Codename: suite,
      Date: 'Thu, 01 Jan 2026 00:00:00 UTC',
      'Acquire-By-Hash': 'yes',
      ...faults.release,
      SHA256: `\n ${sha256(index)} ${index.length} main/binary-amd64/Packages.xz`,
    };
    const signer = faults.strangerSigns ? 'stranger' : 'trusted';
    const args = ['--local-user', `${signer}@example.org`, '--clearsign', '--output', '-'];
    const { stdout: signed } = await gpg(args, formatFields(fields));
    server.files.set(`${base}/InRelease`, Buffer.from((faults.forge ?? String)(signed)));
    const served = faults.forgeIndex?.(index) ?? index;
    server.files.set(`${base}/main/binary-amd64/Packages.xz`, served);
    server.files.set(`${base}/main/binary-amd64/by-hash/SHA256/${sha256(index)}`, served);
    return published;
  }

  for (const { name } of SUITES) await publish(name, []);
  const empty = [...server.files];
  return {
    server,
    dir,
    keysDir,
    publish,
    reset: () => {
      server.files.clear();
      for (const [name, body] of empty) server.files.set(name, body);
      server.misbehave.clear();
      server.seen.length = 0;
    },
    close: async () => {
      await server.close();
      await execa('gpgconf', ['--homedir', gnupg, '--kill', 'gpg-agent'], { reject: false });
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A kernel in one package, as Debian built them until 6.18. */
export function wholeKernel(
  release: string,
  version: string,
  index: Readonly<Record<string, string>> = {},
): FakePackage {
  return {
    name: `linux-image-${release}`,
    version,
    index,
    files: {
      [`boot/vmlinuz-${release}`]: `image of ${release} ${version}`,
      [`boot/config-${release}`]: 'CONFIG_BPF=y\n',
      [`lib/modules/${release}/modules.order`]: '',
      [`lib/modules/${release}/modules.builtin`]: '',
      [`usr/share/doc/linux-image-${release}/copyright`]: 'GPL-2\n',
    },
  };
}

/** A kernel in four packages with everything below usr/lib/modules, as Debian builds them since 6.19. */
export function splitKernel(release: string, version: string): readonly FakePackage[] {
  const modules = `usr/lib/modules/${release}`;
  const [base, binary, rest] = ['base', 'binary', 'modules'].map((part) => `linux-${part}-${release}`);
  return [
    {
      name: `linux-image-${release}`,
      version,
      depends: `dracut | initramfs-tools, ${binary} (= ${version}), ${rest} (= ${version})`,
      files: { [`usr/share/doc/linux-image-${release}/copyright`]: 'GPL-2\n' },
    },
    {
      name: binary!,
      version,
      depends: `${base} (= ${version})`,
      files: { [`${modules}/vmlinuz`]: `image of ${release} ${version}` },
    },
    {
      name: rest!,
      version,
      depends: `kmod, ${base} (= ${version})`,
      files: { [`${modules}/kernel/none`]: '' },
    },
    {
      name: base!,
      version,
      depends: '',
      files: { [`${modules}/config`]: 'CONFIG_BPF=y\n', [`${modules}/modules.order`]: '' },
    },
  ];
}

/** A package whose data holds one file under any name at all, which dpkg-deb would refuse to build. */
export function debWithEntry(name: string, options: { readonly link?: string } = {}): Buffer {
  const control = gzipSync(tar('./control', 'Package: evil\nVersion: 1\nArchitecture: all\n'));
  const data = gzipSync(tar(name, options.link === undefined ? 'evil\n' : '', options.link));
  return ar({ 'debian-binary': Buffer.from('2.0\n'), 'control.tar.gz': control, 'data.tar.gz': data });
}

export const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

const formatFields = (fields: Readonly<Record<string, string | undefined>>) =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');

/** Most tests publish the same package, and dpkg-deb takes its time. */
const builtDebs = new Map<string, Buffer>();

async function buildDeb(dir: string, item: FakePackage): Promise<Buffer> {
  const key = JSON.stringify([item.name, item.version, item.files]);
  const deb = builtDebs.get(key) ?? (await runDpkgDeb(dir, item));
  builtDebs.set(key, deb);
  return deb;
}

async function runDpkgDeb(dir: string, item: FakePackage): Promise<Buffer> {
  const work = await mkdtemp(path.join(dir, 'deb-'));
  const root = path.join(work, 'root');
  const control = `Package: ${item.name}\nVersion: ${item.version}\nArchitecture: amd64\nMaintainer: T <t@example.org>\nDescription: test\n`;
  for (const [name, content] of Object.entries({ 'DEBIAN/control': control, ...item.files })) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), content);
  }
  const deb = path.join(work, 'built.deb');
  await execa('dpkg-deb', ['--root-owner-group', '-Zgzip', '--build', root, deb]);
  return readFile(deb);
}

async function xz(text: string): Promise<Buffer> {
  const { stdout } = await execa('xz', ['--stdout'], { input: text, encoding: 'buffer' });
  return Buffer.from(stdout);
}

function ar(members: Readonly<Record<string, Buffer>>): Buffer {
  const parts: Buffer[] = [Buffer.from('!<arch>\n')];
  for (const [name, body] of Object.entries(members)) {
    const size = String(body.length).padEnd(10);
    parts.push(
      Buffer.from(
        `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${size}\`\n`,
      ),
    );
    parts.push(body, Buffer.alloc(body.length % 2, '\n'));
  }
  return Buffer.concat(parts);
}

function tar(name: string, content: string, link?: string): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(name, 0);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write('        ', 148);
  header.write(link === undefined ? '0' : '2', 156);
  header.write(link ?? '', 157);
  header.write('ustar\x0000', 257);
  header.write(
    octal(
      [...header].reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
  );
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, Buffer.from(content), padding, Buffer.alloc(1024)]);
}
