/*
 * shootdown.pml - copy-or-reuse and TLB shootdown, checked for every order
 *
 * What is modelled: two address spaces of one page each, three CPUs with a
 * TLB of one entry each, FRAMES frames with reference counts.  Any CPU may,
 * at any moment, run a thread of either space, read or write the page, take
 * the fault that follows, fork, unmap the page, exit, or go idle with the
 * old translations still loaded (lazy).  Spin tries every interleaving.
 *
 * What is asserted:
 *   - no CPU reads or writes a frame that is free;
 *   - a read gives the value last written in that address space: no write of
 *     the other space shows through, no old frame is read after a copy;
 *   - the counts are true whenever no address space is locked (I1, I2);
 *   - nobody waits for ever (an end state Spin did not expect).
 *
 * What is not modelled: VMAs, several pages, more than one table.
 *
 * Each planted mistake is one macro: spin -DDROP_BEFORE_FLUSH ... must find a
 * counterexample.  tests/test_model.py runs the model with none and with each.
 *
 *   LOCAL_FLUSH_ONLY     the other CPUs are not told
 *   FLUSH_BEFORE_PTE     the entry changes after the flush
 *   DROP_BEFORE_FLUSH    the frame is given back before the flush
 *   NO_GENERATION        a CPU that was lazy trusts what it has loaded
 *   PLAIN_REFCOUNT       the count is read and written in two steps
 *   REUSE_OUTSIDE_LOCK   refcount == 1 is tested before the lock is taken
 *   DEAF_LOCK            a CPU waiting for a lock does not answer shootdowns
 *
 * The names of the inlines are those of the kernel: kernel/x86_64/tlb.c,
 * mm/fork.c, mm/fault.c, mm/cow.c.
 */
#define CPUS	3
#define SPACES	2
#define FRAMES	3
#ifndef STEPS
#define STEPS	3	/* faults, forks, unmaps and exits, all CPUs together */
#endif
#define NO_FRAME FRAMES
#define NO_SPACE SPACES
#define VALUES	2	/* what a page may hold; 0 is a fresh page */

/* Address spaces: struct mm, one page and its entry. */
bool alive[SPACES];
bool exiting[SPACES];		/* its last thread is on its way out */
bool mm_lock[SPACES];
byte pte_frame[SPACES] = NO_FRAME;
bool pte_writable[SPACES];
byte value[SPACES];		/* what a program must read there */

/* Frames: struct frame and the bytes themselves. */
byte refcount[FRAMES];
byte content[FRAMES];

/* CPUs: what is loaded, the TLB's entry, who waits for a flush. */
byte loaded[CPUS] = NO_SPACE;
bool lazy[CPUS];
bool behind[CPUS];		/* the generation of the space loaded has moved
				   on; the kernel compares two numbers */
byte tlb_frame[CPUS] = NO_FRAME;
bool tlb_writable[CPUS];
byte ipi[CPUS];			/* bit i: CPU i asked this one to flush */

byte steps_left = STEPS;	/* so that there is an end to it */

inline tlb_flush_local(cpu)
{
	d_step {
		tlb_frame[cpu] = NO_FRAME;
		tlb_writable[cpu] = false
	}
}

/* An interrupt: flush, then say so to everybody who asked. */
inline answer_shootdown(cpu)
{
	d_step {
		tlb_frame[cpu] = NO_FRAME;
		tlb_writable[cpu] = false;
		behind[cpu] = false;
		ipi[cpu] = 0
	}
}

/* Wait for the lock with interrupts on. */
inline mm_take(cpu, mm)
{
#ifdef DEAF_LOCK
	atomic { !mm_lock[mm] -> mm_lock[mm] = true }
#else
	do
	:: atomic { !mm_lock[mm] -> mm_lock[mm] = true; break }
	:: atomic { mm_lock[mm] && ipi[cpu] != 0 -> answer_shootdown(cpu) }
	od
#endif
}

inline check_count(frame)
{
	assert(refcount[frame] == (pte_frame[0] == frame) +
				  (pte_frame[1] == frame))
}

inline mm_release(mm)
{
	atomic {
		mm_lock[mm] = false;
		check_counts()
	}
}

/* mm/check.c, for a machine of one page. */
inline check_counts()
{
	if
	:: !mm_lock[0] && !mm_lock[1] ->
		check_count(0);
		check_count(1);
		check_count(2);
		assert(pte_frame[0] == NO_FRAME ||
		       pte_frame[0] != pte_frame[1] ||
		       (!pte_writable[0] && !pte_writable[1]))
	:: else
	fi
}

/*
 * Every CPU that may use the translation forgets it.  A lazy CPU is not
 * interrupted: the new generation tells it when it comes back.  The
 * generation changes before the CPUs are looked at; a CPU that comes back
 * stops being lazy before it looks at the generation.  One of the two sees
 * the other.
 */
