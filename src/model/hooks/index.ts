// All hooks. A new one is a file beside this one and a line here.

import { cgroupSkb } from './cgroup-skb.ts';
import type { Hook, HookOptions } from './hook.ts';
import { socketFilter } from './socket-filter.ts';
import { tc } from './tc.ts';
import { tcx } from './tcx.ts';
import { xdp } from './xdp.ts';

export const HOOKS: readonly [Hook, ...Hook[]] = [xdp, tc, tcx, cgroupSkb, socketFilter];

export function hookByName(name: string): Hook | undefined {
  return HOOKS.find((hook) => hook.name === name);
}

/** 'xdp', 'xdp generic', 'tc egress' -> what the budget file says for it; undefined for what is no hook of ours. */
export function parseHook(text: string): (HookOptions & { readonly hook: string }) | undefined {
  const [name = '', ...words] = text.trim().split(/\s+/);
  const hook = hookByName(name);
  const options =
    words.length === 0
      ? {}
      : hook?.variants.find((variant) => Object.values(variant).join(' ') === words.join(' '));
  return hook && options && { hook: hook.name, ...options };
}

/** 'xdp native', 'tc ingress'. */
export function hookLabel(hook: Pick<Hook, 'name'>, options: HookOptions): string {
  return [hook.name, ...Object.values(options)].join(' ');
}
