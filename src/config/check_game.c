#include "schema.h"

#include <ctype.h>
#include <string.h>

const char *check_game(const char *text)
{
    for (const char *p = text; *p; p++)
        if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && (*p != '-' || p == text))
            return "not the name of a game, which has small letters, digits and '-' only; write "
                   "for example minecraft-java, or see `dogs query --help`";
    return strlen(text) > 40 ? "longer than the name of any game; see `dogs query --help`" : NULL;
}

static const char *check_between(const char *text, int64_t low, int64_t high, const char *why)
{
    int64_t n;
    return str_int64(text, low, high, &n) ? NULL : why;
}

const char *check_port(const char *text)
{
    return check_between(text, 1, 65535, "not a port; write 1 to 65535, or remove the line");
}

const char *check_minutes(const char *text)
{
    return check_between(text, 1, 120, "not minutes before a stop; write whole numbers, 1 to 120");
}

const char *check_keep(const char *text)
{
    return check_between(text, 1, 1000, "not a number of archives; write 1 to 1000");
}

const char *check_days(const char *text)
{
    return check_between(text, 0, 3650, "not a number of days; write 0 to 3650");
}

const char *check_ready(const char *text)
{
    return !strcmp(text, "droplet") || !strcmp(text, "port") || !strcmp(text, "game")
               ? NULL
               : "write droplet, port or game";
}

const char *check_admin(const char *text)
{
    return !strcmp(text, "network") || !strcmp(text, "ssh") || !strcmp(text, "off")
               ? NULL
               : "write network, ssh or off";
}

const char *check_pin(const char *text)
{
    size_t n = 0;

    while (isxdigit((unsigned char)text[n]))
        n++;
    return n == 64 && !text[n]
               ? NULL
               : "not a SHA-256; write 64 hexadecimal digits without colons, as `openssl x509 "
                 "-outform DER -in CERTIFICATE | sha256sum` shows";
}

const char *check_password(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < ' ' || *p == 0x7f)
            return "there is a control character in it; write one line of plain text";
    return strlen(text) > 500 ? "longer than 500 characters; write the password alone" : NULL;
}

const char *check_droplet_path(const char *text)
{
    for (const char *p = text; (p = strstr(p, "..")); p += 2)
        if (p > text && p[-1] == '/' && (p[2] == '/' || !p[2]))
            return "there is a '..' in it; write the folder's own path";
    return text[0] == '/' && text[1] && text[1] != '/'
               ? NULL
               : "not a folder of the server; write it from '/', for example /srv/game/saves";
}

const char *check_archive(const char *text)
{
    size_t name = strcspn(text, ":");

    return name > 1 && text[name] == ':' && isalpha((unsigned char)text[0]) &&
                   strncmp(text + name, "://", 3) != 0
               ? NULL
               : "not a place; write the name of one of your remotes, a colon and a folder, for "
                 "example 'spaces:worlds/mc'";
}

const char *check_readings(const char *text)
{
    int64_t n;

    return str_int64(text, 2, 100, &n) ? NULL : "write a number from 2 to 100";
}

const char *check_traffic(const char *text)
{
    int64_t n;

    return str_int64(text, 0, 1000000, &n) ? NULL : "write kbit/s as a whole number, or 0";
}
