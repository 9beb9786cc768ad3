#include "route_table.h"

#include <string.h>

static handler control_routes;

/* Where two patterns fit, the first one holds. Scopes: reference 4.0. */
static const struct route routes[] = {
    {"GET", "/v2/account", "account", "account:read", account_get},
    {"GET", "/v2/account/keys", "key.list", "ssh_key:read", key_list},
    {"GET", "/v2/account/keys/{}", "key.get", "ssh_key:read", key_get},
    {"GET", "/v2/actions", "action.list", "actions:read", action_list},
    {"GET", "/v2/actions/{}", "action.get", "actions:read", action_get},

    {"GET", "/v2/droplets", "droplet.list", "droplet:read", droplet_list},
    {"POST", "/v2/droplets", "droplet.create", "droplet:create", droplet_create},
    {"DELETE", "/v2/droplets", "droplet.delete_by_tag", "droplet:delete tag:read",
     droplet_delete_by_tag},
    {"POST", "/v2/droplets/actions", "droplet.actions_by_tag", "droplet:update",
     droplet_actions_by_tag},
    {"GET", "/v2/droplets/{}", "droplet.get", "droplet:read", droplet_get},
    {"DELETE", "/v2/droplets/{}", "droplet.delete", "droplet:delete", droplet_delete},
    {"GET", "/v2/droplets/{}/actions", "droplet.actions", "droplet:read", droplet_actions},
    {"POST", "/v2/droplets/{}/actions", "action", "droplet:update", droplet_action_post},
    {"GET", "/v2/droplets/{}/actions/{}", "droplet.action", "droplet:read", droplet_action_get},
    {"GET", "/v2/droplets/{}/snapshots", "droplet.snapshots", "droplet:read", droplet_snapshots},
    {"GET", "/v2/droplets/{}/firewalls", "droplet.firewalls", "firewall:read", droplet_firewalls},
    {"GET", "/v2/droplets/{}/destroy_with_associated_resources", "droplet.associated",
     "droplet:read", droplet_associated},
    {"DELETE", "/v2/droplets/{}/destroy_with_associated_resources/dangerous", "droplet.dangerous",
     "droplet:delete block_storage:delete image:delete", droplet_dangerous},

    {"GET", "/v2/snapshots", "snapshot.list", "snapshot:read", snapshot_list},
    {"GET", "/v2/snapshots/{}", "snapshot.get", "snapshot:read", snapshot_get},
    {"DELETE", "/v2/snapshots/{}", "snapshot.delete", "image:delete snapshot:delete",
     snapshot_delete},
    {"GET", "/v2/images", "image.list", "image:read", image_list},
    {"GET", "/v2/images/{}", "image.get", "image:read", image_get},
    {"PUT", "/v2/images/{}", "image.put", "image:update", image_put},
    {"DELETE", "/v2/images/{}", "image.delete", "image:delete", image_delete},
    {"GET", "/v2/images/{}/actions", "image.actions", "image:read", image_actions},
    {"POST", "/v2/images/{}/actions", "image.action", "image:update", image_action_post},
    {"GET", "/v2/images/{}/actions/{}", "image.action_get", "image:read", image_action_get},

    {"GET", "/v2/regions", "region.list", "regions:read", region_list},
    {"GET", "/v2/sizes", "size.list", "sizes:read regions:read", size_list},
    {"GET", "/v2/vpcs", "vpc.list", "vpc:read", vpc_list},
    {"GET", "/v2/projects", "project.list", "project:read", project_list},
    {"GET", "/v2/projects/{}", "project.get", "project:read", project_default},

    {"GET", "/v2/monitoring/metrics/droplet/bandwidth", "metrics.bandwidth", "monitoring:read",
     metrics_bandwidth},

    {"GET", "/v2/firewalls", "firewall.list", "firewall:read", firewall_list},
    {"POST", "/v2/firewalls", "firewall.create", "firewall:create", firewall_create},
    {"GET", "/v2/firewalls/{}", "firewall.get", "firewall:read", firewall_get},
    {"PUT", "/v2/firewalls/{}", "firewall.put", "firewall:update", firewall_put},
    {"DELETE", "/v2/firewalls/{}", "firewall.delete", "firewall:delete", firewall_delete},
    {"POST", "/v2/firewalls/{}/droplets", "firewall.droplets", "firewall:update",
     firewall_droplets_add},
    {"DELETE", "/v2/firewalls/{}/droplets", "firewall.droplets_delete", "firewall:update",
     firewall_droplets_remove},
    {"POST", "/v2/firewalls/{}/tags", "firewall.tags", "firewall:update", firewall_tags_add},
    {"DELETE", "/v2/firewalls/{}/tags", "firewall.tags_delete", "firewall:update",
     firewall_tags_remove},
    {"POST", "/v2/firewalls/{}/rules", "firewall.rules", "firewall:update", firewall_rules_add},
    {"DELETE", "/v2/firewalls/{}/rules", "firewall.rules_delete", "firewall:update",
     firewall_rules_remove},

    {"GET", "/v2/tags", "tag.list", "tag:read", tag_list},
    {"POST", "/v2/tags", "tag.create", "tag:create", tag_create},
    {"GET", "/v2/tags/{}", "tag.get", "tag:read", tag_get},
    {"DELETE", "/v2/tags/{}", "tag.delete", "tag:delete", tag_delete},
    {"POST", "/v2/tags/{}/resources", "tag.resources", "tag:create", tag_resources_add},
    {"DELETE", "/v2/tags/{}/resources", "tag.resources_delete", "tag:delete", tag_resources_remove},

    {"GET", "/v2/reserved_ips", "reserved_ip.list", "reserved_ip:read", reserved_ip_list},
    {"POST", "/v2/reserved_ips", "reserved_ip.create", "reserved_ip:create", reserved_ip_create},
    {"GET", "/v2/reserved_ips/{}", "reserved_ip.get", "reserved_ip:read", reserved_ip_get},
    {"DELETE", "/v2/reserved_ips/{}", "reserved_ip.delete", "reserved_ip:delete",
     reserved_ip_delete},
    {"GET", "/v2/reserved_ips/{}/actions", "reserved_ip.actions", "reserved_ip:read",
     reserved_ip_actions},
    {"POST", "/v2/reserved_ips/{}/actions", "reserved_ip.action", "reserved_ip:update",
     reserved_ip_action_post},
    {"GET", "/v2/reserved_ips/{}/actions/{}", "reserved_ip.action_get", "reserved_ip:read",
     reserved_ip_action_get},

    {"GET", "/v2/volumes", "volume.list", "block_storage:read", volume_list},
    {"POST", "/v2/volumes", "volume.create", "block_storage:create", volume_create},
    {"GET", "/v2/volumes/{}", "volume.get", "block_storage:read", volume_get},
    {"DELETE", "/v2/volumes/{}", "volume.delete", "block_storage:delete", volume_delete},
    {"POST", "/v2/volumes/{}/actions", "volume.action", "block_storage_action:create",
     volume_action_post},

    {"GET", "/sandbox/state", "control", NULL, control_state},
    {"GET", "/sandbox/routes", "control", NULL, control_routes},
    {"GET", "/sandbox/log", "control", NULL, control_log},
    {"POST", "/sandbox/log/clear", "control", NULL, control_log_clear},
    {"POST", "/sandbox/play", "control", NULL, control_play},
    {"GET", "/sandbox/faults", "control", NULL, control_faults_get},
    {"POST", "/sandbox/faults", "control", NULL, control_faults_set},
    {"GET", "/sandbox/settings", "control", NULL, control_settings_get},
    {"POST", "/sandbox/settings", "control", NULL, control_settings},
    {"POST", "/sandbox/advance", "control", NULL, control_advance},
    {"POST", "/sandbox/game", "control", NULL, control_game},
    {"GET", "/sandbox/games", "control", NULL, control_games},
    {"GET", "/sandbox/told", "control", NULL, control_told},
    {"POST", "/sandbox/put", "control", NULL, control_put},
    {"POST", "/sandbox/traffic", "control", NULL, control_traffic},
    {"POST", "/sandbox/vanish", "control", NULL, control_vanish},
    {0},
};

