// Why an object or a program does not load, in words for the one who wrote it: libbpf's messages are for the
// one who writes the loader. What is not known here is passed on as it is, without its prefix.

import type { ProgramType } from '../model/program-types.ts';

const EXPLANATIONS: readonly (readonly [pattern: RegExp, say: (found: RegExpExecArray) => string])[] = [
  [
    /failed to find kernel BTF type ID of '([^']+)': -3/,
    ([, name]) =>
      `attaches to '${name}', which this kernel does not have: neither its BTF nor that of a loaded module names it`,
  ],
  [
    /legacy map definitions in '([^']+)' section are not supported/,
    ([, section]) =>
      `defines its maps in section '${section}', a format that libbpf 1.0 gave up: define them with BTF, in SEC(".maps")`,
  ],
  [
    /bad map relo against '([^']+)' in section '([^']*maps[^']*)'/,
    ([, map, section]) =>
      `defines map '${map}' in section '${section}', a format of another loader than libbpf: define it with BTF, in SEC(".maps")`,
  ],
  [
    /missing BPF prog type, check ELF section name '([^']+)'/,
    ([, section]) =>
      `section '${section}' does not tell the program's type: name it in the budget file, as 'type: xdp'`,
  ],
];

/** One line; `message` is libbpf's or the verifier's, `type` the program's where it is known. */
export function explainRefusal(message: string, type?: ProgramType): string {
  for (const [pattern, say] of EXPLANATIONS) {
    const found = pattern.exec(message);
    if (found) return say(found);
  }
  const early = /BPF program load failed: (.*)$/.exec(message)?.[1];
  if (early === undefined) return message.replace(/^libbpf: /, '');
  const since = type?.since === undefined ? '' : `; ${type.name} programs exist since ${type.since}`;
  return `the kernel refuses it before its verifier looks at it (${early})${since}`;
}
