import { expect, test } from 'vitest';
import { decodeHex } from './hex.ts';
import { type Input, inputFromText, inputName, inputSchema } from './input.ts';

test.each<[unknown, string]>([
  ['fixtures/syn.pcap', 'syn.pcap'],
  [{ pcap: 'a/syn.pcap' }, 'syn.pcap'],
  [{ pcap: 'a/syn.pcap', name: 'attack' }, 'attack'],
  [{ udp: 64 }, 'udp:64'],
  [{ name: 'small', udp: 64 }, 'small'],
  [{ udp6: 9000 }, 'udp6:9000'],
  [{ tcp_syn: true }, 'tcp_syn'],
  [{ tcp_syn: 74 }, 'tcp_syn:74'],
  [{ arp: true }, 'arp'],
  [{ context: 'hex:0a00', data: 'hex:ff' }, 'context:2'],
])('the input %j is called %s', (input, name) => {
  expect(inputName(inputSchema.parse(input) as Input)).toBe(name);
});

test.each<[unknown]>([
  ['syn.txt'],
  ['.pcap'],
  [{}],
  [{ udp: 63 }],
  [{ udp: 9001 }],
  [{ udp: 64.5 }],
  [{ udp: '64' }],
  [{ udp: 64, tcp: 64 }],
  [{ upd: 64 }],
  [{ tcp_syn: false }],
  [{ arp: 64 }],
  [{ context: '0a00' }],
  [{ context: 'hex:0a0' }],
])('the input %j is refused', (input) => {
  expect(inputSchema.safeParse(input).success).toBe(false);
});

test('raw bytes are read in the order they are written', () => {
  expect([...decodeHex('hex:0aFF01')]).toEqual([10, 255, 1]);
});

test.each([
  ['udp:64', { udp: 64 }],
  ['tcp_syn', { tcp_syn: true }],
  ['dir/syn.pcap', 'dir/syn.pcap'],
  ['arp', { arp: true }],
  ['udp', undefined],
  ['udp:5', undefined],
  ['name:constructor', undefined],
  ['syn.txt', undefined],
])('on a command line %s is %j', (text, input) => {
  expect(inputFromText(text)).toEqual(input);
});
