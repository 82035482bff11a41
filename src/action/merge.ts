// Mode merge: the reports that this run's shards uploaded, as one report.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TollgateError } from '../model/errors.ts';
import type { Report } from '../model/report.ts';
import { mergeReports } from '../report/merge.ts';
import { REPORT_CAP_BYTES } from '../report/parse.ts';
import { configNameOf } from './names.ts';
import { FAULT_JSON, type Outcome, parseOutcome, REPORT_JSON } from './outcome.ts';
import type { ActionContext } from './ports.ts';

/** Throws TollgateError where no shard uploaded anything, and what a shard failed with instead of a report. */
export async function mergeShards(context: ActionContext): Promise<Report> {
  const { artifacts, inputs, runner, tempDir } = context;
  const prefix = `${requireArtifact(inputs.artifact)}-`;
  const found = (await artifacts.list()).filter(({ name }) => name.startsWith(prefix));
  if (found.length === 0) throw noShards(`this run has no artifact '${prefix}...'`);
  const outcomes: { name: string; outcome: Outcome }[] = [];
  for (const { name, id } of found) {
    const folder = join(tempDir, 'tollgate-shards', String(id));
    await artifacts.download(id, folder);
    outcomes.push({ name, outcome: parseOutcome(readFiles(folder), name) });
    runner.info(`read ${name}`);
  }
  const reports = outcomes.flatMap(({ name, outcome }) =>
    outcome.kind === 'report' && outcome.report.config?.file === configNameOf(context)
      ? [{ name, report: outcome.report }]
      : [],
  );
  const faults = outcomes.flatMap(({ name, outcome }) =>
    outcome.kind === 'fault' ? [shardFault(name, outcome)] : [],
  );
  if (reports.length === 0)
    throw (
      faults[0] ??
      noShards(`none of ${found.map(({ name }) => name).join(', ')} is of ${configNameOf(context)}`)
    );
  // The shard that failed is missing from the report, which fails for it; its own words say why.
  const merged = mergeReports(reports);
  return { ...merged, notes: [...merged.notes, ...faults.map(({ message }) => message)] };
}

function noShards(why: string): TollgateError {
  return new TollgateError('infrastructure', `Cannot merge: ${why}`, {
    reason: 'no-shards',
    hint: "the measuring jobs need 'shard' or 'kernels', the same 'artifact', and to be in the 'needs' of this one",
  });
}

export function requireArtifact(name: string | undefined): string {
  if (name !== undefined) return name;
  throw new TollgateError('usage', "Cannot find reports without input 'artifact'", {
    hint: 'give it the name that the measuring jobs upload under',
  });
}

function readFiles(folder: string): ReadonlyMap<string, string> {
  const texts = [REPORT_JSON, FAULT_JSON].flatMap((name) => {
    const path = join(folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile()) return [];
    if (stat.size > REPORT_CAP_BYTES)
      throw new TollgateError(
        'infrastructure',
        `Cannot read '${name}': ${stat.size} bytes exceed ${REPORT_CAP_BYTES}`,
      );
    return [[name, readFileSync(path, 'utf8')] as const];
  });
  return new Map(texts);
}

/** One shard's fault is the whole check's: its first words, under the shard's name. */
function shardFault(name: string, { fault }: Extract<Outcome, { kind: 'fault' }>): TollgateError {
  const [first] = fault.errors;
  const kind = fault.kind === 'crash' ? 'infrastructure' : fault.kind;
  const { place, hint, tail } = first ?? {};
  return new TollgateError(kind, `${name}: ${first?.message ?? 'it failed without a word'}`, {
    ...(place ? { place } : {}),
    ...(hint === undefined ? {} : { hint }),
    ...(tail === undefined ? {} : { tail }),
  });
}
