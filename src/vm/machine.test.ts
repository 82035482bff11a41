import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REAL_CLOCK } from '../model/timed.ts';
import { kernelCommandLine, type MachineSpec, machineOf, qemuArguments } from './machine.ts';

const SPEC: MachineSpec = {
  qemu: {
    path: '/usr/bin/qemu-system-x86_64',
    version: '7.2.22',
    digest: 'd',
    firmware: 'f',
    place: { arguments: [], environment: {} },
    machine: 'pc-i440fx-6.2',
    hasHpetProperty: true,
    hasSetpriv: true,
  },
  accelerator: 'icount',
  cpu: 'qemu64-v1',
  kernelImage: '/k/vmlinux',
  initramfsBytes: 100 * (1 << 20) + 1,
  hasCrashReserve: true,
};
const FILES = { ram: '/m/ram', window: '/m/window', console: '/c/console', qmp: '/c/qmp' };

/** What follows each occurrence of an option. */
const valuesOf = (args: readonly string[], option: string) =>
  args.flatMap((arg, i) => (arg === option ? [args[i + 1]!] : []));

test('the guest has no network, no disk, no shared folder and one device', () => {
  const args = qemuArguments(SPEC, FILES, true);
  expect(args).toContain('-nodefaults');
  expect(args).toContain('-no-user-config');
  expect(
    args.filter((arg) => /^-(net|netdev|nic|drive|blockdev|fsdev|virtfs|usb|vnc|spice|hda|cdrom)/.test(arg)),
  ).toEqual([]);
  expect(valuesOf(args, '-device')).toEqual(['pvpanic-pci']);
});

test('QEMU may neither start programs nor raise its privileges', () => {
  expect(valuesOf(qemuArguments(SPEC, FILES, true), '-sandbox')).toEqual([
    'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
  ]);
});

const ACCELERATORS: readonly [Pick<MachineSpec, 'accelerator' | 'cpu'>, string[]][] = [
  [
    { accelerator: 'icount', cpu: 'qemu64-v1' },
    [
      '-accel',
      'tcg,thread=single',
      '-icount',
      'shift=0,sleep=off',
      '-cpu',
      'qemu64-v1,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,-rdrand,-rdseed',
    ],
  ],
  [
    { accelerator: 'icount', cpu: 'Nehalem' },
    ['-accel', 'tcg,thread=single', '-icount', 'shift=0,sleep=off', '-cpu', 'Nehalem,-rdrand,-rdseed'],
  ],
  [{ accelerator: 'tcg', cpu: 'max' }, ['-accel', 'tcg', '-cpu', 'max,-rdrand,-rdseed']],
  [{ accelerator: 'kvm', cpu: 'host' }, ['-accel', 'kvm', '-cpu', 'host']],
];

test.each(ACCELERATORS)('%j runs with %j', (choice, expected) => {
  const args = qemuArguments({ ...SPEC, ...choice }, FILES, true);
  const at = args.indexOf('-accel');
  expect(args.slice(at, at + expected.length)).toEqual(expected);
  expect(args.includes('-icount')).toBe(choice.accelerator === 'icount');
});

test('a boot keeps its memory, a restored machine cannot change it', () => {
  const ram = (isShared: boolean) => valuesOf(qemuArguments(SPEC, FILES, isShared), '-object');
  expect(ram(true)).toEqual([
    'memory-backend-file,id=ram,size=704M,mem-path=/m/ram,share=on',
    'memory-backend-file,id=window,size=64M,mem-path=/m/window,share=on',
  ]);
  expect(ram(false)[0]).toBe('memory-backend-file,id=ram,size=704M,mem-path=/m/ram,share=off');
});

test('a comma in a path does not end the option it is in', () => {
  const files = { ram: '/a,b/ram', window: '/a,b/window', console: '/a,b/console', qmp: '/a,b/qmp' };
  const args = qemuArguments(SPEC, files, true);
  expect(valuesOf(args, '-object')[0]).toBe(
    'memory-backend-file,id=ram,size=704M,mem-path=/a,,b/ram,share=on',
  );
  expect(valuesOf(args, '-serial')).toEqual(['file:/a,,b/console']);
  expect(valuesOf(args, '-qmp')).toEqual(['unix:/a,,b/qmp,server=on,wait=off']);
});

