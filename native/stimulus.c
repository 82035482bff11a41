// SPDX-License-Identifier: Apache-2.0
// What makes a hook run: lays out two network namespaces, sends a fixed count of packets (or does a fixed count of other
// things) one at a time, and reads the instruction counter around each. A process of its own, so that nothing of Node's
// (its heap, its garbage collector) runs between two readings. Freestanding: no libc, addresses that never change.
// Build: gcc -O2 -static -nostdlib -ffreestanding stimulus.c
//
// fd 0: a struct task. fd 1: its results. fd 2: what went wrong, in words.
// fd 3 and 4: the sender's and the receiver's network namespace. fd 5: what the hook gave for us to attach or read (task.gift).
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include "align.h"
#include "syscall.h"

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SYS_READ 0
#define SYS_WRITE 1
#define SYS_OPEN 2
#define SYS_CLOSE 3
#define SYS_POLL 7
#define SYS_LSEEK 8
#define SYS_IOCTL 16
#define SYS_PREAD64 17
#define SYS_MADVISE 28
#define SYS_GETPID 39
#define SYS_SOCKET 41
#define SYS_CONNECT 42
#define SYS_SENDTO 44
#define SYS_RECVFROM 45
#define SYS_BIND 49
#define SYS_LISTEN 50
#define SYS_DUP2 33
#define SYS_ALARM 37
#define SYS_SETSOCKOPT 54
#define SYS_GETSOCKOPT 55
#define SYS_CLONE 56
#define SYS_EXECVE 59
#define SYS_EXIT 60
#define SYS_WAIT4 61
#define SYS_FTRUNCATE 77
#define SYS_GETPGID 121
#define SYS_CLOCK_GETTIME 228
#define SYS_CLOCK_NANOSLEEP 230
#define SYS_ACCEPT4 288
#define SYS_SETNS 308
#define SYS_MEMFD_CREATE 319
#define SYS_BPF 321

#define POLLIN 1
#define EAGAIN 11
#define CLONE_NEWNET 0x40000000

enum { SENDER_FD = 3, RECEIVER_FD = 4, GIFT_FD = 5 };

/* What the guest asks for, always of this size; laid out by src/guest/stimulus.ts. */
static struct task {
	char name[16];	 /* "bed", or one of `stimuli` */
	char device[16]; /* of a bed: the kind of link, "veth" or "netkit" */
	char gift[16];	 /* what fd 5 is: a program for a "socket" or its "reuseport" group, a "sockmap", an "iterator" */
			 /* or, without a file, a "congestion" control; or nothing */
	char gift_to[16]; /* whose socket that is: "receiver" or "sender" */
	u32 size_bytes;	 /* of a frame; of a stream, of a message */
	u32 warm_up;	 /* events before the first that is written down */
	u32 count;	 /* events that are */
	u32 patience_ms; /* for one that does not arrive at once; then it is lost */
	char congestion[16]; /* that gift's name */
	char command_in[16]; /* where the command runs: in the "receiver"'s or the "sender"'s namespace */
	u32 is_clock_exact;   /* it counts instructions: events begin at the same instant of it in every run */
	u32 spare[3];
} task;

/* One event: ticks of the instruction counter, from its beginning. */
struct result {
	u32 sent; /* until what sets it off has returned */
	u32 done; /* until it is over; LOST where it never was */
};
#define LOST 0xffffffffu
#define EVENTS_MAX 65536

static struct result results[EVENTS_MAX];

/* A kind of stimulus: made ready once, then `act` and `complete` for every event. */
struct stimulus {
	const char *name;
	void (*prepare)(void);
	void (*act)(void);
	int (*complete)(void); /* 0 where the event got lost */
};

void *memset(void *to, int value, unsigned long size)
{
	for (u8 *at = to; size--;)
		*at++ = value;
	return to;
}

