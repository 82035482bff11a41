import { expect, test } from 'vitest';
import { compressionOf, readImageHeader } from './bzimage.ts';
import { bzImage } from './testing/bzimage.ts';

const payload = Buffer.from('payload of some length');

test.each([
  ['the usual 27 set-up sectors', 27, 28 * 512 + 64],
  ['zero set-up sectors, which mean four', 0, 5 * 512 + 64],
  ['the most there can be', 64, 65 * 512 + 64],
])('the payload is found behind %s', (_what, setupSectors, payloadOffsetBytes) => {
  const image = bzImage({ payload, setupSectors, release: '6.1.0-50-cloud-amd64' });
  expect(readImageHeader(image)).toEqual({
    payloadOffsetBytes,
    payloadLengthBytes: payload.length,
    release: '6.1.0-50-cloud-amd64',
  });
  expect(image.subarray(payloadOffsetBytes, payloadOffsetBytes + payload.length)).toEqual(payload);
});

test('a header without a release, or with one that could lead a path astray, gives none', () => {
  expect(readImageHeader(bzImage({ payload }))).not.toHaveProperty('release');
  expect(readImageHeader(bzImage({ payload, release: '../../etc' }))).not.toHaveProperty('release');
});

test('what lies at an offset into a larger buffer is read from there', () => {
  const image = bzImage({ payload, release: '7.2.12' });
  const shifted = Buffer.concat([Buffer.alloc(13, 0xff), image]).subarray(13);
  expect(readImageHeader(shifted)).toEqual(readImageHeader(image));
});

test.each([
  ['empty', Buffer.alloc(0), 'it has only 0 bytes'],
  ['text', Buffer.alloc(4096, 'x'), 'it has no boot header'],
  [
    'very old',
    bzImage({ payload, protocol: 0x0207 }),
    'its boot protocol 0x207 is older than 0x208 (Linux 2.6.26)',
  ],
])('a file that is %s is told why it is no bzImage', (_what, image, wrong) => {
  expect(readImageHeader(image)).toEqual({ wrong });
});

test.each([
  ['1f8b0800', 'gzip'],
  ['02214c18', 'lz4'],
  ['fd377a585a00', 'xz'],
  ['28b52ffd', 'zstd'],
  ['425a6839', undefined],
  ['5d000080', undefined],
  ['', undefined],
])('a payload that starts with %s is compressed with %s', (start, expected) => {
  expect(compressionOf(Buffer.from(start.padEnd(start ? 16 : 0, '0'), 'hex'))).toBe(expected);
});