test('a QEMU whose machine has no hpet property is not asked for it', () => {
  const qemu = { ...SPEC.qemu, hasHpetProperty: false };
  expect(valuesOf(qemuArguments({ ...SPEC, qemu }, FILES, true), '-M')).toEqual(['pc-i440fx-6.2,usb=off']);
});

const words = (spec: MachineSpec) => kernelCommandLine(spec).split(' ');
const CLOCK = ['tsc_early_khz=1000000', 'tsc=nowatchdog', 'nohpet', 'pmtmr=0'];

test('only where instructions are counted is the clock said to be 1 GHz', () => {
  const has = (accelerator: MachineSpec['accelerator']) =>
    CLOCK.filter((word) => words({ ...SPEC, accelerator }).includes(word));
  expect([has('icount'), has('tcg'), has('kvm')]).toEqual([CLOCK, [], []]);
});

test('only where instructions are not counted does the guest serve one timed job after the other', () => {
  const has = (accelerator: MachineSpec['accelerator']) =>
    words({ ...SPEC, accelerator }).includes(REAL_CLOCK);
  expect([has('icount'), has('tcg'), has('kvm')]).toEqual([false, true, true]);
});

test('more of the kernel’s arguments stand on its command line', () => {
  expect(words({ ...SPEC, kernelArguments: ['spectre_v2=off'] })).toEqual([...words(SPEC), 'spectre_v2=off']);
});

test('memory that is not the kernel’s is reserved: window and initramfs, rounded up', () => {
  const reserved = (hasCrashReserve: boolean) =>
    words({ ...SPEC, hasCrashReserve }).filter((word) => /^(memmap|crashkernel|initrdmem)=/.test(word));
  const initrdmem = `initrdmem=0x8000000,0x${(100 * (1 << 20) + 1).toString(16)}`;
  expect(reserved(true)).toEqual(['memmap=64M$704M', 'crashkernel=101M@128M', initrdmem]);
  expect(reserved(false)).toEqual(['memmap=64M$704M', 'memmap=101M$128M', initrdmem]);
});

test.each([
  ['CONFIG_KEXEC_CORE=y\nCONFIG_CRASH_CORE=y\n', true],
  ['CONFIG_KEXEC_CORE=y\nCONFIG_CRASH_RESERVE=y\n', true],
  ['CONFIG_KEXEC_CORE=y\n# CONFIG_CRASH_RESERVE is not set\n', false],
  ['', false],
])('a kernel configured with %j can keep memory for a crash kernel: %s', (config, expected) => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-machine-'));
  const configPath = join(folder, 'config');
  writeFileSync(configPath, config);
  expect(machineOf(SPEC, { configPath }, { sizeBytes: 1 })).toEqual({
    ...SPEC,
    initramfsBytes: 1,
    hasCrashReserve: expected,
  });
  rmSync(folder, { recursive: true });
});

test('a kernel whose configuration is not known is not asked to', () => {
  expect(machineOf(SPEC, {}, { sizeBytes: 1 }).hasCrashReserve).toBe(false);
});

test('whatever goes wrong in the kernel is a panic, and a panic ends the machine', () => {
  expect(words(SPEC)).toEqual(expect.arrayContaining(['panic=-1', 'oops=panic', 'softlockup_panic=1']));
  expect(qemuArguments(SPEC, FILES, true)).toContain('-no-reboot');
});

test('nothing depends on the files’ place but the options that name them', () => {
  const elsewhere = { ram: '/x/ram', window: '/x/window', console: '/x/console', qmp: '/x/qmp' };
  const strip = (args: string[]) => args.map((arg) => arg.replaceAll(/\/[mcx]\//g, '/'));
  expect(strip(qemuArguments(SPEC, FILES, true))).toEqual(strip(qemuArguments(SPEC, elsewhere, true)));
});
