/* A thread beside the loop. */
#ifndef DBVITALS_CORE_THREAD_H
#define DBVITALS_CORE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* Starts WORK(CTX) with all signals blocked: they are the loop's. False if there are too many threads or too
 * little memory. */
bool thread_start(pthread_t *thread, void *(*work)(void *ctx), void *ctx);

#endif
