// The QEMU on this machine: where it is, which version, what it offers. Options that changed their names
// between versions are found by asking QEMU, not by a table of versions.

import { existsSync } from 'node:fs';
import { access, constants, realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import * as z from 'zod';
import { toolEnvironment } from '../kernels/index.ts';
import { TollgateError } from '../model/errors.ts';
import { INSTALLED, type Tools } from '../model/tools.ts';
import { digestOf, digestsOf } from './digests.ts';
import { remember } from './remember.ts';

export interface Qemu {
  readonly path: string;
  /** As '7.2.22'. */
  readonly version: string;
  /** sha256 of the binary. */
  readonly digest: string;
  /** Of the firmware that it puts into the machine: a package of its own, which changes by itself. */
  readonly firmware: string;
  /** What it needs wherever it is run: arguments that name folders, and variables merged into our environment. */
  readonly place: {
    readonly arguments: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
  };
  /** The versioned machine type used, as 'pc-i440fx-6.2'. */
  readonly machine: string;
  /** True where the machine takes hpet=off (6.0 and newer; before it was -no-hpet). */
  readonly hasHpetProperty: boolean;
  /** True where `setpriv --pdeathsig` can tie QEMU's life to ours. */
  readonly hasSetpriv: boolean;
}

const factsSchema = z.strictObject({
  version: z.string(),
  machine: z.string(),
  hasHpetProperty: z.boolean(),
  dataFolders: z.array(z.string()),
});

const NAME = 'qemu-system-x86_64';
const INSTALL = 'apt-get install qemu-system-x86';

/**
 * Machine types, the preferred first: a versioned type looks the same to the guest in every QEMU that has it,
 * and 6.2 is the oldest we support (Ubuntu 22.04).
 */
const MACHINES = ['pc-i440fx-6.2', 'pc-i440fx-7.2', 'pc-i440fx-8.2', 'pc-i440fx-10.0', 'pc'];

/** What QEMU loads of its data for our machine; a version that lacks one does without. */
const FIRMWARE = ['bios-256k.bin', 'kvmvapic.bin', 'linuxboot_dma.bin', 'pvh.bin'];

/** Asks QEMU once for each binary and remembers. Throws TollgateError where it is missing or too old. */
export async function findQemu(options: {
  readonly qemuPath?: string;
  readonly cacheDir: string;
  readonly tools?: Tools;
}): Promise<Qemu> {
  const { tools, cacheDir } = options;
  const path = await realpath(options.qemuPath ?? (await which(NAME, tools)) ?? missing());
  // Another one than the tools' own has its data where it was built to look for it.
  const place = placeOf(options.qemuPath === undefined ? tools : undefined);
  const [digest] = (await digestsOf([path], cacheDir)) as [string];
  // It looks for its data from where it lies.
  const remembered = join(cacheDir, 'qemu', digestOf({ format: 2, digest, path, place }));
  const { dataFolders, ...facts } = await remember(remembered, factsSchema, () => ask(path, place));
  const firmware = FIRMWARE.flatMap(
    (name) => dataFolders.map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? [],
  );
  const setpriv = await execa('setpriv', ['--pdeathsig', 'KILL', 'true'], {
    reject: false,
    env: place.environment,
  });
  return {
    path,
    digest,
    firmware: digestOf(await digestsOf(firmware, cacheDir)),
    place,
    hasSetpriv: !setpriv.failed,
    ...facts,
  };
}

function placeOf(tools: Tools = INSTALLED): Qemu['place'] {
  const { data = [], modules } = tools.qemu ?? {};
  return {
    arguments: data.flatMap((folder) => ['-L', folder]),
    environment: {
      ...toolEnvironment(tools),
      ...(modules === undefined ? {} : { QEMU_MODULE_DIR: modules }),
    },
  };
}

async function ask(path: string, place: Qemu['place']): Promise<z.infer<typeof factsSchema>> {
  const run = async (args: readonly string[]) => {
    const result = await execa(path, args, {
      reject: false,
      timeout: 20_000,
      maxBuffer: 1 << 20,
      env: place.environment,
    });
    if (result.failed)
      throw new TollgateError(
        'infrastructure',
        `Cannot ask '${path} ${args.join(' ')}': ${result.shortMessage}`,
        {
          cause: result,
        },
      );
    return result.stdout;
  };
  const version = /version (\d+\.\d+(?:\.\d+)*)/.exec(await run(['--version']))?.[1] ?? 'unknown';
  const machines = await run(['-M', 'help']);
  const machine = MACHINES.find((name) =>
    new RegExp(`^${name.replaceAll('.', '\\.')}\\s`, 'm').test(machines),
  );
  if (!machine)
    throw new TollgateError('infrastructure', `QEMU ${version} at '${path}' has no i440fx machine`, {
      hint: INSTALL,
    });
  const devices = await run(['-device', 'help']);
  if (!devices.includes('"pvpanic-pci"'))
    throw new TollgateError(
      'infrastructure',
      `QEMU ${version} at '${path}' is too old: it has no pvpanic-pci`,
      {
        hint: 'QEMU 6.2 or newer is needed (Ubuntu 22.04, Debian 12)',
      },
    );
  const properties = await run(['-M', `${machine},help`]);
  return {
    version,
    machine,
    hasHpetProperty: /^\s*(?:\S+\.)?hpet=/m.test(properties),
    dataFolders: (await run([...place.arguments, '-L', 'help'])).split('\n').filter(Boolean),
  };
}

/** The first executable of that name among the tools and on PATH. */
export async function which(name: string, tools: Tools = INSTALLED): Promise<string | undefined> {
  for (const folder of [...tools.path, ...(process.env.PATH ?? '').split(delimiter).filter(Boolean)]) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // not here
    }
  }
  return undefined;
}

function missing(): never {
  throw new TollgateError('infrastructure', `Cannot find ${NAME} on PATH`, {
    reason: 'no-qemu',
    hint: INSTALL,
  });
}
