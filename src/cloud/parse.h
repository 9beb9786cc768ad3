/* parse: one element of an answer → one value. Pure. Fields that a token without the scope makes
 * vanish are an AUTH error where core decides by them. */
#ifndef CLOUD_PARSE_H
#define CLOUD_PARSE_H

#include "client.h"

client_parse parse_account, parse_droplet, parse_new_droplet, parse_action, parse_snapshot,
    parse_droplet_snapshot, parse_size, parse_region, parse_key, parse_firewall, parse_traffic;

#endif
