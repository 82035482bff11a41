// Does one arm of measuring under network load: attaches programs or none, runs iperf3 between the two sides of the bed,
// and says what it took. Node sleeps meanwhile, in one system call, until native/load.c has ended.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, readSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Detach, HookRefused } from '../model/hooks/hook.ts';
import { type AttachedProgram, IPERF3_REPORT_LIMIT, type LoadJob, type LoadRun } from '../model/job.ts';
import { partNumberOf } from '../model/net-parts.ts';
import { ticksBetween } from '../model/processors.ts';
import type { Traffic } from '../model/records.ts';
import type { Absent } from '../model/report.ts';
import { IMAGE_PART, LOAD_IMAGES_LIMIT, SUBJECT_AT } from '../model/window.ts';
import { hardened } from './guards.ts';
import { type HookGuest, hookNamed, load, whyNotHere, withinOurs } from './hooks.ts';
import { hookPort, inNamespace } from './libbpf/attach.ts';
import { libbpf } from './libbpf/ffi.ts';
import { type Image, programImages, programStats } from './libbpf/info.ts';
import { type LoadedObject, ObjectRejected } from './libbpf/object.ts';
import { MONITOR_EVENTS, type Monitor, startMonitor } from './monitor.ts';
import { processorTicks } from './neighbours.ts';
import { DRAIN_MS, type NamedImage } from './samples.ts';
import type { Bed } from './stimulus.ts';
import { devicesOf, layOut, type Way } from './way.ts';

/** Runs the job to its last record but `end`. */
export async function runLoadJob(guest: HookGuest, job: LoadJob): Promise<void> {
  const { bed, channel } = guest;
  const absent = 'reason' in bed ? bed : await measure(guest, bed, job);
  if (absent) channel.send({ type: 'no-load', absent });
}

/** Says what each run took; or returns why there are none. */
async function measure(guest: HookGuest, bed: Bed, job: LoadJob): Promise<Absent | undefined> {
  const detach: Detach[] = [];
  try {
    const way = layOut(bed, job.link ?? { over: 'veth' }, putFiles(guest.window, job.files));
    const loaded = job.attached.map((each) => hardened(job, () => loadOne(guest, each)));
    detach.push(...loaded.flatMap((each) => ('reason' in each ? [] : [() => each.object.close()])));
    const programs: Attached[] = [];
    for (const [i, each] of job.attached.entries()) {
      if (each.arm !== job.arm) continue;
      const one = loaded[i]!;
      if ('reason' in one) return one;
      const absent = whyNotHere(each.attach.hook);
      if (absent) return absent;
      const attached = attach(guest, way, each, one);
      programs.push(attached);
      detach.push(attached.detach);
    }
    tellWatcher(guest.window, [
      ...programs.flatMap(({ images }) => images).map((image, i) => ({ ...image, part: IMAGE_PART + i })),
      ...(job.link?.over === 'bridge' ? lateFunctions() : []),
    ]);
    const devices = devicesOf(way);
    if (job.reportStats) writeFileSync(STATS_ENABLED, '1');
    const monitors = (job.monitors ?? []).map((each) => {
      const monitor = startMonitor(guest.window, each);
      detach.push(monitor.close);
      return monitor;
    });
    for (const run of job.runs) {
      const before = monitors.map(({ read }) => read());
      const ticksBefore = processorTicks();
      for (const { sampler } of monitors) sampler?.forget();
      const load = await runOnce(way, run, IN_VM, monitors);
      const ticksAfter = processorTicks();
      const after = monitors.map(({ read }) => read());
      guest.channel.send({ type: 'load', ...load, devices });
      if (job.reportStats)
        guest.channel.send({ type: 'stats', programs: programs.map(({ fd }) => programStats(fd)) });
      for (const [i, { name, attached, missing, sampler }] of monitors.entries()) {
        const [from, to] = [before[i]!, after[i]!];
        guest.channel.send({
          type: 'monitor',
          ...{ name, attached: [...attached], missing: [...missing] },
          ns: Object.fromEntries(
            // what is stolen is taken out of a stretch that may have begun before
            MONITOR_EVENTS.map((event) => [event, Math.max(0, to.times[event] - from.times[event])]),
          ),
          elapsedNs: Number(to.atNs - from.atNs),
          ...(sampler ? { sampled: sampler.take(programs.flatMap(({ images }) => images)) } : {}),
        });
      }
      if (monitors.length > 0)
        guest.channel.send({
          type: 'processor-ticks',
          ticks: ticksBetween(ticksBefore, ticksAfter),
        });
    }
    return undefined;
  } catch (cause) {
    if (!(cause instanceof ObjectRejected || cause instanceof HookRefused)) throw cause;
    return { reason: cause.message.slice(0, 2000) };
  } finally {
    for (const each of detach.reverse()) each();
  }
}

const STATS_ENABLED = '/proc/sys/kernel/bpf_stats_enabled';

