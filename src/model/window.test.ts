import { expect, test } from 'vitest';
import {
  decodeJob,
  decodeSequel,
  decodeSubject,
  encodeJob,
  encodeSubject,
  IMAGES_LIMIT,
  JSON_ROOM,
  PAUSES_AT,
  SUBJECT_AT,
  SUBJECT_BYTES,
} from './window.ts';

const OBJECT = Uint8Array.of(1, 2, 3);
const build = (place: (bytes: Uint8Array) => unknown) => ({ format: 1, elf: place(OBJECT) });

test('a job that has a sequel reads as it was written, and so does the sequel, with its blobs', () => {
  const window = encodeJob(build, (place) => ({ reportCode: ['lb'], probed: place(Uint8Array.of(4, 5)) }));
  expect(decodeJob(window)).toEqual({ format: 1, elf: { at: JSON_ROOM, size: 3 } });
  expect(decodeSequel(window)).toEqual({ reportCode: ['lb'], probed: { at: JSON_ROOM + 64, size: 2 } });
  expect([...window.subarray(JSON_ROOM + 64, JSON_ROOM + 66)]).toEqual([4, 5]);
});

test('a job without a sequel has none', () => {
  expect(decodeSequel(encodeJob(build))).toBeUndefined();
});

test('a sequel is read from a window that is a part of other memory', () => {
  const job = encodeJob(build, () => ({ reportCode: ['größer'] }));
  const memory = new Uint8Array(job.length + 24);
  memory.set(job, 8);
  expect(decodeSequel(memory.subarray(8, 8 + job.length))).toEqual({ reportCode: ['größer'] });
});

test('with and without a sequel the job is the same to the byte, but for where the sequel lies', () => {
  const [alone, followed] = [encodeJob(build), encodeJob(build, () => ({ reportCode: [] }))];
  const withoutSequel = followed.slice(0, alone.length);
  new DataView(withoutSequel.buffer).setUint32(4, 0, true);
  expect(Buffer.compare(withoutSequel, alone)).toBe(0);
});

test('what is told of the runs that come next reads as it was written', () => {
  const images = [
    { address: 0xffffffffc0001000n, sizeBytes: 212 },
    { address: 0xffffffffc0002000n, sizeBytes: 19 },
  ];
  const subject = { images, packets: 20, passes: 5 };
  const bytes = encodeSubject(subject);
  expect([...new BigUint64Array(bytes.buffer.slice(0, 40))]).toEqual([
    2n,
    20n,
    5n,
    0xffffffffc0001000n,
    0xffffffffc00010d4n,
  ]);
  expect(decodeSubject(bytes)).toEqual(subject);
  expect(decodeSubject(encodeSubject({ images: [], packets: 0, passes: 0 }))).toEqual({
    images: [],
    packets: 0,
    passes: 0,
  });
});

test('more images than there is room for are not told, but that there are', () => {
  const images = Array.from({ length: IMAGES_LIMIT + 1 }, () => ({ address: 1n, sizeBytes: 1 }));
  const bytes = encodeSubject({ images, packets: 1, passes: 2 });
  expect(bytes.length).toBeLessThanOrEqual(SUBJECT_BYTES - 1);
  expect(PAUSES_AT).toBe(SUBJECT_AT + SUBJECT_BYTES - 1);
  expect(decodeSubject(bytes)).toBeUndefined();
});
