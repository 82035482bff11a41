// What a function of the kernel does, by its name: the kinds of operation that a hook's own cost is told by. A function
// counts as a whole, for what is inlined into it has no name; what matches nothing here is the rest.

import type { Operation } from '../model/explanation.ts';

/** The first that matches holds. Names are those of 5.10 to 7.2. */
const TABLE: readonly { readonly operation: Operation; readonly names: readonly RegExp[] }[] = [
  {
    operation: 'dispatch',
    names: [
      /^bpf_(dispatcher|trampoline)_/,
      /^__bpf_(prog|tramp)_(enter|exit)/,
      /^(bpf_prog_run_(generic_xdp|array)|do_xdp_generic|netif_receive_generic_xdp|veth_xdp_rcv)/,
      /^(cls_bpf_classify|_{0,2}tcf_classify|tcx_run|sch_handle_|__cgroup_bpf_run)/,
      /^(nf_hook_(slow|run_bpf)|lwtunnel_|run_lwt_bpf|bpf_(input|output|xmit|flow_dissect|iter_)|netkit_xmit)/,
      /^(_{0,2}xdp_do_(redirect|flush)|_{0,2}dev_map_|bq_|cpu_map_|_{0,2}cpu_map_)/,
      /^(kprobe_|_{0,2}kretprobe_|ftrace_|arch_ftrace|fprobe_|rethook_|uprobe_|handle_uprobe|bpf_trace_run|trace_call_bpf)/,
      /^(sk_psock_|tcp_bpf_|strp_|bpf_run_sk_|bpf_sk_lookup)/,
    ],
  },
  {
    operation: 'copying',
    names: [
      /^_{0,2}(memcpy|memmove|memset)(_|$)/,
      /^(rep_(movs|stos)|clear_pages?|copy_page|clear_user|csum_partial)/,
      /^_{0,2}copy_(user|from|to)|^_?copy_(from|to)_(user|iter)|^copyin$|^copyout$|^raw_copy/,
      /^(csum_and_copy|copy_user_generic|__copy_skb_header|skb_copy|__skb_datagram_iter|skb_store_bits|simple_copy_to_iter)/,
      /^(pskb_expand_head|__pskb_(pull|copy)|skb_clone|___pskb|veth_convert_skb_to_xdp_buff|skb_pp_cow_data|skb_cow_data)/,
      /^(ip_generic_getfrag|iov_iter_|_?import_iovec)/,
    ],
  },
  {
    operation: 'allocation',
    names: [
      /^_{0,3}(kmalloc|kmem_cache|kfree|kzalloc|kvmalloc|ksize|vmalloc|slab|cache_alloc|cmpxchg_double_slab)/,
      /(_slab|slab_|memcg_)(alloc|free|post|pre|update)/,
      /^_{0,3}(alloc_(skb|pages?|frozen|bulk)|free_(pages?|frozen|unref|one)|put_page|folio_put|get_page_from_freelist|rmqueue|prep_(new|compound))/,
      /^(_{0,2}napi_(alloc|build|get_frags|consume_skb|skb_cache|kfree)|_{0,2}netdev_alloc|_{0,2}build_skb|_{0,2}finalize_skb|skb_(free|release)|_{0,2}kfree_skb|_{0,2}consume_skb|sock_alloc_send|sock_wmalloc|skb_set_owner)/,
      /^_{0,2}(page_pool|page_frag|skb_page_frag|xdp_return|slab|zone_watermark|___slab|get_partial|new_slab|memcg|mod_(memcg|lruvec|objcg)|obj_cgroup|refill_(stock|obj))/,
      /^(sk_page_frag|skb_attempt_defer|kmalloc_reserve|memalloc|should_failslab|arch_alloc|post_alloc|init_on_)/,
    ],
  },
  {
    operation: 'locks',
    names: [
      /^_?(raw_)?(spin|read|write|queued|seq|mutex|rwsem|down|up|osq)_?(lock|unlock|try|read|write|begin|spin)/,
      /^(native_queued|queued_|__raw_|_raw_|mutex_|rt_mutex|down_|up_|percpu_(down|up|ref)_)/,
      /^__?(rcu|srcu)_|^rcu_|^srcu_|^preempt_(count|schedule)|^__local_bh|^local_bh|^_local_bh|^(lock|release|unlock)_sock|^__(lock|release)_sock|^migrate_(en|dis)able/,
    ],
  },
];

/** What the instructions of a function are spent on; `isProgram` where it is an eBPF program itself. */
export function operationOf(name: string, isProgram: boolean): Operation {
  if (isProgram) return 'program';
  return TABLE.find(({ names }) => names.some((pattern) => pattern.test(name)))?.operation ?? 'rest';
}
