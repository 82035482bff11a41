// The command line: flags and environment are read here, once, and errors become exit codes here.

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import {
  availableSeries,
  DEFAULT_MIRROR,
  listKernels,
  lockKernels,
  pullKernels,
  readLock,
  writeLock,
} from './kernels/index.ts';
import { parseAcceptances } from './model/accept.ts';
import { type AttachConfig, type Config, type LoadConfig, parseSize } from './model/config.ts';
import { withoutUndefined } from './model/defined.ts';
import { EXIT, formatError, messageOf, TollgateError } from './model/errors.ts';
import { HOOKS as HOOK_LIST, hookLabel, parseHook } from './model/hooks/index.ts';
import { LOAD_PATHS } from './model/job.ts';
import type { LockedKernel } from './model/kernel.ts';
import type { Report, Target } from './model/report.ts';
import { didYouMean } from './model/suggest.ts';
import { cacheDirOf, proxyOf } from './model/surroundings.ts';
import { DEFAULT_BOUNDS, PLACEMENTS, type Placement, ROUNDS_LIMIT, type TimedBounds } from './model/timed.ts';
import { exitCode } from './report/exitcode.ts';
import { EXPLANATION_RENDERERS } from './report/explain.ts';
import { HOOK_OPERATIONS_RENDERERS } from './report/hook-operations.ts';
import { RENDERERS } from './report/index.ts';
import { LOAD_COST_RENDERERS, renderLoadFlamegraph } from './report/load-cost.ts';
import { LOAD_MONITOR_RENDERERS } from './report/load-monitor.ts';
import { LOAD_TIME_RENDERERS } from './report/load-time.ts';
import { isCheck, mergeReports } from './report/merge.ts';
import { NOISE_RENDERERS } from './report/noise.ts';
import { parseReport, REPORT_CAP_BYTES } from './report/parse.ts';
import type { DocumentRenderer, RenderOptions } from './report/renderer.ts';
import { TAIL_CALL_COST_RENDERERS } from './report/tail-call-cost.ts';
import { TAIL_CALL_TIME_RENDERERS } from './report/tail-call-time.ts';
import { baseFromDirectory, baseFromGit } from './run/base.ts';
import { type CheckRequest, check } from './run/check.ts';
import { canRun, diagnose, renderDoctor } from './run/doctor.ts';
import type { RunOptions } from './run/execute.ts';
import { baseObjectOf, explain, objectOf } from './run/explain.ts';
import { gitIn, messagesBetween } from './run/git.ts';
import { hookOperations } from './run/hook-operations.ts';
import { tryHost } from './run/host-check.ts';
import { init } from './run/init.ts';
import { measureLoad } from './run/load.ts';
import { type LoadDefaults, loadOf, planHookLoad, planLoads } from './run/load-arms.ts';
import { monitorLoads } from './run/load-monitor.ts';
import { measure } from './run/measure.ts';
import { EXACT_ONLY, type Modes } from './run/modes.ts';
import { measureNoise } from './run/noise.ts';
import { createProgress, type Progress } from './run/progress.ts';
import { atItsKernel, CONFIG_FILE, lockBeside, lockPath, readConfig } from './run/project.ts';
import { kernelsOfShard, parseShard, type Shard } from './run/shard.ts';
import { readSources } from './run/sources.ts';
import { HOOKS, SETUPS, tailCallCosts } from './run/tail-call-cost.ts';
import { tailCallTimes } from './run/tail-call-time.ts';
import { TIMED_LOAD, timeLoads } from './run/timed-load.ts';
import { findAccelerator } from './vm/accelerator.ts';
import { findQemu } from './vm/qemu.ts';
import { DEFAULT_STATES_LIMIT_MB, listSavedStates } from './vm/saved-state.ts';

declare const TOLLGATE_VERSION: string;
const version = typeof TOLLGATE_VERSION === 'string' ? TOLLGATE_VERSION : '0.0.0-source';

const DEFAULT_KERNELS = ['debian:5.10', 'debian:6.1', 'debian:6.12', 'debian:newest'];

/** Timed mode alone has this machine's own kernel to measure on, which is where it does best. */
const defaultKernels = (modes: Modes) => (modes.includes('exact') ? DEFAULT_KERNELS : ['host']);

