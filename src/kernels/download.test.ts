import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DownloadOptions, download } from './download.ts';
import { sha256 } from './testing/archive.ts';
import { answer, dropAfter, type FileServer, stallAfter, startFileServer } from './testing/server.ts';

const BODY = randomBytes(300_000);
const QUICK = { attempts: 3, retryDelayMs: 5, stallMs: 300 };
let server: FileServer;
let dir: string;

beforeEach(async () => {
  server = await startFileServer();
  server.files.set('/file', BODY);
  dir = await mkdtemp(path.join(tmpdir(), 'tollgate-download-'));
});

afterEach(async () => {
  await server.close();
  await rm(dir, { recursive: true });
});

const get = (options: Partial<DownloadOptions> = {}, at = '/file') =>
  download(`${server.url}${at}`, path.join(dir, 'target'), {
    maxBytes: 1_000_000,
    expected: { sha256: sha256(BODY), sizeBytes: BODY.length },
    limits: QUICK,
    ...options,
  });

const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error) => error.details?.reason ?? error.name,
  );

test('a file arrives whole, with its digest and its progress', async () => {
  const progress: number[] = [];
  const result = await get({ onBytes: (bytes) => progress.push(bytes) });
  expect(result).toEqual({ sha256: sha256(BODY), sizeBytes: BODY.length });
  expect(await readFile(path.join(dir, 'target'))).toEqual(BODY);
  expect(progress.at(-1)).toBe(BODY.length);
  expect(await readdir(dir)).toEqual(['target']);
});

test('a dropped connection is resumed where it broke off', async () => {
  server.misbehave.set('/file', dropAfter(100_000, 2));
  await get();
  expect(await readFile(path.join(dir, 'target'))).toEqual(BODY);
  // Of the bytes that were sent, those count that had been written when the connection broke.
  const starts = server.seen.map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range ?? 'bytes=0-')![1]));
  expect(starts).toHaveLength(3);
  const steps = [starts[1]! - starts[0]!, starts[2]! - starts[1]!];
  expect(steps.every((step) => step > 0 && step <= 100_000)).toBe(true);
});

test('a connection dropped after the last byte needs no further request', async () => {
  server.misbehave.set('/file', (_request, response) => {
    response.writeHead(200, { 'content-length': BODY.length + 1 });
    response.write(BODY, () => setTimeout(() => response.destroy(), 500)); // all is read by then
    return true;
  });
  await get();
  expect(server.seen).toHaveLength(1);
});

test('a server that cannot resume is read from the start', async () => {
  let first = true;
  server.misbehave.set('/file', (_request, response) => {
    response.writeHead(200, { 'content-length': BODY.length });
    if (first) response.write(BODY.subarray(0, 5000), () => setTimeout(() => response.destroy(), 20));
    else response.end(BODY);
    first = false;
    return true;
  });
  expect(await get()).toEqual({ sha256: sha256(BODY), sizeBytes: BODY.length });
});

test('a file of unknown digest is not resumed but read again', async () => {
  server.misbehave.set('/file', dropAfter(100_000));
  const { expected: _, ...unknown } = { expected: undefined, maxBytes: 1_000_000, limits: QUICK };
  const result = await download(`${server.url}/file`, path.join(dir, 'target'), unknown);
  expect(result.sha256).toBe(sha256(BODY));
  expect(server.seen.map(({ range }) => range)).toEqual([undefined, undefined]);
});

test.each([
  ['keeps dropping', dropAfter(10, 100), 'network', 3],
  ['stalls', stallAfter(10), 'network', 3],
  ['has internal trouble', answer(503), 'network', 3],
  ['asks to come back later', answer(429), 'network', 3],
  ['does not have it', answer(404), 'not-found', 1],
  ['forbids it', answer(403), 'http-status', 1],
  ['redirects in a circle', answer(302, { location: '/file' }), 'http-status', 6],
  ['redirects to a local file', answer(302, { location: 'file:///etc/passwd' }), 'http-status', 1],
] as const)(
  'a server that %s ends the download within the bound and leaves nothing',
  async (_what, how, reason, requests) => {
    server.misbehave.set('/file', how);
    expect(await reasonOf(get())).toBe(reason);
    expect(server.seen).toHaveLength(requests);
    expect(await readdir(dir)).toEqual([]);
  },
);

