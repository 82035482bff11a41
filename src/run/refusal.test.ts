import { expect, test } from 'vitest';
import { programTypeByName } from '../model/program-types.ts';
import { explainRefusal } from './refusal.ts';

test.each([
  [
    "libbpf: prog 'trace_on_entry': failed to find kernel BTF type ID of 'func': -3",
    "attaches to 'func', which this kernel does not have: neither its BTF nor that of a loaded module names it",
  ],
  [
    "libbpf: elf: legacy map definitions in 'maps' section are not supported by libbpf v1.0+",
    `defines its maps in section 'maps', a format that libbpf 1.0 gave up: define them with BTF, in SEC(".maps")`,
  ],
  [
    "libbpf: prog 'decode': bad map relo against 'state' in section 'lirc_mode2/maps'",
    `defines map 'state' in section 'lirc_mode2/maps', a format of another loader than libbpf: define it with BTF, in SEC(".maps")`,
  ],
  [
    "libbpf: prog 'lb': missing BPF prog type, check ELF section name 'loadbalancer'",
    "section 'loadbalancer' does not tell the program's type: name it in the budget file, as 'type: xdp'",
  ],
  ["libbpf: map 'x': something new", "map 'x': something new"],
  ['R0 invalid mem access', 'R0 invalid mem access'],
])('%s is told as: %s', (message, told) => {
  expect(explainRefusal(message)).toBe(told);
});

test('a program that the kernel refuses before the verifier is told what kernels its type exists on', () => {
  const message = "libbpf: prog 'nop': BPF program load failed: Invalid argument";
  expect(explainRefusal(message, programTypeByName('netfilter'))).toBe(
    'the kernel refuses it before its verifier looks at it (Invalid argument); netfilter programs exist since 6.4',
  );
  expect(explainRefusal(message, programTypeByName('xdp'))).toBe(
    'the kernel refuses it before its verifier looks at it (Invalid argument)',
  );
});
