// The machine the guest sees, as QEMU's arguments and the kernel's. One CPU, no network, no disk, no shared
// folder: memory, a serial console, and the device that pauses it.

import { readFileSync } from 'node:fs';
import type { Kernel } from '../model/kernel.ts';
import { REAL_CLOCK } from '../model/timed.ts';
import { WINDOW_BYTES } from '../model/window.ts';
import type { Initramfs } from './initramfs.ts';
import type { Qemu } from './qemu.ts';

export type Accelerator = 'icount' | 'tcg' | 'kvm';

/** A CPU without rdrand, rdseed, erms and fsrm: nothing random, and copies that cost what they move (docs/exact.md). */
export const DEFAULT_CPU = 'qemu64-v1';
const CPU_FEATURES = '+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16';
const NEVER = '-rdrand,-rdseed';

const MB = 1 << 20;
const RAM_MB = 704;
const WINDOW_MB = WINDOW_BYTES / MB;
/** Where the initramfs lies: above the kernel (which is loaded at 16 MB), below what QEMU's firmware uses. */
export const INITRAMFS_AT = 128 * MB;
export const RAM_BYTES = RAM_MB * MB;

export interface MachineFiles {
  readonly ram: string;
  readonly window: string;
  readonly console: string;
  readonly qmp: string;
}

export interface MachineSpec {
  readonly qemu: Qemu;
  readonly accelerator: Accelerator;
  /** QEMU's name of the CPU model; 'host' under KVM. */
  readonly cpu: string;
  /** vmlinux (with a PVH entry), or a bzImage where the kernel has none. */
  readonly kernelImage: string;
  readonly initramfsBytes: number;
  /** Whether the kernel can be told to keep a range of memory for a crash kernel: the initramfs then lies in it. */
  readonly hasCrashReserve: boolean;
  /** More of the kernel's own arguments, as 'spectre_v2=off'. Default none. */
  readonly kernelArguments?: readonly string[];
  /** Characters more on the command line: they move what the kernel puts into memory first. Default none. */
  readonly padding?: number;
}

/** The machine that a kernel and its initramfs boot on. */
export function machineOf(
  given: Pick<MachineSpec, 'qemu' | 'accelerator' | 'cpu' | 'kernelImage' | 'kernelArguments'>,
  kernel: Pick<Kernel, 'configPath'>,
  initramfs: Pick<Initramfs, 'sizeBytes'>,
): MachineSpec {
  const config = kernel.configPath === undefined ? '' : readFileSync(kernel.configPath, 'utf8');
  // one option until 6.8 (kernel/crash_core.c), the other since (kernel/crash_reserve.c)
  const hasCrashReserve =
    /^CONFIG_CRASH_RESERVE=y$/m.test(config) ||
    (/^CONFIG_CRASH_CORE=y$/m.test(config) && /^CONFIG_KEXEC_CORE=y$/m.test(config));
  return { ...given, initramfsBytes: initramfs.sizeBytes, hasCrashReserve };
}

/** The kernel's command line. Every part of it decides figures: it is part of a saved state's key. */
export function kernelCommandLine(spec: MachineSpec): string {
  return [
    'console=ttyS0',
    'quiet',
    'loglevel=4',
    // the same addresses in every boot
    'nokaslr',
    'norandmaps',
    'random.trust_bootloader=off',
    'random.trust_cpu=off',
    // no calibration of the local APIC's timer: it spins for seconds; the PIT serves one CPU
    ...(spec.accelerator === 'kvm' ? [] : ['nolapic_timer']),
    ...(spec.accelerator === 'icount' ? COUNTED_CLOCK : []),
    'cryptomgr.notests=1',
    // no 0.15 s of waiting to see that the timer interrupts: it does
    'no_timer_check',
    // self-tests that nothing here needs, of 0.3 to 0.8 s: noise of memory accesses (built in since 6.2), key derivation
    'initcall_blacklist=jent_mod_init,crypto_kdf108_init,init_encrypted',
    // samples memory every 40 ms, whatever else runs (since 6.17, where the distribution turns it on)
    'damon_stat.enabled=0',
    // whatever goes wrong ends at once and is told on the console
    'panic=-1',
    'oops=panic',
    'softlockup_panic=1',
    // memory that is the host's and the guest program's, not the kernel's
    `memmap=${WINDOW_MB}M$${RAM_MB}M`,
    initramfsReservation(spec),
    `initrdmem=0x${INITRAMFS_AT.toString(16)},0x${spec.initramfsBytes.toString(16)}`,
    'retain_initrd',
    'rdinit=/bin/init',
    ...(spec.accelerator === 'icount' ? [] : [REAL_CLOCK]),
    ...(spec.kernelArguments ?? []),
    ...(spec.padding ? [`tollgate.padding=${'x'.repeat(spec.padding)}`] : []),
  ].join(' ');
}

