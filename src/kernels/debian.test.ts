import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TollgateError } from '../model/errors.ts';
import type { Kernel } from '../model/kernel.ts';
import type { ProgressEvent } from '../model/progress.ts';
import { readSuite } from './archive.ts';
import {
  availableSeries,
  type KernelOptions,
  listKernels,
  lockKernels,
  pullKernels,
  resolveKernel,
} from './index.ts';
import { SUITES } from './suites.ts';
import {
  debWithEntry,
  type FakeArchive,
  sha256,
  splitKernel,
  startFakeArchive,
  wholeKernel,
} from './testing/archive.ts';
import { answer, dropAfter, stallAfter } from './testing/server.ts';

let archive: FakeArchive;
let options: KernelOptions;
let warnings: string[];

beforeAll(async () => {
  archive = await startFakeArchive();
});

afterAll(async () => {
  await archive.close();
});

beforeEach(async () => {
  archive.reset();
  warnings = [];
  options = {
    cacheDir: path.join(await mkdtemp(path.join(archive.dir, 'case-')), 'cache'),
    mirror: archive.server.url,
    keysDir: archive.keysDir,
    transfer: { attempts: 3, retryDelayMs: 5, stallMs: 400 },
    onWarning: (line) => warnings.push(line),
  };
});

const RELEASE = '6.1.0-50-cloud-amd64';
const DEB = `/debian/pool/main/l/linux/linux-image-${RELEASE}_6.1.176-1_amd64.deb`;
const publishOne = (version = '6.1.176-1') => archive.publish('bookworm', [wholeKernel(RELEASE, version)]);

const failure = (work: Promise<unknown>): Promise<TollgateError> =>
  work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error) => error,
  );

const requested = () => archive.server.seen.map(({ path: asked }) => asked);

/** The kernels in the cache and what was left of work in progress. */
async function leftInCache(): Promise<{ kernels: string[]; tmp: string[] }> {
  const list = (name: string) => readdir(path.join(options.cacheDir, name)).catch(() => []);
  return { kernels: await list('kernels'), tmp: await list('tmp') };
}

/** Makes what is remembered of a reference look older. */
async function age(hours: number): Promise<void> {
  const dir = path.join(options.cacheDir, 'resolutions');
  for (const name of await readdir(dir)) {
    const file = path.join(dir, name);
    const remembered = JSON.parse(await readFile(file, 'utf8'));
    remembered.askedAt = new Date(Date.now() - hours * 3600_000).toISOString();
    await writeFile(file, JSON.stringify(remembered));
  }
}

