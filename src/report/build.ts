// Targets, figures and verdicts put together into the report that every rendering starts from.

import { byText } from '../budget/figures.ts';
import { METRIC_NAMES } from '../model/metrics.ts';
import type { LoadDetails, Measurement, Report, TailCall, Target, Verdict } from '../model/report.ts';

export interface ReportParts {
  /** Tollgate's own version. */
  readonly version: string;
  readonly targets: readonly Target[];
  readonly measurements: readonly Measurement[];
  readonly tailCalls?: readonly TailCall[];
  readonly loads?: readonly LoadDetails[];
  /** What comparing gave; without it the report is a measurement, and fails only where a target did. */
  readonly outcome?: {
    readonly verdicts: readonly Verdict[];
    readonly verdict: Report['verdict'];
    readonly notes: readonly string[];
  };
  /** What else a reader must know before the table. */
  readonly notes?: readonly string[];
}

/** Measurements come in one order, whatever order kernels and sides finished in. */
export function buildReport(parts: ReportParts): Report {
  const { version, targets, measurements, tailCalls = [], loads = [], outcome, notes = [] } = parts;
  const nothing = targets.length === 0 || targets.some(({ status }) => status === 'failed');
  return {
    schema: 1,
    tool: { name: 'tollgate', version },
    verdict: outcome?.verdict ?? (nothing ? 'failed' : 'pass'),
    notes: [...(outcome?.notes ?? []), ...notes],
    targets: [...targets],
    measurements: sortMeasurements(measurements, targets),
    ...(tailCalls.length > 0 ? { tailCalls: sortTailCalls(tailCalls, targets) } : {}),
    ...(loads.length > 0 ? { loads: sortLoads(loads, targets) } : {}),
    verdicts: [...(outcome?.verdicts ?? [])],
  };
}

function sortTailCalls(tailCalls: readonly TailCall[], targets: readonly Target[]): TailCall[] {
  const rank = new Map(targets.map(({ id }, i) => [id, i]));
  return [...tailCalls].sort(
    (a, b) =>
      (rank.get(a.target) ?? targets.length) - (rank.get(b.target) ?? targets.length) ||
      byText(a.object, b.object) ||
      byText(a.program, b.program) ||
      byText(a.function, b.function) ||
      a.insn - b.insn ||
      byText(a.side, b.side),
  );
}

function sortLoads(loads: readonly LoadDetails[], targets: readonly Target[]): LoadDetails[] {
  const rank = new Map(targets.map(({ id }, i) => [id, i]));
  return [...loads].sort(
    (a, b) =>
      (rank.get(a.target) ?? targets.length) - (rank.get(b.target) ?? targets.length) ||
      byText(a.input, b.input) ||
      byText(a.program, b.program) ||
      byText(a.side, b.side),
  );
}

function sortMeasurements(measurements: readonly Measurement[], targets: readonly Target[]): Measurement[] {
  const rank = new Map(targets.map(({ id }, i) => [id, i]));
  const metric = (name: string) => (METRIC_NAMES as readonly string[]).indexOf(name);
  return [...measurements].sort(
    (a, b) =>
      (rank.get(a.target) ?? targets.length) - (rank.get(b.target) ?? targets.length) ||
      byText(a.object, b.object) ||
      byText(a.program, b.program) ||
      byText(a.input ?? '', b.input ?? '') ||
      metric(a.metric) - metric(b.metric) ||
      byText(a.metric, b.metric) ||
      byText(a.side, b.side),
  );
}
