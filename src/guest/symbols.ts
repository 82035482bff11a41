// The kernel's functions, as /proc/kallsyms has them. The same for every job of a saved state (nokaslr, modules loaded
// before it was saved), so the host asks once and keeps the answer.

import { readFileSync } from 'node:fs';
import type { Channel } from './channel.ts';

const CHUNK_CHARACTERS = 60_000;

/** Sends 'address name' lines, a record for every 60,000 characters; of programs and what leads to them, or of all. */
export function reportSymbols(channel: Channel, which: 'bpf' | 'all'): void {
  const all = readFileSync('/proc/kallsyms', 'latin1');
  let text = '';
  for (const [, address, name, module] of all.matchAll(/^([0-9a-f]{16}) [tTwW] (\S{1,200})(?:\t(\S+))?/gm)) {
    if (which === 'bpf' && module !== '[bpf]') continue;
    if (text.length > CHUNK_CHARACTERS) {
      channel.send({ type: 'symbols', text });
      text = '';
    }
    text += `${address} ${name}\n`;
  }
  channel.send({ type: 'symbols', text });
}
