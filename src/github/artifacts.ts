// A file out of another run's artifact. Whoever could change a fork's workflow wrote it: nothing is unpacked to disk,
// only the files asked for are read, each with a cap.

import yauzl from 'yauzl';
import { TollgateError } from '../model/errors.ts';
import { allPages, callError, type GitHub, type RepositoryName } from './client.ts';

export interface RunArtifact {
  readonly id: number;
  readonly name: string;
  readonly sizeBytes: number;
}

/** A run's artifacts that have not expired. Throws TollgateError ('infrastructure'). */
export async function artifactsOfRun(
  github: GitHub,
  { owner, repo }: RepositoryName,
  runId: number,
): Promise<readonly RunArtifact[]> {
  try {
    const found = await allPages(async (page) => {
      const { data } = await github.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts', {
        owner,
        repo,
        run_id: runId,
        ...page,
      });
      return { data: data.artifacts };
    });
    return found
      .filter(({ expired }) => !expired)
      .map(({ id, name, size_in_bytes }) => ({ id, name, sizeBytes: size_in_bytes }));
  } catch (cause) {
    throw callError(`list the artifacts of run ${runId} of ${owner}/${repo}`, cause);
  }
}

const ZIP_CAP_BYTES = 64 << 20;

/**
 * The texts of those of `names` that an artifact holds, none longer than `capBytes`.
 * Throws TollgateError ('infrastructure') on one that is too large or no zip archive.
 */
export async function filesOfArtifact(
  github: GitHub,
  { owner, repo }: RepositoryName,
  artifact: RunArtifact,
  names: readonly string[],
  capBytes: number,
): Promise<ReadonlyMap<string, string>> {
  const refuse = (why: string, cause?: unknown) =>
    new TollgateError(
      'infrastructure',
      `Cannot read artifact '${artifact.name}' of ${owner}/${repo}: ${why}`,
      { cause },
    );
  if (artifact.sizeBytes > ZIP_CAP_BYTES) throw refuse(`${artifact.sizeBytes} bytes exceed ${ZIP_CAP_BYTES}`);
  let zip: Buffer;
  try {
    const { data } = await github.request(
      'GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}',
      {
        owner,
        repo,
        artifact_id: artifact.id,
        archive_format: 'zip',
      },
    );
    zip = Buffer.from(data as ArrayBuffer);
  } catch (cause) {
    throw callError(`download artifact '${artifact.name}' of ${owner}/${repo}`, cause);
  }
  try {
    return await textsIn(zip, names, capBytes);
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** Throws Error on an archive that is damaged, and on a file longer than `capBytes`. */
export async function textsIn(
  zip: Buffer,
  names: readonly string[],
  capBytes: number,
): Promise<ReadonlyMap<string, string>> {
  const archive = await yauzl.fromBufferPromise(zip, { lazyEntries: true });
  const texts = new Map<string, string>();
  for await (const entry of archive.eachEntry()) {
    if (!names.includes(entry.fileName)) continue;
    if (entry.uncompressedSize > capBytes)
      throw new RangeError(`'${entry.fileName}' is larger than ${capBytes} bytes`);
    const chunks: Buffer[] = [];
    // The archive's own word for the size is enforced while it is read.
    for await (const chunk of await archive.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
    texts.set(entry.fileName, Buffer.concat(chunks).toString('utf8'));
  }
  return texts;
}
