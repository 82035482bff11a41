import { expect, test } from 'vitest';
import type { Operation } from '../model/explanation.ts';
import { operationOf } from './operations.ts';

test.each<[Operation, string[]]>([
  [
    'dispatch',
    ['bpf_dispatcher_xdp_func', 'bpf_trampoline_6442', '__bpf_prog_enter', 'veth_xdp_rcv.constprop.0'],
  ],
  ['dispatch', ['cls_bpf_classify', 'tcf_classify', '__cgroup_bpf_run_filter_skb', 'do_xdp_generic']],
  [
    'copying',
    ['memcpy', '__memcpy', 'memset', 'clear_page_rep', 'copy_user_generic_string', '_copy_to_iter'],
  ],
  ['copying', ['skb_copy_bits', 'rep_movs_alternative', '__copy_skb_header', 'pskb_expand_head']],
  ['allocation', ['kmem_cache_alloc', 'kmem_cache_free', '__kmalloc', 'kfree', 'get_page_from_freelist']],
  ['allocation', ['__alloc_pages', 'free_unref_page', '__build_skb', 'page_frag_free', '___slab_alloc']],
  [
    'locks',
    ['_raw_spin_lock', '_raw_spin_unlock_irqrestore', 'queued_spin_lock_slowpath', '__rcu_read_lock'],
  ],
  ['locks', ['__local_bh_enable_ip', 'mutex_lock', 'lock_sock_nested', 'migrate_disable']],
  [
    'rest',
    ['percpu_array_map_lookup_elem', 'udp_sendmsg', 'ip_rcv', '__list_add_valid', 'jhash', 'stimulus'],
  ],
])('%s: %j', (operation, names) => {
  expect(names.map((name) => operationOf(name, false))).toEqual(names.map(() => operation));
});

test('a program is a program, whatever it is called', () => {
  expect(operationOf('memcpy', true)).toBe('program');
});
