// What the kernel's verifier says in its log: its statistics (log level 4, kernels 5.10 to 7.2) and why it
// refused a program. The log quotes the program's own source, so nothing in it is trusted.

/** Only the end of a log is read: statistics and the reason are there (veristat does the same). */
const READ_LIMIT_CHARACTERS = 256 * 1024;
const MESSAGE_LIMIT_CHARACTERS = 500;

export interface VerifierStats {
  /** veristat's total_insns: instructions processed over all paths. */
  readonly totalInsns: number;
  readonly insnLimit: number;
  readonly maxStatesPerInsn: number;
  readonly totalStates: number;
  readonly peakStates: number;
  /** Kernels after 6.18 may leave it out. */
  readonly markRead?: number;
  /** Bytes per subprogram, the program first. Absent without log level 4. */
  readonly stackDepths?: readonly number[];
  readonly verificationTimeUs?: number;
  /** Instructions processed per subprogram, from kernels that print "insns processed A+B". */
  readonly subprogInsns?: readonly number[];
}

/**
 * The statistics at the end of a log. Undefined where the "processed ..." line is missing: a log cut off by
 * its buffer (before 6.4 the end is what is lost), or a load that failed before the verifier ran.
 */
export function parseVerifierStats(log: string): VerifierStats | undefined {
  const lines = endOf(log).split('\n');
  const at = lines.findLastIndex((line) => PROCESSED.test(line));
  if (at === -1) return undefined;
  const numbers = (pattern: RegExp): number[] | undefined => {
    // They are printed together; an earlier line of the same words would be the source's.
    const line = lines.slice(Math.max(0, at - 6), at + 4).findLast((candidate) => pattern.test(candidate));
    return line === undefined ? undefined : pattern.exec(line)![1]!.split('+').map(Number);
  };
  const line = lines[at]!;
  const named = (name: string): number | undefined => {
    const match = new RegExp(` ${name} (\\d+)`).exec(line);
    return match ? Number(match[1]) : undefined;
  };
  const [, totalInsns, insnLimit] = PROCESSED.exec(line)!;
  const markRead = named('mark_read');
  const stackDepths = numbers(/^stack depth (\d+(?:\+\d+)*)/);
  const verificationTimeUs = numbers(/^verification time (\d+) usec/)?.[0];
  const subprogInsns = numbers(/^insns processed (\d+(?:\+\d+)*)/);
  return {
    totalInsns: Number(totalInsns),
    insnLimit: Number(insnLimit),
    maxStatesPerInsn: named('max_states_per_insn') ?? 0,
    totalStates: named('total_states') ?? 0,
    peakStates: named('peak_states') ?? 0,
    ...(markRead === undefined ? {} : { markRead }),
    ...(stackDepths ? { stackDepths } : {}),
    ...(verificationTimeUs === undefined ? {} : { verificationTimeUs }),
    ...(subprogInsns ? { subprogInsns } : {}),
  };
}

export interface Rejection {
  /** The verifier's reason, one line: "R0 invalid mem access 'map_value_or_null'". */
  readonly message: string;
  /** The last lines of the log, without the statistics. */
  readonly tail: string;
  /** The instruction it stopped at, counted in the program as loaded. Absent where the reason is of the whole program. */
  readonly insnIndex?: number;
  /** From the log alone: file (its base name) and line since 6.9, the text alone before. */
  readonly where?: { readonly file?: string; readonly line?: number; readonly text?: string };
}

export interface TailLimits {
  readonly lines: number;
  readonly characters: number;
}

