// A file server on the loopback for tests, which can be told to misbehave. Not part of the product.

import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as the server saw it. */
export interface SeenRequest {
  readonly path: string;
  readonly range: string | undefined;
}

/** Answers instead of the file; returns true when it has answered. */
export type Misbehave = (request: IncomingMessage, response: ServerResponse, body: Buffer) => boolean;

export interface FileServer {
  readonly url: string;
  readonly files: Map<string, Buffer>;
  readonly seen: SeenRequest[];
  /** By path; asked before the file is served. */
  readonly misbehave: Map<string, Misbehave>;
  readonly close: () => Promise<void>;
}

export async function startFileServer(): Promise<FileServer> {
  const files = new Map<string, Buffer>();
  const seen: SeenRequest[] = [];
  const misbehave = new Map<string, Misbehave>();
  const server = http.createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const { range } = request.headers;
    seen.push({ path, range });
    const body = files.get(path);
    if (misbehave.get(path)?.(request, response, body ?? Buffer.alloc(0))) return;
    if (!body) {
      response.writeHead(404).end();
      return;
    }
    serve(response, body, range);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    files,
    seen,
    misbehave,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers with a file or the part of it that was asked for. */
export function serve(response: ServerResponse, body: Buffer, range: string | undefined): void {
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  if (from >= body.length && from > 0) {
    response.writeHead(416).end();
    return;
  }
  const partial = range !== undefined;
  const part = body.subarray(from);
  response.writeHead(partial ? 206 : 200, {
    'content-length': part.length,
    ...(partial ? { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` } : {}),
  });
  response.end(part);
}

/** Announces the whole file, sends its first bytes and drops the connection, as often as told; then behaves. */
export function dropAfter(bytes: number, times = 1): Misbehave {
  let left = times;
  return (request, response, body) => {
    if (left-- <= 0) return false;
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const part = body.subarray(from);
    const headers = { 'content-length': part.length };
    if (from > 0) {
      const range = `bytes ${from}-${body.length - 1}/${body.length}`;
      response.writeHead(206, { ...headers, 'content-range': range });
    } else response.writeHead(200, headers);
    response.write(part.subarray(0, bytes), () => setTimeout(() => response.destroy(), 20));
    return true;
  };
}

/** Sends the first bytes and then nothing for ever. */
export function stallAfter(bytes: number): Misbehave {
  return (_request, response, body) => {
    response.writeHead(200, { 'content-length': body.length });
    response.write(body.subarray(0, bytes));
    return true;
  };
}

export const answer =
  (status: number, headers: Record<string, string> = {}): Misbehave =>
  (_request, response) => {
    response.writeHead(status, headers).end();
    return true;
  };
