// Fetches one file over HTTP: hashed while it arrives, resumed where a connection drops, retried with a bound.
// A file whose size or digest is not the expected one is deleted before anybody can use it.

import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { TollgateError } from '../model/errors.ts';
import type { TransferLimits } from './source.ts';

export interface DownloadOptions {
  /** Known from a signed index. Without it nothing is resumed: the file may have changed in between. */
  readonly expected?: { readonly sha256: string; readonly sizeBytes: number };
  /** No more than this is ever received. */
  readonly maxBytes: number;
  readonly proxy?: string;
  readonly limits?: Partial<TransferLimits>;
  readonly signal?: AbortSignal;
  /** Called with the bytes received so far; may go back when a transfer starts over. */
  readonly onBytes?: (receivedBytes: number) => void;
}

/**
 * Downloads `url` to `target`, which must be private to the caller until this returns. Throws TollgateError with
 * reason 'not-found', 'http-status', 'network', 'too-large', 'digest-mismatch' or 'cache-write'; the target then does not exist.
 */
export async function download(
  url: string,
  target: string,
  options: DownloadOptions,
): Promise<{ readonly sha256: string; readonly sizeBytes: number }> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const temp = `${target}.part`;
  const file = await open(temp, 'wx', 0o600);
  const transfer: Transfer = { url, file, hash: createHash('sha256'), receivedBytes: 0 };
  try {
    await transferWithRetries(transfer, options, limits);
    const sha256 = transfer.hash.digest('hex');
    checkDigest(transfer, sha256, options.expected);
    await file.close();
    await rename(temp, target);
    return { sha256, sizeBytes: transfer.receivedBytes };
  } finally {
    await file.close().catch(() => {});
    await rm(temp, { force: true });
  }
}

const DEFAULT_LIMITS: TransferLimits = { attempts: 5, retryDelayMs: 500, stallMs: 30_000 };
const MAX_REDIRECTS = 5;

interface Transfer {
  readonly url: string;
  readonly file: FileHandle;
  hash: Hash;
  receivedBytes: number;
}

async function transferWithRetries(
  transfer: Transfer,
  options: DownloadOptions,
  limits: TransferLimits,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transferOnce(transfer, options, limits);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof TollgateError) throw error;
      if (attempt >= limits.attempts) throw gaveUp(transfer, attempt, error);
      await sleep(limits.retryDelayMs * 2 ** (attempt - 1), undefined, signalOption(options.signal));
    }
  }
}

/** Throws TollgateError where trying again cannot help, and any other error where it may. */
async function transferOnce(
  transfer: Transfer,
  options: DownloadOptions,
  limits: TransferLimits,
): Promise<void> {
  const from = options.expected ? transfer.receivedBytes : 0;
  // The connection dropped after the last byte: there is no range left to ask for.
  if (from > 0 && from === options.expected?.sizeBytes) return;
  const response = await request(transfer.url, from, options, limits);
  try {
    checkStatus(transfer.url, response);
    const start = response.statusCode === 206 ? startOf(response) : 0;
    if (start === 0) await startOver(transfer);
    else if (start !== from) throw new Error('the server sent another part of the file than asked for');
    const capBytes = Math.min(options.maxBytes, options.expected?.sizeBytes ?? options.maxBytes);
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (transfer.receivedBytes + chunk.length > capBytes) throw tooLarge(transfer.url, capBytes, options);
      transfer.hash.update(chunk);
      await write(transfer, chunk);
      transfer.receivedBytes += chunk.length;
      options.onBytes?.(transfer.receivedBytes);
    }
    const missing = (options.expected?.sizeBytes ?? 0) > transfer.receivedBytes;
    if (missing && response.headers['content-length'] === undefined)
      throw new Error('the connection ended early');
  } finally {
    response.destroy();
  }
}

/** Apart from the network's errors: a full disk does not get better by asking the server again. */
async function write(transfer: Transfer, chunk: Buffer): Promise<void> {
  await transfer.file.write(chunk, 0, chunk.length, transfer.receivedBytes).catch((cause) => {
    throw new TollgateError('infrastructure', `Cannot store ${transfer.url}: ${cause.message}`, {
      reason: 'cache-write',
      hint: 'The cache folder needs a few hundred megabytes of free space.',
      cause,
    });
  });
}

async function startOver(transfer: Transfer): Promise<void> {
  transfer.hash = createHash('sha256');
  transfer.receivedBytes = 0;
  await transfer.file.truncate(0);
}

async function request(
  url: string,
  from: number,
  options: DownloadOptions,
  limits: TransferLimits,
): Promise<IncomingMessage> {
  let address = new URL(url);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await requestOnce(address, from, options, limits);
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || !location) return response;
    response.destroy();
    address = new URL(location, address);
    if (!/^https?:$/.test(address.protocol))
      throw failed(url, `it redirects to '${address.href}'`, 'http-status');
  }
  throw failed(url, `it redirects more than ${MAX_REDIRECTS} times`, 'http-status');
}

