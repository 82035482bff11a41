// QEMU's machine protocol over a Unix socket: one command at a time, events as they come
// (QEMU docs/interop/qmp-spec.rst).

import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Qmp {
  readonly execute: (command: string, args?: Record<string, unknown>) => Promise<unknown>;
  readonly onEvent: (listener: (event: QmpEvent) => void) => void;
  readonly close: () => void;
}

/** Connects as soon as QEMU listens. Rejects when `signal` aborts (the process has ended, time is up). */
export async function connectQmp(path: string, signal: AbortSignal): Promise<Qmp> {
  const socket = await connectWhenReady(path, signal);
  const listeners: ((event: QmpEvent) => void)[] = [];
  const waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
  let greet: () => void = () => {};
  const greeting = new Promise<void>((resolve) => {
    greet = resolve;
  });

  createInterface({ input: socket }).on('line', (line) => {
    const message = JSON.parse(line) as Record<string, unknown>;
    if ('QMP' in message) greet();
    else if (typeof message.event === 'string') {
      const event = { event: message.event, data: (message.data ?? {}) as Record<string, unknown> };
      for (const listener of listeners) listener(event);
    } else if ('return' in message) waiting.shift()?.resolve(message.return);
    else if ('error' in message) {
      const { desc } = message.error as { desc: string };
      waiting.shift()?.reject(new Error(desc));
    }
  });
  const fail = () => {
    for (const { reject } of waiting.splice(0)) reject(new Error('QEMU closed the connection'));
  };
  socket.on('close', fail);
  socket.on('error', fail);

  const execute = (command: string, args: Record<string, unknown> = {}) =>
    new Promise<unknown>((resolve, reject) => {
      if (socket.destroyed) reject(new Error('QEMU closed the connection'));
      waiting.push({ resolve, reject });
      socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  await Promise.race([greeting, aborted(signal)]);
  await execute('qmp_capabilities');
  return { execute, onEvent: (listener) => listeners.push(listener), close: () => socket.destroy() };
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
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
