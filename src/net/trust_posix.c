#include "http_call.h"

bool http_trusts(CURL *easy, const char *name, char *why, size_t size)
{
    (void)easy;
    (void)name;
    (void)why;
    (void)size;
    return true;
}
