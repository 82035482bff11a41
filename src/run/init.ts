// `tollgate init`: a first budget file, from the objects found and what they cost now.

import { TollgateError } from '../model/errors.ts';
import { initialConfig } from '../model/init.ts';
import type { RunOptions } from './execute.ts';
import { measure } from './measure.ts';
import { findObjects } from './objects.ts';

/** The text of a tollgate.yml for `directory`. Throws TollgateError where nothing is found or nothing measured. */
export async function init(
  request: {
    readonly version: string;
    readonly directory: string;
    readonly patterns: readonly string[];
    readonly kernels: readonly string[];
  },
  options: RunOptions,
): Promise<string> {
  const objects = await findObjects(request.directory, request.patterns);
  if (objects.length === 0)
    throw new TollgateError(
      'usage',
      `Cannot write a budget file: no eBPF object matches ${request.patterns.join(', ')} in '${request.directory}'`,
      {
        hint: 'build the objects first, or name them: tollgate init build/*.bpf.o',
      },
    );
  const report = await measure(
    { version: request.version, objects: objects.map(({ path }) => path), kernels: request.kernels },
    { ...options, baseDir: request.directory },
  );
  const failed = report.targets.find(({ status }) => status === 'failed');
  if (failed)
    throw new TollgateError('infrastructure', failed.error?.message ?? `${failed.kernel} failed`, {
      ...(failed.error?.tail === undefined ? {} : { tail: failed.error.tail }),
    });
  return initialConfig({
    objects: request.patterns,
    kernels: request.kernels,
    measurements: report.measurements,
  });
}
