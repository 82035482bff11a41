// Makes a machine ready to measure: finds what it lacks and provides it, and says what was done.

import { INSTALLED } from '../model/tools.ts';
import { type MachinePaths, missingNeeds } from './needs.ts';
import { type PackageOptions, type Provided, providePackages } from './packages.ts';

export type { Log } from './log.ts';
export { machinePaths } from './needs.ts';

export interface SetupOptions extends PackageOptions {
  /** Where the machine has programs and libraries: machinePaths(PATH). */
  readonly machine: MachinePaths;
}

/** Fetches what is missing, and nothing else. Throws TollgateError. */
export async function setUp(options: SetupOptions): Promise<Provided> {
  const { log } = options;
  const missing = await missingNeeds(options.machine);
  if (missing.length === 0) {
    log.info('Everything that measuring needs is installed');
    return { tools: INSTALLED, from: 'machine' };
  }
  return await log.group('Set up this machine', async () => {
    for (const { name, package: aptPackage, why } of missing)
      log.info(`missing: ${name} (${aptPackage}): ${why}`);
    const provided = await providePackages(missing, options);
    log.info(SAYS[provided.from]);
    return provided;
  });
}

const SAYS: Readonly<Record<Provided['from'], string>> = {
  machine: 'taken from the machine',
  cache: 'taken from the cache, where they lie unpacked',
  fetched: 'fetched and unpacked; nothing was installed',
  installed: 'installed',
};