describe('resolving', () => {
  test('a kernel in one package becomes an image, its modules and its configuration', async () => {
    const [published] = await publishOne();
    const kernel = await resolveKernel('debian:6.1', options);
    const dir = path.join(options.cacheDir, 'kernels', sha256(published!.sha256));
    expect(kernel).toEqual({
      reference: 'debian:6.1',
      release: RELEASE,
      version: '6.1.176-1',
      digest: sha256(`image of ${RELEASE} 6.1.176-1`),
      imagePath: path.join(dir, 'boot', `vmlinuz-${RELEASE}`),
      modulesPath: path.join(dir, 'lib/modules', RELEASE),
      configPath: path.join(dir, 'boot', `config-${RELEASE}`),
    } satisfies Kernel);
    expect(await readFile(kernel.imagePath, 'utf8')).toBe(`image of ${RELEASE} 6.1.176-1`);
    expect(await readdir(kernel.modulesPath!)).toContain('modules.dep');
    expect(await readdir(dir)).toEqual(['boot', 'kernel.json', 'lib']);
    expect((await stat(options.cacheDir)).mode & 0o777).toBe(0o700);
    expect(warnings).toEqual([]);
  });

  test('a kernel split into packages is put together from its exact dependencies', async () => {
    const release = '7.2.12+deb13-cloud-amd64';
    const older = splitKernel('7.2.9+deb13-cloud-amd64', '7.2.9-1~bpo13+1');
    await archive.publish('trixie-backports', [...older, ...splitKernel(release, '7.2.12-1~bpo13+1')]);
    const kernel = await resolveKernel('debian:7.2', options);
    expect([kernel.release, kernel.version]).toEqual([release, '7.2.12-1~bpo13+1']);
    expect(await readFile(kernel.imagePath, 'utf8')).toBe(`image of ${release} 7.2.12-1~bpo13+1`);
    expect(await readFile(kernel.configPath!, 'utf8')).toBe('CONFIG_BPF=y\n');
    expect(requested().filter((asked) => asked.endsWith('.deb'))).toHaveLength(4);
  });

  test.each([
    ['security before main', { bookworm: '6.1.176-1', 'bookworm-security': '6.1.192-2' }, '6.1.192-2'],
    ['main before security', { bookworm: '6.1.199-1', 'bookworm-security': '6.1.192-2' }, '6.1.199-1'],
    [
      'no rebuild for an older release',
      { 'bullseye-security': '6.1.192-2~deb11u1', bookworm: '6.1.192-2' },
      '6.1.192-2',
    ],
    ['the only one there is', { 'bullseye-security': '6.1.192-2~deb11u1' }, '6.1.192-2~deb11u1'],
    ['numbers, not digits', { bookworm: '6.1.99-1', 'bookworm-security': '6.1.100-1' }, '6.1.100-1'],
  ])('the newest version over all suites wins: %s', async (_what, suites, expected) => {
    for (const [suite, version] of Object.entries(suites)) {
      await archive.publish(suite, [wholeKernel(RELEASE, version!)]);
    }
    const [locked] = await lockKernels(['debian:6.1'], options);
    expect(locked?.version).toBe(expected);
  });

  test('other series, flavours and packages that only point to kernels are passed over', async () => {
    const pointer = { ...wholeKernel('6.1-cloud-amd64', '6.1.999-1'), name: 'linux-image-6.1-cloud-amd64' };
    await archive.publish('bookworm-security', [
      pointer,
      wholeKernel('6.1.0-60-amd64', '6.1.998-1'),
      wholeKernel('6.1.0-60-cloud-amd64-unsigned', '6.1.997-1'),
      wholeKernel('6.1.0-60-cloud-amd64-dbg', '6.1.996-1'),
      wholeKernel('6.12.117+deb12-cloud-amd64', '6.12.117-1~deb12u1'),
      wholeKernel('6.10.1-cloud-amd64', '6.10.1-1'),
    ]);
    await publishOne();
    const [locked] = await lockKernels(['debian:6.1'], options);
    expect(locked?.version).toBe('6.1.176-1');
  });

  test('a kernel whose modules the archive has dropped is passed over for an older whole one', async () => {
    const whole = splitKernel('7.2.9+deb13-cloud-amd64', '7.2.9-1');
    const rest = splitKernel('7.2.12+deb13-cloud-amd64', '7.2.12-1').filter(
      ({ name }) => !/modules/.test(name),
    );
    await archive.publish('trixie-backports', [...rest, ...whole]);
    expect((await resolveKernel('debian:7.2', options)).version).toBe('7.2.9-1');
  });

  test('only the suites that can have a series are asked', async () => {
    await publishOne();
    await resolveKernel('debian:6.1', options);
    const suites = requested().flatMap((asked) => /dists\/([^/]+)\/InRelease/.exec(asked)?.[1] ?? []);
    expect(suites.sort()).toEqual([
      'bookworm',
      'bookworm-security',
      'bullseye-security',
      'trixie-backports',
      'trixie-security',
    ]);
  });

  test('a suite that is gone is a warning while another one has the series, and an error if none has', async () => {
    archive.server.files.delete('/debian-security/dists/bullseye-security/InRelease');
    await publishOne();
    expect((await resolveKernel('debian:6.1', options)).version).toBe('6.1.176-1');
    expect(warnings).toEqual([
      `Cannot download ${archive.server.url}/debian-security/dists/bullseye-security/InRelease: ` +
        'the server answered 404; going on without it',
    ]);
    expect((await failure(resolveKernel('debian:6.16', options))).details.reason).toBe('not-found');
  });

  test('a series that no suite has is a configuration error that names the suites asked', async () => {
    const error = await failure(resolveKernel('debian:4.19', options));
    expect([error.kind, error.message]).toEqual([
      'config',
      `Cannot resolve debian:4.19: no suite at ${archive.server.url} has a whole cloud kernel of series 4.19 ` +
        '(asked: bullseye-security, bookworm-security, trixie-security, trixie-backports)',
    ]);
  });

  test('debian:newest is the newest of all series, in testing or in the backports', async () => {
    await archive.publish('trixie-backports', splitKernel('7.2.12+deb13-cloud-amd64', '7.2.12-1~bpo13+1'));
    expect((await resolveKernel('debian:newest', options)).version).toBe('7.2.12-1~bpo13+1');
    await archive.publish('forky', splitKernel('7.10.2+deb14-cloud-amd64', '7.10.2-1'));
    const kernel = await resolveKernel('debian:newest', { ...options, refresh: true });
    expect([kernel.reference, kernel.release]).toEqual(['debian:newest', '7.10.2+deb14-cloud-amd64']);
  });

  test('what the mirror has dropped comes from the mirror of past releases, signed as ever', async () => {
    const past = await startFakeArchive();
    try {
      await past.publish('bullseye', [wholeKernel('5.10.0-40-cloud-amd64', '5.10.259-1')]);
      for (const name of [...archive.server.files.keys()])
        if (name.includes('/bullseye')) archive.server.files.delete(name);
      const both = { ...options, pastReleasesMirror: past.server.url };
      const strange = await failure(resolveKernel('debian:5.10', both));
      expect(strange.details.reason).toBe('bad-signature');
      const keysDir = path.join(archive.dir, 'both-keys');
      for (const [i, from] of [archive.keysDir, past.keysDir].entries())
        for (const name of await readdir(from))
          await cp(path.join(from, name), path.join(keysDir, `${i}-${name}`));
      const kernel = await resolveKernel('debian:5.10', { ...both, keysDir });
      expect(kernel.version).toBe('5.10.259-1');
    } finally {
      await past.close();
    }
  });

  test('where past releases cannot be asked either, the mirror is what the error names', async () => {
    const mirror = archive.server.url;
    for (const name of [...archive.server.files.keys()])
      if (name.includes('/dists/')) archive.server.files.delete(name);
    const nowhere = { ...options, pastReleasesMirror: 'http://127.0.0.1:1' };
    expect((await failure(resolveKernel('debian:5.10', nowhere))).message).toContain(
      `${mirror}/debian/dists/bullseye/InRelease`,
    );
  });

  test('the series of the small suites are listed with their newest versions', async () => {
    await archive.publish('trixie-backports', [
      wholeKernel('6.18.9+deb13-cloud-amd64', '6.18.9-1'),
      wholeKernel('6.18.15+deb13-cloud-amd64', '6.18.15-1'),
      ...splitKernel('7.2.12+deb13-cloud-amd64', '7.2.12-1'),
    ]);
    expect(await availableSeries(options)).toEqual([
      { series: '7.2', version: '7.2.12-1', suite: 'trixie-backports' },
      { series: '6.18', version: '6.18.15-1', suite: 'trixie-backports' },
    ]);
  });

  test('progress counts the bytes of all packages of a kernel', async () => {
    const packages = await archive.publish(
      'trixie-backports',
      splitKernel('7.2.12+deb13-cloud-amd64', '7.2.12-1'),
    );
    const events: ProgressEvent[] = [];
    await resolveKernel('debian:7.2', { ...options, onProgress: (event) => events.push(event) });
    const total = packages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const downloads = events.filter(({ phase }) => phase === 'download');
    expect(downloads.at(-1)).toMatchObject({ task: 'debian:7.2', done: total, total });
    expect(events.at(-1)).toEqual({ task: 'debian:7.2', phase: 'done', message: '7.2.12-1' });
  });

  test('a mirror that is no URL is a configuration error', async () => {
    const error = await failure(resolveKernel('debian:6.1', { ...options, mirror: 'ftp://example.org' }));
    expect([error.kind, error.message]).toEqual([
      'config',
      "Cannot use mirror 'ftp://example.org': expected an http:// or https:// URL",
    ]);
  });
});

