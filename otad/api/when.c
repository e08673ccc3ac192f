/* Times in queries. */
#include "when.h"

#include <string.h>

enum { DAY_S = 24 * 3600, YEAR_MIN = 1970, YEAR_MAX = 9999 };

/* Digits where pattern has 'd', its own characters elsewhere. */
static bool looks_like(const char *text, const char *pattern)
{
    if (strlen(text) != strlen(pattern))
        return false;
    for (; *pattern != '\0'; text++, pattern++)
        if (*pattern == 'd' ? *text < '0' || *text > '9' : *text != *pattern)
            return false;
    return true;
}

static int number(const char *text, int digits)
{
    int n = 0;
    for (int i = 0; i < digits; i++)
        n = n * 10 + (text[i] - '0');
    return n;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

static bool date_parse(const char *text, int64_t *out_unix_s)
{
    const int year = number(text, 4), month = number(text + 5, 2), day = number(text + 8, 2);
    if (year < YEAR_MIN || month < 1 || month > 12 || day < 1 || day > days_in(year, month))
        return false;
    /* Leap days of the years before this one, less those before 1970. */
    const int64_t y = year - 1;
    int64_t days = (int64_t)(year - YEAR_MIN) * 365 + (y / 4 - y / 100 + y / 400) - 477;
    for (int m = 1; m < month; m++)
        days += days_in(year, m);
    *out_unix_s = (days + day - 1) * DAY_S;
    return true;
}

bool when_parse(const char *text, enum when which, int64_t *out_unix_s)
{
    int64_t date = 0;
    if (looks_like(text, "dddd-dd-dd") && date_parse(text, &date)) {
        *out_unix_s = date + (which == WHEN_TO ? DAY_S : 0);
        return true;
    }
    if (!looks_like(text, "dddd-dd-ddTdd:dd:ddZ") || !date_parse(text, &date))
        return false;
    const int hour = number(text + 11, 2), minute = number(text + 14, 2),
              second = number(text + 17, 2);
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *out_unix_s = date + (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
    return true;
}
