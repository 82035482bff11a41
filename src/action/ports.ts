// What the Action needs of the runner, as small interfaces: src/action.ts makes them of @actions/*.

import type { GitHub } from '../github/client.ts';
import type { GitHubEvent } from '../github/events.ts';
import type { CacheStore } from '../setup/cache.ts';

import type { Inputs } from './inputs.ts';

/** The job's log, summary and outputs. */
export interface Runner {
  readonly info: (line: string) => void;
  readonly warning: (line: string) => void;
  /** Folds what `work` logs. */
  readonly group: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly annotate: (annotation: LogAnnotation) => void;
  readonly writeSummary: (markdown: string) => Promise<void>;
  readonly setOutput: (name: string, value: string) => void;
}

export interface LogAnnotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
  /** Relative to the workspace. */
  readonly file?: string;
  readonly line?: number;
}

/** Artifacts of this run. */
export interface ArtifactStore {
  readonly upload: (
    name: string,
    folder: string,
    files: readonly string[],
  ) => Promise<{ readonly url: string }>;
  readonly list: () => Promise<
    readonly { readonly name: string; readonly id: number; readonly sizeBytes: number }[]
  >;
  readonly download: (id: number, folder: string) => Promise<void>;
}

/** One run of the Action: what it was asked for, where it runs, what it can call. */
export interface ActionContext {
  readonly version: string;
  readonly inputs: Inputs;
  readonly event: GitHubEvent;
  /** GITHUB_REF, as 'refs/heads/main'. */
  readonly ref: string;
  /** As 'https://github.com'. */
  readonly serverUrl: string;
  readonly runUrl: string;
  /** The checked out repository. */
  readonly workspace: string;
  /** A folder of this job's own. */
  readonly tempDir: string;
  readonly cacheDir: string;
  /** Debian's mirror, where it is not the default. */
  readonly mirror?: string;
  readonly proxy?: string;
  /** dist/, with the guest and its native files. */
  readonly distDir: string;
  /** The job's environment without tokens and without the files that its outputs are written to. */
  readonly safeEnv: Readonly<Record<string, string>>;
  readonly runner: Runner;
  readonly artifacts: ArtifactStore;
  readonly cache: CacheStore;
  /** Without a token there is none. */
  readonly github?: GitHub;
  readonly signal?: AbortSignal;
}