interface OutputFlags {
  readonly json?: string;
  readonly markdown?: string;
  readonly flamegraph?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

interface CommonFlags extends OutputFlags {
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

interface MeasureFlags extends CommonFlags, TimedFlags {
  readonly config?: string;
  readonly hooks?: boolean;
  readonly operations?: boolean;
}

interface CheckFlags extends CommonFlags, TimedFlags {
  readonly failOn?: 'inconclusive';
  readonly explain: boolean;
  readonly config: string;
  readonly base?: string;
  readonly baseRef?: string;
  readonly shard?: Shard;
}

const abort = new AbortController();
// These listeners stay: execa's own would end the process, before anything is removed, if they were the last.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (abort.signal.aborted) process.exit(EXIT.infrastructure); // asked twice: leave at once
    abort.abort(new TollgateError('infrastructure', `Stopped by ${signal}`, { reason: 'stopped' }));
  });

function program(): Command {
  const root = new Command('tollgate')
    .description('Cost budgets for eBPF: exact instruction counts on real kernels, without KVM')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(tollgate --help shows the commands)');

  withReport(withTimed(withCommon(root.command('measure [object...]'))))
    .description('measure every metric of eBPF objects and print a table')
    .option('--config <file>', 'take inputs, maps, tail calls and hooks from a budget file')
    .option('--hooks', 'measure what each hook costs, with programs of our own')
    .addOption(
      new Option(
        '--operations',
        'where what each hook adds goes, by kind of operation: this table, and no other figures',
      ).implies({ hooks: true }),
    )
    .action(async (objects: string[], flags: MeasureFlags) => {
      if (flags.operations) return await tellOperations(objects, flags);
      if (objects.length === 0 && !flags.hooks)
        throw new TollgateError('usage', 'Cannot measure: no object was given', {
          hint: 'name objects, or --hooks',
        });
      const config = flags.config === undefined ? undefined : readConfig(flags.config);
      await withRun(flags, config && { path: flags.config!, config }, async (options) => {
        const report = await measure(
          {
            version,
            objects: objects.map((path) => resolve(path)),
            kernels: flags.kernel ?? config?.kernels ?? defaultKernels(flags.mode),
            modes: flags.mode,
            bounds: boundsFrom(flags),
            placements: flags.placement,
            ...(config ? { config } : {}),
            ...(flags.hooks ? { hooks: true } : {}),
          },
          options,
        );
        show(report, flags, 'renderMeasure');
        return report;
      });
    });

  withReport(withTimed(withCommon(root.command('check'))))
    .description('the gate: compare head with base and with the budgets; exit 1 if a budget is exceeded')
    .addOption(
      new Option(
        '--fail-on <verdict>',
        'timed mode: what could not be decided is no verdict (exit 3)',
      ).choices(['inconclusive']),
    )
    .option('--no-explain', 'do not look for the lines that made dearer what is over')
    .option('--config <file>', 'the budget file', CONFIG_FILE)
    .addOption(new Option('--base <dir>', 'the project at base, built').conflicts('baseRef'))
    .option(
      '--base-ref <ref>',
      'a git reference: its merge base with HEAD is checked out, built and measured',
    )
    .addOption(
      new Option(
        '--shard <i/n>',
        "the i-th of n shares of the budget file's kernels; 'report' puts them together",
      )
        .argParser(parseShard)
        .conflicts('kernel'),
    )
    .action(async (flags: CheckFlags) => {
      const config = readConfig(flags.config);
      const { shard } = flags;
      const kernels = shard ? kernelsOfShard(config.kernels, shard) : flags.kernel;
      await withRun(flags, { path: flags.config, config }, async (options) => {
        const base = await baseOf(flags, resolve(dirname(flags.config)));
        try {
          const request = {
            version,
            config,
            configPath: resolve(flags.config),
            configName: flags.config,
            explain: flags.explain,
            modes: flags.mode,
            bounds: boundsFrom(flags),
            placements: flags.placement,
            ...(flags.failOn ? { failOn: flags.failOn } : {}),
            ...(kernels ? { kernels } : {}),
            ...base,
          };
          const report = { ...(await check(request, options)), ...(shard ? { shard } : {}) };
          show(report, flags, 'render');
          return report;
        } finally {
          if ('remove' in base.base) await base.base.remove();
        }
      });
    });

  withCommon(root.command('explain <object> <program>'))
    .description('where the instructions go: by source line, helper and tail call')
    .option('--input <input>', "a name from the budget file, 'udp:64', 'tcp_syn', or a pcap file")
    .option('--config <file>', 'take kernels, inputs, maps and tail calls from a budget file')
    .option('--base <path>', 'the object at base, or its project, built: what changed since is told, too')
    .addOption(
      new Option('--hook <hook>', "where it is attached: 'xdp', 'xdp generic', 'tc egress'; no test run then")
        .argParser(hookFrom)
        .conflicts('input'),
    )
    .addOption(
      new Option('--from <counter>', "what counts: QEMU's plugin (its log, where it loads none), or the log")
        .choices(['plugin', 'log'])
        .default('plugin')
        .conflicts('hook'),
    )
    .option('--verifier', 'count what the verifier looks at, too: visits by source line')
    .option(
      '--flamegraph <file>',
      "write call paths as collapsed stacks ('-' for standard output), or speedscope's format to FILE.speedscope.json",
    )
    .action(explainProgram);

  withCommon(root.command('tail-calls'))
    .description('what one tail call costs on each kernel: chains of 0 to 33, direct and indirect')
    .addOption(
      new Option('--setup <name...>', 'how the kernel is set up; default all')
        .choices(SETUPS.map(({ name }) => name))
        .default(SETUPS.map(({ name }) => name)),
    )
    .addOption(new Option('--hook <name...>', 'default all').choices(HOOKS).default([...HOOKS]))
    .addOption(
      new Option('--under <load>', 'also in place: as kprobes under this load, beside the test runs').choices(
        ['iperf3'],
      ),
    )
    .action(async (flags: CommonFlags & { setup: string[]; hook: string[]; under?: string }) => {
      await withRun(flags, undefined, async (options) => {
        const kernels = flags.kernel ?? defaultKernels(flags.mode);
        if (flags.mode.includes('timed')) {
          const times = await tailCallTimes({ version, kernels, hooks: flags.hook }, options);
          writeAll(TAIL_CALL_TIME_RENDERERS, times, flags);
          return endOf(times.targets);
        }
        const costs = await tailCallCosts(
          { version, kernels, setups: flags.setup, hooks: flags.hook, under: flags.under },
          options,
        );
        writeAll(TAIL_CALL_COST_RENDERERS, costs, flags);
        return endOf(costs.costs.map(({ target }) => target));
      });
    });

  withCommon(root.command('load [object...]'))
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
    .option('--flamegraph <file>', 'write collapsed stacks: kernel, load, what is attached, event, part')
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
        .argParser(parseCount)
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

  withCommon(root.command('noise [object...]'))
    .description('timed mode: how small a change this machine can prove in 1, 5 and 20 s a program')
    .option('--config <file>', 'take inputs, maps and tail calls from a budget file')
    .addOption(
      new Option('--seconds <s>', 'how long each program is run')
        .argParser(parseSeconds)
        .default(DEFAULT_BOUNDS.seconds),
    )
    .action(async (objects: string[], flags: CommonFlags & { config?: string; seconds: number }) => {
      const config = flags.config === undefined ? undefined : readConfig(flags.config);
      await withRun(flags, config && { path: flags.config!, config }, async (options) => {
        const found = await measureNoise(
          {
            version,
            objects: objects.map((path) => resolve(path)),
            kernels: flags.kernel ?? ['host'],
            seconds: flags.seconds,
            ...(config ? { config } : {}),
          },
          options,
        );
        writeAll(NOISE_RENDERERS, found, flags);
        return endOf(found.targets);
      });
    });

  withReport(withOutput(root.command('report <file...>')))
    .description('merge the reports of the shards of one check, and render them again')
    .action((files: string[], flags: OutputFlags) => {
      const report = mergeReports(files.map((name) => ({ name, report: readReport(name) })));
      show(report, flags, isCheck(report) ? 'render' : 'renderMeasure');
      process.exitCode = exitCode(report);
    });

  withCommon(root.command('init [object...]'))
    .description('write a tollgate.yml from the objects found, with budgets from what they cost now')
    .option('--output <file>', 'where to write it', CONFIG_FILE)
    .option('--force', 'overwrite a file that is there')
    .action(async (objects: string[], flags: CommonFlags & { output: string; force?: boolean }) => {
      const output = resolve(flags.output);
      if (existsSync(output) && !flags.force)
        throw new TollgateError('usage', `Cannot write '${flags.output}': it exists`, {
          hint: 'use --force to replace it',
        });
      await withRun(flags, undefined, async (options) => {
        const text = await init(
          {
            version,
            directory: dirname(output),
            patterns: objects.length > 0 ? objects : ['**/*.bpf.o'],
            kernels: flags.kernel ?? DEFAULT_KERNELS,
          },
          options,
        );
        writeFileSync(output, text);
        process.stdout.write(
          `wrote ${flags.output}; check it with: tollgate check --config ${flags.output}\n`,
        );
        return undefined;
      });
    });

  kernelsCommands(root.command('kernels').description('list, download and pin kernels'));
  withCommon(root.command('doctor'))
    .description('what this machine can do, what it lacks, and the command that mends it')
    .option('--network', 'ask the mirror, too')
    .action(doctor);
  return root;
}

