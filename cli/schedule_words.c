/* When schedules are due, for a person. */
#include "cli/schedule_words.h"

#include <stdlib.h>
#include <time.h>

static void add_moment(const struct schedule *s, double moment, struct text *out)
{
    int offset = zone_offset(s->zone, (int64_t)moment);
    time_t civil = (time_t)moment + offset;
    struct tm tm;
    char text[64] = "";
    if (gmtime_r(&civil, &tm) != NULL)
        strftime(text, sizeof(text), tm.tm_sec == 0 ? "%a %Y-%m-%d %H:%M" : "%a %Y-%m-%d %H:%M:%S", &tm);
    text_addf(out, "%s %c%02d:%02d", text, offset < 0 ? '-' : '+', abs(offset) / 3600, abs(offset) / 60 % 60);
}

void schedule_words_next(const struct schedule *s, double after, int n, struct text *out)
{
    struct due due;
    bool any = false;
    for (; n > 0 && schedule_next(s, after, &due); n--) {
        text_add(out, any ? ", " : "");
        add_moment(s, due.at, out);
        after = due.at;
        any = true;
    }
    if (!any)
        text_add(out, "never in the next weeks");
}
