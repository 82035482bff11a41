// All hooks. A new one is a file beside this one and a line here.

import { cgroupDevice } from './cgroup-device.ts';
import { cgroupSkb } from './cgroup-skb.ts';
import { cgroupSock } from './cgroup-sock.ts';
import { cgroupSockAddr } from './cgroup-sock-addr.ts';
import { cgroupSockopt } from './cgroup-sockopt.ts';
import { cgroupSysctl } from './cgroup-sysctl.ts';
import { cpumap } from './cpumap.ts';
import { devmap } from './devmap.ts';
import { fentry } from './fentry.ts';
import { fexit } from './fexit.ts';
import { flowDissector } from './flow-dissector.ts';
import { fmodRet } from './fmod-ret.ts';
import type { Hook, HookOptions } from './hook.ts';
import { iter } from './iter.ts';
import { kprobe } from './kprobe.ts';
import { kprobeMulti } from './kprobe-multi.ts';
import { kretprobe } from './kretprobe.ts';
import { lsm } from './lsm.ts';
import { lwtIn } from './lwt-in.ts';
import { lwtOut } from './lwt-out.ts';
import { lwtXmit } from './lwt-xmit.ts';
import { netfilter } from './netfilter.ts';
import { netkit } from './netkit.ts';
import { perfEvent } from './perf-event.ts';
import { rawTp } from './raw-tp.ts';
import { skLookup } from './sk-lookup.ts';
import { skMsg } from './sk-msg.ts';
import { skReuseport } from './sk-reuseport.ts';
import { skSkb } from './sk-skb.ts';
import { socketFilter } from './socket-filter.ts';
import { sockops } from './sockops.ts';
import { structOps } from './struct-ops.ts';
import { tc } from './tc.ts';
import { tcx } from './tcx.ts';
import { tpBtf } from './tp-btf.ts';
import { tracepoint } from './tracepoint.ts';
import { uprobe } from './uprobe.ts';
import { uretprobe } from './uretprobe.ts';
import { xdp } from './xdp.ts';

export const HOOKS: readonly [Hook, ...Hook[]] = [
  ...([xdp, tc, tcx, cgroupSkb, socketFilter] as const),
  ...[netfilter, devmap, cpumap, netkit, lwtIn, lwtOut, lwtXmit, flowDissector],
  ...[skLookup, skReuseport, skMsg, skSkb],
  ...[cgroupSock, cgroupSockAddr, sockops, cgroupSockopt, cgroupSysctl, cgroupDevice],
  ...[kprobe, kretprobe, kprobeMulti, fentry, fexit, fmodRet],
  ...[tracepoint, rawTp, tpBtf, lsm, uprobe, uretprobe, perfEvent, structOps, iter],
];

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
