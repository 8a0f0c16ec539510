/*
 * role — which end of a connection we are.
 */
#ifndef KN_BASE_ROLE_H
#define KN_BASE_ROLE_H

enum kn_role {
    KN_ROLE_DIALER,   /* opened it: speaks first, numbers its streams odd */
    KN_ROLE_LISTENER, /* accepted it */
};

#endif