static void control_routes(struct call *c)
{
    cJSON *list = cJSON_CreateArray();
    for (const struct route *r = routes; r->method; r++) {
        cJSON *json = cJSON_CreateObject();
        cJSON_AddStringToObject(json, "method", r->method);
        cJSON_AddStringToObject(json, "pattern", r->pattern);
        cJSON_AddStringToObject(json, "kind", r->kind);
        cJSON_AddItemToArray(list, json);
    }
    reply(c, 200, wrap("routes", list));
}

static bool fits(const char *pattern, const char *path, char args[CALL_ARGS][CALL_ARG])
{
    int n = 0;
    while (*pattern && *path) {
        if (strncmp(pattern, "{}", 2) == 0) {
            size_t len = strcspn(path, "/");
            if (len == 0 || len >= CALL_ARG)
                return false;
            memcpy(args[n], path, len);
            args[n++][len] = '\0';
            pattern += 2;
            path += len;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *pattern == *path;
}

const struct route *route_find(const char *method, const char *path, char args[CALL_ARGS][CALL_ARG],
                               bool *known_path)
{
    for (const struct route *r = routes; r->method; r++) {
        if (!fits(r->pattern, path, args))
            continue;
        *known_path = true;
        if (strcmp(r->method, method) == 0)
            return r;
    }
    return NULL;
}
