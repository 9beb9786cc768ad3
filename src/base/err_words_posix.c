#include "err_words.h"

#include <stdio.h>
#include <string.h>

void err_words(int os_code, char out[256])
{
    snprintf(out, 256, "%s", strerror(os_code));
}