async function requestOnce(
  address: URL,
  from: number,
  options: DownloadOptions,
  limits: TransferLimits,
): Promise<IncomingMessage> {
  const headers = {
    'user-agent': 'tollgate',
    'accept-encoding': 'identity',
    ...(from > 0 ? { range: `bytes=${from}-` } : {}),
  };
  const common = { headers, timeout: limits.stallMs, ...signalOption(options.signal) };
  const secure = address.protocol === 'https:';
  if (!options.proxy) return send(secure ? https : http, address, common, limits);
  if (!secure) {
    const { hostname, port } = new URL(options.proxy);
    const viaProxy = { ...common, host: hostname, port: port || 80, path: address.href };
    return send(http, undefined, { ...viaProxy, headers: { ...headers, host: address.host } }, limits);
  }
  const socket = await tunnel(address, new URL(options.proxy), common, limits);
  const createConnection = () => tls.connect({ socket, servername: address.hostname });
  return send(https, address, { ...common, createConnection }, limits);
}

function send(
  client: typeof http | typeof https,
  address: URL | undefined,
  options: RequestOptions,
  limits: TransferLimits,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let incoming: IncomingMessage | undefined;
    const arrived = (response: IncomingMessage) => {
      incoming = response;
      resolve(response);
    };
    const outgoing = address ? client.get(address, options, arrived) : client.get(options, arrived);
    outgoing.on('error', reject);
    // Whoever waits for the response's body is to learn the reason, not that it was 'aborted'.
    outgoing.on('timeout', () => (incoming ?? outgoing).destroy(new Error(stalled(limits))));
  });
}

const stalled = ({ stallMs }: TransferLimits) => `no data for ${stallMs / 1000} s`;

function tunnel(address: URL, proxy: URL, common: RequestOptions, limits: TransferLimits): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const target = `${address.hostname}:${address.port || 443}`;
    const connect = http.request({
      method: 'CONNECT',
      host: proxy.hostname,
      port: proxy.port || 80,
      path: target,
      headers: { host: target },
      timeout: limits.stallMs,
      ...(common.signal ? { signal: common.signal } : {}),
    });
    connect.on('connect', (response, socket) => {
      if (response.statusCode === 200) resolve(socket);
      else reject(new Error(`the proxy answered ${response.statusCode}`));
    });
    connect.on('error', reject);
    connect.on('timeout', () => connect.destroy(new Error(stalled(limits))));
    connect.end();
  });
}

function checkStatus(url: string, response: IncomingMessage): void {
  const status = response.statusCode ?? 0;
  if (status === 200 || status === 206) return;
  if (status === 404 || status === 410) throw failed(url, `the server answered ${status}`, 'not-found');
  // The server's own trouble, or "later": these may pass.
  if (status >= 500 || status === 408 || status === 429) {
    throw new Error(`the server answered ${status}`);
  }
  throw failed(url, `the server answered ${status}`, 'http-status');
}

function startOf(response: IncomingMessage): number | undefined {
  const match = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '');
  return match ? Number(match[1]) : undefined;
}

function checkDigest(transfer: Transfer, found: string, expected: DownloadOptions['expected']): void {
  if (!expected || found === expected.sha256) return;
  throw new TollgateError(
    'infrastructure',
    `Cannot use ${transfer.url}: its sha256 is ${found} (${transfer.receivedBytes} bytes), expected ` +
      `${expected.sha256} (${expected.sizeBytes} bytes); the file was deleted`,
    { reason: 'digest-mismatch', hint: 'Try again, or another mirror.' },
  );
}

function tooLarge(url: string, capBytes: number, options: DownloadOptions): TollgateError {
  const expected = options.expected ? `the index says ${capBytes}` : `the limit is ${capBytes}`;
  return failed(url, `it has more bytes than it may (${expected}); the file was deleted`, 'too-large');
}

function gaveUp(transfer: Transfer, attempts: number, cause: unknown): TollgateError {
  const why = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : String(cause);
  const tried = attempts === 1 ? 'once' : `${attempts} times`;
  return new TollgateError('infrastructure', `Cannot download ${transfer.url}: ${why} (tried ${tried})`, {
    reason: 'network',
    hint: 'Check the network, or choose another mirror.',
    cause,
  });
}

const failed = (url: string, why: string, reason: string) =>
  new TollgateError('infrastructure', `Cannot download ${url}: ${why}`, { reason });

const signalOption = (signal: AbortSignal | undefined) => (signal ? { signal } : {});