describe('the chain of trust', () => {
  const forgedText = (text: string) => text.replace('Origin: Debian', 'Origin: Debiam');

  test.each([
    [
      'a signature over other text',
      { forge: forgedText },
      'bad-signature',
      'InRelease: its signature is not good',
    ],
    ['a key nobody trusts', { strangerSigns: true }, 'bad-signature', 'InRelease: its signature is not good'],
    [
      'no signature',
      { forge: () => 'Codename: bookworm\n' },
      'bad-signature',
      'InRelease: its signature is not good',
    ],
    [
      'another suite',
      { release: { Codename: 'trixie' } },
      'wrong-suite',
      "it is for 'trixie', expected 'bookworm'",
    ],
    [
      'no suite',
      { release: { Codename: undefined } },
      'wrong-suite',
      "it is for 'no suite', expected 'bookworm'",
    ],
    [
      'an index that was changed',
      { forgeIndex: (index: Buffer) => Buffer.concat([index.subarray(0, -4), Buffer.from('evil')]) },
      'digest-mismatch',
      'the file was deleted',
    ],
    [
      'an index with more in it',
      { forgeIndex: (index: Buffer) => Buffer.concat([index, index]) },
      'too-large',
      'it has more bytes than it may',
    ],
  ])('%s stops it, is named, and leaves nothing', async (_what, faults, reason, message) => {
    await archive.publish('bookworm', [wholeKernel(RELEASE, '6.1.176-1')], faults);
    const error = await failure(resolveKernel('debian:6.1', options));
    expect([error.kind, error.details.reason]).toEqual(['infrastructure', reason]);
    expect(error.message).toContain(`${archive.server.url}/debian/dists/bookworm/`);
    expect(error.message).toContain(message);
    expect(await leftInCache()).toEqual({ kernels: [], tmp: [] });
    expect(requested().some((asked) => asked.endsWith('.deb'))).toBe(false);
  });

  test('text around the signed part is never read', async () => {
    const packages = [wholeKernel(RELEASE, '6.1.176-1')];
    await archive.publish('bookworm', packages, {
      forge: (text) =>
        `Codename: evil\nValid-Until: Thu, 01 Jan 2015 00:00:00 UTC\n\n${text}\nCodename: evil\n`,
    });
    expect((await resolveKernel('debian:6.1', options)).version).toBe('6.1.176-1');
  });

  test('two signed messages in one file are refused', async () => {
    await archive.publish('bookworm', [wholeKernel(RELEASE, '6.1.176-1')], {
      forge: (text) => `${text}\n${text}`,
    });
    expect((await failure(resolveKernel('debian:6.1', options))).details.reason).toBe('bad-signature');
  });

  test('a package of another content is deleted and named with both digests', async () => {
    const [published] = await publishOne();
    const good = archive.server.files.get(DEB)!;
    const evil = Buffer.from(good);
    evil[evil.length - 1]! ^= 0xff;
    archive.server.files.set(DEB, evil);
    const error = await failure(resolveKernel('debian:6.1', options));
    expect(error.message).toBe(
      `Cannot use ${archive.server.url}${DEB}: its sha256 is ${sha256(evil)} (${good.length} bytes), expected ` +
        `${published!.sha256} (${good.length} bytes); the file was deleted`,
    );
    expect(await leftInCache()).toEqual({ kernels: [], tmp: [] });
    archive.server.files.set(DEB, good);
    expect((await resolveKernel('debian:6.1', options)).version).toBe('6.1.176-1');
  });

  test('an index past its Valid-Until is used with a warning: it is signed, and only old', async () => {
    const release = { 'Valid-Until': 'Fri, 06 Nov 2015 08:08:01 UTC' };
    await archive.publish('bookworm', [wholeKernel(RELEASE, '6.1.176-1')], { release });
    expect((await resolveKernel('debian:6.1', options)).version).toBe('6.1.176-1');
    expect(warnings).toEqual([
      `${archive.server.url}/debian/dists/bookworm/InRelease was valid until 2015-11-06T08:08:01.000Z: ` +
        'the mirror is behind, and its kernels may not be the newest',
    ]);
  });

  test('an index that is still valid is used', async () => {
    const release = { 'Valid-Until': new Date(Date.now() + 3600_000).toUTCString() };
    await archive.publish('bookworm', [wholeKernel(RELEASE, '6.1.176-1')], { release });
    expect((await resolveKernel('debian:6.1', options)).version).toBe('6.1.176-1');
  });

  test('a mirror without index files by digest is asked by name', async () => {
    const release = { 'Acquire-By-Hash': undefined };
    await archive.publish('bookworm', [wholeKernel(RELEASE, '6.1.176-1')], { release });
    await resolveKernel('debian:6.1', options);
    expect(requested()).toContain('/debian/dists/bookworm/main/binary-amd64/Packages.xz');
  });

  test.each([
    ['Filename', '../../../../etc/passwd.deb'],
    ['Filename', 'pool/main/../../../x.deb'],
    ['Filename', '/pool/main/l/x.deb'],
    ['Filename', 'pool/main/l/x.deb?y=.deb'],
    ['Filename', 'http://evil.example.org/pool/x.deb'],
    ['Size', '999999999999'],
    ['Size', '-1'],
    ['Size', '1e99'],
    ['SHA256', 'abc'],
    ['Version', '$(reboot)'],
  ])("an index with a hostile %s '%s' is refused", async (field, value) => {
    await archive.publish('bookworm', [wholeKernel(RELEASE, '6.1.176-1', { [field]: value })]);
    const error = await failure(resolveKernel('debian:6.1', options));
    expect(error.message).toBe(
      `Cannot use ${archive.server.url}/debian/dists/bookworm/main/binary-amd64/Packages.xz: ` +
        `package 'linux-image-${RELEASE}' has ${field} '${value}'`,
    );
    expect(requested().some((asked) => asked.endsWith('.deb'))).toBe(false);
  });

  test.each([
    ['an absolute path', debWithEntry('/tmp/tollgate-evil')],
    ['a path that climbs', debWithEntry('../../../../../../../../tmp/tollgate-evil')],
    ['boot as a link', debWithEntry('./boot', { link: '/tmp' })],
    ['lib as a link', debWithEntry('./lib', { link: '/' })],
  ])('a package with %s writes nothing outside and makes no kernel', async (_what, deb) => {
    await rm('/tmp/tollgate-evil', { force: true });
    await archive.publish('bookworm', [{ ...wholeKernel(RELEASE, '6.1.176-1'), deb }]);
    expect((await failure(resolveKernel('debian:6.1', options))).details.reason).toBe('bad-package');
    expect(await stat('/tmp/tollgate-evil').catch(() => 'nothing')).toBe('nothing');
    expect(await leftInCache()).toEqual({ kernels: [], tmp: [] });
  });

  test('the keys shipped are those of Debian 12 and 13, and no other is trusted with them', async () => {
    const keys = fileURLToPath(new URL('./keys', import.meta.url));
    const names = (await readdir(keys)).filter((name) => name.endsWith('.gpg'));
    const fingerprints = await Promise.all(
      names.map(async (name) => {
        const args = ['--homedir', archive.dir, '--show-keys', '--with-colons', path.join(keys, name)];
        const { stdout } = await execa('gpg', args);
        return [name, /^fpr:+([0-9A-F]{40}):/m.exec(stdout)?.[1]];
      }),
    );
    // As in Debian 12's package debian-archive-keyring.
    expect(Object.fromEntries(fingerprints)).toEqual({
      'debian-archive-bookworm-automatic.gpg': 'B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8',
      'debian-archive-bookworm-security-automatic.gpg': '05AB90340C0C5E797F44A8C8254CF3B5AEC0A8F0',
      'debian-archive-trixie-automatic.gpg': '04B54C3CDCA79751B16BC6B5225629DF75B188BD',
      'debian-archive-trixie-security-automatic.gpg': '5E04A1E3223A19A20706E20F9904613D4CCE68C6',
    });
    const { keysDir: _, ...shipped } = options;
    expect((await failure(readSuite(SUITES[0]!, shipped))).details.reason).toBe('bad-signature');
  });
});

