// The line of a verifier's log that says why a program is rejected.

/**
 * The verifier prints its reason last, before the statistics; above it are instructions and register states. Undefined
 * for a log without such a line.
 */
export function rejectionReason(log: string): string | undefined {
  const lines = log.split('\n').map((line) => line.trim());
  return lines.findLast((line) => line !== '' && !NOISE.some((noise) => noise.test(line)))?.slice(0, 300);
}

const NOISE: readonly RegExp[] = [
  /^processed \d+ insns/,
  /^(?:verification time|stack depth|mark_read|max_states_per_insn|insns processed) /,
  /^-- (?:BEGIN|END) /,
  // '12: (85) call ...', 'from 3 to 7: R0=...', 'R0=...', '; source line'
  /^\d+: /,
  /^from \d+ to \d+/,
  /^R\d+(?:_\w+)?=/,
  /^;/,
  /^libbpf: .*(?:failed to load|BPF program load failed|-- )/,
];
