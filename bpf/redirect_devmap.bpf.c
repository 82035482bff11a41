// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// Sends every packet back to whom it is from, through an entry of a devmap, which may have a program.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} targets SEC(".maps");

struct packet {
	struct ethhdr ether;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed));

/* At the receiving device. No sum changes: what is exchanged is in it alike. */
SEC("xdp")
int redirect(struct xdp_md *ctx)
{
	struct packet *packet = (void *)(long)ctx->data;
	struct packet old;

	if ((void *)(packet + 1) > (void *)(long)ctx->data_end)
		return XDP_PASS;
	old = *packet;
	__builtin_memcpy(packet->ether.h_dest, old.ether.h_source, ETH_ALEN);
	__builtin_memcpy(packet->ether.h_source, old.ether.h_dest, ETH_ALEN);
	packet->ip.saddr = old.ip.daddr;
	packet->ip.daddr = old.ip.saddr;
	packet->udp.source = old.udp.dest;
	packet->udp.dest = old.udp.source;
	return bpf_redirect_map(&targets, 0, 0);
}

/* At the other one: without a program of its own, veth takes nothing from XDP. */
SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
