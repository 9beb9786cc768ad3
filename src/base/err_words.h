/* err_words: the system's own words for errno or GetLastError(). Private to base. */
#ifndef DOGS_BASE_ERR_WORDS_H
#define DOGS_BASE_ERR_WORDS_H

void err_words(int os_code, char out[256]);

#endif
