import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GUEST_MODULES, modulesWithDependencies, readModules } from './modules.ts';

// Lines of Debian's 5.10.0-46-cloud-amd64 and 6.12.117+deb13-cloud-amd64.
const PLAIN = `kernel/drivers/net/veth.ko:
kernel/net/sched/sch_ingress.ko:
kernel/net/sched/cls_bpf.ko:
kernel/net/netfilter/nf_nat.ko: kernel/net/netfilter/nf_conntrack.ko kernel/net/ipv6/netfilter/nf_defrag_ipv6.ko kernel/net/ipv4/netfilter/nf_defrag_ipv4.ko kernel/lib/libcrc32c.ko
kernel/net/bridge/br_netfilter.ko: kernel/net/bridge/bridge.ko kernel/net/802/stp.ko kernel/net/llc/llc.ko
kernel/net/802/stp.ko: kernel/net/llc/llc.ko
`;
const COMPRESSED = PLAIN.replaceAll('.ko', '.ko.xz');

const ORDERS: readonly [names: string[], order: string[]][] = [
  [[], []],
  [['veth'], ['veth']],
  [
    ['veth', 'sch_ingress', 'cls_bpf'],
    ['veth', 'sch_ingress', 'cls_bpf'],
  ],
  [['nf_nat'], ['libcrc32c', 'nf_defrag_ipv4', 'nf_defrag_ipv6', 'nf_conntrack', 'nf_nat']],
  [
    ['stp', 'br_netfilter'],
    ['llc', 'stp', 'bridge', 'br_netfilter'],
  ],
  [['not_there', 'veth'], ['veth']],
];

test.each(ORDERS)('%j load as %j, each after what it needs', (names, order) => {
  for (const dep of [PLAIN, COMPRESSED])
    expect(modulesWithDependencies(dep, names).map(({ name }) => name)).toEqual(order);
});

test('a module keeps the path it has in modules.dep', () => {
  expect(modulesWithDependencies(COMPRESSED, ['veth'])).toEqual([
    { path: 'kernel/drivers/net/veth.ko.xz', name: 'veth' },
  ]);
});

test('a dash in a file name is an underscore in the module’s', () => {
  expect(modulesWithDependencies('kernel/crypto/echainiv-x.ko.zst:\n', ['echainiv_x'])).toEqual([
    { path: 'kernel/crypto/echainiv-x.ko.zst', name: 'echainiv_x' },
  ]);
});

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tollgate-modules-'));
});

afterEach(() => rm(dir, { recursive: true }));

test('modules come unpacked, whatever they are compressed with', async () => {
  const text = (name: string) => Buffer.from(`module ${name} `.repeat(1000));
  const { stdout: xz } = await execa('xz', ['-c'], { input: text('sch_ingress'), encoding: 'buffer' });
  await mkdir(join(dir, 'kernel'));
  await writeFile(join(dir, 'kernel/veth.ko'), text('veth'));
  await writeFile(join(dir, 'kernel/sch_ingress.ko.xz'), xz);
  await writeFile(join(dir, 'kernel/cls_bpf.ko.gz'), gzipSync(text('cls_bpf')));
  await writeFile(
    join(dir, 'modules.dep'),
    'kernel/veth.ko:\nkernel/sch_ingress.ko.xz:\nkernel/cls_bpf.ko.gz:\n',
  );
  const modules = await readModules(dir, GUEST_MODULES);
  expect(modules.map(({ name, bytes }) => [name, Buffer.from(bytes).equals(text(name))])).toEqual([
    ['veth', true],
    ['sch_ingress', true],
    ['cls_bpf', true],
  ]);
});

test('a module that is damaged is named with the tool that says so', async () => {
  await writeFile(join(dir, 'veth.ko.xz'), 'no xz');
  await writeFile(join(dir, 'modules.dep'), 'veth.ko.xz:\n');
  await expect(readModules(dir, GUEST_MODULES)).rejects.toMatchObject({
    kind: 'infrastructure',
    message: expect.stringMatching(/^Cannot unpack module '.*\/veth\.ko\.xz' with xz: /),
  });
});

test('a kernel without modules.dep has none', async () => {
  expect(await readModules(dir, GUEST_MODULES)).toEqual([]);
});
