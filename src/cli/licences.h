/* licences: the text of `dogs help licences`; the build writes licences.c. */
#ifndef DOGS_CLI_LICENCES_H
#define DOGS_CLI_LICENCES_H

extern const char licences_text[];

#endif
