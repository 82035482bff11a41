// Attaching a loaded program to the kernel's own code, and to that of the stimulus: the part of HookPort that tracing is.

import { closeSync, readFileSync } from 'node:fs';
import { type Detach, type HookPort, HookRefused } from '../../model/hooks/hook.ts';
import { addressOf, cString, errno, errorName, libc, memory } from './ffi.ts';

type TracePort = Pick<
  HookPort,
  'openTracepoint' | 'traceEvent' | 'probe' | 'sample' | 'linkToFunctions' | 'expectSecurityModule'
>;

const SYS_BPF = 321;
const BPF_RAW_TRACEPOINT_OPEN = 17;
const BPF_LINK_CREATE = 28;
const BPF_TRACE_KPROBE_MULTI = 42;
const EVENTS = '/sys/kernel/tracing/events';
const SECURITY_MODULES = '/sys/kernel/security/lsm';

/** `helper` is the program whose functions a uprobe is set on. */
export function tracePort(helper: string): TracePort {
  return {
    openTracepoint: (fd, name) => {
      const text = cString(name ?? '');
      const attr = memory(64); // struct { name, prog_fd } raw_tracepoint
      attr.writeBigUInt64LE(name === undefined ? 0n : addressOf(text), 0);
      attr.writeUInt32LE(fd, 8);
      return bpf(BPF_RAW_TRACEPOINT_OPEN, attr);
    },
    traceEvent: (fd, event) => {
      const id = readFact(`${EVENTS}/${event}/id`, `no event '${event}'`);
      return openEvent(fd, { type: PERF_TYPE_TRACEPOINT, config: BigInt(id) });
    },
    probe: (fd, kind, name, at) => {
      const type = Number(readFact(`/sys/bus/event_source/devices/${kind}/type`, `no ${kind} to open`));
      const config = at === 'return' ? 1n : 0n; // format/retprobe says config:0
      const where = cString(kind === 'kprobe' ? name : helper);
      const offset = kind === 'kprobe' ? 0n : offsetOf(readFileSync(helper), name);
      return openEvent(fd, { type, config, config1: addressOf(where), config2: offset });
    },
    sample: (fd, counter) => openEvent(fd, { type: PERF_TYPE_SOFTWARE, config: BigInt(counter), period: 1n }),
    linkToFunctions: (fd, names) => {
      const texts = names.map(cString);
      const pointers = memory(8 * texts.length);
      for (const [i, text] of texts.entries()) pointers.writeBigUInt64LE(addressOf(text), 8 * i);
      const attr = memory(64); // struct { prog_fd, target_fd, attach_type, flags, kprobe_multi { flags, cnt, syms } }
      attr.writeUInt32LE(fd, 0);
      attr.writeUInt32LE(BPF_TRACE_KPROBE_MULTI, 8);
      attr.writeUInt32LE(names.length, 20);
      attr.writeBigUInt64LE(addressOf(pointers), 24);
      return bpf(BPF_LINK_CREATE, attr);
    },
    expectSecurityModule: (name) => {
      const there = readFact(SECURITY_MODULES, 'no security modules');
      if (!there.split(',').includes(name))
        throw new HookRefused(`this kernel starts without '${name}' among its security modules (${there})`);
    },
  };
}

function bpf(command: number, attr: Buffer): Detach {
  const fd = libc().syscall4(SYS_BPF, command, addressOf(attr), attr.length);
  if (fd < 0) throw new HookRefused(`the kernel does not attach it: ${errorName(errno())}`);
  return () => closeSync(Number(fd));
}

function readFact(path: string, reason: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new HookRefused(`this kernel has ${reason}`, { cause });
  }
}

const SYS_PERF_EVENT_OPEN = 298;
const PERF_TYPE_SOFTWARE = 1;
const PERF_TYPE_TRACEPOINT = 2;
const PERF_EVENT_IOC_ENABLE = 0x2400;
const PERF_EVENT_IOC_SET_BPF = 0x4004_2408;
const PERF_ATTR_BYTES = 112; // PERF_ATTR_SIZE_VER5
const PERF_FLAG_FD_CLOEXEC = 8;

interface PerfEvent {
  readonly type: number;
  readonly config: bigint;
  /** Or, with `isFrequency`, times a second. */
  readonly period?: bigint;
  readonly isFrequency?: boolean;
  readonly processor?: number;
  readonly config1?: bigint;
  readonly config2?: bigint;
}

/** Runs a program so many times a second of a processor's clock, whatever runs there. Throws HookRefused. */
export function sampleClock(program: number, processor: number, hz: number): Detach {
  return openEvent(program, {
    type: PERF_TYPE_SOFTWARE,
    config: PERF_COUNT_SW_CPU_CLOCK,
    period: BigInt(hz),
    isFrequency: true,
    processor,
  });
}

const PERF_COUNT_SW_CPU_CLOCK = 0n;
const FREQUENCY_BIT = 1 << 2; // of byte 41: `freq`, the 10th of the flags

/** struct perf_event_attr, for every process on one processor. Until it is enabled nothing is counted. */
function openEvent(
  program: number,
  { type, config, period = 0n, config1 = 0n, config2 = 0n, isFrequency = false, processor = 0 }: PerfEvent,
): Detach {
  const attr = memory(PERF_ATTR_BYTES);
  attr.writeUInt32LE(type, 0);
  attr.writeUInt32LE(PERF_ATTR_BYTES, 4);
  attr.writeBigUInt64LE(config, 8);
  attr.writeBigUInt64LE(period, 16);
  attr.writeUInt8(1, 40); // disabled
  if (isFrequency) attr.writeUInt8(FREQUENCY_BIT, 41);
  attr.writeBigUInt64LE(config1, 56);
  attr.writeBigUInt64LE(config2, 64);
  const event = Number(
    libc().syscall6(SYS_PERF_EVENT_OPEN, addressOf(attr), -1, processor, -1, PERF_FLAG_FD_CLOEXEC),
  );
  if (event < 0) throw new HookRefused(`the kernel does not open the event: ${errorName(errno())}`);
  for (const [request, argument] of [
    [PERF_EVENT_IOC_SET_BPF, program],
    [PERF_EVENT_IOC_ENABLE, 0],
  ] as const)
    if (libc().ioctl(event, request, argument) < 0) {
      const error = errorName(errno());
      closeSync(event);
      throw new HookRefused(`the kernel does not attach it: ${error}`);
    }
  return () => closeSync(event);
}

/** Where in its file a function of the stimulus begins; `probed` in native/stimulus.c says at which address it will be. */
function offsetOf(elf: Buffer, name: string): bigint {
  const address = elf.readBigUInt64LE(elf.indexOf(`${name}\0`) + 16);
  for (let i = 0; i < elf.readUInt16LE(56); i++) {
    const header = Number(elf.readBigUInt64LE(32)) + 56 * i; // p_type, p_flags, p_offset, p_vaddr, p_paddr, p_filesz
    const [offset, start, size] = [8, 16, 32].map((at) => elf.readBigUInt64LE(header + at)) as [
      bigint,
      bigint,
      bigint,
    ];
    if (address >= start && address < start + size) return address - start + offset;
  }
  throw new Error(`no function '${name}'`);
}
