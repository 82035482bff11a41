// What the kernel tells of a loaded program: its code before and after the JIT, and its maps.

import { readFileSync } from 'node:fs';
import { addressOf, cString, errorName, libbpf, libc, memory } from './ffi.ts';
import { textOf } from './object.ts';

export interface ProgramInfo {
  readonly jited: Uint8Array;
  readonly xlated: Uint8Array;
  readonly maps: readonly { readonly name: string; readonly bytes: number | undefined }[];
}

// struct bpf_prog_info, include/uapi/linux/bpf.h: offsets of the members used here.
const INFO_BYTES = 232;
const JITED_LENGTH = 16;
const XLATED_LENGTH = 20;
const JITED_ADDRESS = 24;
const XLATED_ADDRESS = 32;
const MAP_COUNT = 52;
const MAP_IDS = 56;

const KSYM_COUNT = 104;
const FUNCTION_LENGTH_COUNT = 108;
const KSYMS = 112;
const FUNCTION_LENGTHS = 120;
const LINE_COUNT = 148;
const LINES = 152;
const JITED_LINES = 160;
const JITED_LINE_COUNT = 168;
const LINE_RECORD_SIZE = 172;
const JITED_LINE_RECORD_SIZE = 176;
const RUN_TIME_NS = 192;
const RUN_COUNT = 200;

// struct bpf_line_info: insn_off, file_name_off, line_off, line_col.
const LINE_BYTES = 16;
const LINE_COL = 12;

// struct bpf_map_info: type, id, key_size, value_size, max_entries, map_flags, name[16].
const MAP_INFO_BYTES = 88;
const MAP_NAME = 24;

const TYPE = 0;
const NAME = 64;
const NAME_BYTES = 16;
const VERIFIED_INSNS = 216;
/** Of an instruction. */
const INSN_BYTES = 8;

const SYS_BPF = 321;
const BPF_OBJ_GET = 7;
const BPF_PROG_GET_NEXT_ID = 11;
const BPF_PROG_GET_FD_BY_ID = 13;
const BPF_MAP_GET_FD_BY_ID = 14;

/** Reads the program behind `fd`. Throws with errno's name where the kernel refuses (it needs CAP_SYS_ADMIN). */
export function programInfo(fd: number): ProgramInfo {
  const sizes = getInfo(fd, memory(INFO_BYTES));
  const jited = memory(Math.max(1, sizes.readUInt32LE(JITED_LENGTH)));
  const xlated = memory(Math.max(1, sizes.readUInt32LE(XLATED_LENGTH)));
  const mapCount = sizes.readUInt32LE(MAP_COUNT);
  const mapIds = memory(Math.max(4, mapCount * 4));

  const info = memory(INFO_BYTES);
  info.writeUInt32LE(sizes.readUInt32LE(JITED_LENGTH), JITED_LENGTH);
  info.writeBigUInt64LE(addressOf(jited), JITED_ADDRESS);
  info.writeUInt32LE(sizes.readUInt32LE(XLATED_LENGTH), XLATED_LENGTH);
  info.writeBigUInt64LE(addressOf(xlated), XLATED_ADDRESS);
  info.writeUInt32LE(mapCount, MAP_COUNT);
  info.writeBigUInt64LE(addressOf(mapIds), MAP_IDS);
  getInfo(fd, info);
  return {
    jited: jited.subarray(0, info.readUInt32LE(JITED_LENGTH)),
    xlated: xlated.subarray(0, info.readUInt32LE(XLATED_LENGTH)),
    maps: Array.from({ length: mapCount }, (_, i) => mapOf(mapIds.readUInt32LE(i * 4))),
  };
}

/** What is known of a program that somebody else has loaded. */
export interface ProgramFacts {
  readonly typeId: number;
  /** Cut by the kernel to 15 characters. */
  readonly name: string;
  readonly insnCount: number;
  /** What the verifier has processed; since 5.16. */
  readonly verifiedInsns: number | undefined;
}

export function programFacts(fd: number): ProgramFacts {
  const info = getInfo(fd, memory(INFO_BYTES));
  return {
    typeId: info.readUInt32LE(TYPE),
    name: textOf(info.subarray(NAME, NAME + NAME_BYTES)),
    insnCount: info.readUInt32LE(XLATED_LENGTH) / INSN_BYTES,
    verifiedInsns: info.readUInt32LE(VERIFIED_INSNS) || undefined,
  };
}

/** The numbers of all programs that are loaded (since 4.13). */
export function programIds(): number[] {
  const ids: number[] = [];
  for (;;) {
    const attr = memory(16); // { start_id, next_id, open_flags }
    attr.writeUInt32LE(ids.at(-1) ?? 0);
    if (libc().syscall4(SYS_BPF, BPF_PROG_GET_NEXT_ID, addressOf(attr), attr.length) < 0) return ids;
    ids.push(attr.readUInt32LE(4));
  }
}

