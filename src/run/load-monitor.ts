// `tollgate load --monitor`: the account that bpf/netcpu.bpf.c keeps inside the guest, beside the exact one of the same
// run from outside. One job for each arm.

import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runLoad } from '../explain/netcpu.ts';
import { symbolText } from '../explain/symbols.ts';
import { TOO_LITTLE_SENT } from '../measurements/load.ts';
import { monitorFigures } from '../measurements/load-monitor.ts';
import { TollgateError } from '../model/errors.ts';
import type { MonitoredLoad, MonitorFigures } from '../model/load-monitor.ts';
import type { GuestRecord, SampledLoad } from '../model/records.ts';
import type { Absent } from '../model/report.ts';
import { findQemu, type Qemu } from '../vm/qemu.ts';
import type { Session } from '../vm/session.ts';
import { onKernel, type RunOptions } from './execute.ts';
import { encodeLoad, filesFor, type LoadArm, noLoadOf, type PlannedLoad } from './load-arms.ts';
import { createPool, machinesAtOnce, pooled } from './pool.ts';

export interface MonitorRequest {
  readonly kernels: readonly string[];
  readonly planned: readonly PlannedLoad[];
  /** 0: counters alone. */
  readonly sampleHz: number;
  /** Objects that keep the counters of bpf/netcpu.h, too, and are attached beside ours. */
  readonly beside: readonly string[];
}

/** Throws as `execute` does; a kernel that fails is a failed target. */
export async function monitorLoads(
  { kernels, planned, sampleHz, beside }: MonitorRequest,
  options: RunOptions,
): Promise<MonitoredLoad[]> {
  const qemu = await findQemu(options);
  const pool = createPool(options.parallel ?? machinesAtOnce());
  const monitors = [
    {
      ...{ name: OWN, elf: readFileSync(join(options.distDir, 'bpf/netcpu.bpf.o')) },
      ...(sampleHz > 0 ? { sampleHz } : {}),
    },
    ...beside.map((path) => ({ name: basename(path).replace(/\..*$/, ''), elf: readFileSync(path) })),
  ];
  const found = await Promise.all(
    [...new Set(kernels)].map(async (reference) => {
      const wanted = planned.flatMap((each) => each.arms.map((arm) => ({ planned: each, arm })));
      const { target, result } = await onKernel(
        reference,
        qemu,
        pool,
        options,
        async (session, told, kernel) => {
          const machine = pooled(session, pool, options.signal);
          await symbolText(machine, options.cacheDir); // once, not by each of the jobs that want it
          return await Promise.all(
            wanted.map(async (each) => {
              const files = await filesFor(each.planned, kernel, options);
              return await runMonitored(
                machine,
                { ...each, monitors, files, reference },
                { ...options, qemu },
                told,
              );
            }),
          );
        },
      );
      return wanted.map(
        ({ planned: { load }, arm }, i): MonitoredLoad => ({
          ...{ target, load, arm: arm.name },
          figures: result?.[i] ?? { reason: target.error?.message ?? 'it has not run' },
        }),
      );
    }),
  );
  return found.flat();
}

const OWN = 'netcpu';

interface Monitored {
  readonly planned: PlannedLoad;
  readonly arm: LoadArm;
  readonly monitors: readonly {
    readonly name: string;
    readonly elf: Uint8Array;
    readonly sampleHz?: number;
  }[];
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly reference: string;
}

async function runMonitored(
  machine: Session,
  { planned, arm, monitors, files, reference }: Monitored,
  options: RunOptions & { readonly qemu: Qemu },
  told: (ran: Awaited<ReturnType<Session['run']>>) => void,
): Promise<MonitorFigures | Absent> {
  const { bytes } = planned.load.run;
  const runs = await Promise.all(
    [[], monitors].map(async (attached) => {
      const { ran, netCpu } = await runLoad(
        machine,
        encodeLoad(planned, arm, bytes, files, attached),
        options,
      );
      told(ran);
      return { records: ran.records, netCpu };
    }),
  );
  const absent = noLoadOf(
    reference,
    runs.flatMap(({ records }) => records),
  );
  if (absent) return absent;
  const [alone, counted] = runs.map(({ netCpu }) => ('reason' in netCpu ? netCpu : netCpu[0]));
  if (alone && 'reason' in alone) return alone;
  if (counted && 'reason' in counted) return counted;
  const { records } = runs[1]!;
  const all = records.filter((record): record is MonitorRecord => record.type === 'monitor');
  const ticks = records.find((record) => record.type === 'processor-ticks');
  if (all.length !== monitors.length || ticks?.type !== 'processor-ticks' || !alone || !counted)
    throw new TollgateError(
      'infrastructure',
      `${reference}: the guest does not tell what its monitor has seen`,
      { reason: 'bad-records' },
    );
  if (!alone.transfer || !counted.transfer) return { reason: TOO_LITTLE_SENT };
  const { sampled = NOT_SAMPLED } = all[0]!;
  const { transfer } = counted;
  return monitorFigures({
    ...{ ...counted, transfer, monitors: all, sampled },
    ...{ ticks: ticks.ticks, alone: alone.transfer },
  });
}

const NOT_SAMPLED: SampledLoad = { hz: 0, lost: 0, events: {}, counts: [] };

type MonitorRecord = Extract<GuestRecord, { type: 'monitor' }>;