interface ExplainFlags extends CommonFlags {
  readonly input?: string;
  readonly config?: string;
  readonly base?: string;
  readonly hook?: AttachConfig;
  readonly from: 'plugin' | 'log';
  readonly verifier?: boolean;
  readonly flamegraph?: string;
}

function hookFrom(text: string): AttachConfig {
  const attach = parseHook(text);
  if (attach) return attach;
  const known = HOOK_LIST.flatMap((hook) => hook.variants.map((variant) => hookLabel(hook, variant)));
  throw new TollgateError('usage', `Cannot attach to '${text}': there is no such hook`, {
    hint: didYouMean(text, known) ?? `hooks: ${known.join(', ')}`,
  });
}

type LoadFlags = CommonFlags &
  Omit<LoadConfig['iperf3'], 'bytes'> & {
    readonly config?: string;
    readonly protocol: 'tcp' | 'udp';
    readonly streams: number;
    readonly bytes?: readonly number[];
    readonly hook?: readonly string[];
    readonly flamegraph?: string;
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
    const all = { schema: 1, tool, costs } as const;
    if (flags.flamegraph !== undefined) writeFileSync(flags.flamegraph, renderLoadFlamegraph(all));
    writeAll(LOAD_COST_RENDERERS, all, flags);
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

function parseSwitch(text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new InvalidArgumentError('expected on or off');
}

function parsePackets(text: string): number {
  if (/^\d{2,9}$/.test(text) && Number(text) >= 66 && Number(text) <= 100_000_000) return Number(text);
  throw new InvalidArgumentError('expected 66 to 100000000');
}

function parsePps(text: string): number {
  if (/^\d{1,7}$/.test(text) && Number(text) <= 1_000_000) return Number(text);
  throw new InvalidArgumentError('expected 0 to 1000000');
}

function parseStreams(text: string): number {
  const streams = Number(text);
  if (/^\d{1,3}$/.test(text) && streams >= 1 && streams <= 128) return streams;
  throw new InvalidArgumentError('expected 1 to 128');
}

/** Of timed mode. */
const LOAD_ROUNDS = 20;
const LOAD_SECONDS = 600;
/** A fifth of a second or more: iperf3's start and end are little of it. */
const LONG_LOAD: LoadDefaults = { ...TIMED_LOAD, bytes: 256 << 20 };

/** Often enough to tell shares of a short run; no divisor of the timer's own rate. */
const DEFAULT_SAMPLE_HZ = 4999;

function parseHz(text: string): number {
  const hz = Number(text);
  if (/^\d{1,6}$/.test(text) && hz <= 100_000) return hz;
  throw new InvalidArgumentError('expected 0 (no sampling) to 100000');
}

function parseBytes(text: string): number {
  if (/^[1-9]\d{0,11}[KMG]?$/i.test(text)) {
    const bytes = parseSize(text);
    if (bytes <= LOAD_BYTES_LIMIT) return bytes;
  }
  throw new InvalidArgumentError("expected bytes, as '64M', up to 64G");
}

const LOAD_BYTES_LIMIT = 64 * 1024 ** 3;

async function tellOperations(objects: readonly string[], flags: CommonFlags): Promise<void> {
  if (objects.length > 0)
    throw new TollgateError('usage', `Cannot tell operations of '${objects[0]}': they are of hooks alone`, {
      hint: `of an object's program at a hook: tollgate explain ${objects[0]} PROGRAM --hook 'xdp native'`,
    });
  await withRun(flags, undefined, async (options) => {
    const told = await hookOperations({ version, kernels: flags.kernel ?? DEFAULT_KERNELS }, options);
    writeAll(HOOK_OPERATIONS_RENDERERS, told, flags);
    return endOf(told.kernels.map(({ target }) => target));
  });
}

async function explainProgram(object: string, name: string, flags: ExplainFlags): Promise<void> {
  const config = flags.config === undefined ? undefined : readConfig(flags.config);
  await withRun(flags, config && { path: flags.config!, config }, async (options) => {
    const head = objectOf(object, options.baseDir);
    const found = await explain(
      {
        version,
        object: head,
        ...(flags.base === undefined ? {} : { base: baseObjectOf(flags.base, head) }),
        program: name,
        kernels: flags.kernel ?? config?.kernels ?? DEFAULT_KERNELS,
        config: config ?? { programs: {} },
        directory: options.baseDir,
        verifier: flags.verifier === true,
        from: flags.from,
        ...(flags.input === undefined ? {} : { input: flags.input }),
        ...(flags.hook === undefined ? {} : { attach: flags.hook }),
      },
      options,
    );
    const isSpeedscope = flags.flamegraph?.endsWith('.speedscope.json') === true;
    const files = {
      markdown: flags.markdown,
      json: flags.json,
      flamegraph: isSpeedscope ? undefined : flags.flamegraph,
      speedscope: isSpeedscope ? flags.flamegraph : undefined,
    };
    const sources = flags.verbose
      ? readSources(found, [options.baseDir, dirname(resolve(object))])
      : undefined;
    writeAll(EXPLANATION_RENDERERS, found, flags, files, sources ? { sources } : {});
    if (found.explanations.every(({ absent, verifier }) => absent && (verifier?.absent ?? !verifier)))
      process.exitCode = EXIT.infrastructure;
    return undefined;
  });
}

function kernelsCommands(kernels: Command): void {
  withCommon(kernels.command('list'))
    .description('the sources, the series there are, what is cached and pinned, and the saved machine states')
    .option('--config <file>', 'the budget file whose lock is shown', CONFIG_FILE)
    .action(async (flags: CommonFlags & { config: string }) => {
      const options = runOptions(flags, lockBeside(flags.config), resolve(dirname(flags.config)));
      process.stdout.write(await kernelList(await options));
    });
  withCommon(kernels.command('pull [reference...]'))
    .description('download kernels now; without references those of the budget file')
    .option('--config <file>', 'the budget file', CONFIG_FILE)
    .option('--refresh', 'ask the archive even if an answer is remembered')
    .action(async (references: string[], flags: CommonFlags & { config: string; refresh?: boolean }) => {
      const wanted = references.length > 0 ? references : configuredKernels(flags.config);
      const progress = progressFor(flags);
      const options = await runOptions(
        flags,
        lockBeside(flags.config),
        resolve(dirname(flags.config)),
        progress,
      );
      try {
        for (const kernel of await pullKernels(wanted, { ...options, refresh: flags.refresh === true }))
          process.stdout.write(
            `${kernel.reference}  ${kernel.version ?? ''}  ${kernel.release ?? ''}  ${kernel.digest.slice(0, 12)}\n`,
          );
      } finally {
        await progress.end();
      }
    });
  withCommon(kernels.command('lock [reference...]'))
    .description('write tollgate.lock: pin every kernel to version and digest')
    .option('--config <file>', 'the budget file', CONFIG_FILE)
    .option('--update', 'move the pins to the newest versions')
    .action((references: string[], flags: CommonFlags & { config: string; update?: boolean }) =>
      lock(references, flags),
    );
}

/** What head is compared with; with a git reference also the commits, and the costs that their messages take. */
async function baseOf(
  { base, baseRef }: { base?: string; baseRef?: string },
  directory: string,
): Promise<Pick<CheckRequest, 'base' | 'headCommit' | 'acceptances'>> {
  if (base !== undefined) return { base: baseFromDirectory(base) };
  if (baseRef === undefined) return { base: { missing: 'neither --base nor --base-ref was given' } };
  const found = await baseFromGit(directory, baseRef, { signal: abort.signal });
  const git = gitIn(directory, { signal: abort.signal });
  const { accepted, faults } = parseAcceptances(await messagesBetween(git, found.commit!, 'HEAD'));
  for (const fault of faults) process.stderr.write(`warning: ${fault}\n`);
  return { base: found, headCommit: await git('rev-parse', 'HEAD'), acceptances: accepted };
}

async function doctor(flags: CommonFlags & { network?: boolean }): Promise<void> {
  const options = await runOptions(flags, undefined, process.cwd());
  const askMirror = async () => {
    const [newest] = await availableSeries(options);
    return `${options.mirror ?? DEFAULT_MIRROR} answers: ${newest?.series ?? 'no kernels'}`;
  };
  const probeKvm = async () => {
    const { accelerator, message } = await findAccelerator(await findQemu(options));
    return { ok: accelerator === 'kvm', says: message };
  };
  const checks = await diagnose({
    cacheDir: options.cacheDir,
    probeKvm,
    probeHost: () => tryHost(options),
    ...(options.qemuPath === undefined ? {} : { qemuPath: options.qemuPath }),
    ...(flags.network ? { askMirror } : {}),
  });
  if (flags.json === '-') process.stdout.write(`${JSON.stringify(checks, null, 2)}\n`);
  else if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(checks, null, 2)}\n`);
  if (flags.json !== '-' && !flags.quiet) process.stdout.write(renderDoctor(checks));
  process.exitCode = canRun(checks) ? EXIT.pass : EXIT.infrastructure;
}

async function lock(
  references: string[],
  flags: CommonFlags & { config: string; update?: boolean },
): Promise<void> {
  const file = lockPath(flags.config);
  const pinned = (await readLock(file)) ?? [];
  const wanted = references.length > 0 ? references : configuredKernels(flags.config);
  const missing = flags.update
    ? wanted
    : wanted.filter((name) => !pinned.some((each) => each.reference === name));
  const progress = progressFor(flags);
  const options = await runOptions(flags, undefined, resolve(dirname(flags.config)), progress);
  try {
    const fresh = await lockKernels(missing, { ...options, refresh: true });
    const kept = pinned.filter((each) => !fresh.some((moved) => moved.reference === each.reference));
    await writeLock(file, [...kept, ...fresh]);
    for (const { reference, version: now } of fresh) {
      const before = pinned.find((each) => each.reference === reference)?.version;
      const change =
        before === undefined ? now : before === now ? `${now} (unchanged)` : `${before} -> ${now}`;
      process.stdout.write(`${reference}  ${change}\n`);
    }
    if (fresh.length === 0) process.stdout.write(`every kernel is pinned already; move them with --update\n`);
  } finally {
    await progress.end();
  }
}

async function kernelList(options: RunOptions): Promise<string> {
  const { sources, cached, pinned } = await listKernels(options.cacheDir, options.lock ?? []);
  const available = await seriesInArchive(options);
  const states = listSavedStates(options.cacheDir);
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return [
    'sources',
    ...sources.map(({ pattern, describe }) => `  ${pattern.padEnd(24)} ${describe}`),
    `newest of each series at ${options.mirror ?? DEFAULT_MIRROR}`,
    ...available,
    `cached in ${options.cacheDir}`,
    ...(cached.length === 0 ? ['  none'] : []),
    ...cached.map(
      (kernel) =>
        `  ${(kernel.reference ?? '').padEnd(14)} ${(kernel.release ?? '').padEnd(30)} ${mb(kernel.sizeBytes)}`,
    ),
    'pinned',
    ...(pinned.length === 0 ? ['  none'] : []),
    ...pinned.map((kernel) => `  ${kernel.reference.padEnd(14)} ${kernel.version}`),
    'saved machine states',
    ...(states.length === 0 ? ['  none'] : []),
    ...states.map(
      (state) =>
        `  ${state.label.padEnd(44)} ${mb(state.sizeBytes).padStart(7)}  used ${state.usedAt.toISOString().slice(0, 16)}`,
    ),
    '',
  ].join('\n');
}

/** What can be asked for; a line that says why where the archive cannot be asked. */
async function seriesInArchive(options: RunOptions): Promise<string[]> {
  if (options.offline) return ['  not asked (--offline)'];
  try {
    const found = await availableSeries(options);
    return found.map(
      ({ series, version, suite }) => `  ${`debian:${series}`.padEnd(14)} ${version.padEnd(30)} ${suite}`,
    );
  } catch (cause) {
    options.signal?.throwIfAborted();
    return [`  ${messageOf(cause)}`];
  }
}

function withOutput(command: Command): Command {
  return command
    .option('--json <file>', "write the report as JSON ('-' for standard output)")
    .option('--markdown <file>', "write the report as markdown ('-' for standard output)")
    .option('--quiet', 'no progress, no table')
    .option('--verbose', 'show what passed, too; on a crash the stack');
}

/** Of commands that tell a report. */
function withReport(command: Command): Command {
  return command.option('--flamegraph <file>', 'write the instructions of network load as collapsed stacks');
}

function withCommon(command: Command): Command {
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
    .option('--parallel <n>', 'machines at once', parseCount);
}

function parseModes(text: string): Modes {
  const modes = [...new Set(text.split(','))];
  const known = (mode: string): mode is Modes[number] => mode === 'exact' || mode === 'timed';
  if (modes.every(known)) return modes;
  throw new InvalidArgumentError("expected 'exact', 'timed' or 'exact,timed'");
}

/** What timed mode is given, beside the defaults. */
function withTimed(command: Command): Command {
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

function parsePlacements(text: string): readonly Placement[] {
  const placements = [...new Set(text.split(','))];
  const known = (name: string): name is Placement => (PLACEMENTS as readonly string[]).includes(name);
  if (placements.every(known)) return placements;
  throw new InvalidArgumentError("expected 'same', 'split' or 'same,split'");
}

interface TimedFlags {
  readonly placement: readonly Placement[];
  readonly rounds: number;
  readonly seconds: number;
}

function boundsFrom({ rounds, seconds }: TimedFlags): TimedBounds {
  return { ...DEFAULT_BOUNDS, mostRounds: rounds, seconds };
}

function parseRounds(text: string): number {
  const rounds = Number(text);
  if (/^\d{1,5}$/.test(text) && rounds >= DEFAULT_BOUNDS.leastRounds && rounds <= ROUNDS_LIMIT) return rounds;
  throw new InvalidArgumentError(`expected ${DEFAULT_BOUNDS.leastRounds} to ${ROUNDS_LIMIT}`);
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d{1,4}(\.\d{1,3})?$/.test(text) && seconds > 0 && seconds <= 3600) return seconds;
  throw new InvalidArgumentError('expected a number of seconds up to 3600');
}

function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 256)
    throw new TollgateError('usage', `Cannot use '--parallel ${text}': expected a number from 1 to 256`);
  return value;
}

async function withRun(
  flags: CommonFlags,
  file: { readonly path: string; readonly config: Config } | undefined,
  work: (options: RunOptions) => Promise<Report | undefined>,
): Promise<void> {
  const progress = progressFor(flags);
  try {
    const baseDir = file ? resolve(dirname(file.path)) : process.cwd();
    const cpu = flags.cpu ?? file?.config.machine?.cpu;
    const options = await runOptions(flags, file ? lockBeside(file.path) : undefined, baseDir, progress, cpu);
    const report = await work(options);
    if (report) process.exitCode = exitCode(report);
  } catch (cause) {
    throw file && !flags.kernel ? atItsKernel(cause, file.path) : cause;
  } finally {
    await progress.end();
  }
}

/** Of a command that gives no verdict: a target that failed is its exit code. */
function endOf(targets: readonly Target[]): undefined {
  if (targets.some(({ status }) => status === 'failed')) process.exitCode = EXIT.infrastructure;
}

async function runOptions(
  flags: CommonFlags,
  locked: Promise<readonly LockedKernel[] | undefined> | undefined,
  baseDir: string,
  progress?: Progress,
  cpu: string | undefined = flags.cpu,
): Promise<RunOptions> {
  const { env } = process;
  const mirror = flags.mirror ?? env.TOLLGATE_MIRROR;
  const qemuPath = flags.qemu ?? env.TOLLGATE_QEMU;
  const proxy = proxyOf(env);
  const pinned = await locked;
  return {
    cacheDir: flags.cacheDir === undefined ? cacheDirOf(env) : resolve(flags.cacheDir),
    distDir: findDist(),
    baseDir,
    useSavedState: flags.savedState,
    savedStatesLimitBytes: megabytesFrom(env.TOLLGATE_STATES_MB, DEFAULT_STATES_LIMIT_MB) * 1e6,
    signal: abort.signal,
    onWarning: (line) => process.stderr.write(`warning: ${line}\n`),
    ...(progress ? { onProgress: progress.onProgress } : {}),
    ...(mirror === undefined ? {} : { mirror }),
    ...(proxy ? { proxy } : {}),
    ...(flags.offline ? { offline: true } : {}),
    ...(pinned ? { lock: pinned } : {}),
    ...(cpu === undefined ? {} : { cpu }),
    ...(qemuPath === undefined ? {} : { qemuPath }),
    ...(flags.parallel === undefined ? {} : { parallel: flags.parallel }),
  };
}

function megabytesFrom(text: string | undefined, otherwise: number): number {
  const value = Number(text ?? otherwise);
  return Number.isFinite(value) && value >= 0 ? value : otherwise;
}

/** dist/: where this file lies when built, beside src/ when it runs from there. */
function findDist(): string {
  const here = dirname(process.argv[1] ? resolve(process.argv[1]) : __filename);
  return existsSync(join(__dirname, 'guest.js')) ? __dirname : join(here, '../dist');
}

function progressFor(flags: CommonFlags): Progress {
  return createProgress({
    quiet: flags.quiet === true,
    live: process.stderr.isTTY === true && !process.env.CI,
    write: (line) => process.stderr.write(`${line}\n`),
  });
}

function configuredKernels(path: string): readonly string[] {
  return existsSync(path) ? readConfig(path).kernels : DEFAULT_KERNELS;
}

/** A report that somebody stored; what is in it is not trusted. */
function readReport(path: string): Report {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new TollgateError('usage', `Cannot read report '${path}': no such file`);
  if (stat.size > REPORT_CAP_BYTES)
    throw new TollgateError(
      'usage',
      `Cannot read report '${path}': ${stat.size} bytes exceed ${REPORT_CAP_BYTES}`,
    );
  return parseReport(readFileSync(path, 'utf8'), path);
}

function show(report: Report, flags: OutputFlags, how: 'render' | 'renderMeasure'): void {
  const renderers = RENDERERS.map(({ name, ...renderer }) => ({ name, render: renderer[how] }));
  const { json, markdown, flamegraph } = flags;
  writeAll(renderers, report, flags, { json, markdown, flamegraph });
}

/** Every rendering of a document that is asked for: what goes into a file, by the flag of its name. */
function writeAll<T>(
  renderers: readonly (Pick<DocumentRenderer<T>, 'render'> & { readonly name: string })[],
  document: T,
  flags: OutputFlags,
  files: Readonly<Record<string, string | undefined>> = { json: flags.json, markdown: flags.markdown },
  more: Partial<RenderOptions> = {},
): void {
  for (const { name, render } of renderers)
    write(files[name], name === 'terminal', flags, (options) => render(document, { ...options, ...more }));
}

/** One rendering: to its file, or to the screen where that is its place and nothing else goes there. */
function write(
  file: string | undefined,
  isTerminal: boolean,
  flags: OutputFlags,
  render: (options: RenderOptions) => string,
): void {
  const taken = [flags.json, flags.markdown, flags.flamegraph].includes('-');
  if (file === undefined && (!isTerminal || flags.quiet || taken)) return;
  const text = render({
    ...(isTerminal && process.stdout.columns ? { width: process.stdout.columns } : {}),
    colour: isTerminal && process.stdout.isTTY === true && !process.env.NO_COLOR,
    verbose: flags.verbose === true,
  });
  if (file === undefined || file === '-') process.stdout.write(text);
  else writeFileSync(file, text);
}

async function main(): Promise<void> {
  try {
    await program().parseAsync();
  } catch (error) {
    process.exitCode = report(error);
  }
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (error instanceof TollgateError) {
    process.stderr.write(`error: ${formatError(error)}\n`);
    return error.exitCode;
  }
  const text =
    error instanceof Error
      ? process.argv.includes('--verbose')
        ? error.stack
        : error.message
      : String(error);
  process.stderr.write(`error: Tollgate crashed, which is a fault of ours and no verdict: ${text}\n`);
  process.stderr.write('  run it again with --verbose and report what it prints\n');
  return EXIT.infrastructure;
}

// Node would end with 1, which is a verdict.
process.on('uncaughtException', (error) => process.exit(report(error)));

void main();
