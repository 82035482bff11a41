// How many instructions the machine code of an empty program runs, read from the code itself. run_insns is
// what a program costs above an empty one, plus this: so an empty program reads as its own instructions.

import { TollgateError } from '../model/errors.ts';

/**
 * Instructions executed from entry to return by the x86-64 image of a program that only returns a constant
 * (bpf_prog_info.jited_prog_insns): prologue, constant, epilogue. Padding behind the return is not counted.
 *
 * A return through the kernel's return thunk is a jump out of the image: counted as the jump and the thunk's
 * ret, 2 in all. Where the CPU needs a longer thunk (AMD's safe return: call, lea, ret, ret and fences) the
 * image does not show it, and the figure is short by that constant.
 *
 * Knows what arch/x86/net/bpf_jit_comp.c emits from 5.10 to 7.2. Throws TollgateError 'infrastructure' with
 * the bytes in hexadecimal on anything else: a guess would shift every figure.
 */
export function straightLineLength(jited: Uint8Array): number {
  let at = 0;
  let count = 0;
  while (at < jited.length) {
    const found = STEPS.map((step) => step(jited, at)).find((step) => step !== undefined);
    if (!found) throw unknown(jited, at);
    count++;
    if (found.ends) return count + (found.extra ?? 0);
    at = found.next;
  }
  throw unknown(jited, at);
}

interface Step {
  readonly next: number;
  /** The image is left here. */
  readonly ends?: boolean;
  /** Instructions outside the image. */
  readonly extra?: number;
}

type Decode = (bytes: Uint8Array, at: number) => Step | undefined;

/** A fixed encoding, `tail` bytes of operand behind it. */
function exactly(hex: string, tail = 0): Decode {
  const opcode = Buffer.from(hex, 'hex');
  return (bytes, at) => {
    const end = at + opcode.length + tail;
    const isSame = opcode.every((byte, i) => bytes[at + i] === byte);
    return isSame && end <= bytes.length ? { next: end } : undefined;
  };
}

/** nop, and its long forms: [66 or 2e]* 0f 1f /0 with any addressing (also ENDBR's poison, 66 0f 1f 00). */
const nop: Decode = (bytes, at) => {
  let next = at;
  while (bytes[next] === 0x66 || bytes[next] === 0x2e) next++;
  if (bytes[next] === 0x90) return { next: next + 1 };
  if (bytes[next] !== 0x0f || bytes[next + 1] !== 0x1f) return undefined;
  const modrm = bytes[next + 2];
  if (modrm === undefined || (modrm & 0x38) !== 0) return undefined;
  const mode = modrm >> 6;
  const hasSib = mode !== 3 && (modrm & 7) === 4;
  const isAbsolute = mode === 0 && ((modrm & 7) === 5 || (hasSib && ((bytes[next + 3] ?? 0) & 7) === 5));
  const displacement = mode === 1 ? 1 : mode === 2 || isAbsolute ? 4 : 0;
  next += 3 + (hasSib ? 1 : 0) + displacement;
  return next <= bytes.length ? { next } : undefined;
};

/** push and pop of any 64-bit register. */
const pushPop: Decode = (bytes, at) => {
  const opcodeAt = bytes[at] === 0x41 ? at + 1 : at;
  const opcode = bytes[opcodeAt];
  return opcode !== undefined && opcode >= 0x50 && opcode <= 0x5f ? { next: opcodeAt + 1 } : undefined;
};

/** ret, near; int3 behind it is padding against speculation. */
const ret: Decode = (bytes, at) => (bytes[at] === 0xc3 ? { next: at + 1, ends: true } : undefined);

/** jmp: inside the image followed, outside the return thunk. Backwards would be a loop, which an empty program has not. */
const jump: Decode = (bytes, at) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isShort = bytes[at] === 0xeb;
  if (!isShort && bytes[at] !== 0xe9) return undefined;
  const end = at + (isShort ? 2 : 5);
  if (end > bytes.length) return undefined;
  const target = end + (isShort ? view.getInt8(at + 1) : view.getInt32(at + 1, true));
  if (target >= end && target < bytes.length) return { next: target };
  if (target >= 0 && target < end) return undefined;
  return isShort ? undefined : { next: end, ends: true, extra: 1 };
};

const STEPS: readonly Decode[] = [
  exactly('f30f1efa'), // endbr64, kernels with indirect branch tracking
  nop,
  pushPop,
  exactly('4889e5'), // mov rbp, rsp
  exactly('4883ec', 1), // sub rsp, imm8
  exactly('4881ec', 4), // sub rsp, imm32: 5.10 emits it for an empty stack as well
  exactly('4883c4', 1), // add rsp, imm8
  exactly('4881c4', 4), // add rsp, imm32
  exactly('4889e0'), // mov rax, rsp: the tail call counter's address, since 6.12
  exactly('31c0'), // xor eax, eax: the tail call counter, and return 0
  exactly('4831c0'), // xor rax, rax
  exactly('31ff'), // xor edi, edi
  exactly('4531ed'), // xor r13d, r13d: programs that were classic BPF
  exactly('b8', 4), // mov eax, imm32
  exactly('48c7c0', 4), // mov rax, imm32 sign-extended
  exactly('48b8', 8), // movabs rax, imm64
  exactly('c9'), // leave
  ret,
  jump,
];

function unknown(jited: Uint8Array, at: number): TollgateError {
  const hex = (from: number, to: number) => Buffer.from(jited.subarray(from, to)).toString('hex');
  const what =
    at >= jited.length ? 'it ends without a return' : `unknown instruction ${hex(at, at + 16)} at byte ${at}`;
  return new TollgateError(
    'infrastructure',
    `Cannot count the instructions of an empty program's machine code: ${what} (of ${jited.length} bytes: ${hex(0, 128)})`,
    { reason: 'unknown-machine-code' },
  );
}