describe('a tool that is missing', () => {
  test.each([
    ['gpgv', 'gpgv'],
    ['xz', 'xz-utils'],
    ['dpkg-deb', 'dpkg'],
  ])('%s is named with the package that brings it', async (tool, brings) => {
    await publishOne();
    const bin = await mkdtemp(path.join(archive.dir, 'bin-'));
    for (const other of ['gpgv', 'xz', 'dpkg-deb', 'tar'].filter((name) => name !== tool)) {
      await symlink(`/usr/bin/${other}`, path.join(bin, other));
    }
    const before = process.env.PATH;
    process.env.PATH = bin;
    try {
      const error = await failure(resolveKernel('debian:6.1', options));
      expect([error.message, error.details.hint]).toEqual([
        `Cannot run '${tool}': it is not installed`,
        `apt-get install ${brings}`,
      ]);
    } finally {
      process.env.PATH = before;
    }
    expect(await leftInCache()).toEqual({ kernels: [], tmp: [] });
  });
});

describe('transfers', () => {
  test('an interrupted package is resumed', async () => {
    await publishOne();
    archive.server.misbehave.set(DEB, dropAfter(100));
    await resolveKernel('debian:6.1', options);
    const ranges = archive.server.seen.filter(({ path: asked }) => asked === DEB).map(({ range }) => range);
    expect(ranges).toEqual([undefined, 'bytes=100-']);
  });

  test('a package that never arrives is given up within the bound and leaves nothing', async () => {
    await publishOne();
    archive.server.misbehave.set(DEB, stallAfter(10));
    const error = await failure(resolveKernel('debian:6.1', options));
    expect(error.message).toBe(
      `Cannot download ${archive.server.url}${DEB}: no data for 0.4 s (tried 3 times)`,
    );
    expect(await leftInCache()).toEqual({ kernels: [], tmp: [] });
  });

  test('Ctrl-C while a package arrives ends at once and leaves nothing', async () => {
    await publishOne();
    archive.server.misbehave.set(DEB, stallAfter(10));
    const controller = new AbortController();
    const patient = { ...options, signal: controller.signal, transfer: { stallMs: 60_000 } };
    const error = failure(resolveKernel('debian:6.1', patient));
    while (!requested().includes(DEB)) await new Promise((resolve) => setTimeout(resolve, 10));
    controller.abort();
    expect((await error).name).toBe('AbortError');
    expect(await leftInCache()).toEqual({ kernels: [], tmp: [] });
  });
});

