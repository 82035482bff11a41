// SPDX-License-Identifier: Apache-2.0
// The timer that gives the kernel its ticks, set behind its back: for windows without a tick, or with one at a known place.
#pragma once
#include "syscall.h"

#define SYS_IOPL 172

#define PIT_COUNTER 0x40
#define PIT_COMMAND 0x43
#define PIT_READ_STATUS 0xe2 /* of channel 0, and not its count */
#define PIT_ONE_SHOT 4	     /* the mode that the kernel uses with high resolution timers */
#define PIT_LONGEST 0	     /* 65,536 ticks, 54.9 ms */
#define PIT_SOON 64

static void out_byte(unsigned short port, unsigned char value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static unsigned char in_byte(unsigned short port)
{
	unsigned char value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

/* Whether the next timer interrupt can be put off: the PIT gives it, one at a time, and we may write to its ports. */
static int can_put_off_timer(void)
{
	if (call4(SYS_IOPL, 3, 0, 0, 0) != 0)
		return 0;
	out_byte(PIT_COMMAND, PIT_READ_STATUS);
	return (in_byte(PIT_COUNTER) >> 1 & 7) == PIT_ONE_SHOT;
}

/* The kernel's next timer interrupt comes after so many ticks of the PIT (838 ns), whatever it asked for. */
static void set_timer(unsigned short ticks)
{
	out_byte(PIT_COUNTER, ticks & 0xff);
	out_byte(PIT_COUNTER, ticks >> 8);
}

/* Gives the ports back: as long as a thread may write to them, each of its system calls returns by a longer way. */
static inline void leave_timer(void)
{
	call4(SYS_IOPL, 0, 0, 0, 0);
}