export interface Attached {
  readonly fd: number;
  /** Of all programs of its object: whatever it calls of them may run, too. */
  readonly images: readonly (Image & NamedImage)[];
  readonly detach: Detach;
}

/** Loads an object, or says why the kernel does not: what is not attached need not load. */
export function loadOne(
  guest: HookGuest,
  wanted: AttachedProgram,
): { readonly object: LoadedObject } | Absent {
  try {
    return load(guest, wanted);
  } catch (cause) {
    if (!(cause instanceof ObjectRejected)) throw cause;
    return { reason: cause.message.slice(0, 2000) };
  }
}

/** Attaches one program, and says where its object's code lies. */
export function attach(
  guest: HookGuest,
  { programs: places }: Way,
  wanted: AttachedProgram,
  { object }: { readonly object: LoadedObject },
): Attached {
  const { hook, options } = wanted.attach;
  const wholePort = hookPort({
    places,
    helper: places.helper,
    give: () => {
      throw new HookRefused("the sockets are iperf3's: no program is attached to one");
    },
    object: () => object,
  });
  const port = guest.isShared ? withinOurs(wholePort) : wholePort;
  const program = object.programs.find(({ name }) => name === wanted.program);
  if (!program) throw new HookRefused(`the kernel does not load '${wanted.program}'`);
  const images: (Image & NamedImage)[] = [];
  for (const { name, pointer } of object.programs)
    for (const [part, image] of programImages(libbpf().bpf_program__fd(pointer), 0).entries()) {
      const { address, sizeBytes } = image;
      images.push({ ...image, name });
      guest.channel.send({ type: 'image', program: name, part, address: address.toString(16), sizeBytes });
    }
  const fd = libbpf().bpf_program__fd(program.pointer);
  return { fd, images, detach: hookNamed(hook).attach(port, fd, options) };
}

interface WatchedCode {
  readonly address: bigint;
  readonly sizeBytes: number;
  readonly part: number;
}

/** Tells native/netcpu.c which code is of which part: that of the attached programs, of which each has its number. */
function tellWatcher(window: Uint8Array, code: readonly WatchedCode[]): void {
  const told = code.slice(0, LOAD_IMAGES_LIMIT);
  const numbers = [
    BigInt(told.length),
    ...told.flatMap(({ address, sizeBytes, part }) => [address, address + BigInt(sizeBytes), BigInt(part)]),
  ];
  const view = new DataView(window.buffer, window.byteOffset, window.byteLength);
  for (const [i, number] of numbers.entries()) view.setBigUint64(SUBJECT_AT + 8 * i, number, true);
}

/** Functions that name a part, of modules: those that came with the job are not among the symbols of the saved state. */
function lateFunctions(): WatchedCode[] {
  const symbols = readFileSync('/proc/kallsyms', 'latin1').matchAll(/^([0-9a-f]{16}) [tTwW] (\S+)\t\[/gm);
  return [...symbols].flatMap(([, address, name]) => {
    const part = partNumberOf(name!);
    return part === undefined || /\.cold/.test(name!)
      ? []
      : [{ address: BigInt(`0x${address}`), sizeBytes: ENTRY_BYTES, part }];
  });
}

/** Of a function its beginning is enough: what is entered there is of its part. */
const ENTRY_BYTES = 1;

const FOLDER = '/tmp/load';

/** Writes what came with a job to the VM's disk; the folder. */
export function putFiles(window: Uint8Array, files: LoadJob['files']): string {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, { at, size }] of Object.entries(files))
    writeFileSync(join(FOLDER, name), window.subarray(at, at + size), { mode: 0o755 });
  return FOLDER;
}

/** The addresses that native/stimulus.c gives to the two sides. */
const RECEIVER = '198.51.100.2';
const RESULT_BYTES = 16;

/** What runs iperf3, and where. */
export interface LoadTools {
  /** native/load.c, and how it is told where it is. */
  readonly load: string;
  readonly place: 'in-vm' | 'on-host';
  readonly iperf3: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where iperf3's report is written; nobody else sees the file. */
  readonly reportPath: string;
}

export const IN_VM: LoadTools = {
  load: join(FOLDER, 'load'),
  place: 'in-vm',
  iperf3: join(FOLDER, 'iperf3'),
  env: { LD_LIBRARY_PATH: FOLDER },
  reportPath: join(FOLDER, 'report'),
};

