// What things are called: files, artifacts, comments. Inputs alone decide it, the same in every mode and job.

import { join, resolve } from 'node:path';
import type { ActionContext } from './ports.ts';

/** Where the project lies, which inputs are relative to. */
export function projectDirOf({ workspace, inputs }: ActionContext): string {
  return resolve(workspace, inputs.workingDirectory);
}

/** The budget file; what it names is relative to its own folder. */
export function configPathOf(context: ActionContext): string {
  return join(projectDirOf(context), context.inputs.config);
}

/** The budget file as reports call it: relative to the workspace, as annotations need it. */
export function configNameOf({ inputs }: ActionContext): string {
  return join(inputs.workingDirectory, inputs.config);
}

/** Jobs that tell their reports apart tell their comments apart, too. */
export function commentId(context: ActionContext): string {
  const { kernels = [], artifact } = context.inputs;
  const name = artifact === undefined || artifact === DEFAULT_ARTIFACT ? [] : [artifact];
  return [configNameOf(context), ...kernels, ...name].join(' ');
}

const DEFAULT_ARTIFACT = 'tollgate-report';

/** A run's artifacts have different names: a part of the kernels is part of its name. */
export function artifactName({ inputs }: ActionContext): string | undefined {
  const { artifact, shard, kernels } = inputs;
  const part = shard === undefined ? kernels?.join('-') : `shard-${shard.replace('/', '-of-')}`;
  if (artifact === undefined || part === undefined) return artifact;
  return `${artifact}-${slug(part)}`.slice(0, 200);
}

/** The artifact that keeps a commit's report of this budget file. */
export function historyName(context: ActionContext, commit: string): string {
  return `tollgate-history-${historyFolder(context).replaceAll('/', '-')}-${commit}`.slice(0, 200);
}

/** Where a branch keeps the reports of this budget file on these kernels: as 'tollgate.yml/debian-6.12'. */
export function historyFolder(context: ActionContext): string {
  const { kernels = [] } = context.inputs;
  return [configNameOf(context), ...kernels.map(slug)].join('/');
}

const slug = (text: string) => text.replace(/[^A-Za-z0-9.]+/g, '-');
