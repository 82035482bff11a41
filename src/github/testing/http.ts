// A server on this machine that records every call and fails on demand: what the fake GitHub and the fake results service
// have in common.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface HttpRequest {
  readonly method: string;
  /** With its query, as it stands in the request line. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes go as they are, everything else becomes JSON; undefined for an answer without a body. */
  readonly body?: unknown;
}

/** Something that goes wrong, or happens at an awkward time. Parts are done in the order they stand in here. */
export interface Fault {
  /** Tried on "METHOD /path?query". */
  readonly on: RegExp;
  /** For how many calls. Default 1. */
  readonly times?: number;
  readonly delayMs?: number;
  /** Runs before anything is done with the call. */
  readonly before?: () => unknown;
  /** Answered in the call's place; nothing is done with it. An error without a body gets one. */
  readonly answer?: Answer;
  /** 'unheard': the connection ends and nothing is done. 'half': it is done, and ends in the middle of the answer. */
  readonly cut?: 'unheard' | 'half';
  /** Runs when the call is done and not yet answered. */
  readonly after?: () => unknown;
}

export interface RecordedCall {
  readonly method: string;
  readonly path: string;
  /** Where it was JSON. */
  readonly body?: unknown;
}

export interface FakeServer {
  readonly url: string;
  readonly faults: Fault[];
  /** Every call that came, those with a fault, too, in order. */
  readonly calls: RecordedCall[];
  /** Ends it; throws what was wrong, if anything was. */
  close(): Promise<void>;
}

/** Starts one on a free port of 127.0.0.1. `wrong` collects what makes `close` throw; an error in `handle` is that, too. */
export async function startServer(
  handle: (request: HttpRequest, url: string) => Answer,
  wrong: string[],
): Promise<FakeServer> {
  const faults: Fault[] = [];
  const calls: RecordedCall[] = [];
  const uses = new Map<Fault, number>();
  const server = createServer((incoming, response) => {
    serve(incoming, response).catch((error) => {
      wrong.push(`${incoming.method} ${incoming.url}: ${error instanceof Error ? error.stack : error}`);
      response.destroy();
    });
  });
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    const { method, path } = request;
    calls.push(recorded(request));
    const fault = faults.find(
      ({ on, times = 1 }, i) => on.test(`${method} ${path}`) && (uses.get(faults[i]!) ?? 0) < times,
    );
    if (fault) uses.set(fault, (uses.get(fault) ?? 0) + 1);
    if (fault?.delayMs) await sleep(fault.delayMs);
    await fault?.before?.();
    if (fault?.cut === 'unheard') {
      response.destroy();
      return;
    }
    const answer = fault?.answer ? withBody(fault.answer) : handle(request, url());
    await fault?.after?.();
    send(response, request, answer, fault?.cut === 'half');
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: url(),
    faults,
    calls,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      if (wrong.length > 0) throw new Error(wrong.join('\n'));
    },
  };
}

/** An error as GitHub words it. */
export function failure(status: number, message: string): Answer {
  return {
    status,
    body: { message, documentation_url: 'https://docs.github.com/rest', status: `${status}` },
  };
}

function withBody(answer: Answer): Answer {
  const isBare = answer.body === undefined && answer.status >= 400;
  return isBare ? { ...failure(answer.status, 'provoked'), ...answer } : answer;
}

function send(response: ServerResponse, { method }: HttpRequest, answer: Answer, half: boolean): void {
  const { status, headers, body } = answer;
  const isBytes = body instanceof Uint8Array;
  const bytes = isBytes ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body));
  response.writeHead(status, {
    ...(!isBytes && body !== undefined && { 'content-type': 'application/json; charset=utf-8' }),
    'content-length': bytes.length,
    ...headers,
  });
  if (!half) response.end(method === 'HEAD' ? undefined : bytes);
  else response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
}

async function readRequest(incoming: IncomingMessage): Promise<HttpRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const { method = '', url = '', headers } = incoming;
  return { method, path: url, headers, body: Buffer.concat(chunks) };
}

function recorded({ method, path, headers, body }: HttpRequest): RecordedCall {
  const isJson = headers['content-type']?.startsWith('application/json') && body.length > 0;
  return { method, path, ...(isJson && { body: JSON.parse(body.toString()) }) };
}