/** Undefined where there is no such program. */
export function programById(id: number): number | undefined {
  const attr = memory(16);
  attr.writeUInt32LE(id);
  return fdOrNone(libc().syscall4(SYS_BPF, BPF_PROG_GET_FD_BY_ID, addressOf(attr), attr.length));
}

/** Undefined where nothing is pinned there. */
export function programByPin(path: string): number | undefined {
  const attr = memory(16); // { pathname, bpf_fd, file_flags }
  const name = cString(path);
  attr.writeBigUInt64LE(addressOf(name));
  return fdOrNone(libc().syscall4(SYS_BPF, BPF_OBJ_GET, addressOf(attr), attr.length));
}

function fdOrNone(result: number | bigint): number | undefined {
  return Number(result) < 0 ? undefined : Number(result);
}

/** The machine code of one function. */
export interface Image {
  readonly address: bigint;
  readonly sizeBytes: number;
  /** Line records in the code's order: `line_col`, and the first byte it holds for. */
  readonly lines: readonly { readonly lineCol: number; readonly offset: number }[];
}

/** Where the program behind `fd` and its subprograms lie, with at most `linesLimit` line records, or none. */
export function programImages(fd: number, linesLimit: number): readonly Image[] {
  const sizes = getInfo(fd, memory(INFO_BYTES));
  const count = sizes.readUInt32LE(KSYM_COUNT);
  const found = sizes.readUInt32LE(JITED_LINE_COUNT);
  const lineCount = found === sizes.readUInt32LE(LINE_COUNT) && found <= linesLimit ? found : 0;
  const addresses = memory(Math.max(8, 8 * count));
  const lengths = memory(Math.max(4, 4 * count));
  const lines = memory(Math.max(LINE_BYTES, LINE_BYTES * lineCount));
  const jitedLines = memory(Math.max(8, 8 * lineCount));
  const info = memory(INFO_BYTES);
  info.writeUInt32LE(count, KSYM_COUNT);
  info.writeUInt32LE(count, FUNCTION_LENGTH_COUNT);
  info.writeBigUInt64LE(addressOf(addresses), KSYMS);
  info.writeBigUInt64LE(addressOf(lengths), FUNCTION_LENGTHS);
  info.writeUInt32LE(lineCount, LINE_COUNT);
  info.writeUInt32LE(lineCount, JITED_LINE_COUNT);
  info.writeBigUInt64LE(addressOf(lines), LINES);
  info.writeBigUInt64LE(addressOf(jitedLines), JITED_LINES);
  info.writeUInt32LE(LINE_BYTES, LINE_RECORD_SIZE);
  info.writeUInt32LE(8, JITED_LINE_RECORD_SIZE);
  getInfo(fd, info);

  const at = Array.from({ length: lineCount }, (_, i) => jitedLines.readBigUInt64LE(8 * i));
  return Array.from({ length: count }, (_, part) => {
    const address = addresses.readBigUInt64LE(8 * part);
    const sizeBytes = lengths.readUInt32LE(4 * part);
    return {
      address,
      sizeBytes,
      lines: at.flatMap((line, i) =>
        line >= address && line < address + BigInt(sizeBytes)
          ? [{ lineCol: lines.readUInt32LE(LINE_BYTES * i + LINE_COL), offset: Number(line - address) }]
          : [],
      ),
    };
  });
}

/** What the kernel counts of the program behind `fd` while kernel.bpf_stats_enabled is 1 (since 5.1). */
export function programStats(fd: number): { readonly hits: number; readonly ns: number } {
  const info = getInfo(fd, memory(INFO_BYTES));
  return {
    hits: Number(info.readBigUInt64LE(RUN_COUNT)),
    ns: Number(info.readBigUInt64LE(RUN_TIME_NS)),
  };
}

function getInfo(fd: number, info: Buffer): Buffer {
  const size = memory(4);
  size.writeUInt32LE(info.length);
  const error = Number(libbpf().bpf_obj_get_info_by_fd(fd, info, size));
  if (error !== 0) throw new Error(`bpf_obj_get_info_by_fd: ${errorName(error)}`);
  return info;
}

function mapOf(id: number): { name: string; bytes: number | undefined } {
  const attr = memory(16);
  attr.writeUInt32LE(id);
  const fd = Number(libc().syscall4(SYS_BPF, BPF_MAP_GET_FD_BY_ID, addressOf(attr), attr.length));
  if (fd < 0) return { name: `id ${id}`, bytes: undefined };
  const name = textOf(getInfo(fd, memory(MAP_INFO_BYTES)).subarray(MAP_NAME, MAP_NAME + 16) as Buffer);
  const accounted = /^memlock:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
  closeFd(fd);
  return { name, bytes: accounted === undefined ? undefined : Number(accounted) };
}

const SYS_CLOSE = 3;

function closeFd(fd: number): void {
  libc().syscall4(SYS_CLOSE, fd, 0, 0);
}
