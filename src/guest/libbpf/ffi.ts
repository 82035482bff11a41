// The foreign functions: libbpf, libc and our own clock.so and visits.so. The only module that imports koffi.
// Structures cross as raw memory laid out here by hand: koffi ignores misspelled members and clears the
// `sz` of option structs passed as _Out_, so it is given addresses and numbers only.

import koffi from 'koffi';

/** An address, as koffi hands it out: a BigInt, or null. */
export type Pointer = bigint | null;

/**
 * Memory whose address stays what it is while the Buffer lives.
 * (V8 keeps typed arrays of up to 64 bytes inside its moving heap; an explicit ArrayBuffer never is.)
 */
export function memory(sizeBytes: number): Buffer {
  return Buffer.from(new ArrayBuffer(sizeBytes));
}

/** The address of memory() or of a mapped view. */
export function addressOf(bytes: Uint8Array): bigint {
  return BigInt(koffi.address(bytes));
}

/** A C string that stays where it is. */
export function cString(text: string): Buffer {
  const bytes = Buffer.from(text);
  const out = memory(bytes.length + 1);
  bytes.copy(out);
  return out;
}

/** errno of the last foreign call. */
export function errno(): number {
  return koffi.errno();
}

/** -EINVAL -> 'EINVAL'. */
export function errorName(error: number): string {
  const code = Math.abs(error);
  if (code === 524) return 'ENOTSUPP'; // the kernel's own, not in errno.h
  return Object.entries(koffi.os.errno).find(([, value]) => value === code)?.[0] ?? `error ${code}`;
}

/** Maps a file into memory, shared. Throws with errno's name. */
export function mapShared(fd: number, sizeBytes: number, offset: number): Buffer {
  const at = libc().mmap(null, sizeBytes, 3 /* PROT_READ | PROT_WRITE */, 1 /* MAP_SHARED */, fd, offset);
  if (at === null || BigInt.asIntN(64, BigInt(at)) === -1n) throw new Error(`mmap: ${errorName(errno())}`);
  return Buffer.from(koffi.view(at, sizeBytes));
}

export interface Libc {
  readonly mount: (source: string, target: string, type: string, flags: number, data: Pointer) => number;
  readonly mmap: (
    at: Pointer,
    size: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ) => Pointer;
  readonly syscall4: (number: number, a: number | bigint, b: number | bigint, c: number | bigint) => number;
  readonly syscall6: (number: number, a: bigint, b: number, c: number, d: number, e: number) => number;
  readonly ioctl: (fd: number, request: number, argument: number) => number;
  readonly vsnprintf: (out: Buffer, size: number, format: Pointer, list: Pointer) => number;
}

export const libc = once((): Libc => {
  const library = koffi.load('libc.so.6');
  return {
    mount: library.func('int mount(const char*, const char*, const char*, ulong, const void*)'),
    mmap: library.func('void* mmap(void*, ulong, int, int, int, long)'),
    syscall4: library.func('long syscall(long, ulong, ulong, ulong)'),
    syscall6: library.func('long syscall(long, ulong, long, long, long, long)'),
    ioctl: library.func('int ioctl(int, ulong, long)'),
    vsnprintf: library.func('int vsnprintf(void*, size_t, void*, void*)'),
  };
});

export interface Clock {
  /** Gaps in a spinning loop, see native/clock.c. */
  readonly gaps: (spinNs: number, out: Buffer, most: number) => number;
  readonly ratio: (sleepNs: number, ticks: Buffer, ns: Buffer) => void;
  readonly align: (gridNs: number, phaseNs: number) => number;
  /** Instructions that have been executed, idle time included. */
  readonly ticks: () => number | bigint;
  /** Keeps the processor busy until there are so many, to the instruction. */
  readonly spinUntil: (ticks: number) => void;
  readonly runs: (
    attrs: Buffer,
    attrCount: number,
    out: Buffer,
    runs: number,
    tickNs: number,
    phaseNs: number,
    roomNs: number,
  ) => void;
  /** Tells who watches the machine that the window says what runs next. */
  readonly markSubject: () => void;
}

/** clock.so, from the folder the guest's bundle lies in. */
export function loadClock(path: string): Clock {
  const library = koffi.load(path);
  return {
    gaps: library.func('int tollgate_gaps(ulong, void*, int)'),
    ratio: library.func('void tollgate_clock_ratio(ulong, void*, void*)'),
    align: library.func('ulong tollgate_align(ulong, ulong)'),
    ticks: library.func('ulong tollgate_ticks()'),
    spinUntil: library.func('void tollgate_spin_until(ulong)'),
    runs: library.func('void tollgate_runs(void*, int, void*, int, ulong, ulong, ulong)'),
    markSubject: library.func('void tollgate_mark_subject()'),
  };
}

/** native/visits.c: counts in the verifier's log while the kernel writes it. */
export interface VisitsLibrary {
  readonly open: (sizeBytes: number, counts: Buffer, insns: number, streams: Buffer) => bigint | number;
  readonly close: (processed: Buffer, bytes: Buffer) => void;
}

