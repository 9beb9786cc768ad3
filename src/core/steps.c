#include "run.h"

/* In a dry run, what would only be written down or waited for. */
static void nothing_plan(struct run *r)
{
    (void)r;
}

#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }
#define LOOK                                                                                       \
    {                                                                                              \
        .name = "look", .title = "look at what there is", .run = look_run                          \
    }
#define PRESENT                                                                                    \
    {                                                                                              \
        .name = "present", .title = "find the droplet", .run = present_run                         \
    }
#define VOLUMES                                                                                    \
    {                                                                                              \
        .name = "volumes", .title = "look at its volumes", .run = volumes_run                      \
    }
#define FIREWALL                                                                                   \
    {                                                                                              \
        .name = "firewall", .title = "put the firewall before it", .observe = firewall_observe,    \
        .run = firewall_run, .plan = firewall_plan                                                 \
    }
#define BOOT                                                                                       \
    {                                                                                              \
        .name = "boot", .title = "make the droplet and wait until it is reachable",                \
        .observe = boot_observe, .run = boot_run, .plan = boot_plan                                \
    }
#define ONLY_ONE                                                                                   \
    {                                                                                              \
        .name = "only-one", .title = "make sure that it is the only one", .run = only_one_run,     \
        .plan = nothing_plan                                                                       \
    }
#define READY                                                                                      \
    {                                                                                              \
        .name = "ready", .title = "ready", .run = ready_run, .plan = ready_plan                    \
    }
#define CHOOSE                                                                                     \
    {                                                                                              \
        .name = "choose", .title = "choose the snapshot", .observe = choose_observe,               \
        .run = choose_run                                                                          \
    }
#define PLAYERS                                                                                    \
    {                                                                                              \
        .name = "players", .title = "let the players leave", .observe = players_observe,           \
        .run = players_run, .plan = players_plan                                                   \
    }
#define SAVE                                                                                       \
    {                                                                                              \
        .name = "save", .title = "save the game", .observe = save_observe, .run = save_run,        \
        .plan = save_plan                                                                          \
    }
#define SHUTDOWN                                                                                   \
    {                                                                                              \
        .name = "shutdown", .title = "shut down", .observe = shutdown_observe,                     \
        .run = shutdown_run, .plan = shutdown_plan                                                 \
    }
#define SNAPSHOT                                                                                   \
    {                                                                                              \
        .name = "snapshot", .title = "take a snapshot", .observe = snapshot_observe,               \
        .run = snapshot_run, .plan = snapshot_plan                                                 \
    }
#define PROVE                                                                                      \
    {                                                                                              \
        .name = "prove", .title = "prove the snapshot", .observe = prove_observe,                  \
        .run = prove_run, .plan = prove_plan                                                       \
    }
#define DESTROY                                                                                    \
    {                                                                                              \
        .name = "destroy", .title = "destroy the droplet", .observe = destroy_observe,             \
        .run = destroy_run, .plan = destroy_plan                                                   \
    }
#define PRUNE                                                                                      \
    {                                                                                              \
        .name = "prune", .title = "delete old snapshots", .run = prune_run, .plan = prune_plan     \
    }
#define FIND_PROOF                                                                                 \
    {                                                                                              \
        .name = "find-proof", .title = "find the snapshot that holds its world",                   \
        .run = find_proof_run                                                                      \
    }
#define POWER                                                                                      \
    {                                                                                              \
        .name = "power", .title = "switch the power", .observe = power_observe, .run = power_run,  \
        .plan = power_plan                                                                         \
    }

#define WORLD                                                                                      \
    {                                                                                              \
        .name = "world", .title = "archive the world", .wanted = world_wanted,                     \
        .observe = world_observe, .run = world_run, .plan = world_plan                             \
    }

static const struct step create_steps[] = {
    LOOK,
    {.name = "base", .title = "check that it is new", .observe = choose_observe, .run = base_run},
    FIREWALL,
    BOOT,
    ONLY_ONE,
    READY,
    END};
static const struct step start_steps[] = {LOOK, CHOOSE, FIREWALL, BOOT, ONLY_ONE, READY, END};
static const struct step stop_steps[] = {LOOK,     PRESENT,  VOLUMES, PLAYERS, SAVE,  WORLD,
                                         SHUTDOWN, SNAPSHOT, PROVE,   DESTROY, PRUNE, END};
static const struct step snapshot_steps[] = {LOOK, SNAPSHOT, PROVE, END};
static const struct step power_steps[] = {LOOK, POWER, END};
static const struct step destroy_steps[] = {LOOK, FIND_PROOF, VOLUMES, DESTROY, END};
static const struct step prune_steps[] = {LOOK, PRUNE, END};
static const struct step backup_steps[] = {
    LOOK,
    {.name = "archive", .title = "archive the world", .run = archive_run, .plan = world_plan},
    END};
static const struct step restore_world_steps[] = {LOOK,
                                                  {.name = "unarchive",
                                                   .title = "bring the world back",
                                                   .run = unarchive_run,
                                                   .plan = unarchive_plan},
                                                  END};

static const struct step *const tables[] = {
    [VERB_CREATE] = create_steps,     [VERB_START] = start_steps,
    [VERB_STOP] = stop_steps,         [VERB_RESTORE] = start_steps,
    [VERB_SNAPSHOT] = snapshot_steps, [VERB_POWER] = power_steps,
    [VERB_DESTROY] = destroy_steps,   [VERB_PRUNE] = prune_steps,
    [VERB_BACKUP] = backup_steps,     [VERB_RESTORE_WORLD] = restore_world_steps};

const struct step *steps_of(enum verb verb)
{
    return tables[verb];
}
