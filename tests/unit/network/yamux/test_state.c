#include "network/yamux/state.h"

#include "support/check.h"

enum {
    NO = KN_YAMUX_REFUSED,
    OPEN = KN_YAMUX_OPEN,
    WE = KN_YAMUX_WE_FINISHED,
    PEER = KN_YAMUX_PEER_FINISHED,
    CLOSED = KN_YAMUX_CLOSED
};

static void every_step_in_every_state_leads_where_it_should(void **state)
{
    /* clang-format off */
    static const struct {
        const char *name;
        enum kn_yamux_state from;
        uint8_t to[KN_YAMUX_STEPS]; /* send: data fin rst, receive: data fin rst */
    } cases[] = {
        { "no state",          KN_YAMUX_REFUSED, { NO,   NO,     NO,     NO,   NO,     NO } },
        { "open",              KN_YAMUX_OPEN,    { OPEN, WE,     CLOSED, OPEN, PEER,   CLOSED } },
        { "we have finished",  KN_YAMUX_WE_FINISHED,
                                                 { NO,   NO,     CLOSED, WE,   CLOSED, CLOSED } },
        { "peer has finished", KN_YAMUX_PEER_FINISHED,
                                                 { PEER, CLOSED, CLOSED, NO,   PEER,   CLOSED } },
        { "closed",            KN_YAMUX_CLOSED,  { NO,   NO,     CLOSED, NO,   NO,     NO } },
    };
    /* clang-format on */

    (void)state;
    CHECK_EQ("every state has a row", KN_COUNT(cases), KN_YAMUX_STATES);
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        for (unsigned step = 0; step < KN_YAMUX_STEPS; step++)
            CHECK_EQ(cases[i].name, kn_yamux_next(cases[i].from, (enum kn_yamux_step)step),
                     cases[i].to[step]);
}

/* Whatever is sent and received: nothing is sent after our end, nothing taken after the peer's. */
static void no_way_leads_back(void **state)
{
    (void)state;
    for (unsigned from = KN_YAMUX_OPEN; from < KN_YAMUX_STATES; from++) {
        for (unsigned step = 0; step < KN_YAMUX_STEPS; step++) {
            enum kn_yamux_state to =
                kn_yamux_next((enum kn_yamux_state)from, (enum kn_yamux_step)step);

            CHECK("forward", to == KN_YAMUX_REFUSED || (unsigned)to >= from);
            CHECK("an end is kept",
                  !(from == KN_YAMUX_WE_FINISHED && to == KN_YAMUX_PEER_FINISHED));
            CHECK("an end is kept",
                  !(from == KN_YAMUX_PEER_FINISHED && to == KN_YAMUX_WE_FINISHED));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_in_every_state_leads_where_it_should),
        cmocka_unit_test(no_way_leads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
