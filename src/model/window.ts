// The window: memory that host and guest share, reserved by the kernel's memmap= argument. The job goes in
// while the VM is paused; records come out and are still there when the guest has crashed.
// Layout: job JSON and its blobs from 0, records from RECORDS_AT; each begins with a 32-bit length. At the end, from
// SUBJECT_AT, what who watches from outside is told of the runs that come next, or native/netcpu.c of the programs
// attached.

export const WINDOW_BYTES = 64 << 20;
export const RECORDS_AT = 40 << 20;
export const JOB_CAPACITY_BYTES = RECORDS_AT;
/** Images of machine code that can be told of one program's runs. */
export const IMAGES_LIMIT = 4096;
/** Images of programs that native/netcpu.c keeps apart. */
export const LOAD_IMAGES_LIMIT = 256;
/** Image number 0 is this part of the network stack for native/netcpu.c; those before are the kernel's own. */
export const IMAGE_PART = 256;
export const SUBJECT_BYTES = 128 << 10;
export const SUBJECT_AT = WINDOW_BYTES - SUBJECT_BYTES;
/** A byte: whether the guest pauses before and behind the runs that it tells of, and that it has. */
export const PAUSES_AT = WINDOW_BYTES - 1;
export const PAUSES = { asked: 1, paused: 2 } as const;
export const RECORDS_CAPACITY_BYTES = SUBJECT_AT - RECORDS_AT - 4;

/** Where a blob (an object file, a packet) lies in the window, in bytes from its beginning. */
export interface Blob {
  readonly at: number;
  readonly size: number;
}

const HEADER_BYTES = 8;
const BLOB_ALIGNMENT = 64;

/** Puts bytes into a job's window, and says where they lie. */
export type PlaceBlob = (bytes: Uint8Array) => Blob;

/**
 * Lays out a job: `[json length][sequel at][json][blobs...]`, blobs aligned to 64 bytes; the sequel, where there is one,
 * is the last of them, with its length before it. `build` is called with a function that places a blob and answers
 * where, and gives the JSON value; then `buildSequel` is, so that with and without it all that the job has is the same.
 * The blobs come before the JSON is final, so their place is counted from a fixed offset: JSON_ROOM.
 * Throws RangeError where the job is larger than the window.
 */
export function encodeJob<T>(
  build: (place: PlaceBlob) => T,
  buildSequel?: (place: PlaceBlob) => unknown,
): Uint8Array {
  const blobs: { bytes: Uint8Array; at: number }[] = [];
  let next = JSON_ROOM;
  const place: PlaceBlob = (bytes) => {
    const at = next;
    blobs.push({ bytes, at });
    next = Math.ceil((at + bytes.length) / BLOB_ALIGNMENT) * BLOB_ALIGNMENT;
    if (next > JOB_CAPACITY_BYTES)
      throw new RangeError(`the job's objects and packets exceed ${JOB_CAPACITY_BYTES - JSON_ROOM} bytes`);
    return { at, size: bytes.length };
  };
  const job = build(place);
  const sequelAt = buildSequel && place(withLength(JSON.stringify(buildSequel(place)))).at;
  const json = new TextEncoder().encode(JSON.stringify(job));
  if (HEADER_BYTES + json.length > JSON_ROOM)
    throw new RangeError(`the job's plan exceeds ${JSON_ROOM} bytes`);
  const out = new Uint8Array(next);
  const header = new DataView(out.buffer);
  header.setUint32(0, json.length, true);
  header.setUint32(4, sequelAt ?? 0, true);
  out.set(json, HEADER_BYTES);
  for (const { bytes, at } of blobs) out.set(bytes, at);
  return out;
}

/** Room for the JSON before the blobs: a fixed size, so that the same blob lies at the same address in every job. */
export const JSON_ROOM = 4 << 20;

/** What runs next: a program on so many packets in turn, so many times over, and the machine code it may go through. */
export interface WatchedRuns {
  /** The program's own first. */
  readonly images: readonly { readonly address: bigint; readonly sizeBytes: number }[];
  readonly packets: number;
  readonly passes: number;
}

/** As native/callpaths.c reads it: 64-bit numbers, how many of each, then begin and end of each image. */
export function encodeSubject({ images, packets, passes }: WatchedRuns): Uint8Array {
  const numbers = [images.length, packets, passes].map(BigInt);
  for (const { address, sizeBytes } of images.slice(0, IMAGES_LIMIT))
    numbers.push(address, address + BigInt(sizeBytes));
  return new Uint8Array(BigUint64Array.from(numbers).buffer);
}

/** From the bytes at SUBJECT_AT; undefined on more images than there is room for. */
export function decodeSubject(bytes: Uint8Array): WatchedRuns | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const number = (i: number) => view.getBigUint64(8 * i, true);
  const [count, packets, passes] = [0, 1, 2].map((i) => Number(number(i))) as [number, number, number];
  if (count > IMAGES_LIMIT) return undefined;
  const images = Array.from({ length: count }, (_, i) => {
    const address = number(3 + 2 * i);
    return { address, sizeBytes: Number(number(4 + 2 * i) - address) };
  });
  return { images, packets, passes };
}

/** The bytes of a blob, where they lie. */
export function blobIn(window: Uint8Array, { at, size }: Blob): Uint8Array {
  return window.subarray(at, at + size);
}

/** The job's JSON in the window, or undefined where no job has been put. */
export function decodeJob(window: Uint8Array): unknown {
  const size = new DataView(window.buffer, window.byteOffset, 4).getUint32(0, true);
  if (size === 0 || size > JSON_ROOM - HEADER_BYTES) return undefined;
  return JSON.parse(new TextDecoder().decode(window.subarray(HEADER_BYTES, HEADER_BYTES + size)));
}

/** What is asked for behind the job, or undefined where nothing is. */
export function decodeSequel(window: Uint8Array): unknown {
  const view = new DataView(window.buffer, window.byteOffset, window.byteLength);
  const at = view.getUint32(4, true);
  if (at === 0) return undefined;
  const size = view.getUint32(at, true);
  return JSON.parse(new TextDecoder().decode(window.subarray(at + 4, at + 4 + size)));
}

function withLength(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const out = new Uint8Array(4 + bytes.length);
  new DataView(out.buffer).setUint32(0, bytes.length, true);
  out.set(bytes, 4);
  return out;
}