const COUNTED_CLOCK = [
  // the TSC is the instruction counter: 1 GHz, said and not measured
  ...['tsc_early_khz=1000000', 'tsc=nowatchdog', 'nohpet', 'pmtmr=0'],
  // since 5.13 each system call moves its stack by the clock's lowest bits, and what a copy costs hangs on its addresses
  // (memcpy_orig in arch/x86/lib/memcpy_64.S): one instruction more before would be some more ever after
  'randomize_kstack_offset=off',
];

/**
 * Keeps the first allocations off the initramfs (initrdmem= alone is read after them). Memory for a crash kernel
 * stays where it is; memory that is said not to be there makes the kernel copy the initramfs out of it, which
 * costs one to two seconds of a boot.
 */
function initramfsReservation({ initramfsBytes, hasCrashReserve }: MachineSpec): string {
  const sizeMb = Math.ceil(initramfsBytes / MB);
  return hasCrashReserve
    ? `crashkernel=${sizeMb}M@${INITRAMFS_AT / MB}M`
    : `memmap=${sizeMb}M$${INITRAMFS_AT / MB}M`;
}

/** QEMU's arguments for a boot; a restored machine has the same and what `restoreArguments` adds. */
export function qemuArguments(spec: MachineSpec, files: MachineFiles, ramIsShared: boolean): string[] {
  const { qemu } = spec;
  const machine = `${qemu.machine}${qemu.hasHpetProperty ? ',hpet=off' : ''},usb=off`;
  return [
    ...['-M', machine],
    ...['-m', `${RAM_MB + WINDOW_MB}M`],
    ...['-smp', '1'],
    ...[
      '-object',
      `memory-backend-file,id=ram,size=${RAM_MB}M,mem-path=${optionValue(files.ram)},share=${onOff(ramIsShared)}`,
    ],
    ...[
      '-object',
      `memory-backend-file,id=window,size=${WINDOW_MB}M,mem-path=${optionValue(files.window)},share=on`,
    ],
    ...['-numa', 'node,cpus=0,memdev=ram'],
    ...['-numa', 'node,memdev=window'],
    ...acceleratorArguments(spec),
    ...['-rtc', 'base=2026-01-01,clock=vm'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-device', 'pvpanic-pci'],
    ...['-action', 'panic=pause'],
    ...['-serial', `file:${optionValue(files.console)}`],
    ...['-qmp', `unix:${optionValue(files.qmp)},server=on,wait=off`],
    ...['-kernel', spec.kernelImage],
    ...['-append', kernelCommandLine(spec)],
  ];
}

/** Waits for a saved state instead of booting. */
export const RESTORE_ARGUMENTS = ['-incoming', 'defer', '-S'] as const;

function acceleratorArguments({ accelerator, cpu }: MachineSpec): string[] {
  const model = cpu === 'host' ? cpu : `${cpu},${cpu === DEFAULT_CPU ? `${CPU_FEATURES},` : ''}${NEVER}`;
  switch (accelerator) {
    case 'icount':
      return ['-accel', 'tcg,thread=single', '-icount', 'shift=0,sleep=off', '-cpu', model];
    case 'tcg':
      return ['-accel', 'tcg', '-cpu', model];
    case 'kvm':
      return ['-accel', 'kvm', '-cpu', cpu];
  }
}

/** In QEMU's option lists a comma ends a value; two stand for one. */
export function optionValue(text: string): string {
  return text.replaceAll(',', ',,');
}

function onOff(value: boolean): string {
  return value ? 'on' : 'off';
}
