// From a job's records to the report's measurements: names checked, rejections given their source line.

import { parseRejection } from '../measurements/verifier-log.ts';
import { TollgateError } from '../model/errors.ts';
import { METRIC_NAMES, type MetricName, metricOf } from '../model/metrics.ts';
import { programTypeByName } from '../model/program-types.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Measurement, Where } from '../model/report.ts';
import type { PlannedJob } from './plan.ts';
import { explainRefusal } from './refusal.ts';

/**
 * The figures of one job. What the guest names that the object does not have is a fault of the guest,
 * as is an `error` record: both throw TollgateError ('infrastructure').
 */
export function collect(
  target: string,
  job: Pick<PlannedJob, 'side' | 'object'>,
  records: readonly GuestRecord[],
): Measurement[] {
  const known = new Set(job.object.spec.programs.map(({ name }) => name));
  const of = (program: string) => ({ target, side: job.side, object: job.object.name, program });
  return records.flatMap((record): Measurement[] => {
    switch (record.type) {
      case 'error':
        throw new TollgateError(
          'infrastructure',
          `${target}: the guest failed on '${job.object.name}': ${record.message}`,
          {
            reason: 'guest-error',
          },
        );
      case 'object-rejected':
        return [...known].map((program) => ({
          ...of(program),
          metric: 'load_ok',
          unit: metricOf('load_ok').unit,
          value: 0,
          note: explainRefusal(firstLine(record.reason)),
          log: lastLines(record.reason),
        }));
      case 'measurement': {
        const { note, log } = record;
        return [
          {
            ...figureOf(target, of(record.program), known, record),
            ...(log === undefined ? {} : rejection(job, record.program, note ?? '', log)),
          },
        ];
      }
      default:
        return [];
    }
  });
}

/** One figure that the guest tells. Throws TollgateError ('infrastructure') on one that nobody asked for. */
export function figureOf(
  target: string,
  who: Pick<Measurement, 'target' | 'side' | 'object' | 'program'>,
  known: ReadonlySet<string>,
  { program, metric, input, value, absent, note }: Extract<GuestRecord, { type: 'measurement' }>,
): Measurement {
  if (!known.has(program) || !isMetric(metric))
    throw new TollgateError(
      'infrastructure',
      `${target}: the guest reports '${metric}' of '${program}', which nobody asked for`,
      { reason: 'bad-records' },
    );
  return {
    ...who,
    ...(input === undefined ? {} : { input }),
    metric,
    unit: metricOf(metric).unit,
    ...(value === undefined ? {} : { value: Number(value) }),
    ...(absent === undefined ? {} : { absent }),
    ...(note === undefined ? {} : { note }),
  };
}

function isMetric(name: string): name is MetricName {
  return (METRIC_NAMES as readonly string[]).includes(name);
}

/** A rejected program's message, the end of its log, and the source line where the verifier stopped. */
function rejection(
  job: Pick<PlannedJob, 'object'>,
  program: string,
  reason: string,
  log: string,
): Pick<Measurement, 'note' | 'log' | 'where'> {
  const { message, tail, insnIndex, where } = parseRejection(log);
  const line =
    (insnIndex === undefined ? undefined : job.object.spec.lineInfo(program, insnIndex)) ??
    (where?.text === undefined ? undefined : job.object.spec.findLineByText(program, where.text));
  const type = programTypeByName(job.object.spec.programs.find(({ name }) => name === program)?.type ?? '');
  const place: Where | undefined =
    line && line.line > 0
      ? { file: line.file, line: line.line, ...(line.text ? { text: line.text } : {}) }
      : undefined;
  return {
    note: explainRefusal(message || reason, type),
    log: tail || log.slice(-4000),
    ...(place ? { where: place } : {}),
  };
}

function firstLine(text: string): string {
  return (text.split('\n').find((line) => line.trim() !== '') ?? text).slice(0, 500);
}

function lastLines(text: string): string {
  return text.split('\n').slice(-20).join('\n').slice(-4000);
}
