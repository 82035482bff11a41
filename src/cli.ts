// The command line: flags and environment are read here, once, and errors become exit codes here.

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import {
  boundsFrom,
  type CommonFlags,
  DEFAULT_KERNELS,
  defaultKernels,
  type OutputFlags,
  type TimedFlags,
  withCommon,
  withOutput,
  withReport,
  withTimed,
} from './cli/flags.ts';
import { kernelsCommands } from './cli/kernels.ts';
import { loadCommand } from './cli/load.ts';
import { show, writeAll } from './cli/output.ts';
import { abort, endOf, runOptions, version, withRun } from './cli/surroundings.ts';
import { parseSeconds } from './cli/values.ts';
import { availableSeries, DEFAULT_MIRROR } from './kernels/index.ts';
import { parseAcceptances } from './model/accept.ts';
import type { AttachConfig } from './model/config.ts';
import { EXIT, formatError, TollgateError } from './model/errors.ts';
import { HOOKS as HOOK_LIST, hookLabel, parseHook } from './model/hooks/index.ts';
import type { Report } from './model/report.ts';
import { didYouMean } from './model/suggest.ts';
import { DEFAULT_BOUNDS } from './model/timed.ts';
import { exitCode } from './report/exitcode.ts';
import { EXPLANATION_RENDERERS } from './report/explain.ts';
import { HOOK_OPERATIONS_RENDERERS } from './report/hook-operations.ts';
import { isCheck, mergeReports } from './report/merge.ts';
import { NOISE_RENDERERS } from './report/noise.ts';
import { parseReport, REPORT_CAP_BYTES } from './report/parse.ts';
import { TAIL_CALL_COST_RENDERERS } from './report/tail-call-cost.ts';
import { TAIL_CALL_TIME_RENDERERS } from './report/tail-call-time.ts';
import { baseFromDirectory, baseFromGit } from './run/base.ts';
import { type CheckRequest, check } from './run/check.ts';
import { canRun, diagnose, renderDoctor } from './run/doctor.ts';
import { baseObjectOf, explain, objectOf } from './run/explain.ts';
import { gitIn, messagesBetween } from './run/git.ts';
import { hookOperations } from './run/hook-operations.ts';
import { tryHost } from './run/host-check.ts';
import { init } from './run/init.ts';
import { measure } from './run/measure.ts';
import { measureNoise } from './run/noise.ts';
import { CONFIG_FILE, readConfig } from './run/project.ts';
import { kernelsOfShard, parseShard, type Shard } from './run/shard.ts';
import { readSources } from './run/sources.ts';
import { HOOKS, SETUPS, tailCallCosts } from './run/tail-call-cost.ts';
import { tailCallTimes } from './run/tail-call-time.ts';
import { findAccelerator } from './vm/accelerator.ts';
import { findQemu } from './vm/qemu.ts';

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

  loadCommand(root.command('load [object...]'));

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
}

function hookFrom(text: string): AttachConfig {
  const attach = parseHook(text);
  if (attach) return attach;
  const known = HOOK_LIST.flatMap((hook) => hook.variants.map((variant) => hookLabel(hook, variant)));
  throw new TollgateError('usage', `Cannot attach to '${text}': there is no such hook`, {
    hint: didYouMean(text, known) ?? `hooks: ${known.join(', ')}`,
  });
}

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
