// Which map a helper is called with: what the instructions right before the call put into its first two arguments.
// Read off straight-line code alone, so that no other way there can have put in another one.

import { viewOf } from './elf-container.ts';

/** Map names by call, both as instructions of `code`; `mapAt` names the map that an ld_imm64 loads. */
export function mapsOfCalls(
  code: Uint8Array,
  calls: Iterable<number>,
  mapAt: (insn: number) => string | undefined,
): ReadonlyMap<number, string> {
  const insns = decode(code);
  const index = new Map(insns.map(({ at }, i) => [at, i]));
  const targets = new Set(insns.flatMap((insn) => (insn.jumpsTo === undefined ? [] : [insn.jumpsTo])));
  return new Map(
    [...calls].flatMap((call) => {
      const from = index.get(call);
      if (from === undefined) return [];
      // The map is the first argument, or the second behind the context.
      const found = [1, 2].map((register) => mapIn(register, from, insns, targets, mapAt));
      const name = found[0] ?? found[1];
      return name === undefined ? [] : [[call, name] as const];
    }),
  );
}

interface Decoded {
  /** In instruction slots; an ld_imm64 takes two. */
  readonly at: number;
  readonly opcode: number;
  readonly destination: number;
  readonly source: number;
  readonly jumpsTo?: number;
}

function mapIn(
  register: number,
  from: number,
  insns: readonly Decoded[],
  targets: ReadonlySet<number>,
  mapAt: (insn: number) => string | undefined,
): string | undefined {
  let wanted = register;
  for (let i = from; i > 0 && !targets.has(insns[i]!.at); ) {
    const { at, opcode, destination, source } = insns[--i]!;
    const kind = opcode & 7;
    if (
      opcode === CALL ? wanted <= LAST_ARGUMENT : opcode === EXIT || opcode === JUMP || opcode === LONG_JUMP
    )
      return undefined;
    // Memory: an atomic operation may leave the old value in its source.
    if (kind === STX && (opcode & ATOMIC) === ATOMIC && (source === wanted || wanted === 0)) return undefined;
    if (!WRITES.has(kind) || destination !== wanted) continue;
    if (opcode === LD_IMM64) return mapAt(at);
    if (opcode !== MOVE) return undefined;
    wanted = source;
  }
  return undefined;
}

const CALL = 0x85;
const EXIT = 0x95;
const JUMP = 0x05;
const LONG_JUMP = 0x06;
const LD_IMM64 = 0x18;
const MOVE = 0xbf;
const ATOMIC = 0xc0;
const STX = 3;
/** LD, LDX, ALU, ALU64 (include/uapi/linux/bpf_common.h). */
const WRITES: ReadonlySet<number> = new Set([0, 1, 4, 7]);
const LAST_ARGUMENT = 5;

function decode(code: Uint8Array): Decoded[] {
  const view = viewOf(code);
  const insns: Decoded[] = [];
  for (let at = 0; 8 * at + 8 <= code.length; ) {
    const [opcode, registers] = [view.getUint8(8 * at), view.getUint8(8 * at + 1)];
    const kind = opcode & 7;
    const isJump = (kind === 5 || kind === 6) && opcode !== CALL && opcode !== EXIT;
    const distance = opcode === LONG_JUMP ? view.getInt32(8 * at + 4, true) : view.getInt16(8 * at + 2, true);
    insns.push({
      at,
      opcode,
      destination: registers & 15,
      source: registers >> 4,
      ...(isJump ? { jumpsTo: at + 1 + distance } : {}),
    });
    at += opcode === LD_IMM64 ? 2 : 1;
  }
  return insns;
}
