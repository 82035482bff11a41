// What each hook adds to a packet or event, by kind of operation: plain data, the source of the table that
// `tollgate measure --hooks --operations` prints.

import type { InPlace } from './explanation.ts';
import type { Absent, Target } from './report.ts';

export interface HookOperations {
  readonly schema: 1;
  readonly tool: { readonly name: 'tollgate'; readonly version: string };
  readonly kernels: readonly { readonly target: Target; readonly hooks: readonly HookOperation[] }[];
}

/** One hook with an empty program attached, against nothing attached. */
export interface HookOperation {
  /** 'xdp native'. */
  readonly hook: string;
  /** What makes it run: 'udp:64'. */
  readonly stimulus: string;
  /** Instructions of an event in both arms, in all and by operation; without them `absent` says why. */
  readonly insns?: Pick<InPlace, 'nothing' | 'empty' | 'operations'>;
  readonly absent?: Absent;
}
