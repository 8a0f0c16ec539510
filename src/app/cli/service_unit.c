#include "app/cli/service_unit.h"

#include <string.h>

#include "lib/base/text.h"

static const char mark[] = "# Written by kwaainet service install.";

/* Both kinds: what needs no view of the file system of its own. */
static const char hardened[] = "NoNewPrivileges=yes\n"
                               "LockPersonality=yes\n"
                               "RestrictRealtime=yes\n"
                               "RestrictSUIDSGID=yes\n"
                               "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
                               "SystemCallArchitectures=native\n"
                               "UMask=0077\n";

/* A user's manager may not be permitted to make one, and then the unit would not start at all. */
static const char walled[] = "ProtectSystem=strict\n"
                             "ProtectKernelModules=yes\n"
                             "ProtectKernelTunables=yes\n"
                             "ProtectKernelLogs=yes\n"
                             "ProtectClock=yes\n"
                             "ProtectHostname=yes\n"
                             "PrivateTmp=yes\n"
                             "CapabilityBoundingSet=\n";

static void add_escaped(const char *word, bool is_command, struct kn_text *out)
{
    for (const char *at = word; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;

        if (c < ' ' || c == 0x7f)
            kn_text_addf(out, "\\x%02x", c);
        else if (c == '"' || c == '\\')
            kn_text_addf(out, "\\%c", c);
        else if (c == '%' || (c == '$' && is_command))
            kn_text_addf(out, "%c%c", c, c);
        else
            kn_text_add_char(out, *at);
    }
}

void kn_service_unit_add_word(const char *word, struct kn_text *out)
{
    kn_text_add_char(out, '"');
    add_escaped(word, true, out);
    kn_text_add_char(out, '"');
}

/* The path of the program is no word: systemd puts nothing in the place of a $ there. */
static void add_program(const char *program, struct kn_text *out)
{
    kn_text_add_char(out, '"');
    add_escaped(program, false, out);
    kn_text_add_char(out, '"');
}

/* A path that need not be there. */
static void add_writable(const char *path, struct kn_text *out)
{
    kn_text_add(out, "ReadWritePaths=\"-");
    add_escaped(path, false, out);
    kn_text_add(out, "\"\n");
}

static void add_commands(const struct kn_service_unit *unit, struct kn_text *out)
{
    struct kn_text home = { 0 };

    kn_text_addf(&home, "--home=%s", unit->home);
    kn_text_add(out, "ExecStart=");
    add_program(unit->program, out);
    kn_text_add(out, " start --no-save");
    for (size_t i = 0; i < unit->word_count; i++) {
        kn_text_add_char(out, ' ');
        kn_service_unit_add_word(unit->words[i], out);
    }
    kn_text_add(out, "\nExecReload=");
    add_program(unit->program, out);
    kn_text_add(out, " reload ");
    kn_service_unit_add_word(kn_text_get(&home), out);
    kn_text_add(out, "\nExecStopPost=-");
    add_program(unit->program, out);
    kn_text_add(out, " service ended --quiet ");
    kn_service_unit_add_word(kn_text_get(&home), out);
    kn_text_add(out, "\nWorkingDirectory=-");
    for (const char *at = unit->home; *at != '\0'; at++) {
        kn_text_add_char(out, *at);
        if (*at == '%')
            kn_text_add_char(out, *at);
    }
    kn_text_add_char(out, '\n');
    out->failed = out->failed || home.failed;
    kn_text_done(&home);
}

static void add_behaviour(struct kn_text *out)
{
    kn_text_add(out,
                "# Whatever ends it, it comes back, after pauses that grow up to a minute.\n"
                "Restart=on-failure\n"
                "RestartSec=5\n"
                "RestartSteps=6\n"
                "RestartMaxDelaySec=60\n"
                "WatchdogSec=60\n"
                "# Leaving the swarm waits up to half a minute for sessions of others.\n"
                "TimeoutStopSec=45\n"
                "# It may divide its group, to keep its own limits.\n"
                "Delegate=yes\n"
                "# When memory is short and the system ends a helper, the node goes on; when it\n"
                "# ends the node itself, that is a failure like any other.\n"
                "OOMPolicy=continue\n");
}

static void add_walls(const struct kn_service_unit *unit, struct kn_text *out)
{
    kn_text_add(out, walled);
    add_writable(unit->home, out);
    if (unit->config_folder != NULL)
        add_writable(unit->config_folder, out);
    if (unit->user_home != NULL) {
        struct kn_text cache = { 0 };

        kn_text_addf(&cache, "%s/.cache", unit->user_home);
        add_writable(kn_text_get(&cache), out);
        out->failed = out->failed || cache.failed;
        kn_text_done(&cache);
    }
}

void kn_service_unit_print(const struct kn_service_unit *unit, struct kn_text *out)
{
    kn_text_addf(out,
                 "%s The next install replaces it; changes\n"
                 "# of your own belong beside it: systemctl %sedit.\n\n"
                 "[Unit]\n"
                 "Description=KwaaiNet node\n"
                 "Documentation=man:kwaainet(1)\n",
                 mark, unit->user != NULL ? "" : "--user ");
    if (unit->user != NULL)
        kn_text_add(out, "Wants=network-online.target\nAfter=network-online.target\n");
    kn_text_add(out, "# Never give up for good.\nStartLimitIntervalSec=0\n\n"
                     "[Service]\nType=notify\nNotifyAccess=main\n");
    if (unit->user != NULL)
        kn_text_addf(out, "User=%s\n", unit->user);
    add_commands(unit, out);
    add_behaviour(out);
    kn_text_add(out, hardened);
    if (unit->user != NULL)
        add_walls(unit, out);
    kn_text_addf(out, "\n[Install]\nWantedBy=%s\n",
                 unit->user != NULL ? "multi-user.target" : "default.target");
}

bool kn_service_unit_is_ours(const char *text)
{
    return strncmp(text, mark, sizeof(mark) - 1) == 0;
}
