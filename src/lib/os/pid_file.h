/*
 * pid_file — the process that another program's pid file names, if it can still be that one.
 */
#ifndef KN_OS_PID_FILE_H
#define KN_OS_PID_FILE_H

#include "lib/os/process_info.h"

/*
 * `*pid` and `info` are those of the process that the file names. KN_E_NOT_FOUND: there is no such
 * file, it names no process that runs, or one that began later than the file was written and so has
 * the number of one that has ended; or this process itself.
 */
KN_MUST_USE enum kn_code kn_pid_file_look(const char *path, int64_t *pid,
                                          struct kn_process_info *info);

#endif
