import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectQmp } from './qmp.ts';

const GREETING = '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": []}}';
const never = () => new AbortController().signal;

type Answer = (message: { execute: string; arguments: unknown }, socket: Socket) => void;

let dir: string;
let path: string;
let server: Server | undefined;
const sockets: Socket[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tollgate-qmp-'));
  path = join(dir, 'qmp');
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server?.close();
  server = undefined;
  await rm(dir, { recursive: true });
});

/** A QEMU that greets, accepts its capabilities, and then answers as told. */
async function listen(answer: Answer, greeting = GREETING): Promise<void> {
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write(`${greeting}\r\n`);
    createInterface({ input: socket }).on('line', (line) => {
      const message = JSON.parse(line) as Parameters<Answer>[0];
      if (message.execute === 'qmp_capabilities') socket.write('{"return": {}}\r\n');
      else answer(message, socket);
    });
  });
  await new Promise<void>((resolve) => server!.listen(path, resolve));
}

const echo: Answer = (message, socket) => socket.write(`${JSON.stringify({ return: message })}\r\n`);

test('commands are answered in their order', async () => {
  await listen(echo);
  const qmp = await connectQmp(path, never());
  expect(await Promise.all([qmp.execute('one'), qmp.execute('two', { a: 1 })])).toEqual([
    { execute: 'one', arguments: {} },
    { execute: 'two', arguments: { a: 1 } },
  ]);
  qmp.close();
});

test('an event between command and answer reaches the listeners and is no answer', async () => {
  await listen((message, socket) => {
    socket.write(
      '{"event": "STOP", "timestamp": {}}\r\n{"event": "GUEST_PANICKED", "data": {"action": "pause"}}\r\n',
    );
    echo(message, socket);
  });
  const qmp = await connectQmp(path, never());
  const events: unknown[] = [];
  qmp.onEvent((event) => events.push(event));
  expect(await qmp.execute('cont')).toEqual({ execute: 'cont', arguments: {} });
  expect(events).toEqual([
    { event: 'STOP', data: {} },
    { event: 'GUEST_PANICKED', data: { action: 'pause' } },
  ]);
  qmp.close();
});

const BROKEN: readonly [what: string, answer: Answer, message: string][] = [
  [
    'an error',
    (_, s) => s.write('{"error": {"class": "GenericError", "desc": "no such thing"}}\r\n'),
    'no such thing',
  ],
  ['an end', (_, s) => s.destroy(), 'QEMU closed the connection'],
  ['silence', () => {}, "QEMU did not answer 'cont' in 0.05 s"],
  ['no JSON', (_, s) => s.write('hello\r\n'), "QEMU said what is no message: 'hello'"],
  ['no object', (_, s) => s.write('17\r\n'), "QEMU said what is no message: '17'"],
];

test.each(BROKEN)('%s instead of an answer is an error in words', async (_, answer, message) => {
  await listen(answer);
  const qmp = await connectQmp(path, never(), 50);
  await expect(qmp.execute('cont')).rejects.toThrow(message);
});

test('after the end every command is refused at once', async () => {
  await listen((_, socket) => socket.destroy());
  const qmp = await connectQmp(path, never());
  await expect(qmp.execute('cont')).rejects.toThrow('QEMU closed the connection');
  await expect(qmp.execute('cont')).rejects.toThrow('QEMU closed the connection');
});

test('the connection is made as soon as there is something to connect to', async () => {
  const connecting = connectQmp(path, never());
  await new Promise((resolve) => setTimeout(resolve, 30));
  await listen(echo);
  (await connecting).close();
});

test.each(['before', 'while'])('an abort %s it waits ends the waiting', async (when) => {
  const abort = new AbortController();
  if (when === 'before') abort.abort(new Error('QEMU ended'));
  else setTimeout(() => abort.abort(new Error('QEMU ended')), 30);
  await expect(connectQmp(path, abort.signal)).rejects.toThrow('QEMU ended');
});

test('an abort ends the waiting for a greeting that never comes', async () => {
  await listen(echo, '');
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error('no answer')), 30);
  await expect(connectQmp(path, abort.signal)).rejects.toThrow('no answer');
});