/** One run of iperf3; `monitors` are drained meanwhile. Throws with what it says. */
export async function runOnce(way: Way, run: LoadRun, tools: LoadTools, monitors: readonly Monitor[]) {
  const { protocol, streams, bytes, bitsPerSecond = 0, pacingUs, isReverse, lengthBytes, windowBytes } = run;
  const { iperf3 } = tools;
  const report = openSync(tools.reportPath, 'wx+', 0o600);
  unlinkSync(tools.reportPath);
  const before = traffic(way);
  const server = [iperf3, '-4', '-s', '-1', '-i', '0'];
  const client = [
    ...[
      iperf3,
      '-4',
      '-c',
      RECEIVER,
      '-J',
      '-i',
      '0',
      '-P',
      String(streams),
      '-n',
      String(bytes).padStart(12, '0'),
    ],
    ...(protocol === 'udp' ? ['-u', '-b', String(bitsPerSecond)] : []),
    ...(pacingUs === undefined ? [] : ['--pacing-timer', String(pacingUs)]),
    ...(isReverse ? ['-R'] : []),
    ...(lengthBytes === undefined ? [] : ['-l', String(lengthBytes)]),
    ...(windowBytes === undefined ? [] : ['-w', String(windowBytes)]),
  ];
  const { status, signal, result, words } = await runProcess(
    tools,
    [tools.place, ...server, '--', ...client],
    // its own output goes into a file: a pipe would wake Node
    [report, way.client.namespaceFd, way.server.namespaceFd],
    monitors.flatMap(({ sampler }) => sampler?.drain ?? []),
  );
  const said = wholeText(report);
  closeSync(report);
  if (status !== 0 || result?.length !== RESULT_BYTES)
    throw new Error(`iperf3 does not run: ${words || signal || `exit code ${status}`}`);
  const [clientStatus, serverStatus] = [result.readUInt32LE(8), result.readUInt32LE(12)];
  if (clientStatus !== 0 || serverStatus !== 0)
    throw new Error(
      `iperf3 fails (client ${clientStatus}, server ${serverStatus}): ${words} ${said.slice(0, 2000)}`,
    );
  if (said.length > IPERF3_REPORT_LIMIT) throw new Error(`iperf3 reports ${said.length} characters`);
  const after = traffic(way);
  return {
    insns: Number(result.readBigUInt64LE(0)),
    there: difference(after.there, before.there),
    back: difference(after.back, before.back),
    iperf3: said,
  };
}

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it has written to its fd 5. */
  readonly result: Buffer | undefined;
  readonly words: string;
}

/** With nothing to do meanwhile, Node sleeps in one system call; otherwise it wakes up every now and then. */
async function runProcess(
  { load, env }: LoadTools,
  args: readonly string[],
  [out, client, server]: readonly [out: number, client: number, server: number],
  meanwhile: readonly (() => void)[],
): Promise<Ended> {
  const stdio: ('ignore' | 'pipe' | number)[] = ['ignore', out, 'pipe', client, server, 'pipe'];
  const wordsOf = (text: Buffer) => text.toString('utf8').trim().slice(0, 2000);
  if (meanwhile.length === 0) {
    const ended = spawnSync(load, args, { env, stdio, maxBuffer: 1 << 20 });
    if (ended.error) throw ended.error;
    const { status, signal, stderr } = ended;
    return { status, signal, result: ended.output[5] as Buffer | undefined, words: wordsOf(stderr) };
  }
  const child = spawn(load, args, { env, stdio });
  const read = (fd: 2 | 5) => {
    const parts: Buffer[] = [];
    ((child.stdio as readonly unknown[])[fd] as Readable).on('data', (part: Buffer) => parts.push(part));
    return () => Buffer.concat(parts).subarray(0, 1 << 20);
  };
  const [words, result] = [read(2), read(5)];
  const timer = setInterval(() => {
    for (const each of meanwhile) each();
  }, DRAIN_MS);
  try {
    const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return { status, signal, result: result(), words: wordsOf(words()) };
  } finally {
    clearInterval(timer);
  }
}

/** From a file's beginning, whoever has written it by the same handle. */
function wholeText(fd: number): string {
  const bytes = Buffer.alloc(IPERF3_REPORT_LIMIT + 1);
  return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, 0));
}

/** What each end's device has sent. */
function traffic({ client, server }: Way): Record<'there' | 'back', Traffic> {
  return {
    there: inNamespace(client.namespaceFd, () => sentBy('sender')),
    back: inNamespace(server.namespaceFd, () => sentBy('receiver')),
  };
}

/** Of `device: RECEIVED... SENT...`, 8 numbers each, of which the first are bytes, packets, errors and drops (proc_net_dev). */
function sentBy(device: string): Traffic {
  const line = readFileSync('/proc/self/net/dev', 'utf8')
    .split('\n')
    .find((each) => each.trim().startsWith(`${device}:`));
  const numbers = line?.replace(/^.*:/, '').trim().split(/\s+/).map(Number);
  if (numbers?.length !== 16) throw new Error(`/proc/net/dev does not tell of '${device}'`);
  return { bytes: numbers[8]!, packets: numbers[9]!, dropped: numbers[11]! };
}

function difference(after: Traffic, before: Traffic): Traffic {
  return {
    bytes: after.bytes - before.bytes,
    packets: after.packets - before.packets,
    dropped: after.dropped - before.dropped,
  };
}