inline tlb_flush(cpu, mm)
{
	d_step {		/* generation++ */
		behind[0] = behind[0] || loaded[0] == mm;
		behind[1] = behind[1] || loaded[1] == mm;
		behind[2] = behind[2] || loaded[2] == mm;
		tlb_frame[cpu] = NO_FRAME;
		tlb_writable[cpu] = false;
		behind[cpu] = false
	}
#ifndef LOCAL_FLUSH_ONLY
	d_step { ask(cpu, mm, 0); ask(cpu, mm, 1); ask(cpu, mm, 2) };
	do
	:: atomic {
		((ipi[0] | ipi[1] | ipi[2]) & (1 << cpu)) == 0 -> break
	   }
	:: atomic {
		((ipi[0] | ipi[1] | ipi[2]) & (1 << cpu)) != 0 &&
			ipi[cpu] != 0 -> answer_shootdown(cpu)
	   }
	od
#endif
}

inline ask(cpu, mm, other)
{
	if
	:: other != cpu && loaded[other] == mm && !lazy[other] ->
		ipi[other] = ipi[other] | (1 << cpu)
	:: else
	fi
}

/* An entry that many CPUs may have loaded becomes narrower or empty. */
inline narrow(cpu, mm, frame, writable)
{
#ifdef FLUSH_BEFORE_PTE
	tlb_flush(cpu, mm);
	atomic { pte_frame[mm] = frame; pte_writable[mm] = writable }
#else
	d_step { pte_frame[mm] = frame; pte_writable[mm] = writable };
	tlb_flush(cpu, mm)
#endif
}

inline frame_alloc(frame)
{
	atomic {
		frame = 0;
		do
		:: frame < FRAMES && refcount[frame] > 0 -> frame++
		:: else -> break
		od;
		if
		:: frame < FRAMES -> refcount[frame] = 1
		:: else
		fi
	}
}

/* The last reference frees the frame: its bytes become poison. */
inline frame_put(frame)
{
#ifdef PLAIN_REFCOUNT
	count = refcount[frame];
	refcount[frame] = count - 1;
	count = 0
#else
	atomic {
		assert(refcount[frame] > 0);
		refcount[frame]--;
		if
		:: refcount[frame] == 0 -> content[frame] = VALUES
		:: else
		fi
	}
#endif
}

inline cow_copy(cpu, mm, old)
{
	frame_alloc(new);
	if
	:: new == NO_FRAME	/* no memory: nothing has changed (I14) */
	:: else ->
#ifdef DROP_BEFORE_FLUSH
		content[new] = content[old];
		frame_put(old);
		narrow(cpu, mm, NO_FRAME, false);
#else
		narrow(cpu, mm, NO_FRAME, false);
		content[new] = content[old];
		frame_put(old);
#endif
		atomic { pte_frame[mm] = new; pte_writable[mm] = true }
	fi;
	new = 0
}

/*
 * Read-only becomes writable on the same frame: no other CPU needs to hear
 * of it.  One that still has the narrow entry faults, finds the entry wide
 * enough and goes on.
 */
inline cow_reuse(cpu, mm)
{
	pte_writable[mm] = true;
	tlb_flush_local(cpu)
}

inline zero_fill(mm)
{
	frame_alloc(new);
	if
	:: new == NO_FRAME
	:: else ->
		content[new] = 0;
		d_step {
			value[mm] = 0;
			pte_frame[mm] = new;
			pte_writable[mm] = true
		}
	fi;
	new = 0
}

inline handle_fault(cpu, mm, write)
{
#ifdef REUSE_OUTSIDE_LOCK
	atomic {
		only = false;
		if
		:: pte_frame[mm] != NO_FRAME ->
			only = refcount[pte_frame[mm]] == 1
		:: else
		fi
	};
#endif
	mm_take(cpu, mm);
	atomic {
		old = pte_frame[mm];
#ifndef REUSE_OUTSIDE_LOCK
		if
		:: old != NO_FRAME -> only = refcount[old] == 1
		:: else
		fi
#endif
	};
	if
	:: old == NO_FRAME -> zero_fill(mm)
	:: old != NO_FRAME && (!write || pte_writable[mm]) ->
		tlb_flush_local(cpu)	/* spurious */
	:: old != NO_FRAME && write && !pte_writable[mm] && only ->
		cow_reuse(cpu, mm)
	:: old != NO_FRAME && write && !pte_writable[mm] && !only ->
		cow_copy(cpu, mm, old)
	fi;
	atomic { old = 0; only = false; mm_release(mm) }
}

