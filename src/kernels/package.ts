// One package of Debian's archive that is no kernel, verified by the same chain of trust.

import path from 'node:path';
import { TollgateError } from '../model/errors.ts';
import { fromAnyMirror, readSuite, transferOptions } from './archive.ts';
import { download } from './download.ts';
import type { KernelOptions } from './source.ts';
import { suiteNamed } from './suites.ts';
import { compareVersions } from './version.ts';

/**
 * Downloads the newest version of a package in a suite, as 'bookworm', into `folder`, and returns the file's path.
 * Dependencies are the caller's. Throws TollgateError.
 */
export async function fetchPackage(
  name: string,
  suiteName: string,
  folder: string,
  options: KernelOptions,
): Promise<string> {
  const suite = suiteNamed(suiteName);
  const wants = (stanza: string) => stanza.startsWith(`Package: ${name}\n`);
  const [newest] = [...(await readSuite(suite, options, { name, wants }))].sort((a, b) =>
    compareVersions(b.version, a.version),
  );
  if (!newest)
    throw new TollgateError('infrastructure', `Cannot find package '${name}' in Debian's ${suiteName}`, {
      reason: 'no-package',
    });
  const file = path.join(folder, path.posix.basename(newest.filename));
  await fromAnyMirror(options, (mirror) =>
    download(`${mirror}/${suite.archive}/${newest.filename}`, file, {
      expected: newest,
      maxBytes: newest.sizeBytes,
      ...transferOptions(options),
    }),
  );
  return file;
}
