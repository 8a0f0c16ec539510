/*
 * agent — what we call ourselves towards peers.
 */
#ifndef KN_NODE_PRESENCE_AGENT_H
#define KN_NODE_PRESENCE_AGENT_H

/* KN_VERSION comes from the build. */
#define KN_AGENT "kwaainet/" KN_VERSION

#endif