/** visits.so, from the folder the guest's bundle lies in. */
export function loadVisitsLibrary(path: string): VisitsLibrary {
  const library = koffi.load(path);
  return {
    open: library.func('long tollgate_visits_open(ulong, void*, ulong, void*)'),
    close: library.func('void tollgate_visits_close(void*, void*)'),
  };
}

const LIBBPF = {
  libbpf_version_string: 'const char* libbpf_version_string()',
  libbpf_num_possible_cpus: 'int libbpf_num_possible_cpus()',
  bpf_object__open_mem: 'void* bpf_object__open_mem(void*, size_t, void*)',
  bpf_object__load: 'int bpf_object__load(void*)',
  bpf_object__close: 'void bpf_object__close(void*)',
  bpf_object__next_program: 'void* bpf_object__next_program(void*, void*)',
  bpf_object__next_map: 'void* bpf_object__next_map(void*, void*)',
  bpf_program__name: 'const char* bpf_program__name(void*)',
  bpf_program__section_name: 'const char* bpf_program__section_name(void*)',
  bpf_program__type: 'int bpf_program__type(void*)',
  bpf_program__set_type: 'int bpf_program__set_type(void*, int)',
  bpf_program__expected_attach_type: 'int bpf_program__expected_attach_type(void*)',
  bpf_program__set_expected_attach_type: 'int bpf_program__set_expected_attach_type(void*, int)',
  bpf_program__set_attach_target: 'int bpf_program__set_attach_target(void*, int, const char*)',
  bpf_program__flags: 'uint bpf_program__flags(void*)',
  bpf_program__autoload: 'bool bpf_program__autoload(void*)',
  bpf_program__set_autoload: 'int bpf_program__set_autoload(void*, bool)',
  bpf_program__fd: 'int bpf_program__fd(void*)',
  bpf_program__insn_cnt: 'size_t bpf_program__insn_cnt(void*)',
  bpf_program__set_log_level: 'int bpf_program__set_log_level(void*, uint)',
  bpf_program__set_log_buf: 'int bpf_program__set_log_buf(void*, void*, size_t)',
  bpf_map__name: 'const char* bpf_map__name(void*)',
  bpf_map__type: 'int bpf_map__type(void*)',
  bpf_map__fd: 'int bpf_map__fd(void*)',
  bpf_map__key_size: 'uint bpf_map__key_size(void*)',
  bpf_map__value_size: 'uint bpf_map__value_size(void*)',
  bpf_map__max_entries: 'uint bpf_map__max_entries(void*)',
  bpf_map__set_max_entries: 'int bpf_map__set_max_entries(void*, uint)',
  bpf_map__map_flags: 'uint bpf_map__map_flags(void*)',
  bpf_map__set_map_flags: 'int bpf_map__set_map_flags(void*, uint)',
  bpf_map__set_pin_path: 'int bpf_map__set_pin_path(void*, void*)',
  bpf_map__set_autocreate: 'int bpf_map__set_autocreate(void*, bool)',
  bpf_map__inner_map: 'void* bpf_map__inner_map(void*)',
  bpf_map__attach_struct_ops: 'void* bpf_map__attach_struct_ops(void*)',
  bpf_link__destroy: 'int bpf_link__destroy(void*)',
  bpf_obj_get_info_by_fd: 'int bpf_obj_get_info_by_fd(int, void*, void*)',
  bpf_map_lookup_elem: 'int bpf_map_lookup_elem(int, void*, void*)',
  bpf_map_update_elem: 'int bpf_map_update_elem(int, void*, void*, uint64)',
  bpf_tc_hook_create: 'int bpf_tc_hook_create(void*)',
  bpf_tc_attach: 'int bpf_tc_attach(void*, void*)',
  bpf_tc_detach: 'int bpf_tc_detach(void*, void*)',
  bpf_prog_load: 'int bpf_prog_load(int, const char*, const char*, void*, size_t, void*)',
} as const;

export type Libbpf = Record<keyof typeof LIBBPF, (...args: unknown[]) => never> & {
  /** What libbpf has printed since the last call, warnings and above; cleared. */
  readonly takeMessages: () => string;
};

const MESSAGES_CAP = 64 * 1024;

/** libbpf.so.1 (1.0 or newer), its messages collected. Throws where a function is missing. */
export const libbpf = once((): Libbpf => {
  const library = koffi.load('libbpf.so.1');
  const functions = Object.fromEntries(
    Object.entries(LIBBPF).map(([name, prototype]) => [name, library.func(prototype)]),
  );

  let messages = '';
  const line = memory(4096);
  const print = koffi.proto('int tollgate_print(int level, void *format, void *list)');
  const callback = koffi.register((level: number, format: Pointer, list: Pointer) => {
    // A va_list passed to a function is a plain pointer on x86-64 (System V ABI, 3.5.7).
    const size = libc().vsnprintf(line, line.length, format, list);
    if (level === 0 && messages.length < MESSAGES_CAP)
      messages += line.toString('utf8', 0, Math.min(Math.max(size, 0), line.length - 1));
    return size;
  }, koffi.pointer(print));
  library.func('void* libbpf_set_print(void*)')(callback);

  return {
    ...functions,
    takeMessages: () => {
      const taken = messages;
      messages = '';
      return taken;
    },
  } as Libbpf;
});

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
