#include <dlfcn.h>
#include <dogs/os.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards each library's `loaded` */

static bool load(const char *name, const struct os_symbol *symbols)
{
    void *library = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
    for (; library && symbols->name; symbols++) {
        void *symbol = dlsym(library, symbols->name);
        if (!symbol)
            return false;
        /* ISO C has no conversion of one into the other, but POSIX gives them one form. */
        memcpy(symbols->to, &symbol, sizeof symbol);
    }
    return library;
}

bool os_load(struct os_library *library, struct err *e)
{
    struct err why = {0};
    pthread_mutex_lock(&mutex);
    for (const char *const *name = library->names; !library->loaded && *name; name++) {
        library->loaded = load(*name, library->symbols);
        if (!library->loaded)
            err_set(&why, ERR_FAILED, "%s", dlerror());
    }
    bool loaded = library->loaded;
    pthread_mutex_unlock(&mutex);
    if (!loaded)
        *e = why;
    return loaded;
}
