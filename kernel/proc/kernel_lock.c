/*
 * kernel_lock.c - see kernel_lock.h
 */
#include "kernel/proc/kernel_lock.h"

#include "kernel/proc/mutex.h"

/* schedule() gives it back: who waits for another mutex does not hold it. */
static struct mutex lock = MUTEX_INIT_WITHOUT_ORDER(lock);

bool kernel_lock(void)
{
	if (mutex_is_held(&lock))
		return false;
	mutex_lock(&lock);
	return true;
}

void kernel_unlock(bool was_taken)
{
	if (was_taken)
		mutex_unlock(&lock);
}

void kernel_lock_share(void)
{
	if (!mutex_is_held(&lock) || !wait_queue_has_waiters(&lock.waiters))
		return;
	mutex_hand_over(&lock);
	mutex_lock(&lock);
}

bool kernel_lock_is_held(void)
{
	return mutex_is_held(&lock);
}
