// Does one arm of measuring under network load: attaches programs or none, runs iperf3 between the two sides of the bed,
// and says what it took. Node sleeps meanwhile, in one system call, until native/load.c has ended.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Detach, HookRefused } from '../model/hooks/hook.ts';
import { type AttachedProgram, IPERF3_REPORT_LIMIT, type LoadJob, type LoadRun } from '../model/job.ts';
import type { Traffic } from '../model/records.ts';
import type { Absent } from '../model/report.ts';
import { IMAGE_PART, LOAD_IMAGES_LIMIT, SUBJECT_AT } from '../model/window.ts';
import { hardened } from './guards.ts';
import { type HookGuest, hookNamed, load, whyNotHere } from './hooks.ts';
import { hookPort, inNamespace } from './libbpf/attach.ts';
import { libbpf } from './libbpf/ffi.ts';
import { type Image, programImages, programStats } from './libbpf/info.ts';
import { type LoadedObject, ObjectRejected } from './libbpf/object.ts';
import { MONITOR_EVENTS, startMonitor } from './monitor.ts';
import type { Bed } from './stimulus.ts';
import { devicesOf, layOut, type Way } from './way.ts';

/** Runs the job to its last record but `end`. */
export function runLoadJob(guest: HookGuest, job: LoadJob): void {
  const { bed, channel } = guest;
  const absent = 'reason' in bed ? bed : measure(guest, bed, job);
  if (absent) channel.send({ type: 'no-load', absent });
}

/** Says what each run took; or returns why there are none. */
function measure(guest: HookGuest, bed: Bed, job: LoadJob): Absent | undefined {
  const detach: Detach[] = [];
  try {
    putFiles(guest.window, job);
    const way = layOut(bed, job.link ?? { over: 'veth' }, FOLDER);
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
    tellWatcher(
      guest.window,
      programs.flatMap(({ images }) => images),
    );
    const devices = devicesOf(way);
    if (job.reportStats) writeFileSync(STATS_ENABLED, '1');
    const monitor = job.monitor && startMonitor(guest.window, job.monitor);
    if (monitor) detach.push(monitor.close);
    for (const run of job.runs) {
      const before = monitor?.read();
      const load = runOnce(way, run);
      const after = monitor?.read();
      guest.channel.send({ type: 'load', ...load, devices });
      if (job.reportStats)
        guest.channel.send({ type: 'stats', programs: programs.map(({ fd }) => programStats(fd)) });
      if (!monitor || !before || !after) continue;
      const { attached, missing } = monitor;
      const elapsedNs = Number(after.atNs - before.atNs);
      const ns = Object.fromEntries(
        MONITOR_EVENTS.map((event) => [event, after.times[event] - before.times[event]]),
      );
      guest.channel.send({ type: 'monitor', attached: [...attached], missing: [...missing], ns, elapsedNs });
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

interface Attached {
  readonly fd: number;
  /** Of all programs of its object: whatever it calls of them may run, too. */
  readonly images: readonly Image[];
  readonly detach: Detach;
}

/** Loads an object, or says why the kernel does not: what is not attached need not load. */
function loadOne(guest: HookGuest, wanted: AttachedProgram): { readonly object: LoadedObject } | Absent {
  try {
    return load(guest, wanted);
  } catch (cause) {
    if (!(cause instanceof ObjectRejected)) throw cause;
    return { reason: cause.message.slice(0, 2000) };
  }
}

/** Attaches one program, and says where its object's code lies. */
function attach(
  guest: HookGuest,
  { programs: places }: Way,
  wanted: AttachedProgram,
  { object }: { readonly object: LoadedObject },
): Attached {
  const { hook, options } = wanted.attach;
  const port = hookPort({
    places,
    helper: places.helper,
    give: () => {
      throw new HookRefused("the sockets are iperf3's: no program is attached to one");
    },
    object: () => object,
  });
  const program = object.programs.find(({ name }) => name === wanted.program);
  if (!program) throw new HookRefused(`the kernel does not load '${wanted.program}'`);
  const images: Image[] = [];
  for (const { name, pointer } of object.programs)
    for (const [part, image] of programImages(libbpf().bpf_program__fd(pointer), 0).entries()) {
      const { address, sizeBytes } = image;
      images.push(image);
      guest.channel.send({ type: 'image', program: name, part, address: address.toString(16), sizeBytes });
    }
  const fd = libbpf().bpf_program__fd(program.pointer);
  return { fd, images, detach: hookNamed(hook).attach(port, fd, options) };
}

/** Tells native/netcpu.c where the code of the attached programs lies; the part each is of is its number. */
function tellWatcher(window: Uint8Array, images: readonly Image[]): void {
  const told = images.slice(0, LOAD_IMAGES_LIMIT);
  const numbers = [
    BigInt(told.length),
    ...told.flatMap(({ address, sizeBytes }, i) => [
      address,
      address + BigInt(sizeBytes),
      BigInt(IMAGE_PART + i),
    ]),
  ];
  const view = new DataView(window.buffer, window.byteOffset, window.byteLength);
  for (const [i, number] of numbers.entries()) view.setBigUint64(SUBJECT_AT + 8 * i, number, true);
}

const FOLDER = '/tmp/load';

function putFiles(window: Uint8Array, { files }: LoadJob): void {
  mkdirSync(FOLDER);
  for (const [name, { at, size }] of Object.entries(files))
    writeFileSync(join(FOLDER, name), window.subarray(at, at + size), { mode: 0o755 });
}

/** The addresses that native/stimulus.c gives to the two sides. */
const RECEIVER = '198.51.100.2';
const RESULT_BYTES = 16;

function runOnce(way: Way, run: LoadRun) {
  const { protocol, streams, bytes, isReverse, lengthBytes, windowBytes } = run;
  const iperf3 = join(FOLDER, 'iperf3');
  const reportPath = join(FOLDER, 'report');
  const report = openSync(reportPath, 'w');
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
    ...(protocol === 'udp' ? ['-u', '-b', '0'] : []),
    ...(isReverse ? ['-R'] : []),
    ...(lengthBytes === undefined ? [] : ['-l', String(lengthBytes)]),
    ...(windowBytes === undefined ? [] : ['-w', String(windowBytes)]),
  ];
  const ended = spawnSync(join(FOLDER, 'load'), [...server, '--', ...client], {
    env: { LD_LIBRARY_PATH: FOLDER },
    // its own output goes into a file: a pipe would wake Node
    stdio: ['ignore', report, 'pipe', way.client.namespaceFd, way.server.namespaceFd, 'pipe'],
    maxBuffer: 1 << 20,
  });
  closeSync(report);
  if (ended.error) throw ended.error;
  const result = ended.output[5] as Buffer | null | undefined;
  const words = ended.stderr.toString('utf8').trim().slice(0, 2000);
  const said = readFileSync(reportPath, 'utf8');
  if (ended.status !== 0 || result?.length !== RESULT_BYTES)
    throw new Error(`iperf3 does not run: ${words || ended.signal || `exit code ${ended.status}`}`);
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