/* A load or store of the program: one step, as the processor does it. */
inline user_access(cpu, mm, write)
{
	atomic {
		/* a miss: the processor walks the tables */
		if
		:: (tlb_frame[cpu] == NO_FRAME || (write && !tlb_writable[cpu])) &&
		   pte_frame[mm] != NO_FRAME && (!write || pte_writable[mm]) ->
			tlb_frame[cpu] = pte_frame[mm];
			tlb_writable[cpu] = pte_writable[mm]
		:: else
		fi;
		if
		:: tlb_frame[cpu] == NO_FRAME || (write && !tlb_writable[cpu]) ->
			fault = true
		:: else ->
			assert(refcount[tlb_frame[cpu]] > 0);
			assert(content[tlb_frame[cpu]] == value[mm]);
			if
			:: write ->
				value[mm] = 1 - value[mm];
				content[tlb_frame[cpu]] = value[mm]
			:: else
			fi
		fi
	};
	if
	:: atomic { fault && steps_left > 0 -> fault = false; steps_left-- };
	   handle_fault(cpu, mm, write)
	:: atomic { else -> fault = false }
	fi
}

inline fork_space(cpu, mm, child)
{
	mm_take(cpu, mm);
	if
	:: !alive[child] ->
		old = pte_frame[mm];
		if
		:: old != NO_FRAME ->
			refcount[old]++;	/* atomic in the kernel */
			d_step {
				pte_frame[child] = old;
				pte_writable[child] = false
			};
			if
			:: pte_writable[mm] -> narrow(cpu, mm, old, false)
			:: else
			fi;
			value[child] = content[old]
		:: else
		fi;
		d_step { old = 0; alive[child] = true }
	:: else
	fi;
	mm_release(mm)
}

inline unmap(cpu, mm)
{
	mm_take(cpu, mm);
	old = pte_frame[mm];
	if
	:: old != NO_FRAME ->
#ifdef DROP_BEFORE_FLUSH
		frame_put(old);
		narrow(cpu, mm, NO_FRAME, false)
#else
		narrow(cpu, mm, NO_FRAME, false);
		frame_put(old)
#endif
	:: else
	fi;
	atomic { old = 0; mm_release(mm) }
}

#define runnable(mm)	(alive[mm] && !exiting[mm])

/* Is this the only CPU that runs a thread of the space? */
#define alone(cpu, mm)	\
	((cpu == 0 || loaded[0] != mm || lazy[0]) && \
	 (cpu == 1 || loaded[1] != mm || lazy[1]) && \
	 (cpu == 2 || loaded[2] != mm || lazy[2]))

/* The last thread ends: the space goes, the CPU idles with it loaded. */
inline exit_space(cpu, mm)
{
	unmap(cpu, mm);
	d_step { lazy[cpu] = true; exiting[mm] = false; alive[mm] = false }
}

/* Run a thread of @mm: load CR3, which forgets everything ... */
inline switch_to(cpu, mm)
{
	lazy[cpu] = false;
	if
	:: loaded[cpu] != mm ->
		loaded[cpu] = mm;
		behind[cpu] = false;
		tlb_frame[cpu] = NO_FRAME;
		tlb_writable[cpu] = false
	:: else
	fi
}

/* ... or come back to the one still loaded: what did this CPU miss? */
inline catch_up(cpu, mm)
{
#ifndef NO_GENERATION
	d_step {
		if
		:: behind[cpu] ->
			tlb_frame[cpu] = NO_FRAME;
			tlb_writable[cpu] = false;
			behind[cpu] = false
		:: else
		fi
	}
#else
	skip
#endif
}

proctype cpu(byte me)
{
	byte old = 0;
	byte new = 0;
	byte count = 0;
	bool only = false;
	bool fault = false;

end:
	do
	:: atomic { ipi[me] != 0 -> answer_shootdown(me) }
	:: d_step { lazy[me] && runnable(0) && me != 2 -> switch_to(me, 0) };
	   catch_up(me, 0)
	:: d_step { lazy[me] && runnable(1) && me != 0 -> switch_to(me, 1) };
	   catch_up(me, 1)
	:: atomic { !lazy[me] && ipi[me] == 0 -> lazy[me] = true }
	:: !lazy[me] -> user_access(me, loaded[me], false)
	:: !lazy[me] -> user_access(me, loaded[me], true)
	:: atomic { !lazy[me] && steps_left > 0 -> steps_left-- };
	   fork_space(me, loaded[me], 1 - loaded[me])
	:: atomic { !lazy[me] && steps_left > 0 -> steps_left-- };
	   unmap(me, loaded[me])
	:: atomic { !lazy[me] && steps_left > 0 && alone(me, loaded[me]) ->
		    steps_left--;
		    exiting[loaded[me]] = true };
	   exit_space(me, loaded[me])
	od
}

init
{
	byte i = 0;

	atomic {
		do
		:: i < FRAMES -> content[i] = VALUES; i++
		:: else -> break
		od;
		/* just after a fork: one frame, two read-only entries */
		alive[0] = true;
		alive[1] = true;
		pte_frame[0] = 0;
		pte_frame[1] = 0;
		refcount[0] = 2;
		content[0] = 0;
		loaded[0] = 0;
		loaded[1] = 0;
		loaded[2] = 1;
		run cpu(0);
		run cpu(1);
		run cpu(2)
	}
}