describe('the cache', () => {
  test('a warm run opens no connection, for a day', async () => {
    await publishOne();
    const first = await resolveKernel('debian:6.1', options);
    archive.server.seen.length = 0;
    await age(23);
    expect(await resolveKernel('debian:6.1', options)).toEqual(first);
    expect(requested()).toEqual([]);
  });

  test('after a day the archive is asked again, and only what is new is downloaded', async () => {
    await publishOne();
    await resolveKernel('debian:6.1', options);
    await age(25);
    await archive.publish('bookworm-security', [wholeKernel('6.1.0-51-cloud-amd64', '6.1.180-1')]);
    archive.server.seen.length = 0;
    expect((await resolveKernel('debian:6.1', options)).version).toBe('6.1.180-1');
    // The empty suites have one index among them, and bookworm's did not change.
    expect(requested().filter((asked) => asked.includes('by-hash'))).toHaveLength(1);
  });

  test('refresh asks the archive at once', async () => {
    await publishOne();
    await resolveKernel('debian:6.1', options);
    await archive.publish('bookworm-security', [wholeKernel('6.1.0-51-cloud-amd64', '6.1.180-1')]);
    expect((await resolveKernel('debian:6.1', options)).version).toBe('6.1.176-1');
    expect((await resolveKernel('debian:6.1', { ...options, refresh: true })).version).toBe('6.1.180-1');
  });

  test('when the archive cannot be asked, the remembered answer serves with one warning', async () => {
    await publishOne();
    const first = await resolveKernel('debian:6.1', options);
    await age(50);
    for (const name of ['bookworm', 'trixie-backports']) {
      archive.server.misbehave.set(`/debian/dists/${name}/InRelease`, answer(500));
    }
    expect(await resolveKernel('debian:6.1', options)).toEqual(first);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /^debian:6\.1: the archive could not be asked, using 6\.1\.176-1, the newest 2 days ago \(Cannot download .*: the server answered 500 \(tried 3 times\)\)$/,
    );
    const error = await failure(resolveKernel('debian:6.1', { ...options, refresh: true }));
    expect(error.details.reason).toBe('network');
  });

  test('an archive that does not verify stops it even when an answer is remembered', async () => {
    await publishOne();
    await resolveKernel('debian:6.1', options);
    await age(25);
    await archive.publish('bookworm', [], { strangerSigns: true });
    expect((await failure(resolveKernel('debian:6.1', options))).details.reason).toBe('bad-signature');
  });

  test('a remembered version that the archive dropped before it was downloaded is resolved anew', async () => {
    await publishOne();
    await lockKernels(['debian:6.1'], options);
    await publishOne('6.1.180-1');
    archive.server.files.delete(DEB);
    expect((await resolveKernel('debian:6.1', options)).version).toBe('6.1.180-1');
  });

  test('offline works from a warm cache however old, and says what is missing from a cold one', async () => {
    const offline = { ...options, offline: true };
    const never = await failure(resolveKernel('debian:6.1', offline));
    expect([never.details.reason, never.message, never.details.hint]).toEqual([
      'offline',
      'Cannot resolve debian:6.1 offline: it is neither cached nor pinned',
      'tollgate kernels pull debian:6.1',
    ]);
    await publishOne();
    const lock = await lockKernels(['debian:6.1'], options);
    const notYet = await failure(resolveKernel('debian:6.1', { ...offline, lock }));
    expect(notYet.message).toBe('Cannot get debian:6.1 offline: 6.1.176-1 is not cached');
    const online = await resolveKernel('debian:6.1', options);
    await age(24 * 365);
    archive.server.seen.length = 0;
    expect(await resolveKernel('debian:6.1', offline)).toEqual(online);
    expect(await resolveKernel('debian:6.1', { ...offline, lock })).toEqual(online);
    expect([requested(), warnings]).toEqual([[], []]);
  });

  test('a folder that cannot be made is told', async () => {
    const file = path.join(archive.dir, 'a-file');
    await writeFile(file, '');
    const error = await failure(
      resolveKernel('debian:6.1', { ...options, cacheDir: path.join(file, 'cache') }),
    );
    expect([error.details.reason, error.message]).toEqual([
      'cache-write',
      `Cannot make cache folder '${file}/cache': ENOTDIR: not a directory, mkdir '${file}/cache'`,
    ]);
  });

  test('a damaged image in the cache is found and replaced', async () => {
    await publishOne();
    const kernel = await resolveKernel('debian:6.1', options);
    await writeFile(kernel.imagePath, 'evil');
    expect(await resolveKernel('debian:6.1', options)).toEqual(kernel);
    expect(await readFile(kernel.imagePath, 'utf8')).toBe(`image of ${RELEASE} 6.1.176-1`);
    expect((await leftInCache()).tmp).toEqual([]);
  });

  test('an image of the same size but other content is found too', async () => {
    await publishOne();
    const kernel = await resolveKernel('debian:6.1', options);
    const image = await readFile(kernel.imagePath, 'utf8');
    await writeFile(kernel.imagePath, image.replace('image', 'IMAGE'));
    await utimes(kernel.imagePath, 1, 1);
    await resolveKernel('debian:6.1', options);
    expect(await readFile(kernel.imagePath, 'utf8')).toBe(image);
  });

  test('what a killed process left behind is no kernel, and is swept up in time', async () => {
    const [published] = await publishOne();
    const half = path.join(options.cacheDir, 'kernels', sha256(published!.sha256));
    await mkdir(path.join(half, 'boot'), { recursive: true });
    const old = path.join(options.cacheDir, 'tmp', 'old');
    const young = path.join(options.cacheDir, 'tmp', 'young');
    for (const dir of [old, young]) await mkdir(dir, { recursive: true });
    await utimes(old, 1, 1);
    expect((await resolveKernel('debian:6.1', options)).version).toBe('6.1.176-1');
    expect(await leftInCache()).toEqual({ kernels: [path.basename(half)], tmp: ['young'] });
  });

  test('the same kernel asked for twice at once in one process is downloaded once', async () => {
    await publishOne();
    const [first, second] = await Promise.all([
      resolveKernel('debian:6.1', options),
      resolveKernel('debian:6.1', options),
    ]);
    expect(first).toEqual(second);
    expect(requested().filter((asked) => asked === DEB)).toHaveLength(1);
  });

  test('four processes at once all get the kernel, and leave one whole', async () => {
    await archive.publish('trixie-backports', splitKernel('7.2.12+deb13-cloud-amd64', '7.2.12-1'));
    const script = path.join(archive.dir, 'resolve.cjs');
    await build({
      stdin: {
        contents: `import { resolveKernel } from './index.ts';
          const [reference, options] = process.argv.slice(2);
          resolveKernel(reference, JSON.parse(options)).then((kernel) => console.log(JSON.stringify(kernel)));`,
        resolveDir: fileURLToPath(new URL('.', import.meta.url)),
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      outfile: script,
      logLevel: 'error',
      logOverride: { 'empty-import-meta': 'silent' },
    });
    const { onWarning: _, ...plain } = options;
    const runs = await Promise.all(
      Array.from({ length: 4 }, () => execa('node', [script, 'debian:7.2', JSON.stringify(plain)])),
    );
    const kernel = await resolveKernel('debian:7.2', { ...options, offline: true });
    expect(runs.map(({ stdout }) => JSON.parse(stdout))).toEqual(Array(4).fill(kernel));
    expect(await leftInCache()).toEqual({
      kernels: [path.basename(path.dirname(path.dirname(kernel.imagePath)))],
      tmp: [],
    });
  });

  test('the list tells what is cached and what is pinned', async () => {
    await publishOne();
    const lock = await lockKernels(['debian:6.1'], options);
    expect((await listKernels(options.cacheDir, lock)).pinned).toEqual([
      { reference: 'debian:6.1', version: '6.1.176-1' },
    ]);
    const [kernel] = await pullKernels(['debian:6.1', 'debian:6.1'], options);
    const dir = path.dirname(path.dirname(kernel!.imagePath));
    const { sources, cached, pinned } = await listKernels(options.cacheDir, lock);
    expect(sources.map(({ pattern }) => pattern)).toEqual([
      'debian:SERIES',
      'path:DIR or path:BZIMAGE',
      'host',
    ]);
    expect(cached).toEqual([
      {
        reference: 'debian:6.1',
        release: RELEASE,
        version: '6.1.176-1',
        digest: kernel!.digest,
        path: dir,
        sizeBytes: expect.any(Number),
      },
    ]);
    const { stdout } = await execa('find', [dir, '-type', 'f', '-printf', '%s\n']);
    const sizes = stdout.split('\n').map(Number);
    expect(cached[0]!.sizeBytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
    expect(pinned).toEqual([{ reference: 'debian:6.1', version: '6.1.176-1', cachedPath: dir }]);
  });
});

describe('a lock', () => {
  test('is obeyed without an index, whatever is newest', async () => {
    await publishOne();
    const lock = await lockKernels(['debian:6.1'], options);
    await archive.publish('bookworm-security', [wholeKernel('6.1.0-51-cloud-amd64', '6.1.180-1')]);
    archive.server.seen.length = 0;
    const fresh = { ...options, cacheDir: `${options.cacheDir}-other` };
    expect((await resolveKernel('debian:6.1', { ...fresh, lock, refresh: true })).version).toBe('6.1.176-1');
    expect(requested()).toEqual([DEB]);
  });

  test('on a version that is gone says what is newest and how to move', async () => {
    await publishOne();
    const lock = await lockKernels(['debian:6.1'], options);
    await publishOne('6.1.180-1');
    archive.server.files.delete(DEB);
    const error = await failure(resolveKernel('debian:6.1', { ...options, lock }));
    expect([error.details.reason, error.message, error.details.hint]).toEqual([
      'locked-version-gone',
      'Cannot download debian:6.1 6.1.176-1 from the lock file: the archive no longer has it; ' +
        'the newest of its series is 6.1.180-1',
      'tollgate kernels lock --update moves the lock; figures then belong to the new version.',
    ]);
    archive.server.misbehave.set('/debian/dists/bookworm/InRelease', answer(500));
    const alone = await failure(resolveKernel('debian:6.1', { ...options, lock }));
    expect(alone.message).toBe(
      'Cannot download debian:6.1 6.1.176-1 from the lock file: the archive no longer has it',
    );
  });

  test('that does not have the reference is a warning', async () => {
    await publishOne();
    await resolveKernel('debian:6.1', { ...options, lock: [] });
    expect(warnings).toEqual(["debian:6.1 is not pinned in the lock file; 'tollgate kernels lock' pins it"]);
  });

  test.each([
    'debian/pool/../../etc/passwd.deb',
    'http://evil.example.org/pool/x.deb',
    '../pool/x.deb',
    'debian/dists/x.deb',
  ])("with the url '%s' is refused", async (url) => {
    const lock = [
      { reference: 'debian:6.1', version: '1', packages: [{ url, sha256: 'a'.repeat(64), sizeBytes: 1 }] },
    ];
    const error = await failure(resolveKernel('debian:6.1', { ...options, lock }));
    expect(error.message).toBe(`Cannot use debian:6.1: '${url}' is no package of an archive`);
    expect(requested()).toEqual([]);
  });

  test('leaves out what cannot be pinned, with a warning', async () => {
    await publishOne();
    const lock = await lockKernels(['debian:6.1', 'path:build/bzImage'], options);
    expect(lock.map(({ reference }) => reference)).toEqual(['debian:6.1']);
    expect(warnings).toEqual(["path:build/bzImage cannot be pinned: its files are not the archive's"]);
  });
});
