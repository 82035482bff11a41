// QEMU's machine protocol over a Unix socket: commands are answered in their order, events come as they come
// (QEMU docs/interop/qmp-spec.rst).

import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Qmp {
  /** Rejects with QEMU's own words, when the connection ends, or when there is no answer in time. */
  readonly execute: (command: string, args?: Record<string, unknown>) => Promise<unknown>;
  readonly onEvent: (listener: (event: QmpEvent) => void) => void;
  readonly close: () => void;
}

/** A QEMU that does not answer for so long hangs: no command here waits for the guest. */
const ANSWER_MS = 20_000;

/** Connects as soon as QEMU listens. Rejects when `signal` aborts (the process has ended, time is up). */
export async function connectQmp(path: string, signal: AbortSignal, answerMs = ANSWER_MS): Promise<Qmp> {
  const socket = await connectWhenReady(path, signal);
  const listeners: ((event: QmpEvent) => void)[] = [];
  const waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
  let greet: () => void = () => {};
  const greeting = new Promise<void>((resolve) => {
    greet = resolve;
  });

  const fail = (error: Error) => {
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  const lines = createInterface({ input: socket });
  lines.on('error', () => {}); // it passes on the socket's, which 'close' follows
  lines.on('line', (line) => {
    const message = parseMessage(line);
    if (!message) {
      socket.destroy();
      fail(new Error(`QEMU said what is no message: '${line.slice(0, 100)}'`));
    } else if ('QMP' in message) greet();
    else if (typeof message.event === 'string') {
      const event = { event: message.event, data: (message.data ?? {}) as Record<string, unknown> };
      for (const listener of listeners) listener(event);
    } else if ('return' in message) waiting.shift()?.resolve(message.return);
    else if ('error' in message) {
      const { desc } = message.error as { desc: string };
      waiting.shift()?.reject(new Error(desc));
    }
  });
  socket.on('close', () => fail(new Error('QEMU closed the connection')));
  socket.on('error', () => {}); // 'close' follows

  const execute = (command: string, args: Record<string, unknown> = {}) =>
    new Promise<unknown>((resolve, reject) => {
      if (socket.destroyed) {
        reject(new Error('QEMU closed the connection'));
        return;
      }
      const timer = setTimeout(() => {
        socket.destroy(); // the answers that follow would be taken for others'
        reject(new Error(`QEMU did not answer '${command}' in ${answerMs / 1000} s`));
      }, answerMs);
      waiting.push({
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  try {
    await Promise.race([greeting, aborted(signal)]);
    await Promise.race([execute('qmp_capabilities'), aborted(signal)]);
  } catch (cause) {
    socket.destroy();
    throw cause;
  }
  return { execute, onEvent: (listener) => listeners.push(listener), close: () => socket.destroy() };
}

function parseMessage(line: string): Record<string, unknown> | undefined {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === 'object' && message !== null ? (message as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const RETRY_MS = 5;

async function connectWhenReady(path: string, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    signal.throwIfAborted();
    const socket = await new Promise<Socket | undefined>((resolve) => {
      const attempt = createConnection(path);
      attempt.once('connect', () => resolve(attempt));
      attempt.once('error', () => resolve(undefined));
    });
    if (socket) return socket;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
