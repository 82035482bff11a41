// Pid 1: mounts what the guest needs, loads modules, sets the kernel up for measuring, finds the pause device.
// The only place with mounts and module loading.

import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import { addressOf, cString, errno, errorName, libc, mapShared, memory } from './libbpf/ffi.ts';

/** Mounts proc, sys, dev, bpffs and cgroup2, tracefs and securityfs; throws where the kernel refuses one that is needed. */
export function mountAll(): void {
  for (const [type, target, needed] of [
    ['proc', '/proc', true],
    ['sysfs', '/sys', true],
    ['devtmpfs', '/dev', true],
    ['bpf', '/sys/fs/bpf', false],
    ['cgroup2', '/sys/fs/cgroup', false],
    ['tracefs', '/sys/kernel/tracing', false],
    ['securityfs', '/sys/kernel/security', false],
  ] as const) {
    if (libc().mount(type, target, type, 0, null) !== 0 && needed)
      throw new Error(`mount ${type} on ${target}: ${errorName(errno())}`);
  }
}

/**
 * Loads the modules that the initramfs lists, in its order (dependencies first).
 * A module the kernel refuses is a warning: what needs it says so itself.
 */
export function loadModules(listPath: string): string[] {
  const warnings: string[] = [];
  const noParameters = cString('');
  if (!existsSync(listPath)) return warnings;
  for (const path of readFileSync(listPath, 'utf8').split('\n').filter(Boolean)) {
    const fd = openSync(path, 'r');
    if (libc().syscall4(SYS_FINIT_MODULE, fd, addressOf(noParameters), 0) !== 0 && errno() !== EEXIST)
      warnings.push(`module ${path.replace(/^.*\//, '')}: ${errorName(errno())}`);
    closeSync(fd);
  }
  return warnings;
}

/**
 * The JIT on and not hardened, symbols readable, an out-of-memory kill a panic: what a measurement rests on.
 * Settings that a kernel does not have are left.
 */
export function setUpKernel(): void {
  for (const [path, value] of [
    ['/proc/sys/net/core/bpf_jit_enable', '1'],
    ['/proc/sys/net/core/bpf_jit_harden', '0'],
    ['/proc/sys/net/core/bpf_jit_kallsyms', '1'],
    ['/proc/sys/kernel/kptr_restrict', '0'],
    ['/proc/sys/vm/panic_on_oom', '2'],
    ['/proc/sys/kernel/bpf_stats_enabled', '0'],
    ['/proc/sys/kernel/panic_on_rcu_stall', '1'],
  ] as const) {
    try {
      writeFileSync(path, value);
    } catch {
      // absent on this kernel
    }
  }
}

/**
 * Restarts the lockup detector, whose timer then runs every 2 s from this instant on: called right behind a tick,
 * it stays there, out of the windows that are measured. A lockup is told after 10 s of virtual time, not 20.
 */
export function restartLockupDetector(): void {
  try {
    writeFileSync('/proc/sys/kernel/watchdog_thresh', '5');
  } catch {
    // a kernel without one
  }
}

/**
 * Gives pid 1 the processor for as long as it wants it: kernel threads run while it sleeps, never in the midst of a
 * measured window. (Without this, 7.2 lets a woken thread in 0.7 ms behind the tick that woke it.) Returns a
 * warning where the kernel refuses.
 */
export function becomeRealTime(): string[] {
  try {
    writeFileSync('/proc/sys/kernel/sched_rt_runtime_us', '-1'); // no share is kept back for others
  } catch {
    // a kernel without such a share
  }
  if (setScheduler(SCHED_FIFO, 1) === 0) return [];
  return [`real-time scheduling: ${errorName(errno())}`];
}

/** Does `work`, and what it starts, at the priority of any process. */
export function withOrdinaryPriority<T>(work: () => T): T {
  setScheduler(SCHED_OTHER, 0);
  try {
    return work();
  } finally {
    setScheduler(SCHED_FIFO, 1);
  }
}

/** Where the kernel asks for a new key when it next wants one (before 6.2), that is over for a minute. */
export function drawRandomKey(): void {
  const fd = openSync('/dev/urandom', 'r');
  libc().syscall4(SYS_IOCTL, fd, RNDRESEEDCRNG, 0);
  closeSync(fd);
}

/** _IO('R', 7) of linux/random.h; since 4.14. */
const RNDRESEEDCRNG = 0x5207;

/** Of the calling thread: 0, or -1 and errno. */
function setScheduler(policy: number, level: number): number {
  const priority = memory(4);
  priority.writeInt32LE(level);
  return libc().syscall4(SYS_SCHED_SETSCHEDULER, 0, policy, addressOf(priority));
}

/**
 * The pvpanic-pci device: a store to its register pauses the VM at that very instruction.
 * (QEMU docs/specs/pvpanic.rst; PCI id 1b36:0011, QEMU 6.0 and newer.)
 */
export function findPauseDevice(): () => void {
  const root = '/sys/bus/pci/devices';
  for (const name of readdirSync(root)) {
    const device = `${root}/${name}`;
    const id = `${readFileSync(`${device}/vendor`, 'utf8').trim()}:${readFileSync(`${device}/device`, 'utf8').trim()}`;
    if (id !== '0x1b36:0x0011') continue;
    writeFileSync(`${device}/enable`, '1');
    const start = BigInt(readFileSync(`${device}/resource`, 'utf8').split(' ')[0]!);
    const fd = openSync(`${device}/resource0`, 'r+');
    const register = mapShared(fd, 4096, 0);
    closeSync(fd);
    const offset = Number(start & 0xfffn);
    return () => {
      register[offset] = 1;
    };
  }
  throw new Error('no pvpanic-pci device: the VM cannot be paused');
}

/**
 * Where the kernel has kept the initramfs since it unpacked it (retain_initrd): memory nobody reads again.
 * Said in its log: "Allocated new RAMDISK: [mem 0x10000000-0x167fffff]" (arch/x86/kernel/setup.c).
 */
export function findRetainedInitramfs(): [address: number, bytes: number] | undefined {
  const log = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK);
  const line = Buffer.alloc(8192);
  try {
    for (;;) {
      const text = line.toString('utf8', 0, readSync(log, line));
      const found = /Allocated new RAMDISK: \[mem (0x[0-9a-f]+)-(0x[0-9a-f]+)\]/.exec(text);
      if (found) return [Number(found[1]), Number(found[2]) + 1 - Number(found[1])];
    }
  } catch {
    return undefined; // EAGAIN: the log's end
  } finally {
    closeSync(log);
  }
}

/** Maps the window that memmap= keeps the kernel out of. */
export function mapWindow(physicalAddress: number, sizeBytes: number): Buffer {
  const fd = openSync('/dev/mem', 'r+');
  const window = mapShared(fd, sizeBytes, physicalAddress);
  closeSync(fd);
  return window;
}

const SYS_IOCTL = 16;
const SYS_FINIT_MODULE = 313;
const SYS_SCHED_SETSCHEDULER = 144;
const SCHED_OTHER = 0;
const SCHED_FIFO = 1;
const EEXIST = 17;