void *memcpy(void *to, const void *from, unsigned long size)
{
	u8 *at = to;

	for (const u8 *next = from; size--;)
		*at++ = *next++;
	return to;
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static unsigned long length(const char *text)
{
	unsigned long size = 0;

	while (text[size])
		size++;
	return size;
}

static void say(const char *text)
{
	call3(SYS_WRITE, 2, (long)text, length(text));
}

static void say_number(long number)
{
	char digits[] = "0000";
	int at = 4;

	if (number < 0)
		number = -number;
	do
		digits[--at] = '0' + number % 10;
	while ((number /= 10) && at);
	say(digits + at);
}

__attribute__((noreturn)) static void leave(int code)
{
	call3(SYS_EXIT, code, 0, 0);
	__builtin_unreachable();
}

__attribute__((noreturn)) static void fail(const char *what, long error)
{
	say(what);
	say(": error ");
	say_number(error);
	say("\n");
	leave(1);
}

/* There can be no events, and what has been said is why: no fault of ours. */
#define IMPOSSIBLE 3

static long must(long result, const char *what)
{
	if (result < 0)
		fail(what, result);
	return result;
}

static void sleep_ms(u32 ms)
{
	long t[2] = { ms / 1000, ms % 1000 * 1000000L };

	call3(SYS_NANOSLEEP, (long)t, 0, 0);
}

/*
 * ---- The bed: one link between two namespaces, an address and a fixed neighbour on each side. ----
 * It carries nothing until the kernel's link watch, which runs once a second, has seen it.
 */

/* Addresses and ports are those of the generated packets, src/model/packets.ts. */
struct side {
	int namespace_fd;
	int index; /* of its device: fixed, so that everybody knows it */
	const char *device;
	u8 mac[6], address[4];
	u16 port;
};

static const struct side sender = { SENDER_FD, 10, "sender", { 0, 0, 0x5e, 0, 0x53, 1 }, { 192, 0, 2, 1 }, 40000 };
static const struct side receiver = { RECEIVER_FD, 11, "receiver", { 0, 0, 0x5e, 0, 0x53, 2 }, { 198, 51, 100, 2 }, 443 };

static void enter(const struct side *side)
{
	must(call3(SYS_SETNS, side->namespace_fd, CLONE_NEWNET, 0), "setns");
}

static struct sockaddr_in address_of(const struct side *side)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = __builtin_bswap16(side->port) };

	memcpy(&at.sin_addr, side->address, 4);
	return at;
}

static struct {
	struct nlmsghdr header;
	struct ifinfomsg link;
	u8 attributes[512];
} request;