/** Why a program was refused. An empty log (the kernel refused before the verifier) gives an empty message. */
export function parseRejection(log: string, limits: TailLimits = { lines: 20, characters: 4000 }): Rejection {
  const lines = withoutStatistics(endOf(log).split('\n').map(printable));
  const traceEnd = lines.findLastIndex(isTrace);
  const reasons = lines.slice(traceEnd + 1).filter((line) => line.trim() !== '');
  // Without a reason behind the trace (a log cut off) the last line has to serve.
  const reason = reasons.find((line) => !NOISE.test(line)) ?? reasons[0] ?? lines.at(-1) ?? '';
  const message = cut(reason.trim(), MESSAGE_LIMIT_CHARACTERS);
  const tail = tailOf(lines, limits);
  if (OF_WHOLE_PROGRAM.test(message)) return { message, tail };

  const insnLine = lines.findLast((line) => INSN.test(line));
  const named = /\binsn (\d+)/.exec(message);
  const index = insnLine !== undefined ? INSN.exec(insnLine)![1] : named?.[1];
  const comment = lines.findLast((line) => COMMENT.test(line));
  const where = comment === undefined ? undefined : whereOf(comment);
  return {
    message,
    tail,
    ...(index === undefined ? {} : { insnIndex: Number(index) }),
    ...(where ? { where } : {}),
  };
}

const PROCESSED = /^processed (\d+) insns \(limit (\d+)\)/;
const STATISTICS =
  /^(processed \d+ insns \(limit|verification time \d+ usec|stack depth \d+|insns processed \d+)/;
const INSN = /^(\d+): \([0-9a-f]{2}\) /;
const COMMENT = /^; \S/;
/** Registers ("0: R1=ctx() R10=fp0", "R0_w=inv1"), branches, frames: what is printed between instructions. */
const STATE = /^(\d+: )?(frame\d+: )?\s*R\d+(_\w+)?=/;
const PROGRESS =
  /^(from \d+ to \d+|Validating |[Ff]unc#\d+ |caller:|callee:|returning from callee:|to caller at |mark_precise: |propagating |last_idx |regs=|parent |Live regs before insn|\s*\d+: [.0-9]{10,} \()/;
/** Behind the reason of "infinite loop detected". */
const NOISE = /^(cur|old) state: /;
/** Reasons found after every path was walked: the last instruction in the log has nothing to do with them. */
const OF_WHOLE_PROGRAM =
  /^(combined stack size|the call stack of|last insn is not an exit|tail_calls are not allowed)/;

function isTrace(line: string): boolean {
  return INSN.test(line) || COMMENT.test(line) || STATE.test(line) || PROGRESS.test(line);
}

/** "; text @ file.c:12" since 6.9, "; text" before. Line 0 is code of the compiler's own. */
function whereOf(comment: string): Rejection['where'] {
  const match = /^; (.*?)(?: @ ([^@\s]+):(\d{1,9}))?$/.exec(comment);
  const text = match?.[1]?.trim() ?? '';
  const line = Number(match?.[3] ?? 0);
  const found = {
    ...(match?.[2] && line > 0 ? { file: match[2], line } : {}),
    ...(text !== '' && !text.startsWith('@ ') ? { text: cut(text, MESSAGE_LIMIT_CHARACTERS) } : {}),
  };
  return Object.keys(found).length > 0 ? found : undefined;
}

function withoutStatistics(lines: readonly string[]): string[] {
  const kept = [...lines];
  while (kept.length > 0 && (kept.at(-1)!.trim() === '' || STATISTICS.test(kept.at(-1)!))) kept.pop();
  return kept;
}

function tailOf(lines: readonly string[], limits: TailLimits): string {
  const tail = lines.slice(-limits.lines).join('\n');
  if (tail.length <= limits.characters) return tail;
  const end = tail.slice(-limits.characters);
  const nextLine = end.indexOf('\n');
  return nextLine === -1 ? end : end.slice(nextLine + 1);
}

/** The end of the log from the start of a line on. */
function endOf(log: string): string {
  if (log.length <= READ_LIMIT_CHARACTERS) return log;
  const from = log.length - READ_LIMIT_CHARACTERS;
  return log.slice(log.indexOf('\n', from) + 1);
}

function cut(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

/** No escape sequence of the source or of a kernel reaches a terminal. */
function printable(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  return line.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '');
}
