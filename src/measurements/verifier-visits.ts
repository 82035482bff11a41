// The verifier's log of level 2, which tells every instruction that it looks at: counted, never kept.

export interface Visits {
  /** By instruction, as the verifier numbers them: in the program with its subprograms, before any rewriting. */
  readonly visits: ReadonlyMap<number, number>;
  /** 'processed N insns' at the log's end; 0 where it is missing. */
  readonly processed: number;
}

/** The log as the kernel wrote it, NUL at its end. Reads it piece by piece: it may have hundreds of megabytes. */
export function parseVisits(log: Uint8Array): Visits {
  const visits = new Map<number, number>();
  let processed = 0;
  for (const line of linesOf(log)) {
    const insn = visitedInsn(line);
    if (insn !== undefined) visits.set(insn, (visits.get(insn) ?? 0) + 1);
    else if (line.startsWith('processed '))
      processed = Number(/^processed (\d+) insns/.exec(line)?.[1] ?? processed);
  }
  return { visits, processed };
}

/**
 * '12: (b7) r0 = 1' is a visit; '12: safe' and 'from 3 to 12: safe' are one that a state seen before cut short
 * (do_check in kernel/bpf/verifier.c). Everything else tells of states.
 */
function visitedInsn(line: string): number | undefined {
  const first = line.charCodeAt(0);
  if (first >= DIGIT_0 && first <= DIGIT_9) {
    const found = /^(\d+): (?:\([0-9a-f]{2}\) |safe$)/.exec(line);
    return found ? Number(found[1]) : undefined;
  }
  const cut = line.startsWith('from ')
    ? /^from \d+ to (\d+)(?: \(speculative execution\))?: safe$/.exec(line)
    : null;
  return cut ? Number(cut[1]) : undefined;
}

const DIGIT_0 = 48;
const DIGIT_9 = 57;
const NEWLINE = 10;
const CHUNK_BYTES = 1 << 20;

function* linesOf(log: Uint8Array): Generator<string> {
  const bytes = Buffer.from(log.buffer, log.byteOffset, log.byteLength);
  const end = bytes.indexOf(0);
  const size = end < 0 ? bytes.length : end;
  for (let at = 0; at < size; ) {
    const last = bytes.lastIndexOf(NEWLINE, Math.min(at + CHUNK_BYTES, size) - 1);
    const to = last < at ? size : last + 1;
    yield* bytes.toString('latin1', at, to).split('\n');
    at = to;
  }
}
