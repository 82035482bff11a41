// QEMU's plugins: whether this QEMU loads ours, found by loading it. A QEMU may be built without them, and each
// version of the interface wants a build of its own.

import { join } from 'node:path';
import { execa } from 'execa';
import * as z from 'zod';
import { TollgateError } from '../model/errors.ts';
import type { Absent } from '../model/report.ts';
import { digestOf, digestsOf } from './digests.ts';
import { optionValue } from './machine.ts';
import type { Qemu } from './qemu.ts';
import { remember } from './remember.ts';

/** The newest interface first: a QEMU refuses those that are newer than its own. */
const INTERFACES = [3, 2, 1];

const answerSchema = z.union([
  z.strictObject({ version: z.number().int() }),
  z.strictObject({ reason: z.string().max(2000) }),
]);

/** The plugin `name` from dist/native for this QEMU, or why there is none. Asked once for each QEMU and build. */
export async function findPlugin(
  name: string,
  qemu: Pick<Qemu, 'path' | 'digest' | 'place'>,
  options: { readonly distDir: string; readonly cacheDir: string },
): Promise<{ readonly path: string } | Absent> {
  const pathOf = (version: number) => join(options.distDir, 'native', `${name}-${version}.so`);
  // Not by path: the answer is kept from one runner to the next.
  const plugins = await digestsOf(INTERFACES.map(pathOf), options.cacheDir);
  const key = digestOf({ plugins, qemu: qemu.digest });
  const answer = await remember(join(options.cacheDir, 'qemu', `plugin-${key}`), answerSchema, async () => {
    let said = '';
    for (const version of INTERFACES) {
      said = await whyNot(qemu, pathOf(version));
      if (said === '') return { version };
    }
    return { reason: `this QEMU loads no plugin of ours: ${said}` };
  });
  return 'reason' in answer ? answer : { path: pathOf(answer.version) };
}

/** QEMU's arguments for a plugin. */
export function pluginArguments(path: string, settings: Readonly<Record<string, string>>): string[] {
  const options = [
    `file=${optionValue(path)}`,
    ...Object.entries(settings).map(([key, value]) => `${key}=${optionValue(value)}`),
  ];
  return ['-plugin', options.join()];
}

const ASK_MS = 20_000;

/** Empty where it loads; else QEMU's words. */
async function whyNot({ path, place }: Pick<Qemu, 'path' | 'place'>, plugin: string): Promise<string> {
  const result = await execa(
    path,
    [
      ...place.arguments,
      '-M',
      'none',
      '-nodefaults',
      '-display',
      'none',
      '-qmp',
      'stdio',
      ...pluginArguments(plugin, {}),
    ],
    {
      input: '{"execute":"qmp_capabilities"}{"execute":"quit"}',
      env: place.environment,
      reject: false,
      timeout: ASK_MS,
      maxBuffer: 1 << 16,
    },
  );
  if (!result.failed) return '';
  // An answer is kept for good: that of a machine too busy to give one is none.
  if (result.timedOut)
    throw new TollgateError(
      'infrastructure',
      `Cannot ask '${path}' about plugins: no answer in ${ASK_MS / 1000} s`,
      {
        reason: 'deadline',
      },
    );
  return result.stderr?.split('\n')[0]?.slice(0, 500) || result.shortMessage || 'it failed';
}
