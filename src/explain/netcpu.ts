// Which event and which part of the network stack every instruction under load is of: a job runs under the plugin
// (native/netcpu.c), and what it has written becomes counts by name.

import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TollgateError } from '../model/errors.ts';
import { EVENTS, netTable, OTHER, PARTS } from '../model/net-parts.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Absent } from '../model/report.ts';
import { IMAGE_PART, SUBJECT_AT } from '../model/window.ts';
import { findPlugin, pluginArguments } from '../vm/plugin.ts';
import type { Qemu } from '../vm/qemu.ts';
import { scratchFolders, withScratch } from '../vm/scratch.ts';
import type { JobResult, Session } from '../vm/session.ts';
import { symbolText } from './symbols.ts';

/** Instructions of one run of load. */
export interface NetCpu {
  /** Outside the kernel. */
  readonly user: number;
  /** Of the kernel, by event ('other' outside all of them) and part ('other', or 'bpf PROGRAM' of an attached one). */
  readonly counts: readonly { readonly event: string; readonly part: string; readonly insns: number }[];
  /**
   * By event, 'other' and 'user' among them, what was counted while data was sent: between the first sends and the last,
   * 16 of which at either end set up the transfer or tell of it. Left out where there were too few.
   */
  readonly transfer?: Readonly<Record<string, number>>;
}

const FILE_BYTES = 16 << 20;

/** Runs a job of load. Without a plugin for this QEMU its records are all there is. */
export async function runLoad(
  session: Session,
  job: Uint8Array,
  options: {
    readonly qemu: Pick<Qemu, 'path' | 'digest' | 'place'>;
    readonly distDir: string;
    readonly cacheDir: string;
  },
): Promise<{ readonly ran: JobResult; readonly netCpu: readonly NetCpu[] | Absent }> {
  const plugin = await findPlugin('netcpu', options.qemu, options);
  if ('reason' in plugin) return { ran: await session.run(job), netCpu: plugin };
  const symbols = await symbolText(session, options.cacheDir);
  const scratch = { folders: scratchFolders(options.cacheDir), sizeBytes: FILE_BYTES };
  return await withScratch(scratch, async (folder) => {
    const [table, out] = [join(folder, 'table'), join(folder, 'out')];
    writeFileSync(table, netTable(symbols));
    const ran = await session.run(job, ({ windowPath }) =>
      pluginArguments(plugin.path, {
        ...{ window: windowPath, at: String(SUBJECT_AT), table, out },
        send: String(EVENTS.findIndex(({ name }) => name === 'sock_send') + 1),
      }),
    );
    return { ran, netCpu: readNetCpu(readCapped(out), ran.records) };
  });
}

function readCapped(path: string): string {
  const { size } = statSync(path);
  if (size > FILE_BYTES) throw badProfile(`${size} bytes exceed ${FILE_BYTES}`);
  return readFileSync(path, 'latin1');
}

/** What the plugin has written, a table for each run. Throws TollgateError ('infrastructure', 'bad-profile'). */
export function readNetCpu(text: string, records: readonly GuestRecord[]): NetCpu[] {
  const images = records.flatMap((record) => (record.type === 'image' ? [record.program] : []));
  const sections = text.split('end\n');
  if (sections.pop() !== '') throw badProfile('it is cut off');
  return sections.map((section) => {
    let user = 0;
    const transfer: Record<string, number> = {};
    const counts = new Map<string, NetCpu['counts'][number]>();
    for (const line of section.split('\n').filter(Boolean)) {
      const [kind, ...words] = line.split(' ');
      const numbers = words.map(Number);
      if (numbers.some((number) => !Number.isSafeInteger(number)))
        throw badProfile(`it has the line '${line}'`);
      if (kind === 'u') user = numbers[0]!;
      else if (kind === 'v') transfer.user = numbers[0]!;
      else if (kind === 't') {
        const event = EVENTS[numbers[0]! - 1]?.name ?? OTHER;
        transfer[event] = (transfer[event] ?? 0) + numbers[1]!;
      } else if (kind === 'c') add(counts, numbers as [number, number, number], images);
      else throw badProfile(`it has the line '${line.slice(0, 80)}'`);
    }
    return { user, counts: [...counts.values()], ...('user' in transfer ? { transfer } : {}) };
  });
}

function add(
  counts: Map<string, NetCpu['counts'][number]>,
  [eventNumber, partNumber, insns]: readonly [number, number, number],
  images: readonly string[],
): void {
  const event = EVENTS[eventNumber - 1]?.name ?? OTHER;
  const program = images[partNumber - IMAGE_PART];
  const part = program === undefined ? (PARTS[partNumber - 1]?.name ?? OTHER) : `bpf ${program}`;
  const key = `${event}\0${part}`;
  counts.set(key, { event, part, insns: insns + (counts.get(key)?.insns ?? 0) });
}

function badProfile(what: string): TollgateError {
  return new TollgateError('infrastructure', `Cannot read the counts of network load: ${what}`, {
    reason: 'bad-profile',
  });
}
