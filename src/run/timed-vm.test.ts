import { expect, test } from 'vitest';
import type { Qemu } from '../vm/qemu.ts';
import { machineFacts } from './timed-vm.ts';

const qemu = { version: '7.2.22' } as Qemu;

test('a VM under KVM is told by accelerator, QEMU and both CPUs', () => {
  const choice = { accelerator: 'kvm', cpu: 'host', message: 'using kvm with CPU host' } as const;
  expect(machineFacts({ qemu, choice }, 'AMD EPYC')).toEqual({
    accelerator: 'kvm',
    qemu: '7.2.22',
    cpu: 'AMD EPYC (host in the VM)',
  });
});

test('under emulation the figures say that they are of one, and why', () => {
  const message = 'using tcg with CPU qemu64-v1 (kvm: there is no /dev/kvm)';
  const choice = { accelerator: 'tcg', cpu: 'qemu64-v1', message } as const;
  expect(machineFacts({ qemu, choice }, 'AMD EPYC')).toEqual({
    accelerator: 'tcg',
    qemu: '7.2.22',
    cpu: 'AMD EPYC (qemu64-v1 in the VM)',
    note: `times are of QEMU's emulation, not of a processor: ${message}`,
  });
});
