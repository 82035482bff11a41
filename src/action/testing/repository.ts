// A user's repository on this machine: the sample project on main, a change on a branch, and GitHub's merge of the two,
// cloned as actions/checkout clones, one commit deep.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const LB = fileURLToPath(new URL('../../../fixtures/lb/', import.meta.url));

export interface SampleRepository {
  readonly origin: string;
  /** Where the pull request's branch left main. */
  readonly parted: string;
  /** The commit that main is at. */
  readonly main: string;
  /** The pull request's head. */
  readonly head: string;
  /** GitHub's merge of the pull request: what `on: pull_request` checks out. */
  readonly merge: string;
  /** A shallow clone with `commit` checked out. */
  readonly checkout: (name: string, commit: string) => Promise<string>;
}

export interface SampleOptions {
  /** One of fixtures/lb/built: what the pull request turns the project into. */
  readonly change: string;
  readonly kernels: readonly string[];
  /** Whether the project has its other two objects, too, which take as long again; default not. */
  readonly isWhole?: boolean;
  /** Changes both sides' files, or head's alone, before they are committed. */
  readonly edit?: (side: 'base' | 'head', folder: string) => void;
  /** The message of the pull request's commit. */
  readonly message?: string;
}

export async function sampleRepository(folder: string, options: SampleOptions): Promise<SampleRepository> {
  const { change, kernels, isWhole = false, edit, message = 'Change the program' } = options;
  const origin = join(folder, 'origin');
  mkdirSync(origin, { recursive: true });
  const git = async (...args: string[]) =>
    (await execa('git', [...IDENTITY, ...args], { cwd: origin })).stdout;
  const commit = async (side: 'base' | 'head', from: string, text: string) => {
    await git('rm', '-rq', '--ignore-unmatch', '.');
    // The fixtures share files by links: a project has files of its own.
    cpSync(join(LB, 'built', from), origin, { recursive: true, dereference: true });
    cpSync(join(LB, 'base/src'), join(origin, 'src'), { recursive: true, dereference: true });
    const file = join(origin, 'tollgate.yml');
    const config = readFileSync(file, 'utf8').replace(
      /^kernels: .*$/m,
      `kernels: ${JSON.stringify(kernels)}`,
    );
    writeFileSync(file, isWhole ? config : withBalancerAlone(config));
    edit?.(side, origin);
    await git('add', '-A');
    await git('commit', '-q', '--allow-empty', '-m', text);
    return await git('rev-parse', 'HEAD');
  };
  await git('init', '-q', '-b', 'main');
  await git('config', 'uploadpack.allowAnySHA1InWant', 'true');
  const parted = await commit('base', 'base', 'The sample project');
  await git('checkout', '-q', '-b', 'topic');
  const head = await commit('head', change, message);
  await git('checkout', '-q', 'main');
  // main goes on while the pull request is open, as it does.
  writeFileSync(join(origin, 'NEWS'), 'more\n');
  await git('add', 'NEWS');
  await git('commit', '-q', '-m', 'Meanwhile on main');
  const main = await git('rev-parse', 'HEAD');
  await git('checkout', '-q', '--detach', 'main');
  await git('merge', '-q', '--no-ff', '-m', `Merge ${head} into ${main}`, 'topic');
  const merge = await git('rev-parse', 'HEAD');
  await git('update-ref', 'refs/pull/7/merge', merge);
  await git('checkout', '-q', 'main');
  return {
    origin,
    parted,
    main,
    head,
    merge,
    checkout: async (name, wanted) => {
      const clone = join(folder, name);
      rmSync(clone, { recursive: true, force: true });
      mkdirSync(clone);
      const run = async (...args: string[]) => await execa('git', args, { cwd: clone });
      await run('init', '-q');
      await run('remote', 'add', 'origin', `file://${origin}`);
      await run('fetch', '-q', '--no-tags', '--depth=1', 'origin', wanted);
      await run('checkout', '-q', '--detach', wanted);
      return clone;
    },
  };
}

/**
 * For `edit`: turns the sample project into a small one, whose pull request adds one instruction to a program unless
 * `isDearer` says no. It takes a fraction of the balancer's time.
 */
export function withCounterAlone(side: 'base' | 'head', project: string, isDearer = true): void {
  for (const name of ['build', 'pcaps', 'src']) rmSync(join(project, name), { recursive: true, force: true });
  mkdirSync(join(project, 'build'));
  const object = side === 'head' && isDearer ? 'count_more.bpf.o' : 'count.bpf.o';
  cpSync(join(TRICKY, object), join(project, 'build/count.bpf.o'), { dereference: true });
  const file = join(project, 'tollgate.yml');
  const kernels = /^kernels: .*$/m.exec(readFileSync(file, 'utf8'))![0];
  writeFileSync(file, `version: 1\n${kernels}\n${COUNTER}`);
}

const TRICKY = fileURLToPath(new URL('../../../fixtures/tricky/built/', import.meta.url));
const COUNTER = `objects: ["build/count.bpf.o"]
programs:
  count_0: { inputs: [{ udp: 64 }] }
budgets:
  count_0: { total_insns: { max: 1000, increase: 0 }, run_insns: { increase: 0 } }
`;

/** The budget file of a project that has nothing but lb.bpf.o. */
function withBalancerAlone(config: string): string {
  return config
    .replace(/^objects: .*$/m, 'objects: ["build/lb.bpf.o"]')
    .replace(/^ {2}"account_\*":[\s\S]*?(?=^budgets:)/m, '\n');
}

const IDENTITY = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'] as const;
