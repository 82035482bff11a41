// tollgate.lock: pins each kernel to a version and to the digests of its packages, so that exact figures stay the
// same when the archive moves on. Written for people to read in a diff.

import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument, stringify } from 'yaml';
import * as z from 'zod';
import { messageOf, type Place, TollgateError, TollgateErrors } from '../model/errors.ts';
import type { LockedKernel } from '../model/kernel.ts';
import { writeAtomically } from './cache.ts';
import { isPackageUrl, MAX_DEB_BYTES, SHA256 } from './release.ts';

/** Reads a lock file. Undefined where there is none. Throws TollgateErrors with the place of each mistake. */
export async function readLock(file: string): Promise<readonly LockedKernel[] | undefined> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    if (cause.code === 'ENOENT') return undefined;
    throw new TollgateError('config', `Cannot read lock file '${file}': ${cause.message}`, { cause });
  });
  return text === undefined ? undefined : parseLock(text, file);
}

/** The pure half of readLock; `file` is only named in errors. */
export function parseLock(text: string, file: string): readonly LockedKernel[] {
  if (text.length > MAX_LOCK_CHARS) throw lockError(`it has more than ${MAX_LOCK_CHARS} characters`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (document.errors.length > 0) {
    throw new TollgateErrors(document.errors.map((error) => lockError(error.message, placeOf(error.pos[0]))));
  }
  const found = lockFile.safeParse(toPlain());
  if (found.success) {
    return found.data.kernels.map(({ kernel, version, packages }) => ({
      reference: kernel,
      version,
      packages: packages.map(({ url, sha256, size }) => ({ url, sha256, sizeBytes: size })),
    }));
  }
  throw new TollgateErrors(
    found.error.issues.map((issue) => {
      const name = issue.path
        .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
        .join('');
      return lockError(
        `'${name.replace(/^\./, '') || 'the file'}': ${issue.message}`,
        placeOf(offsetOf(issue.path)),
      );
    }),
  );

  function toPlain(): unknown {
    try {
      // Aliases can grow a small file to any size, and no lock needs them.
      return document.toJS({ maxAliasCount: 0 });
    } catch (cause) {
      throw lockError(messageOf(cause));
    }
  }

  /** The nearest node there is on the way to a value, which itself may be missing. */
  function offsetOf(steps: readonly PropertyKey[]): number {
    for (let length = steps.length; length >= 0; length--) {
      const node = length === 0 ? document.contents : document.getIn(steps.slice(0, length), true);
      const range =
        node && typeof node === 'object' && 'range' in node ? (node.range as number[]) : undefined;
      if (range?.[0] !== undefined) return range[0];
    }
    return 0;
  }

  function lockError(why: string, place?: Place): TollgateError {
    return new TollgateError('config', `Cannot use lock file: ${why}`, {
      reason: 'bad-lock',
      place: place ?? { file, line: 1, column: 1 },
      hint: 'tollgate kernels lock --update writes it anew.',
    });
  }
}

/** Writes a lock file whole or not at all, sorted so that the same kernels always give the same bytes. */
export async function writeLock(file: string, kernels: readonly LockedKernel[]): Promise<void> {
  await writeAtomically(file, formatLock(kernels));
}

/** The text of a lock file. */
export function formatLock(kernels: readonly LockedKernel[]): string {
  const sorted = [...kernels].sort((a, b) =>
    a.reference.localeCompare(b.reference, 'en', { numeric: true, sensitivity: 'variant' }),
  );
  const content = {
    version: 1,
    kernels: sorted.map(({ reference, version, packages }) => ({
      kernel: reference,
      version,
      packages: packages.map(({ url, sha256, sizeBytes }) => ({ url, sha256, size: sizeBytes })),
    })),
  };
  return `${HEADING}${stringify(content, { lineWidth: 0 })}`;
}

const HEADING = `# Kernels pinned for Tollgate: commit this file. 'tollgate kernels lock --update' moves it to the newest.
`;

const MAX_LOCK_CHARS = 1024 * 1024;

const lockFile = z.strictObject({
  version: z.literal(1, 'expected 1, the only version there is'),
  kernels: z
    .array(
      z.strictObject({
        kernel: z.string().regex(/^[a-z]+:\S+$/, "expected a reference as 'debian:6.1'"),
        version: z.string().min(1),
        packages: z
          .array(
            z.strictObject({
              url: z.string().refine(isPackageUrl, "expected a path as 'debian/pool/main/l/linux/NAME.deb'"),
              sha256: z.string().regex(SHA256, 'expected 64 hexadecimal digits, lower case'),
              size: z.number().int().positive().max(MAX_DEB_BYTES),
            }),
          )
          .min(1),
      }),
    )
    .max(100)
    .superRefine((kernels, context) => {
      for (const [index, { kernel }] of kernels.entries()) {
        if (kernels.findIndex((other) => other.kernel === kernel) === index) continue;
        context.addIssue({ code: 'custom', path: [index, 'kernel'], message: `'${kernel}' is pinned twice` });
      }
    }),
});
