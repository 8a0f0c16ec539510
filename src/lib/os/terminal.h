/*
 * terminal — what is known about the terminal at the other end of a descriptor.
 */
#ifndef KN_OS_TERMINAL_H
#define KN_OS_TERMINAL_H

#include <stdbool.h>

bool kn_terminal_is(int fd);

/* Columns of the terminal; 0 when `fd` is none or it does not tell. Reads no variable. */
unsigned kn_terminal_columns(int fd);

/* Its rows; 0 likewise. */
unsigned kn_terminal_rows(int fd);

/* Is it a terminal, and this process in front there? One behind is stopped when it reads. */
bool kn_terminal_is_in_front(int fd);

/* Has a terminal that is one of the three standard streams gone away? */
bool kn_terminal_has_hung_up(void);

#endif
