import { describe, expect, test } from 'vitest';
import { isKernelStanza, isPoolPath, parseKernelPackage, parseRelease } from './release.ts';

const DIGEST = 'a'.repeat(64);

describe('a Release file', () => {
  test('gives its names, its time limit and the digests of its sha256 block only', () => {
    const text = [
      'Origin: Debian',
      'Suite: stable-backports',
      'Codename: trixie-backports',
      'Date: Thu, 19 Nov 2026 02:12:54 UTC',
      'Valid-Until: Thu, 26 Nov 2026 02:12:54 UTC',
      'Acquire-By-Hash: yes',
      'MD5Sum:',
      ' d41d8cd98f00b204e9800998ecf8427e 0 main/binary-amd64/Packages.xz',
      'SHA256:',
      ` ${DIGEST}   310264 main/binary-amd64/Packages.xz`,
      ` ${'b'.repeat(64)} 7 main/binary-arm64/Packages.xz`,
      ' not a digest',
    ].join('\n');
    expect(parseRelease(text)).toEqual({
      codename: 'trixie-backports',
      suite: 'stable-backports',
      validUntil: new Date('2026-11-26T02:12:54Z'),
      byHash: true,
      files: new Map([
        ['main/binary-amd64/Packages.xz', { sha256: DIGEST, sizeBytes: 310264 }],
        ['main/binary-arm64/Packages.xz', { sha256: 'b'.repeat(64), sizeBytes: 7 }],
      ]),
    });
  });

  test('of a stable release has no time limit', () => {
    expect(parseRelease('Codename: bookworm\n')).toEqual({
      codename: 'bookworm',
      suite: undefined,
      validUntil: undefined,
      byHash: false,
      files: new Map(),
    });
  });
});

describe('a package of an index', () => {
  const stanza = (fields: Readonly<Record<string, string>> = {}) =>
    Object.entries({
      Package: 'linux-image-7.2.12+deb13-cloud-amd64',
      Version: '7.2.12-1~bpo13+1',
      'Pre-Depends': 'linux-base (>= 4.17~)',
      Depends:
        'dracut | initramfs-tools (>= 0.120), linux-binary-7.2.12+deb13-cloud-amd64 (= 7.2.12-1~bpo13+1), ' +
        'linux-modules-7.2.12+deb13-cloud-amd64 (= 7.2.12-1~bpo13+1), kmod, libc6 (= 2.41-1)',
      Filename: 'pool/main/l/linux/linux-image-7.2.12+deb13-cloud-amd64_7.2.12-1~bpo13+1_amd64.deb',
      Size: '1924',
      SHA256: DIGEST,
      ...fields,
    })
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n');

  test('gives what it takes to download it and the exact linux-* packages it needs', () => {
    expect(parseKernelPackage(stanza())).toEqual({
      name: 'linux-image-7.2.12+deb13-cloud-amd64',
      version: '7.2.12-1~bpo13+1',
      depends: [
        { name: 'linux-binary-7.2.12+deb13-cloud-amd64', version: '7.2.12-1~bpo13+1' },
        { name: 'linux-modules-7.2.12+deb13-cloud-amd64', version: '7.2.12-1~bpo13+1' },
      ],
      filename: 'pool/main/l/linux/linux-image-7.2.12+deb13-cloud-amd64_7.2.12-1~bpo13+1_amd64.deb',
      sizeBytes: 1924,
      sha256: DIGEST,
    });
  });

  test('with a field that continues on the next line is read as one', () => {
    const parsed = parseKernelPackage(
      stanza({ Depends: 'kmod,\n linux-base-7.2.12+deb13-cloud-amd64 (= 1)' }),
    );
    expect(parsed).toMatchObject({
      depends: [{ name: 'linux-base-7.2.12+deb13-cloud-amd64', version: '1' }],
    });
  });

  test.each([
    ['linux-image-6.1.0-50-cloud-amd64', true],
    ['linux-binary-7.2.12+deb13-cloud-amd64', true],
    ['linux-modules-7.2.12+deb13-cloud-amd64', true],
    ['linux-base-7.2.12+deb13-cloud-amd64', true],
    ['linux-image-cloud-amd64', false],
    ['linux-image-6.1.0-50-cloud-amd64-dbg', false],
    ['linux-image-6.1.0-50-cloud-amd64-unsigned', false],
    ['linux-binary-unsigned-7.2.12+deb14-cloud-amd64', false],
    ['linux-image-6.1.0-50-amd64', false],
    ['linux-headers-6.1.0-50-cloud-amd64', false],
    ['hello', false],
  ])('named %s counts as a kernel of the cloud flavour: %s', (name, expected) => {
    expect(isKernelStanza(stanza({ Package: name }))).toBe(expected);
  });

  test('that is only mentioned in a description does not count', () => {
    expect(isKernelStanza('Package: x\nDescription: see\n Package: linux-image-6.1.0-50-cloud-amd64')).toBe(
      false,
    );
  });
});

test.each([
  ['pool/main/l/linux/a_1.deb', true],
  [
    'pool/updates/main/l/linux-signed-amd64/linux-image-6.1.0-50-cloud-amd64_6.1.176-1~deb11u1_amd64.deb',
    true,
  ],
  ['pool/main/../a.deb', false],
  ['pool/./a.deb', false],
  ['pool//a.deb', false],
  ['pool/.hidden/a.deb', false],
  ['/pool/a.deb', false],
  ['pool/a.deb\n', false],
  ['pool/a%2fb.deb', false],
  ['pool/a b.deb', false],
  ['pool\\a.deb', false],
  ['pool/a.tar', false],
  ['dists/a.deb', false],
])("'%s' is a path in the pool: %s", (path, expected) => {
  expect(isPoolPath(path)).toBe(expected);
});
