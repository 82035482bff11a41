// The machine the guest sees, as QEMU's arguments and the kernel's. One CPU, no network, no disk, no shared
// folder: memory, a serial console, and the device that pauses it.

import { WINDOW_BYTES } from '../model/window.ts';
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
    // the TSC is the instruction counter: 1 GHz, said and not measured
    ...(spec.accelerator === 'icount'
      ? ['tsc_early_khz=1000000', 'tsc=nowatchdog', 'nohpet', 'pmtmr=0']
      : []),
    'cryptomgr.notests=1',
    // samples memory every 40 ms, whatever else runs (since 6.17, where the distribution turns it on)
    'damon_stat.enabled=0',
    // whatever goes wrong ends at once and is told on the console
    'panic=-1',
    'oops=panic',
    'softlockup_panic=1',
    // memory that is the host's and the guest program's, not the kernel's
    `memmap=${WINDOW_MB}M$${RAM_MB}M`,
    // not the kernel's until it has moved the initramfs out of it, which it does early and to a place it reserves:
    // initrdmem= alone is read after the first allocations
    `memmap=${Math.ceil(spec.initramfsBytes / MB)}M$${INITRAMFS_AT / MB}M`,
    `initrdmem=0x${INITRAMFS_AT.toString(16)},0x${spec.initramfsBytes.toString(16)}`,
    'retain_initrd',
    'rdinit=/bin/init',
  ].join(' ');
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
function optionValue(text: string): string {
  return text.replaceAll(',', ',,');
}

function onOff(value: boolean): string {
  return value ? 'on' : 'off';
}
