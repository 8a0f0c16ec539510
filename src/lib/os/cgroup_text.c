#include "lib/os/cgroup_text.h"

#include <stdio.h>
#include <string.h>

#include "lib/os/probe.h"

/* --- /proc/self/cgroup --- */

/* Whether one of the words between commas in the first `n` bytes is `word`. */
static bool has_word(const char *list, size_t n, const char *word)
{
    size_t length = strlen(word);

    for (size_t at = 0; at < n;) {
        const char *comma = memchr(list + at, ',', n - at);
        size_t here = comma != NULL ? (size_t)(comma - list) - at : n - at;

        if (here == length && memcmp(list + at, word, length) == 0)
            return true;
        at += here + 1;
    }
    return false;
}

/* What stands after "ID:CONTROLLERS:" when the line is the one of this hierarchy, or NULL. */
static const char *path_of_line(const char *line, size_t n, const char *controller)
{
    const char *first = memchr(line, ':', n), *second;

    if (first == NULL)
        return NULL;
    first++;
    second = memchr(first, ':', n - (size_t)(first - line));
    if (second == NULL)
        return NULL;
    /* spec: cgroups(7), "0::PATH" is the line of version 2. */
    if (controller == NULL)
        return first == line + 2 && line[0] == '0' && second == first ? second + 1 : NULL;
    return has_word(first, (size_t)(second - first), controller) ? second + 1 : NULL;
}

bool kn_cgroup_find_group(const char *text, const char *controller, char out[KN_CGROUP_PATH_SIZE])
{
    for (const char *line = text; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        const char *path = path_of_line(line, n, controller);
        size_t length = path != NULL ? n - (size_t)(path - line) : 0;

        if (path != NULL && length > 0 && length < KN_CGROUP_PATH_SIZE && path[0] == '/') {
            memcpy(out, path, length);
            out[length] = '\0';
            return true;
        }
        line += n + (line[n] == '\n');
    }
    return false;
}

/* --- /proc/self/mountinfo --- */

enum { FIELD_ROOT = 3, FIELD_MOUNT = 4, FIELD_OPTIONAL = 6 };

struct field {
    const char *at;
    size_t n;
};

/* The next field of a line that ends at `end`; false when there is none. */
static bool next_field(const char **at, const char *end, struct field *out)
{
    const char *blank;

    while (*at < end && **at == ' ')
        ++*at;
    if (*at == end)
        return false;
    blank = memchr(*at, ' ', (size_t)(end - *at));
    out->at = *at;
    out->n = (size_t)((blank != NULL ? blank : end) - *at);
    *at += out->n;
    return true;
}

static bool is_field(struct field field, const char *text)
{
    return field.n == strlen(text) && memcmp(field.at, text, field.n) == 0;
}

static bool is_octal(const char *at, size_t n)
{
    return n >= 4 && at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' &&
           at[2] <= '7' && at[3] >= '0' && at[3] <= '7';
}

/* spec: proc(5), blanks, line ends and backslashes are written \040, \012, \134. */
static bool unescape(struct field field, char out[KN_CGROUP_PATH_SIZE])
{
    size_t n = 0;

    for (size_t i = 0; i < field.n; i++) {
        char c = field.at[i];

        if (is_octal(field.at + i, field.n - i)) {
            const char *at = field.at + i;

            c = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0'));
            i += 3;
        }
        if (c == '\0' || n + 1 >= KN_CGROUP_PATH_SIZE)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return n > 0 && out[0] == '/';
}

/* A path with "..": how a group outside of our namespace is written. */
static bool leads_upwards(const char *path)
{
    for (const char *at = strstr(path, "/.."); at != NULL; at = strstr(at + 1, "/..")) {
        if (at[3] == '\0' || at[3] == '/')
            return true;
    }
    return false;
}

/* The root and the mount point of a line of this hierarchy. */
static bool read_mount(const char *line, const char *end, const char *controller,
                       struct kn_cgroup_place *out)
{
    struct field fields[FIELD_OPTIONAL], field, type, source, options;
    size_t n = 0;

    while (n < FIELD_OPTIONAL) {
        if (!next_field(&line, end, &fields[n++]))
            return false;
    }
    do { /* any number of optional fields, and a hyphen */
        if (!next_field(&line, end, &field))
            return false;
    } while (!is_field(field, "-"));
    if (!next_field(&line, end, &type) || !next_field(&line, end, &source) ||
        !next_field(&line, end, &options))
        return false;
    if (controller == NULL
            ? !is_field(type, "cgroup2")
            : !is_field(type, "cgroup") || !has_word(options.at, options.n, controller))
        return false;
    return unescape(fields[FIELD_ROOT], out->root) && unescape(fields[FIELD_MOUNT], out->mount) &&
           !leads_upwards(out->mount);
}

/* Fill `below`; false when the group lies outside of what is mounted. */
static bool place_below(const char *group, struct kn_cgroup_place *out)
{
    size_t n;

    if (strcmp(out->root, "/") == 0)
        out->root[0] = '\0';
    n = strlen(out->root);
    out->below[0] = '\0';
    if (leads_upwards(out->root) || leads_upwards(group) || strncmp(group, out->root, n) != 0 ||
        (group[n] != '\0' && group[n] != '/'))
        return false;
    (void)snprintf(out->below, sizeof(out->below), "%s",
                   strcmp(group + n, "/") != 0 ? group + n : "");
    return true;
}

bool kn_cgroup_find_place(const char *text, const char *controller, const char *group,
                          struct kn_cgroup_place *out)
{
    struct kn_cgroup_place place;
    bool found = false;

    for (const char *line = text; *line != '\0';) {
        size_t n = strcspn(line, "\n");

        if (read_mount(line, line + n, controller, &place)) {
            bool shown = place_below(group, &place);

            if (shown || !found)
                *out = place;
            found = true;
            if (shown)
                break;
        }
        line += n + (line[n] == '\n');
    }
    return found;
}

/* --- files of a group --- */

static int64_t number_at(const char *at)
{
    uint64_t value;

    if (!kn_probe_number(&at, &value) || !kn_probe_ends(at) ||
        value >= (uint64_t)KN_PROBE_NUMBER_END)
        return KN_PROBE_UNKNOWN;
    return (int64_t)value;
}

int64_t kn_cgroup_number(const char *text)
{
    return number_at(text);
}

int64_t kn_cgroup_stat(const char *text, const char *key)
{
    const char *at = kn_probe_line(text, key);

    return at != NULL ? number_at(at) : KN_PROBE_UNKNOWN;
}

/* Both in microseconds. A share of nothing would be no process at all. */
static double share(uint64_t quota, uint64_t period)
{
    if (quota == 0 || period == 0 || quota >= (uint64_t)KN_PROBE_NUMBER_END ||
        period >= (uint64_t)KN_PROBE_NUMBER_END)
        return -1;
    return (double)quota / (double)period;
}

double kn_cgroup_cpu_max(const char *text)
{
    uint64_t quota, period;

    if (!kn_probe_number(&text, &quota) || (*text != ' ' && *text != '\t') ||
        !kn_probe_number(&text, &period) || !kn_probe_ends(text))
        return -1;
    return share(quota, period);
}

double kn_cgroup_cpu_quota(const char *quota, const char *period)
{
    int64_t granted = number_at(quota), of = number_at(period);

    return granted > 0 && of > 0 ? share((uint64_t)granted, (uint64_t)of) : -1;
}