static struct rtattr *add(u16 type, const void *data, u32 size)
{
	struct rtattr *attribute = (void *)((u8 *)&request + NLMSG_ALIGN(request.header.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = RTA_LENGTH(size);
	memcpy(RTA_DATA(attribute), data, size);
	request.header.nlmsg_len = NLMSG_ALIGN(request.header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
	return attribute;
}

static void close_nest(struct rtattr *nest)
{
	nest->rta_len = (u8 *)&request + request.header.nlmsg_len - (u8 *)nest;
}

/* A netkit pair has no addresses of its own, nor neighbours. */
static int has_addresses(void)
{
	return same(task.device, "veth");
}

static void add_side(const struct side *side)
{
	add(IFLA_IFNAME, side->device, length(side->device) + 1);
	if (has_addresses())
		add(IFLA_ADDRESS, side->mac, sizeof side->mac);
}

/* In the sender's namespace; VETH_INFO_PEER is the peer's number for other kinds of pairs, too. */
static void make_link(const char *kind)
{
	struct ifinfomsg peer = { .ifi_index = receiver.index };
	int fd = must(call3(SYS_SOCKET, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), "netlink socket");
	struct rtattr *info, *data, *of_peer;
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		u8 rest[1024];
	} answer;

	request.header.nlmsg_type = RTM_NEWLINK;
	request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
	request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.link);
	request.link.ifi_index = sender.index;
	add_side(&sender);
	info = add(IFLA_LINKINFO, 0, 0);
	add(IFLA_INFO_KIND, kind, length(kind));
	data = add(IFLA_INFO_DATA, 0, 0);
	of_peer = add(VETH_INFO_PEER, &peer, sizeof peer);
	add_side(&receiver);
	add(IFLA_NET_NS_FD, &receiver.namespace_fd, 4);
	close_nest(of_peer);
	close_nest(data);
	close_nest(info);
	must(call3(SYS_WRITE, fd, (long)&request, request.header.nlmsg_len), "netlink write");
	must(call3(SYS_READ, fd, (long)&answer, sizeof answer), "netlink read");
	must(answer.error.error, "make the link");
	call3(SYS_CLOSE, fd, 0, 0);
}

static void set_up(int fd, const char *device)
{
	struct ifreq interface = { .ifr_flags = IFF_UP };

	memcpy(interface.ifr_name, device, length(device));
	must(call3(SYS_IOCTL, fd, 0x8914 /* SIOCSIFFLAGS */, (long)&interface), "set a link up");
}

static void configure(const struct side *side, const struct side *other)
{
	struct ifreq interface = { 0 };
	struct arpreq neighbour = { .arp_flags = ATF_PERM | ATF_COM };
	struct sockaddr_in own = address_of(side), mask = own, peer = address_of(other);
	int fd;

	enter(side);
	fd = must(call3(SYS_SOCKET, AF_INET, SOCK_DGRAM, 0), "socket");
	memcpy(interface.ifr_name, side->device, length(side->device));
	memcpy(&interface.ifr_addr, &own, sizeof own);
	must(call3(SYS_IOCTL, fd, 0x8916 /* SIOCSIFADDR */, (long)&interface), "set an address");
	mask.sin_addr.s_addr = 128; /* 128.0.0.0: both addresses are in it */
	memcpy(&interface.ifr_addr, &mask, sizeof mask);
	must(call3(SYS_IOCTL, fd, 0x891c /* SIOCSIFNETMASK */, (long)&interface), "set a netmask");
	set_up(fd, "lo");
	set_up(fd, side->device);
	memcpy(&neighbour.arp_pa, &peer, sizeof peer);
	neighbour.arp_ha.sa_family = ARPHRD_ETHER;
	memcpy(neighbour.arp_ha.sa_data, other->mac, sizeof other->mac);
	memcpy(neighbour.arp_dev, side->device, length(side->device));
	if (has_addresses())
		must(call3(SYS_IOCTL, fd, 0x8955 /* SIOCSARP */, (long)&neighbour), "set a neighbour");
	call3(SYS_CLOSE, fd, 0, 0);
}

/* No router solicitations, no listener reports: nothing is on the link but the stimulus. */
static void without_ipv6(const struct side *side)
{
	long fd;

	enter(side);
	fd = call3(SYS_OPEN, (long)"/proc/sys/net/ipv6/conf/default/disable_ipv6", 1 /* O_WRONLY */, 0);
	if (fd < 0)
		return; /* a kernel without IPv6 */
	call3(SYS_WRITE, fd, (long)"1", 1);
	call3(SYS_CLOSE, fd, 0, 0);
}

static void make_bed(void)
{
	without_ipv6(&receiver);
	without_ipv6(&sender);
	make_link(task.device);
	configure(&sender, &receiver);
	configure(&receiver, &sender);
	if (!same(task.device, "veth"))
		sleep_ms(2000); /* veth's is laid out before the guest has settled, which takes longer */
}

/* ---- Stimuli ---- */

#define FRAME_MAX 9000
#define UDP_HEADERS 42 /* Ethernet, IPv4, UDP */

static u8 payload[FRAME_MAX] __attribute__((aligned(4096)));
static u8 received[FRAME_MAX] __attribute__((aligned(4096)));
static int sending, receiving;
static int missing, has_waited;
static void (*before_event)(void); /* what is not of it; set by `prepare` where there is any */
#define MISSING_MAX 16

static int udp_socket(const struct side *side, const struct side *other)
{
	struct sockaddr_in own = address_of(side), peer = address_of(other);
	int fd;

	enter(side);
	fd = must(call3(SYS_SOCKET, AF_INET, SOCK_DGRAM, 0), "socket");
	must(call3(SYS_BIND, fd, (long)&own, sizeof own), "bind");
	must(call3(SYS_CONNECT, fd, (long)&peer, sizeof peer), "connect");
	return fd;
}

/* fd 5 is a program for a socket, one for its group, or a sockmap that the socket goes into. */
static void set_program(int socket, int option)
{
	int program = GIFT_FD;

	must(call6(SYS_SETSOCKOPT, socket, SOL_SOCKET, option, (long)&program, sizeof program, 0),
	     "attach to a socket");
}

static void put_into_map(int socket)
{
	u32 key = 0;
	struct { u64 map, key, value, flags; } entry = { GIFT_FD, (u64)&key, (u64)&socket, 0 };

	must(call3(SYS_BPF, 2 /* BPF_MAP_UPDATE_ELEM */, (long)&entry, sizeof entry), "put a socket into a map");
}

static void attach_gift(const struct side *side, int socket)
{
	const char *at = side == &sender ? "sender" : "receiver";

	if (!same(task.gift_to, at))
		return;
	if (same(task.gift, "socket"))
		set_program(socket, SO_ATTACH_BPF);
	else if (same(task.gift, "reuseport"))
		set_program(socket, SO_ATTACH_REUSEPORT_EBPF);
	else if (same(task.gift, "sockmap"))
		put_into_map(socket);
}

static void fill(void)
{
	for (u32 i = 0; i < FRAME_MAX; i++)
		payload[i] = i;
	memset(received, 1, sizeof received);
}

static void prepare_udp(void)
{
	sending = udp_socket(&sender, &receiver);
	receiving = udp_socket(&receiver, &sender);
	attach_gift(&sender, sending);
	attach_gift(&receiver, receiving);
	fill();
}

/* Without sums: those that a device would have to fill in are wrong for good where XDP takes the packet out of its skb. */
static void prepare_udp_without_sum(void)
{
	int on = 1;

	prepare_udp();
	must(call6(SYS_SETSOCKOPT, sending, SOL_SOCKET, SO_NO_CHECK, (long)&on, sizeof on, 0), "send without a sum");
}

static void put(int fd)
{
	/* What a program drops may come back as an error: the packet is lost, which is seen at the other end. */
	call6(SYS_SENDTO, fd, (long)payload, task.size_bytes - UDP_HEADERS, 0, 0, 0);
}

static void wait_for(int fd)
{
	struct { int fd; short events, found; } wanted = { fd, POLLIN, 0 };

	has_waited = 1;
	call3(SYS_POLL, (long)&wanted, 1, task.patience_ms);
}

/*
 * A packet is there as soon as it has been sent, unless softirqs were left to their thread: then waiting lets it run.
 * Where nothing has come several times over, nothing is on its way.
 */
static int take(int fd)
{
	long size = call6(SYS_RECVFROM, fd, (long)received, sizeof received, MSG_DONTWAIT, 0, 0);

	if (size == -EAGAIN && missing < MISSING_MAX) {
		wait_for(fd);
		size = call6(SYS_RECVFROM, fd, (long)received, sizeof received, MSG_DONTWAIT, 0, 0);
	}
	missing = size >= 0 ? 0 : missing + 1;
	return size >= 0;
}

static void send_there(void)
{
	put(sending);
}

static int receive_there(void)
{
	return take(receiving);
}

/* It comes from another thread than the softirqs': that one ends what it does while the next packet is waited for. */
static int receive_from_thread(void)
{
	int is_there = take(receiving);

	has_waited = 0;
	return is_there;
}

/* The other way round. */
static void send_here(void)
{
	put(receiving);
}

static int receive_here(void)
{
	return take(sending);
}

/* The same datagram as a frame of our own making, which a packet socket sends as it is. */
static struct {
	u8 to[6], from[6];
	u16 type;
	u8 version, service;
	u16 size, id, fragment;
	u8 ttl, protocol;
	u16 sum;
	u8 source[4], destination[4];
	u16 source_port, destination_port, udp_size, udp_sum; /* 0: without one */
	u8 payload[FRAME_MAX];
} __attribute__((packed)) frame;

static u16 sum_of(const u8 *bytes, u32 size)
{
	u32 sum = 0;

	for (u32 at = 0; at < size; at += 2)
		sum += bytes[at] << 8 | bytes[at + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void prepare_udp_raw(void)
{
	struct sockaddr_ll device = { .sll_family = AF_PACKET, .sll_ifindex = sender.index };

	receiving = udp_socket(&receiver, &sender);
	enter(&sender);
	sending = must(call3(SYS_SOCKET, AF_PACKET, SOCK_RAW, 0), "packet socket");
	must(call3(SYS_BIND, sending, (long)&device, sizeof device), "bind to a device");
	fill();
	memcpy(frame.to, receiver.mac, sizeof frame.to);
	memcpy(frame.from, sender.mac, sizeof frame.from);
	frame.type = __builtin_bswap16(0x0800);
	frame.version = 0x45;
	frame.size = __builtin_bswap16(task.size_bytes - 14);
	frame.ttl = 64;
	frame.protocol = IPPROTO_UDP;
	memcpy(frame.source, sender.address, sizeof frame.source);
	memcpy(frame.destination, receiver.address, sizeof frame.destination);
	frame.sum = __builtin_bswap16(sum_of(&frame.version, 20));
	frame.source_port = __builtin_bswap16(sender.port);
	frame.destination_port = __builtin_bswap16(receiver.port);
	frame.udp_size = __builtin_bswap16(task.size_bytes - 34);
	memcpy(frame.payload, payload, sizeof payload);
}

static void send_frame(void)
{
	call6(SYS_SENDTO, sending, (long)&frame, task.size_bytes, 0, 0, 0);
}

static int answer(void)
{
	if (!take(receiving))
		return 0;
	put(receiving);
	return take(sending);
}

/*
 * Where the receiving softirq is on another CPU the packet is on its way: it is spun for, since waking up is another figure.
 * As above, nothing is waited for where nothing comes.
 */
#define SPINS 100000

static int take_spinning(int fd)
{
	long size, spins = missing < MISSING_MAX ? SPINS : 1;

	do
		size = call6(SYS_RECVFROM, fd, (long)received, sizeof received, MSG_DONTWAIT, 0, 0);
	while (size == -EAGAIN && --spins);
	missing = size >= 0 ? 0 : missing + 1;
	return size >= 0;
}

static int receive_spinning(void)
{
	return take_spinning(receiving);
}

static int answer_spinning(void)
{
	if (!take_spinning(receiving))
		return 0;
	put(receiving);
	return take_spinning(sending);
}

static void prepare_nothing(void)
{
}

static int done_at_once(void)
{
	return 1;
}

static long own_pid;

static void prepare_getpgid(void)
{
	own_pid = call3(SYS_GETPID, 0, 0, 0);
}

static void getpgid(void)
{
	call3(SYS_GETPGID, own_pid, 0, 0);
}

/* A program attached to it runs once for each call. */
__attribute__((noinline)) static void called(void)
{
	__asm__ volatile("");
}

/* Where it is: the guest's copy of this program has no symbols. Read by src/guest/libbpf/trace.ts. */
__attribute__((used)) static const struct {
	char name[16];
	void (*function)(void);
} probed = { "tollgate_called", called };

/* Given back, the page is not there any more, and its next access is a fault. */
static void prepare_page(void)
{
	must(call3(SYS_MADVISE, (long)payload, 4096, 4 /* MADV_DONTNEED */), "give a page back");
}

static void touch_page(void)
{
	*(volatile u8 *)payload = 1;
}

static int give_page_back(void)
{
	prepare_page();
	return 1;
}

/* The receiver takes from anybody, so that it has to be looked up, in a group of its own. */
static void prepare_udp_any(void)
{
	struct sockaddr_in own = address_of(&receiver);
	int on = 1;

	sending = udp_socket(&sender, &receiver);
	enter(&receiver);
	receiving = must(call3(SYS_SOCKET, AF_INET, SOCK_DGRAM, 0), "socket");
	must(call6(SYS_SETSOCKOPT, receiving, SOL_SOCKET, SO_REUSEPORT, (long)&on, sizeof on, 0), "share a port");
	must(call3(SYS_BIND, receiving, (long)&own, sizeof own), "bind");
	attach_gift(&receiver, receiving);
	fill();
}

/* A socket's life: made, bound, connected, closed. Over IPv6 on the loopback, the one device that has it. */
static struct sockaddr_in here, there;
static struct sockaddr_in6 here6 = { .sin6_family = AF_INET6 }, there6;

static void prepare_socket(void)
{
	enter(&sender);
	here = address_of(&sender);
	there = address_of(&receiver);
	here6.sin6_port = here.sin_port;
	here6.sin6_addr.s6_addr[15] = 1;
	there6 = here6;
	there6.sin6_port = there.sin_port;
}

static int is_connected;

static void live(int family, const void *own, const void *peer, u32 size)
{
	int fd = call3(SYS_SOCKET, family, SOCK_DGRAM, 0);

	is_connected = call3(SYS_BIND, fd, (long)own, size) == 0 && call3(SYS_CONNECT, fd, (long)peer, size) == 0;
	call3(SYS_CLOSE, fd, 0, 0);
}

static void live4(void)
{
	live(AF_INET, &here, &there, sizeof here);
}

static void live6(void)
{
	live(AF_INET6, &here6, &there6, sizeof here6);
}

static int was_connected(void)
{
	return is_connected;
}

/* A connection's life: reset, it leaves nothing behind, and the next one has the same ports. */
static int listening;

static int tcp_socket(const struct side *side)
{
	struct sockaddr_in own = address_of(side);
	struct linger reset = { 1, 0 };
	int on = 1;
	int fd = must(call3(SYS_SOCKET, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");

	must(call6(SYS_SETSOCKOPT, fd, SOL_SOCKET, SO_LINGER, (long)&reset, sizeof reset, 0), "linger");
	must(call6(SYS_SETSOCKOPT, fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, (long)&on, sizeof on, 0), "no delay");
	must(call3(SYS_BIND, fd, (long)&own, sizeof own), "bind");
	return fd;
}

static void prepare_tcp_connect(void)
{
	enter(&receiver);
	listening = tcp_socket(&receiver);
	must(call3(SYS_LISTEN, listening, 1, 0), "listen");
	prepare_socket();
}

static void connect_there(void)
{
	sending = tcp_socket(&sender);
	call3(SYS_CONNECT, sending, (long)&there, sizeof there);
}

static int accept_there(void)
{
	receiving = call6(SYS_ACCEPT4, listening, 0, 0, SOCK_NONBLOCK, 0, 0);
	if (receiving == -EAGAIN) {
		wait_for(listening);
		receiving = call6(SYS_ACCEPT4, listening, 0, 0, SOCK_NONBLOCK, 0, 0);
	}
	return receiving >= 0;
}

static int accept_and_reset(void)
{
	int is_accepted = accept_there();

	call3(SYS_CLOSE, sending, 0, 0);
	if (is_accepted)
		call3(SYS_CLOSE, receiving, 0, 0);
	return is_accepted;
}

/* Messages over one connection. A program that parses them takes its time, in a thread of the kernel's. */
static void prepare_tcp(void)
{
	prepare_tcp_connect();
	connect_there();
	if (!accept_there()) {
		say("no TCP connection is made");
		leave(IMPOSSIBLE);
	}
	attach_gift(&sender, sending);
	attach_gift(&receiver, receiving);
	fill();
	task.size_bytes += UDP_HEADERS; /* as `put` takes them off */
}

/* The kernel's own reno where no other is given: it is in every kernel, and does the least. */
static void prepare_tcp_congestion(void)
{
	const char *name = same(task.gift, "congestion") ? task.congestion : "reno";

	prepare_tcp();
	must(call6(SYS_SETSOCKOPT, sending, IPPROTO_TCP, 13 /* TCP_CONGESTION */, (long)name, length(name), 0),
	     "set a congestion control");
}

/* All that an iterator has to say. Without one there is nothing to do. */
static int is_read_out;

static void prepare_iterate(void)
{
	enter(&receiver); /* some see only what is in the reader's namespace */
}

static void iterate(void)
{
	struct { u32 link, flags; } of = { GIFT_FD, 0 };
	long size, fd;

	is_read_out = !same(task.gift, "iterator");
	if (is_read_out)
		return;
	fd = call3(SYS_BPF, 33 /* BPF_ITER_CREATE */, (long)&of, sizeof of);
	do
		size = call3(SYS_READ, fd, (long)received, sizeof received);
	while (size > 0);
	is_read_out = size == 0;
	call3(SYS_CLOSE, fd, 0, 0);
}

static int was_read_out(void)
{
	return is_read_out;
}

static int option;

static void set_option(void)
{
	int value = 1;

	option = call6(SYS_SETSOCKOPT, sending, SOL_SOCKET, SO_KEEPALIVE, (long)&value, sizeof value, 0);
}

static int get_option(void)
{
	int value;
	u32 size = sizeof value;

	return call6(SYS_GETSOCKOPT, sending, SOL_SOCKET, SO_KEEPALIVE, (long)&value, (long)&size, 0) == 0 && option == 0;
}

static int file;
static long is_read;

static void prepare_sysctl(void)
{
	file = must(call3(SYS_OPEN, (long)"/proc/sys/kernel/pid_max", 0, 0), "open a setting");
}

static void read_setting(void)
{
	is_read = call6(SYS_PREAD64, file, (long)received, 64, 0, 0, 0);
}

static int was_read(void)
{
	return is_read > 0;
}

static void open_device(void)
{
	file = call3(SYS_OPEN, (long)"/dev/null", 0, 0);
}

static int close_device(void)
{
	return call3(SYS_CLOSE, file, 0, 0) == 0;
}

/*
 * A program of the project's, from its start to its end. Before each run the clock goes on to the same distance from a timer
 * tick, and the kernel's threads do what the last one has left to them: so many ticks fall into every run.
 */
static char **command, **environment;
static int output, nothing, child;
#define RUN_EVERY_MS 40

static void wait_for_turn(void)
{
	long t[2];

	must(call3(SYS_FTRUNCATE, output, 0, 0), "truncate");
	call3(SYS_LSEEK, output, 0, 0 /* SEEK_SET */);
	must(call3(SYS_CLOCK_GETTIME, 1 /* CLOCK_MONOTONIC */, (long)t, 0), "read the clock");
	t[1] = (t[1] / (RUN_EVERY_MS * 1000000L) + 1) * (RUN_EVERY_MS * 1000000L);
	if (t[1] >= 1000000000L)
		t[0]++, t[1] = 0;
	must(call4(SYS_CLOCK_NANOSLEEP, 1, 1 /* TIMER_ABSTIME */, (long)t, 0), "sleep");
}

static void prepare_command(void)
{
	if (!*command)
		fail("no command", 0);
	enter(same(task.command_in, "receiver") ? &receiver : &sender);
	output = must(call3(SYS_MEMFD_CREATE, (long)"output", 1 /* MFD_CLOEXEC */, 0), "memfd");
	before_event = wait_for_turn;
	nothing = must(call3(SYS_OPEN, (long)"/dev/null", 02000000 /* O_CLOEXEC */, 0), "open /dev/null");
}

static void start_command(void)
{
	long error;

	child = must(call6(SYS_CLONE, 17 /* SIGCHLD */, 0, 0, 0, 0, 0), "clone");
	if (child)
		return;
	call3(SYS_ALARM, task.patience_ms / 1000, 0, 0);
	call3(SYS_DUP2, nothing, 0, 0);
	call3(SYS_DUP2, output, 1, 0);
	call3(SYS_DUP2, output, 2, 0);
	error = call3(SYS_EXECVE, (long)*command, (long)command, (long)environment);
	say("error ");
	say_number(error);
	say(" on starting it");
	leave(127);
}

#define TOLD_MAX 1500 /* of the end of what it has said */

static void say_output(void)
{
	long end = call3(SYS_LSEEK, output, 0, 2 /* SEEK_END */), from = end > TOLD_MAX ? end - TOLD_MAX : 0;
	long size = call6(SYS_PREAD64, output, (long)received, TOLD_MAX, from, 0, 0);

	if (size > 0)
		call3(SYS_WRITE, 2, (long)received, size);
}

static int has_ended(void)
{
	int status = 0;

	must(call6(SYS_WAIT4, child, (long)&status, 0, 0, 0, 0), "wait");
	if (!status)
		return 1;
	say("the command ends with ");
	say(status & 0x7f ? "signal " : "exit code ");
	say_number(status & 0x7f ? status & 0x7f : status >> 8 & 0xff);
	if ((status & 0x7f) == 14 /* SIGALRM */)
		say(", for it has taken too long");
	say(": ");
	say_output();
	leave(IMPOSSIBLE);
}

static const struct stimulus stimuli[] = {
	{ "udp", prepare_udp, send_there, receive_there },
	{ "udp_rtt", prepare_udp, send_there, answer },
	{ "udp_spin", prepare_udp, send_there, receive_spinning },
	{ "udp_rtt_spin", prepare_udp, send_there, answer_spinning },
	{ "getpgid", prepare_getpgid, getpgid, done_at_once },
	{ "call", prepare_nothing, called, done_at_once },
	{ "page_fault", prepare_page, touch_page, give_page_back },
	{ "socket", prepare_socket, live4, was_connected },
	{ "socket6", prepare_socket, live6, was_connected },
	{ "tcp_connect", prepare_tcp_connect, connect_there, accept_and_reset },
	{ "udp_any", prepare_udp_any, send_there, receive_there },
	{ "tcp", prepare_tcp, send_there, answer },
	{ "udp_raw", prepare_udp_raw, send_frame, receive_there },
	{ "udp_devmap", prepare_udp_without_sum, send_there, receive_here },
	{ "udp_cpumap", prepare_udp_without_sum, send_there, receive_from_thread },
	{ "udp_netkit", prepare_udp, send_there, receive_there },
	{ "udp_netkit_peer", prepare_udp, send_here, receive_here },
	{ "tcp_congestion", prepare_tcp_congestion, send_there, answer },
	{ "iterate", prepare_iterate, iterate, was_read_out },
	{ "sockopt", prepare_udp, set_option, get_option },
	{ "sysctl", prepare_sysctl, read_setting, was_read },
	{ "device", prepare_nothing, open_device, close_device },
	{ "command", prepare_command, start_command, has_ended },
};

/* What one figure is of, from its first instruction to its return: a profile of an event is taken between the two. */
__attribute__((noinline, used)) void tollgate_event(const struct stimulus *stimulus, struct result *result)
{
	u64 begin = tsc(), sent;
	int is_done;

	stimulus->act();
	sent = tsc();
	is_done = stimulus->complete();
	result->done = is_done ? tsc() - begin : LOST;
	result->sent = sent - begin;
}

/*
 * The softirqs' thread stays runnable until it has slept, and as long as it is everything is left to it. Of packets that are
 * all dropped none is waited for, so now and then there is a rest: else they would be left to it for good, and cost nothing.
 */
#define LOST_IN_A_ROW 8
static void event(const struct stimulus *stimulus, struct result *result)
{
	has_waited = 0;
	if (before_event)
		before_event();
	tollgate_event(stimulus, result);
	if (has_waited || missing % LOST_IN_A_ROW == LOST_IN_A_ROW - 1)
		sleep_ms(1);
}

/*
 * Packets' memory comes from slabs of a few objects each. In an arm where those that are in use have no room but for one
 * packet and for its answer, every event takes the slow way from one to the other and back: 500 instructions that are
 * nobody's (6.1, TCP). So there is a slab with room, of each size that packets have: all others are filled for a while.
 */
#define MESSAGES 256 /* of a size: more than there is room for in slabs that are partly used */

static void make_room(void)
{
	static const u32 sizes[] = { 100, 500, 1500 }; /* with what the kernel adds: 512 bytes, 1 KB and 2 KB */
	struct sockaddr_nl self = { .nl_family = AF_NETLINK, .nl_pid = 1 };
	int queue = 16 << 20, fd = must(call3(SYS_SOCKET, AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK), "netlink socket");

	must(call6(SYS_SETSOCKOPT, fd, SOL_SOCKET, SO_RCVBUFFORCE, (long)&queue, sizeof queue, 0), "lengthen a queue");
	must(call3(SYS_BIND, fd, (long)&self, sizeof self), "bind");
	for (u32 i = 0; i < MESSAGES * sizeof sizes / sizeof *sizes; i++)
		must(call6(SYS_SENDTO, fd, (long)payload, sizes[i / MESSAGES], MSG_DONTWAIT, (long)&self, sizeof self),
		     "send to itself");
	while (call6(SYS_RECVFROM, fd, (long)received, sizeof received, MSG_DONTWAIT, 0, 0) > 0)
		;
	call3(SYS_CLOSE, fd, 0, 0);
}

static void run(const struct stimulus *stimulus)
{
	if (task.count > EVENTS_MAX || task.size_bytes > FRAME_MAX || (task.size_bytes && task.size_bytes < UDP_HEADERS))
		fail("a task beyond its bounds", 0);
	memset(results, 1, task.count * sizeof *results); /* touched: no page fault between two events */
	if (task.is_clock_exact)
		align_clock(); /* a connection's first packets: when they are sent is in its round trips */
	stimulus->prepare();
	for (u32 i = 0; i < task.warm_up / 2; i++)
		event(stimulus, results);
	make_room();
	sleep_ms(20); /* what the kernel has left to its threads is done, the softirqs', too: as long as this one runs, they don't */
	if (task.is_clock_exact)
		align_clock();
	for (u32 i = task.warm_up / 2; i < task.warm_up; i++)
		event(stimulus, results);
	for (u32 i = 0; i < task.count; i++)
		event(stimulus, results + i);
	for (u32 at = 0, size = task.count * sizeof *results; at < size;)
		at += must(call3(SYS_WRITE, 1, (long)results + at, size - at), "write results");
}

/* What the kernel leaves on the stack: the count of arguments, those, and the environment. Of ours they are a command's. */
__attribute__((used)) static void begin(long *stack)
{
	command = (char **)stack + 2;
	environment = (char **)stack + *stack + 2;
	if (call3(SYS_READ, 0, (long)&task, sizeof task) != sizeof task)
		fail("read the task", 0);
	if (same(task.name, "bed")) {
		make_bed();
		call3(SYS_EXIT, 0, 0, 0);
	}
	for (u32 i = 0; i < sizeof stimuli / sizeof *stimuli; i++)
		if (same(task.name, stimuli[i].name)) {
			run(&stimuli[i]);
			call3(SYS_EXIT, 0, 0, 0);
		}
	fail("no such stimulus", 0);
}

__asm__(".globl _start\n"
	"_start:\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call begin\n");
