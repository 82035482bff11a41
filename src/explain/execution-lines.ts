// Reads QEMU's log of what it executes: `exec` lines have the address of an instruction, `in_asm` lines before it its
// machine code where QEMU has just translated it. Millions of lines a second go through here, so no line becomes text
// that need not.

/** What an instruction does to the way through the code; 'unknown' where QEMU has not told its machine code. */
export type InsnKind = 'call' | 'return' | 'jump' | 'run-mark' | 'other' | 'unknown';

/** The same object each time that the same code is executed. */
export interface Insn {
  /** The lower 52 bits, which a number has room for: the upper are all alike (`addressOf`, `numberOf`). */
  readonly address: number;
  readonly sizeBytes: number;
  readonly kind: InsnKind;
}

export interface Executing {
  readonly execute: (insn: Insn) => void;
  /** The last one was not executed: QEMU has seen before it that something else comes first, and says it again. */
  readonly takeBack: () => void;
}

const NEWLINE = 0x0a;
const SLASH = 0x2f;
const LINE_BYTES_MAX = 1 << 16;
const CODE_MAX = 1 << 21;

/** The code that QEMU has told, which it does once: for all that one QEMU logs. */
export type KnownCode = Map<number, { readonly insn: Insn; readonly code: string }>;

/** Takes the log as it comes, piece by piece. Throws RangeError on what cannot be one. */
export function readExecution({ execute, takeBack }: Executing, known: KnownCode): (piece: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let code = '';

  const insnAt = (address: number): Insn => {
    const found = known.get(address);
    if (code === '') return found?.insn ?? { address, sizeBytes: 0, kind: 'unknown' };
    const told = code;
    code = '';
    if (found?.code === told) return found.insn;
    if (known.size === CODE_MAX) throw new RangeError(`more than ${CODE_MAX} instructions of code`);
    const insn = insnOf(address, Buffer.from(told, 'hex'));
    known.set(address, { insn, code: told });
    return insn;
  };
  const readLine = (bytes: Buffer, from: number, to: number) => {
    switch (bytes[from]) {
      case 0x54: // 'Trace 0: 0x7f0012345678 [0000000000000000/ffffffff81000000/0040c2b0/ff020201]'
        execute(insnAt(hexAt(bytes, bytes.indexOf(SLASH, from) + 1)));
        break;
      case 0x49: // 'IN: function'
        code = '';
        break;
      case 0x30: // '0xffffffff81000000:  48 89 e5                 movq     %rsp, %rbp', a second line from the 9th byte on
      case 0x4f: // 'OBJD-T: 4889e5', of a QEMU without a disassembler
        code += codeIn(bytes.toString('latin1', from, to));
        break;
      case 0x53: // 'Stopped execution of TB chain before ...'
      case 0x63: // 'cpu_io_recompile: rewound execution of TB to ...'
        takeBack();
    }
  };
  return (piece) => {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    let from = 0;
    for (let to = bytes.indexOf(NEWLINE); to >= 0; to = bytes.indexOf(NEWLINE, from)) {
      readLine(bytes, from, to);
      from = to + 1;
    }
    rest = bytes.subarray(from);
    if (rest.length > LINE_BYTES_MAX) throw new RangeError(`a line of more than ${LINE_BYTES_MAX} bytes`);
  };
}

const ADDRESS_BITS = 52;
const KERNEL_SPACE = 2 ** (ADDRESS_BITS - 1);

export function isInKernel({ address }: Insn): boolean {
  return address >= KERNEL_SPACE;
}

export function addressOf(number: number): bigint {
  return BigInt.asUintN(64, BigInt.asIntN(ADDRESS_BITS, BigInt(number)));
}

export function numberOf(address: bigint): number {
  return Number(BigInt.asUintN(ADDRESS_BITS, address));
}

/** Sixteen digits, of which the first three are dropped. */
function hexAt(bytes: Buffer, from: number): number {
  let value = 0;
  for (let i = from + 3; i < from + 16; i++) {
    const digit = bytes[i]!;
    value = value * 16 + (digit < 0x3a ? digit - 0x30 : digit - 0x57);
  }
  return value;
}

function codeIn(line: string): string {
  const [, listed, plain] =
    /^(?:0x[0-9a-f]+: +((?:[0-9a-f]{2}(?: |$))+)|OBJD-T: ([0-9a-f]+))/.exec(line) ?? [];
  return listed?.replaceAll(' ', '') ?? plain ?? '';
}

function insnOf(address: number, code: Buffer): Insn {
  return { address, sizeBytes: code.length, kind: kindOf(code) };
}

/** What native/clock.c executes before each run, as native/callpaths.c knows it. */
const RUN_MARK = '0f1f807467726e';

function kindOf(code: Buffer): InsnKind {
  if (code.toString('hex') === RUN_MARK) return 'run-mark';
  let i = 0;
  while (isPrefix(code[i])) i++;
  if ((code[i]! & 0xf0) === 0x40) i++;
  const [opcode, operand = 0] = code.subarray(i);
  if (opcode === 0xe8 || (opcode === 0xff && ((operand >> 3) & 7) === 2)) return 'call';
  if (opcode === 0xe9) return 'jump';
  return opcode === 0xc3 || opcode === 0xc2 ? 'return' : 'other';
}

/** Segments, sizes, repeats. */
function isPrefix(byte: number | undefined): boolean {
  return byte !== undefined && [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3].includes(byte);
}
