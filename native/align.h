// SPDX-License-Identifier: Apache-2.0
// The same instant in every run: the clock shows a round number, and a tick comes right behind it.
#pragma once
#include "syscall.h"
#include "timer.h"

#define SYS_NANOSLEEP 35

#define GRID_NS 100000000ull
#define EXACT_NS 100000 /* of busy waiting, which brings the clock to the instruction */

/* Under icount. Executes instructions until the clock shows `target`, to the instruction. */
static void spin_until(unsigned long long target)
{
	unsigned long long left;

	do
		left = target - tsc();
	while ((long)left > 1000);
	/* By two instructions each, and one more where it is odd: a compiler's branch would take another one. */
	if ((long)left > 1)
		__asm__ volatile("shr %0\n\tjnc 1f\n\tnop\n1:\tdec %0\n\tjnz 1b" : "+r"(left)::"cc");
}

/*
 * Under icount. Whatever the clock showed before, from here on it shows the same in every run, and the next tick comes at
 * the same instant: how long the kernel has been idle is not exact to the instruction (src/guest.ts).
 */
static inline void align_clock(void)
{
	unsigned long long target = (tsc() / GRID_NS + 1) * GRID_NS, left = target - tsc() - EXACT_NS;
	long delay[2] = { 0, left };
	int is_ours = can_put_off_timer();

	if (left < GRID_NS)
		call4(SYS_NANOSLEEP, (long)delay, 0, 0, 0);
	if (is_ours)
		set_timer(PIT_LONGEST);
	spin_until(target);
	if (is_ours)
		set_timer(PIT_SOON);
	leave_timer();
}
