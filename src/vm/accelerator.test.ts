import { expect, test } from 'vitest';
import { type AcceleratorChoice, chooseAccelerator, type TrialEnd } from './accelerator.ts';

const works: TrialEnd = { code: 33, signal: undefined, timedOut: false, stderr: '' };
const hangs: TrialEnd = {
  code: undefined,
  signal: 'SIGKILL',
  timedOut: true,
  stderr: "qemu-system-x86_64: warning: host doesn't support requested feature: CPUID.01H:ECX.pni [bit 0]\n",
};
// As seen where a hypervisor offers half of KVM.
const aborts: TrialEnd = {
  code: undefined,
  signal: 'SIGABRT',
  timedOut: false,
  stderr: `qemu-system-x86_64: error: failed to set MSR 0x10a to 0x69
qemu-system-x86_64: ../../target/i386/kvm/kvm.c:3183: kvm_buf_set_msrs: Assertion \`ret == cpu->kvm_msr_buf->nmsrs' failed.
`,
};
const refused: TrialEnd = {
  code: 1,
  signal: undefined,
  timedOut: false,
  stderr:
    'Could not access KVM kernel module: Permission denied\nqemu-system-x86_64: failed to initialize kvm\n',
};
const wordless: TrialEnd = { code: 0, signal: undefined, timedOut: false, stderr: '' };

const ABORTS = 'ends by SIGABRT: failed to set MSR 0x10a to 0x69';

interface Case {
  readonly what: string;
  readonly noKvm?: string;
  readonly ends: Readonly<Record<string, TrialEnd>>;
  readonly choice: AcceleratorChoice;
}

const CASES: readonly Case[] = [
  {
    what: 'KVM that works is used with the machine’s own CPU, and nothing else is tried',
    ends: { 'kvm host': works },
    choice: {
      accelerator: 'kvm',
      cpu: 'host',
      tried: [{ what: 'kvm with CPU host', result: 'works' }],
      message: 'using kvm with CPU host',
    },
  },
  {
    what: 'KVM that aborts with the machine’s CPU is tried with a model that every machine has',
    ends: { 'kvm host': aborts, 'kvm kvm64': works },
    choice: {
      accelerator: 'kvm',
      cpu: 'kvm64',
      tried: [
        { what: 'kvm with CPU host', result: ABORTS },
        { what: 'kvm with CPU kvm64', result: 'works' },
      ],
      message: `using kvm with CPU kvm64 (kvm with CPU host: ${ABORTS})`,
    },
  },
  {
    what: 'KVM that aborts and then hangs is left',
    ends: { 'kvm host': aborts, 'kvm kvm64': hangs, 'tcg qemu64-v1': works },
    choice: {
      accelerator: 'tcg',
      cpu: 'qemu64-v1',
      tried: [
        { what: 'kvm with CPU host', result: ABORTS },
        { what: 'kvm with CPU kvm64', result: 'hangs' },
        { what: 'tcg with CPU qemu64-v1', result: 'works' },
      ],
      message: `using tcg with CPU qemu64-v1 (kvm with CPU host: ${ABORTS}; kvm with CPU kvm64: hangs)`,
    },
  },
  {
    what: 'a machine without KVM is asked nothing about it',
    noKvm: 'there is no /dev/kvm',
    ends: { 'tcg qemu64-v1': works },
    choice: {
      accelerator: 'tcg',
      cpu: 'qemu64-v1',
      tried: [
        { what: 'kvm', result: 'there is no /dev/kvm' },
        { what: 'tcg with CPU qemu64-v1', result: 'works' },
      ],
      message: 'using tcg with CPU qemu64-v1 (kvm: there is no /dev/kvm)',
    },
  },
  {
    what: 'QEMU’s words are kept where it has some, and where TCG fails too the run itself will say why',
    ends: { 'kvm host': refused, 'kvm kvm64': wordless, 'tcg qemu64-v1': wordless },
    choice: {
      accelerator: 'tcg',
      cpu: 'qemu64-v1',
      tried: [
        {
          what: 'kvm with CPU host',
          result: 'ends with exit code 1: Could not access KVM kernel module: Permission denied',
        },
        { what: 'kvm with CPU kvm64', result: 'ends with exit code 0' },
        { what: 'tcg with CPU qemu64-v1', result: 'ends with exit code 0' },
      ],
      message:
        'using tcg with CPU qemu64-v1 (kvm with CPU host: ends with exit code 1: Could not access KVM kernel module: Permission denied; kvm with CPU kvm64: ends with exit code 0; tcg with CPU qemu64-v1: ends with exit code 0)',
    },
  },
];

test.each(CASES)('$what', async ({ noKvm, ends, choice }) => {
  const port = {
    whyNoKvm: async () => noKvm,
    run: async (accelerator: string, cpu: string) => ends[`${accelerator} ${cpu}`]!,
  };
  expect(await chooseAccelerator(port)).toEqual(choice);
});
