#include "wide_win32.h"

#include <dogs/os.h>
#include <dogs/str.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include <bcrypt.h>

/* Whoever else has a file open shall neither hinder us nor be hindered. */
static const DWORD share_all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

int64_t os_mono_ms(void)
{
    /* Goes on while the computer sleeps, as the cloud does. There from Windows 10 on, but in no
     * import library of older toolchains. */
    static void(WINAPI *volatile precise)(PULONGLONG);
    static volatile LONG looked;
    if (!looked) {
        HMODULE base = GetModuleHandleW(L"kernelbase.dll");
        precise = base ? (void(WINAPI *)(PULONGLONG))(void *)GetProcAddress(
                             base, "QueryInterruptTimePrecise")
                       : NULL;
        looked = 1;
    }
    if (!precise)
        return (int64_t)GetTickCount64();
    ULONGLONG t;
    precise(&t);
    return (int64_t)(t / 10000);
}

int64_t os_unix_ms(void)
{
    FILETIME t;
    GetSystemTimePreciseAsFileTime(&t);
    int64_t since_1601 = (int64_t)((uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime);
    return since_1601 / 10000 - 11644473600000;
}

/* What os_env has lent stays: the environment hardly ever changes. */
static SRWLOCK env_lock = SRWLOCK_INIT;
static struct lent {
    struct lent *next;
    char *value;
} * lent; /* guarded by env_lock */

static const char *lend(char *take_value)
{
    AcquireSRWLockExclusive(&env_lock);
    struct lent *known = lent;
    while (known && strcmp(known->value, take_value) != 0)
        known = known->next;
    if (known) {
        free(take_value);
    } else {
        known = xcalloc(1, sizeof *known);
        *known = (struct lent){.next = lent, .value = take_value};
        lent = known;
    }
    ReleaseSRWLockExclusive(&env_lock);
    return known->value;
}

const char *os_env(const char *name)
{
    wchar_t *wide = wide_text(name);
    DWORD room = GetEnvironmentVariableW(wide, NULL, 0);
    char *value = NULL;
    if (room > 1) {
        wchar_t *text = xcalloc(room, sizeof *text);
        if (GetEnvironmentVariableW(wide, text, room) < room)
            value = wide_utf8(text);
        free(text);
    }
    free(wide);
    if (value && *value)
        return lend(value);
    free(value);
    return NULL;
}

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

char *os_path_join(const char *dir, const char *name)
{
    size_t len = strlen(dir);
    return xasprintf("%s%s%s", dir, len && is_separator(dir[len - 1]) ? "" : "\\", name);
}

char *os_path_dir(const char *path)
{
    size_t len = strlen(path);
    while (len && !is_separator(path[len - 1]))
        len--;
    /* The separator stays behind a drive, whose root is another folder than where one is there. */
    if (len > 1 && path[len - 2] != ':' && !is_separator(path[len - 2]))
        len--;
    return len ? xstrndup(path, len) : xstrdup(".");
}

static char *below(const char *variable)
{
    const char *base = os_env(variable);
    return base ? os_path_join(base, "DOGS") : NULL;
}

char *os_config_dir(void)
{
    return below("APPDATA");
}

char *os_state_dir(void)
{
    return below("LOCALAPPDATA");
}

char *os_exe_path(void)
{
    DWORD room = MAX_PATH, n;
    wchar_t *path = NULL;
    do {
        room *= 2;
        path = xrealloc(path, room * sizeof *path);
        n = GetModuleFileNameW(NULL, path, room);
    } while (n == room && room < 65536);
    char *text = n && n < room ? wide_utf8_n(path, n) : NULL;
    free(path);
    return text;
}

bool os_mkdirs(const char *dir, struct err *e)
{
    if (!*dir)
        return err_set(e, ERR_IO, "the path of a folder is empty");
    wchar_t *wide = wide_path(dir);
    bool ok = wide_is_folder(wide) || CreateDirectoryW(wide, NULL) || wide_is_folder(wide);
    if (!ok && GetLastError() == ERROR_PATH_NOT_FOUND) {
        char *above = os_path_dir(dir);
        if (strlen(above) < strlen(dir) && !os_mkdirs(above, e)) {
            free(above);
            free(wide);
            return false;
        }
        free(above);
        ok = CreateDirectoryW(wide, NULL) || wide_is_folder(wide);
    }
    if (!ok)
        wide_fail(e, ERR_IO, "cannot make the folder", dir);
    free(wide);
    return ok;
}

bool os_exists(const char *path)
{
    wchar_t *wide = wide_path(path);
    bool there = *wide && GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;
    free(wide);
    return there;
}

static HANDLE open_file(const char *path, DWORD access, DWORD how)
{
    wchar_t *wide = wide_path(path);
    HANDLE file = CreateFileW(wide, access, share_all, NULL, how, FILE_ATTRIBUTE_NORMAL, NULL);
    DWORD why = GetLastError();
    free(wide);
    SetLastError(why);
    return file;
}

bool os_read_file(const char *path, size_t max, struct str *out, struct err *e)
{
    HANDLE file = open_file(path, GENERIC_READ, OPEN_EXISTING);
    if (file == INVALID_HANDLE_VALUE) {
        DWORD why = GetLastError();
        bool absent = why == ERROR_FILE_NOT_FOUND || why == ERROR_PATH_NOT_FOUND;
        return wide_fail(e, absent ? ERR_NOT_FOUND : ERR_IO, "cannot open", path);
    }
    *out = STR(max);
    bool ok = true;
    char buf[16384];
    DWORD n = 1;
    while (ok && n) {
        if (!ReadFile(file, buf, sizeof buf, &n, NULL))
            ok = wide_fail(e, ERR_IO, "cannot read", path);
        else if (n && !str_addn(out, buf, n))
            ok = err_set(e, ERR_IO, "%s is larger than %zu bytes", path, max);
    }
    CloseHandle(file);
    if (!ok)
        str_release(out);
    return ok;
}

static bool write_all(HANDLE file, const void *bytes, size_t len)
{
    const char *p = bytes;
    while (len) {
        DWORD n, piece = len > 1 << 20 ? 1 << 20 : (DWORD)len;
        if (!WriteFile(file, p, piece, &n, NULL))
            return false;
        p += n;
        len -= n;
    }
    return true;
}

bool os_replace_file(const char *path, const void *bytes, size_t len, struct err *e)
{
    uint64_t unique;
    os_random(&unique, sizeof unique);
    char *temp = xasprintf("%s.%06x", path, (unsigned)(unique & 0xFFFFFF));
    wchar_t *from = wide_path(temp), *to = wide_path(path);
    HANDLE file = open_file(temp, GENERIC_WRITE, CREATE_NEW);
    bool made = file != INVALID_HANDLE_VALUE;
    bool ok = made && write_all(file, bytes, len) && FlushFileBuffers(file);
    DWORD why = GetLastError();
    if (made)
        CloseHandle(file);
    if (ok && !wide_move_over(from, to)) {
        ok = false;
        why = GetLastError();
    }
    if (made && !ok)
        DeleteFileW(from);
    free(from);
    free(to);
    free(temp);
    return ok ? true : err_os(e, ERR_IO, (int)why, "cannot write %s", path);
}

bool os_remove_file(const char *path, struct err *e)
{
    wchar_t *wide = wide_path(path);
    bool ok = DeleteFileW(wide) || GetLastError() == ERROR_FILE_NOT_FOUND ||
              GetLastError() == ERROR_PATH_NOT_FOUND;
    if (!ok)
        wide_fail(e, ERR_IO, "cannot remove", path);
    free(wide);
    return ok;
}

bool os_others_can_read(const char *path)
{
    (void)path;
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool os_list_dir(const char *dir, char ***names, struct err *e)
{
    size_t n = 0, cap = 8;
    char **list = xmalloc(cap * sizeof *list);
    char *pattern = os_path_join(dir, "*");
    wchar_t *wide = wide_path(pattern);
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(wide, &found);
    DWORD why = search == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    free(wide);
    free(pattern);
    if (why && why != ERROR_FILE_NOT_FOUND && why != ERROR_PATH_NOT_FOUND) {
        free(list);
        return err_os(e, ERR_IO, (int)why, "cannot list %s", dir);
    }
    for (BOOL more = !why; more; more = FindNextFileW(search, &found)) {
        if (found.cFileName[0] == '.')
            continue;
        if (n + 2 > cap)
            list = xrealloc(list, (cap *= 2) * sizeof *list);
        list[n++] = wide_utf8(found.cFileName);
    }
    if (!why)
        FindClose(search);
    qsort(list, n, sizeof *list, by_name);
    list[n] = NULL;
    *names = list;
    return true;
}

void os_list_free(char **names)
{
    for (char **p = names; p && *p; p++)
        free(*p);
    free(names);
}

struct os_log {
    HANDLE file;
    char *path;
};

bool os_log_open(const char *path, struct os_log **out, struct err *e)
{
    /* Without FILE_WRITE_DATA every write goes to the end, whoever else writes. */
    HANDLE file = open_file(path, FILE_APPEND_DATA | SYNCHRONIZE, OPEN_ALWAYS);
    if (file == INVALID_HANDLE_VALUE)
        return wide_fail(e, ERR_IO, "cannot open", path);
    *out = xcalloc(1, sizeof **out);
    **out = (struct os_log){.file = file, .path = xstrdup(path)};
    return true;
}

bool os_log_append(struct os_log *log, const void *bytes, size_t len, struct err *e)
{
    if (!write_all(log->file, bytes, len) || !FlushFileBuffers(log->file))
        return wide_fail(e, ERR_IO, "cannot write", log->path);
    return true;
}

void os_log_close(struct os_log *log)
{
    if (!log)
        return;
    CloseHandle(log->file);
    free(log->path);
    free(log);
}

struct os_lock {
    HANDLE file;
};

static struct os_lock *lock_file(const char *path, DWORD flags)
{
    /* Locks are compulsory here: this byte lies far behind whatever somebody may want to read. */
    OVERLAPPED byte = {.OffsetHigh = 0x7FFFFFFF};
    HANDLE file = open_file(path, GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS);
    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    if (!LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK | flags, 0, 1, 0, &byte)) {
        DWORD why = GetLastError();
        CloseHandle(file);
        SetLastError(why);
        return NULL;
    }
    struct os_lock *lock = xcalloc(1, sizeof *lock);
    lock->file = file;
    return lock;
}

bool os_lock_try(const char *path, struct os_lock **out, struct err *e)
{
    *out = lock_file(path, LOCKFILE_FAIL_IMMEDIATELY);
    if (*out)
        return true;
    DWORD why = GetLastError();
    return why == ERROR_LOCK_VIOLATION || why == ERROR_IO_PENDING
               ? err_set(e, ERR_GUARD, "another process holds %s", path)
               : wide_fail(e, ERR_IO, "cannot lock", path);
}

void os_lock_wait(const char *path, struct os_lock **out)
{
    *out = lock_file(path, 0);
}

void os_lock_drop(struct os_lock *lock)
{
    if (!lock)
        return;
    /* Closing alone gives it back too, but at a time that the system chooses. */
    OVERLAPPED byte = {.OffsetHigh = 0x7FFFFFFF};
    UnlockFileEx(lock->file, 0, 1, 0, &byte);
    CloseHandle(lock->file);
    free(lock);
}

int64_t os_pid(void)
{
    return GetCurrentProcessId();
}

void os_random(void *bytes, size_t len)
{
    if (BCryptGenRandom(NULL, bytes, (ULONG)len, BCRYPT_USE_SYSTEM_PREFERRED_RNG) != 0)
        abort();
}
