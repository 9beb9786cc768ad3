/* engine: what the files of core share. Private to this folder. */
#ifndef CORE_ENGINE_H
#define CORE_ENGINE_H

#include <dogs/cloud.h>
#include <dogs/core.h>

struct game_net;
struct core {
    const struct config *cfg;
    struct cloud *cloud;
    struct cancel *cancel;
    struct game_net *games; /* opened when a game is first asked */
    core_sink *on_event;
    core_ask *ask;
    void *ctx;
};

/* The tag that marks what belongs to a server: "dogs:mc". On a snapshot it also says "proved": it
 * is put there only after the proof. */
enum { TAG_MAX = 80 };
void server_tag(const char *server, char out[TAG_MAX]);
#define TAG_ALL "dogs"
#define TAG_UNCLEAN "dogs-unclean" /* taken after the power had to be cut */
#define TAG_LIVE "dogs-live"       /* taken while the machine was running */

#endif
