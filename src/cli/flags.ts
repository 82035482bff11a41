// The flags that several commands have.

import { type Command, Option } from 'commander';
import { DEFAULT_BOUNDS, type Placement, type TimedBounds } from '../model/timed.ts';
import { EXACT_ONLY, type Modes } from '../run/modes.ts';
import { parseModes, parseParallel, parsePlacements, parseRounds, parseSeconds } from './values.ts';

export const DEFAULT_KERNELS = ['debian:5.10', 'debian:6.1', 'debian:6.12', 'debian:newest'];

/** Timed mode alone has this machine's own kernel to measure on, which is where it does best. */
export const defaultKernels = (modes: Modes) => (modes.includes('exact') ? DEFAULT_KERNELS : ['host']);

export interface OutputFlags {
  readonly json?: string;
  readonly markdown?: string;
  readonly flamegraph?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export interface CommonFlags extends OutputFlags {
  readonly kernel?: string[];
  readonly mode: Modes;
  readonly cacheDir?: string;
  readonly mirror?: string;
  readonly offline?: boolean;
  readonly savedState: boolean;
  readonly qemu?: string;
  readonly cpu?: string;
  readonly parallel?: number;
}

export function withOutput(command: Command): Command {
  return command
    .option('--json <file>', "write the report as JSON ('-' for standard output)")
    .option('--markdown <file>', "write the report as markdown ('-' for standard output)")
    .option('--quiet', 'no progress, no table')
    .option('--verbose', 'show what passed, too; on a crash the stack');
}

/** Of commands that tell a report. */
export function withReport(command: Command): Command {
  return command.option('--flamegraph <file>', 'write the instructions of network load as collapsed stacks');
}

export function withCommon(command: Command): Command {
  return withOutput(command)
    .option(
      '--kernel <reference...>',
      'kernels, as debian:6.1, path:DIR-or-bzImage (instead of those of the budget file)',
    )
    .addOption(
      new Option('--mode <modes>', "how to measure: 'exact', 'timed' (nanoseconds), or 'exact,timed'")
        .argParser(parseModes)
        .default(EXACT_ONLY, 'exact'),
    )
    .option('--no-saved-state', 'boot for every job')
    .option('--offline', 'never open a connection')
    .option('--mirror <url>', 'the Debian mirror [TOLLGATE_MIRROR]')
    .option('--cache-dir <dir>', 'kernels and saved states [TOLLGATE_CACHE_DIR]')
    .option('--qemu <path>', 'another qemu-system-x86_64 [TOLLGATE_QEMU]')
    .option('--cpu <model>', "QEMU's CPU model, instead of the budget file's")
    .option('--parallel <n>', 'machines at once', parseParallel);
}

/** What timed mode is given, beside the defaults. */
export function withTimed(command: Command): Command {
  return command
    .addOption(
      new Option('--rounds <n>', `timed mode: at most so many rounds; at least ${DEFAULT_BOUNDS.leastRounds}`)
        .argParser(parseRounds)
        .default(DEFAULT_BOUNDS.mostRounds),
    )
    .addOption(
      new Option('--seconds <s>', 'timed mode: for each program and input at most so long')
        .argParser(parseSeconds)
        .default(DEFAULT_BOUNDS.seconds),
    )
    .addOption(
      new Option(
        '--placement <places>',
        "timed mode, programs in place: all on one CPU ('same'), the receiving softirqs on another ('split'), or 'same,split'",
      )
        .argParser(parsePlacements)
        .default(SAME_CPU, 'same'),
    );
}

const SAME_CPU: readonly Placement[] = ['same'];

export interface TimedFlags {
  readonly placement: readonly Placement[];
  readonly rounds: number;
  readonly seconds: number;
}

export function boundsFrom({ rounds, seconds }: TimedFlags): TimedBounds {
  return { ...DEFAULT_BOUNDS, mostRounds: rounds, seconds };
}