test('a stall is given up after its time and named', async () => {
  server.misbehave.set('/file', stallAfter(1000));
  const started = Date.now();
  await expect(get({ limits: { ...QUICK, attempts: 1 } })).rejects.toThrow('no data for 0.3 s (tried once)');
  expect(Date.now() - started).toBeLessThan(3000);
});

test('a server that refuses connections is named with the number of tries', async () => {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.on('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  const refused = download(`http://127.0.0.1:${port}/file`, path.join(dir, 'target'), {
    maxBytes: 1,
    limits: QUICK,
  });
  await expect(refused).rejects.toThrow(/127\.0\.0\.1:\d+\/file: connect ECONNREFUSED .* \(tried 3 times\)/);
});

test('another digest is an error with both digests, and the file is gone', async () => {
  const wrong = Buffer.from(BODY);
  wrong[7]! ^= 1;
  server.files.set('/file', wrong);
  await expect(get()).rejects.toThrow(
    `Cannot use ${server.url}/file: its sha256 is ${sha256(wrong)} (300000 bytes), expected ` +
      `${sha256(BODY)} (300000 bytes); the file was deleted`,
  );
  expect(await readdir(dir)).toEqual([]);
});

test.each([
  ['shorter', BODY.subarray(0, 1000), 'digest-mismatch'],
  ['longer', Buffer.concat([BODY, Buffer.from('x')]), 'too-large'],
])('a file %s than the index says is never kept', async (_what, body, reason) => {
  server.files.set('/file', body);
  expect(await reasonOf(get())).toBe(reason);
  expect(await readdir(dir)).toEqual([]);
});

test('an endless answer is cut off at the cap', async () => {
  server.misbehave.set('/file', (_request, response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65536)));
    };
    response.on('drain', more);
    more();
    return true;
  });
  const endless = download(`${server.url}/file`, path.join(dir, 'target'), {
    maxBytes: 200_000,
    limits: QUICK,
  });
  expect(await reasonOf(endless)).toBe('too-large');
  expect(await readdir(dir)).toEqual([]);
});

test('a redirect within the bound is followed', async () => {
  server.misbehave.set('/moved', answer(301, { location: `${server.url}/file` }));
  expect((await get({}, '/moved')).sizeBytes).toBe(BODY.length);
});

test('an interruption ends at once, throws its own reason and leaves nothing', async () => {
  server.misbehave.set('/file', stallAfter(1000));
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  const started = Date.now();
  expect(await reasonOf(get({ signal: controller.signal, limits: { ...QUICK, stallMs: 20_000 } }))).toBe(
    'AbortError',
  );
  expect(Date.now() - started).toBeLessThan(2000);
  expect(await readdir(dir)).toEqual([]);
});

test('with a proxy, the proxy is asked for the whole URL', async () => {
  const asked: (string | undefined)[] = [];
  const proxy = http.createServer((request, response) => {
    asked.push(request.url);
    response.end(BODY);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  await download('http://archive.example.org/debian/file', path.join(dir, 'target'), {
    maxBytes: 1_000_000,
    proxy: `http://127.0.0.1:${port}`,
  });
  expect(asked).toEqual(['http://archive.example.org/debian/file']);
  await new Promise((resolve) => {
    proxy.close(resolve);
    proxy.closeAllConnections();
  });
});

test('with a proxy, https goes through a tunnel', async () => {
  const asked: (string | undefined)[] = [];
  const proxy = http.createServer();
  proxy.on('connect', (request, socket) => {
    asked.push(request.url);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  const refused = download('https://archive.example.org/file', path.join(dir, 'target'), {
    maxBytes: 1,
    proxy: `http://127.0.0.1:${port}`,
    limits: { ...QUICK, attempts: 1 },
  });
  await expect(refused).rejects.toThrow('the proxy answered 403');
  expect(asked).toEqual(['archive.example.org:443']);
  await new Promise((resolve) => {
    proxy.close(resolve);
    proxy.closeAllConnections();
  });
});
