// `tollgate load`: what network load costs, exactly or in nanoseconds, or as the monitor in the guest sees it.

import { dirname, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { LoadConfig } from '../model/config.ts';
import { withoutUndefined } from '../model/defined.ts';
import { TollgateError } from '../model/errors.ts';
import { LOAD_PATHS } from '../model/job.ts';
import { LOAD_COST_RENDERERS } from '../report/load-cost.ts';
import { LOAD_MONITOR_RENDERERS } from '../report/load-monitor.ts';
import { LOAD_TIME_RENDERERS } from '../report/load-time.ts';
import { objectOf } from '../run/explain.ts';
import { measureLoad } from '../run/load.ts';
import { type LoadDefaults, loadOf, planHookLoad, planLoads } from '../run/load-arms.ts';
import { monitorLoads } from '../run/load-monitor.ts';
import { readConfig } from '../run/project.ts';
import { TIMED_LOAD, timeLoads } from '../run/timed-load.ts';
import { type CommonFlags, defaultKernels, withCommon } from './flags.ts';
import { writeAll } from './output.ts';
import { endOf, version, withRun } from './surroundings.ts';
import {
  parseBytes,
  parseHz,
  parseLoadRounds,
  parsePackets,
  parsePps,
  parseStreams,
  parseSwitch,
} from './values.ts';

export function loadCommand(load: Command): void {
  withCommon(load)
    .description("what network load (iperf3) costs: with nothing attached and with each hook's empty program")
    .option('--config <file>', "instead: the budget file's loads, with the programs of these objects")
    .addOption(new Option('--protocol <name>', 'tcp or udp').choices(['tcp', 'udp']).default('tcp'))
    .addOption(new Option('--streams <n>', 'parallel connections').argParser(parseStreams).default(1))
    .addOption(
      new Option(
        '--bytes <size...>',
        "how much the longer run sends, as '64M'; several are several loads",
      ).argParser((text, before: number[] = []) => [...before, parseBytes(text)]),
    )
    .addOption(
      new Option('--packets <n>', 'how much it sends in packets, of TCP in whole segments')
        .argParser(parsePackets)
        .conflicts('bytes'),
    )
    .option('--hook <hook...>', "these hooks alone, as 'xdp native'")
    .addOption(
      new Option(
        '--flamegraph <file>',
        'write collapsed stacks: kernel, load, what is attached, event, part',
      ).conflicts('monitor'),
    )
    .option(
      '--monitor',
      'instead: what the monitor in the guest counts and samples, beside the exact account',
    )
    .addOption(
      new Option('--sample-hz <n>', 'how often the monitor samples kernel stacks')
        .argParser(parseHz)
        .default(DEFAULT_SAMPLE_HZ)
        .implies({ monitor: true }),
    )
    .addOption(
      new Option('--beside <object...>', "other monitors beside it, with counters as bpf/netcpu.h's").implies(
        {
          monitor: true,
        },
      ),
    )
    .addOption(
      new Option('--rounds <n>', 'timed mode: how often each arm runs')
        .argParser(parseLoadRounds)
        .default(LOAD_ROUNDS),
    )
    .option('--reverse', 'the server sends')
    .addOption(
      new Option('--length <size>', 'bytes for each call; of UDP in each packet').argParser(parseBytes),
    )
    .addOption(
      new Option('--pps <n>', 'of UDP: packets a second, 0 for as many as it can').argParser(parsePps),
    )
    .addOption(new Option('--window <size>', "the sockets' buffers").argParser(parseBytes))
    .addOption(new Option('--over <way>', 'what links client and server').choices(LOAD_PATHS))
    .addOption(new Option('--mtu <bytes>', "the devices' MTU").argParser(parseBytes))
    .addOption(new Option('--gro <switch>', 'generic receive offload: on or off').argParser(parseSwitch))
    .addOption(new Option('--gso <switch>', 'generic segmentation offload').argParser(parseSwitch))
    .addOption(new Option('--tso <switch>', 'TCP segmentation offload').argParser(parseSwitch))
    .action(measureLoads);
}

type LoadFlags = CommonFlags &
  Omit<LoadConfig['iperf3'], 'bytes'> & {
    readonly config?: string;
    readonly protocol: 'tcp' | 'udp';
    readonly streams: number;
    readonly bytes?: readonly number[];
    readonly hook?: readonly string[];
    readonly monitor?: boolean;
    readonly sampleHz: number;
    readonly beside?: readonly string[];
    readonly rounds: number;
  };

async function measureLoads(objects: string[], flags: LoadFlags): Promise<void> {
  if (flags.mode.length > 1)
    throw new TollgateError(
      'usage',
      `Cannot measure network load in two modes at once: '${flags.mode.join(',')}'`,
      {
        hint: "'--mode exact' or '--mode timed'; 'check' takes both",
      },
    );
  if (flags.flamegraph !== undefined && flags.mode.includes('timed'))
    throw new TollgateError(
      'usage',
      "Cannot write '--flamegraph' in timed mode: only instructions are counted by stack",
      {
        hint: "'--mode exact'",
      },
    );
  const config = flags.config === undefined ? undefined : readConfig(flags.config);
  await withRun(flags, config && { path: flags.config!, config }, async (options) => {
    const { distDir, baseDir } = options;
    const defaults = flags.mode.includes('timed') ? LONG_LOAD : undefined;
    const planned = config
      ? planLoads({
          ...{ config, distDir },
          head: objects.map((path) => objectOf(path, baseDir)),
          directory: resolve(dirname(flags.config!)),
          ...(defaults ? { defaults } : {}),
        }).loads
      : (flags.bytes ?? [undefined]).map((bytes) =>
          planHookLoad(loadOf(iperf3From(flags, bytes), defaults), distDir, flags.hook),
        );
    if (planned.length === 0)
      throw new TollgateError('config', `Cannot measure under load: '${flags.config}' names none`, {
        hint: 'load: [{ iperf3: { protocol: tcp } }]',
      });
    const kernels = flags.kernel ?? config?.kernels ?? defaultKernels(flags.mode);
    const tool = { name: 'tollgate', version } as const;
    if (flags.mode.includes('timed')) {
      const bounds = { leastRounds: 1, mostRounds: flags.rounds, seconds: LOAD_SECONDS };
      const times = await timeLoads({ kernels, planned, bounds, ofMonitor: flags.monitor === true }, options);
      writeAll(LOAD_TIME_RENDERERS, { schema: 1, tool, times }, flags);
      return endOf(times.map(({ target }) => target));
    }
    if (flags.monitor) {
      const request = {
        ...{ kernels, planned, sampleHz: flags.sampleHz },
        beside: (flags.beside ?? []).map((path) => resolve(path)),
      };
      const loads = await monitorLoads(request, options);
      writeAll(LOAD_MONITOR_RENDERERS, { schema: 1, tool, loads }, flags);
      return endOf(loads.map(({ target }) => target));
    }
    const costs = await measureLoad(kernels, planned, options);
    writeAll(LOAD_COST_RENDERERS, { schema: 1, tool, costs }, flags);
    return endOf(costs.map(({ target }) => target));
  });
}

/** The flags that are keys of iperf3 in the budget file. */
function iperf3From(flags: LoadFlags, bytes: number | undefined): LoadConfig['iperf3'] {
  const { protocol, streams, packets, reverse, length, pps, window, over, mtu, gro, gso, tso } = flags;
  return withoutUndefined({
    protocol,
    streams,
    bytes,
    packets,
    reverse,
    length,
    pps,
    window,
    over,
    mtu,
    gro,
    gso,
    tso,
  });
}

/** Of timed mode. */
const LOAD_ROUNDS = 20;
const LOAD_SECONDS = 600;
/** A fifth of a second or more: iperf3's start and end are little of it. */
const LONG_LOAD: LoadDefaults = { ...TIMED_LOAD, bytes: 256 << 20 };

/** Often enough to tell shares of a short run; no divisor of the timer's own rate. */
const DEFAULT_SAMPLE_HZ = 4999;
