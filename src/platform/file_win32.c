#include "file_os.h"
#include "wide_win32.h"

#include <dogs/os.h>
#include <dogs/str.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static const DWORD share_all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
enum { PIECE = 1 << 30 };

struct file {
    HANDLE handle;
    char *path; /* for messages */
};

static bool fail(struct err *e, DWORD why, const char *what, const char *path)
{
    err_os(e, ERR_IO, (int)why, "cannot %s %s", what, path);
    return why == ERROR_DISK_FULL || why == ERROR_HANDLE_DISK_FULL ? file_full_hint(e) : false;
}

static bool is_absent(DWORD why)
{
    return why == ERROR_FILE_NOT_FOUND || why == ERROR_PATH_NOT_FOUND || why == ERROR_INVALID_NAME;
}

static const int64_t ticks_to_1970 = 116444736000000000; /* of 100 ns, since 1601 */

static int64_t time_ns(FILETIME t)
{
    return ((int64_t)((uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime) - ticks_to_1970) * 100;
}

static bool describe(HANDLE handle, struct file_info *out)
{
    BY_HANDLE_FILE_INFORMATION is;
    if (GetFileType(handle) != FILE_TYPE_DISK) {
        *out = (struct file_info){.kind = FILE_OTHER};
        return true;
    }
    if (!GetFileInformationByHandle(handle, &is))
        return false;
    *out = (struct file_info){
        .kind = is.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? FILE_FOLDER : FILE_REGULAR,
        .size = (int64_t)((uint64_t)is.nFileSizeHigh << 32 | is.nFileSizeLow),
        .mtime_ns = time_ns(is.ftLastWriteTime),
    };
    /* Of the reparse points only links and mount points stand for another name; the files of a
     * cloud's folder, or compressed ones, are what they seem to be. */
    FILE_ATTRIBUTE_TAG_INFO tag;
    if (is.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT &&
        (!GetFileInformationByHandleEx(handle, FileAttributeTagInfo, &tag, sizeof tag) ||
         IsReparseTagNameSurrogate(tag.ReparseTag)))
        out->kind = FILE_LINK;
    return true;
}

/* One more open without rights to the content: a look hinders nobody. */
static bool look(const char *path, DWORD flags, struct file_info *out, struct err *e)
{
    wchar_t *wide = wide_path(path);
    HANDLE handle = CreateFileW(wide, FILE_READ_ATTRIBUTES, share_all, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS | flags, NULL);
    bool made = handle != INVALID_HANDLE_VALUE;
    bool ok = made && describe(handle, out);
    DWORD why = GetLastError();
    if (made)
        CloseHandle(handle);
    free(wide);
    if (!ok)
        *out = (struct file_info){.kind = FILE_NONE};
    return ok || is_absent(why) ? true : fail(e, why, "look at", path);
}

bool file_look(const char *path, struct file_info *out, struct err *e)
{
    return look(path, FILE_FLAG_OPEN_REPARSE_POINT, out, e);
}

bool file_look_through(const char *path, struct file_info *out, struct err *e)
{
    return look(path, 0, out, e);
}

static struct file *own(HANDLE handle, const char *path)
{
    struct file *f = xcalloc(1, sizeof *f);
    *f = (struct file){.handle = handle, .path = xstrdup(path)};
    return f;
}

/* Takes the handle; only a regular file comes through. */
static bool own_regular(HANDLE handle, const char *path, struct file **out, struct err *e)
{
    struct file_info info;
    bool known = describe(handle, &info);
    DWORD why = GetLastError();
    if (known && info.kind == FILE_REGULAR) {
        *out = own(handle, path);
        return true;
    }
    CloseHandle(handle);
    if (!known)
        return fail(e, why, "look at", path);
    return info.kind == FILE_LINK
               ? err_set(e, ERR_IO, "%s is a link, and a link is not written through", path)
               : err_set(e, ERR_IO, "%s is not a regular file", path);
}

bool file_open_read(const char *path, struct file **out, struct err *e)
{
    wchar_t *wide = wide_path(path);
    HANDLE handle = CreateFileW(wide, GENERIC_READ, share_all, NULL, OPEN_EXISTING,
                                FILE_ATTRIBUTE_NORMAL, NULL);
    DWORD why = GetLastError();
    free(wide);
    if (handle != INVALID_HANDLE_VALUE)
        return own_regular(handle, path, out, e);
    if (is_absent(why))
        return err_os(e, ERR_NOT_FOUND, (int)why, "cannot open %s", path);
    return fail(e, why, "open", path);
}

/* The file is not shared with other writers, nor may it be renamed while it is open: the system's
 * own lock, which dies with the process. A virus scanner that looks at the file is in the way in
 * the same manner, but for a moment only. */
bool file_open_part(const char *path, struct file **out, struct err *e)
{
    enum { TRIES = 20 };
    wchar_t *wide = wide_path(path);
    HANDLE handle;
    DWORD why;
    for (DWORD n = 0;; Sleep(++n)) {
        handle = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_ALWAYS,
                             FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
        why = GetLastError();
        if (handle != INVALID_HANDLE_VALUE || why != ERROR_SHARING_VIOLATION || n == TRIES)
            break;
    }
    free(wide);
    if (handle != INVALID_HANDLE_VALUE)
        return own_regular(handle, path, out, e);
    return why == ERROR_SHARING_VIOLATION ? file_is_written(path, e) : fail(e, why, "open", path);
}

/* With a place of its own each call leaves the handle's position out of it. */
static OVERLAPPED place_of(int64_t at)
{
    return (OVERLAPPED){.Offset = (DWORD)at, .OffsetHigh = (DWORD)(at >> 32)};
}

static bool write_all(HANDLE handle, const void *bytes, size_t len, int64_t at)
{
    const char *p = bytes;
    while (len > 0) {
        OVERLAPPED place = place_of(at);
        DWORD n;
        if (!WriteFile(handle, p, len < PIECE ? (DWORD)len : PIECE, &n, &place))
            return false;
        p += n;
        at += n;
        len -= n;
    }
    return true;
}

static bool set_mtime(HANDLE handle, int64_t mtime_ns)
{
    uint64_t ticks = (uint64_t)(mtime_ns / 100 + ticks_to_1970);
    FILETIME t = {.dwLowDateTime = (DWORD)ticks, .dwHighDateTime = (DWORD)(ticks >> 32)};
    return mtime_ns == 0 || SetFileTime(handle, NULL, NULL, &t);
}

bool file_write_new(const char *path, const void *bytes, size_t len, int64_t mtime_ns,
                    struct err *e)
{
    wchar_t *wide = wide_path(path);
    HANDLE handle = CreateFileW(wide, GENERIC_WRITE | FILE_WRITE_ATTRIBUTES, FILE_SHARE_READ, NULL,
                                CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    bool made = handle != INVALID_HANDLE_VALUE;
    bool ok = made && write_all(handle, bytes, len, 0) && set_mtime(handle, mtime_ns);
    DWORD why = GetLastError();
    if (made)
        CloseHandle(handle);
    if (made && !ok)
        DeleteFileW(wide);
    free(wide);
    if (!made && why == ERROR_FILE_EXISTS)
        return err_os(e, ERR_GUARD, (int)why, "cannot make %s", path);
    return ok ? true : fail(e, why, made ? "write" : "make", path);
}

bool file_appear(const char *path, const void *bytes, size_t len, int64_t mtime_ns)
{
    (void)path;
    (void)bytes;
    (void)len;
    (void)mtime_ns;
    return false;
}

bool file_info(struct file *f, struct file_info *out, struct err *e)
{
    return describe(f->handle, out) ? true : fail(e, GetLastError(), "look at", f->path);
}

static bool set_length(struct file *f, FILE_INFO_BY_HANDLE_CLASS what, int64_t size)
{
    LARGE_INTEGER length = {.QuadPart = size};
    return SetFileInformationByHandle(f->handle, what, &length, sizeof length);
}

bool file_cut(struct file *f, int64_t size, struct err *e)
{
    return set_length(f, FileEndOfFileInfo, size)
               ? true
               : fail(e, GetLastError(), "change the length of", f->path);
}

static bool fits(struct file *f, int64_t more)
{
    ULARGE_INTEGER room;
    char *folder = os_path_dir(f->path);
    wchar_t *wide = wide_path(folder);
    bool known = GetDiskFreeSpaceExW(wide, &room, NULL, NULL);
    free(wide);
    free(folder);
    return !known || more <= 0 || room.QuadPart >= (uint64_t)more;
}

bool file_reserve(struct file *f, int64_t size, struct err *e)
{
    struct file_info info;
    if (!file_info(f, &info, e))
        return false;
    if (!fits(f, size - info.size))
        return fail(e, ERROR_DISK_FULL, "reserve room for", f->path);
    /* Where the file system cannot promise room, the length alone will do. */
    if (!set_length(f, FileAllocationInfo, size) && GetLastError() == ERROR_DISK_FULL)
        return fail(e, ERROR_DISK_FULL, "reserve room for", f->path);
    return file_cut(f, size, e);
}

bool file_write_at(struct file *f, const void *bytes, size_t len, int64_t at, struct err *e)
{
    return write_all(f->handle, bytes, len, at) ? true : fail(e, GetLastError(), "write", f->path);
}

bool file_read_at(struct file *f, void *to, size_t len, int64_t at, size_t *got, struct err *e)
{
    *got = 0;
    while (*got < len) {
        OVERLAPPED place = place_of(at + (int64_t)*got);
        size_t left = len - *got;
        DWORD n = 0;
        if (!ReadFile(f->handle, (char *)to + *got, left < PIECE ? (DWORD)left : PIECE, &n, &place))
            return GetLastError() == ERROR_HANDLE_EOF ? true
                                                      : fail(e, GetLastError(), "read", f->path);
        if (n == 0)
            break;
        *got += n;
    }
    return true;
}

bool file_sync(struct file *f, struct err *e)
{
    return FlushFileBuffers(f->handle) ? true : fail(e, GetLastError(), "sync", f->path);
}

bool file_set_mtime(struct file *f, int64_t mtime_ns, struct err *e)
{
    return set_mtime(f->handle, mtime_ns) ? true
                                          : fail(e, GetLastError(), "set the time of", f->path);
}

void file_close(struct file *f)
{
    if (!f)
        return;
    CloseHandle(f->handle);
    free(f->path);
    free(f);
}

bool file_rename(const char *from, const char *to, struct err *e)
{
    wchar_t *old = wide_path(from), *new = wide_path(to);
    bool ok = wide_move_over(old, new);
    DWORD why = GetLastError();
    free(old);
    free(new);
    return ok ? true : err_os(e, ERR_IO, (int)why, "cannot give %s the name %s", from, to);
}

bool file_finish(struct file *take_f, const char *from, const char *to, struct err *e)
{
    /* An open file cannot be renamed here. Whoever opens it in between hinders the rename, since
     * what a part file is opened with forbids that: no finished file is ever written into. */
    file_close(take_f);
    return file_rename(from, to, e);
}

struct file_place {
    char *path;
};

bool file_os_base(const char *base, struct file_place **out, struct err *e)
{
    *out = xcalloc(1, sizeof **out);
    (*out)->path = xstrdup(base);
    struct file_info info;
    struct err why = {0};
    if (os_mkdirs(base, &why))
        return true;
    if (file_look_through(base, &info, e) && info.kind == FILE_REGULAR)
        return file_in_the_way(base, info.kind, e);
    *e = why;
    return false;
}

bool file_os_below(struct file_place *at, const char *part, struct err *e)
{
    if (strpbrk(part, "\\:"))
        return err_set(e, ERR_GUARD, "'%s' is not the name of a folder here", part);
    char *path = os_path_join(at->path, part);
    free(at->path);
    at->path = path;
    wchar_t *wide = wide_path(path);
    DWORD why = CreateDirectoryW(wide, NULL) ? 0 : GetLastError();
    free(wide);
    struct file_info info;
    if (!file_look(path, &info, e))
        return false;
    if (info.kind == FILE_FOLDER)
        return true;
    return info.kind == FILE_NONE ? fail(e, why, "make the folder", path)
                                  : file_in_the_way(path, info.kind, e);
}

void file_os_leave(struct file_place *at)
{
    if (!at)
        return;
    free(at->path);
    free(at);
}

bool file_os_names(const char *folder, char ***names, struct err *e)
{
    char *pattern = os_path_join(folder, "*");
    wchar_t *wide = wide_path(pattern);
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(wide, &found);
    DWORD why = search == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    free(wide);
    free(pattern);
    if (why) {
        struct file_info info;
        bool absent = file_look(folder, &info, e) && info.kind == FILE_NONE;
        return err_os(e, absent ? ERR_NOT_FOUND : ERR_IO, (int)why, "cannot list %s", folder);
    }
    size_t n = 0, cap = 16;
    char **list = xmalloc(cap * sizeof *list);
    do {
        if (wcscmp(found.cFileName, L".") == 0 || wcscmp(found.cFileName, L"..") == 0)
            continue;
        if (n + 2 > cap)
            list = xrealloc(list, (cap *= 2) * sizeof *list);
        list[n++] = wide_utf8(found.cFileName);
    } while (FindNextFileW(search, &found));
    why = GetLastError();
    FindClose(search);
    list[n] = NULL;
    *names = list;
    if (why == ERROR_NO_MORE_FILES)
        return true;
    os_list_free(list);
    return fail(e, why, "list", folder);
}

void file_boot(char out[FILE_BOOT])
{
    /* No documented call names a start of the system, so it is known by when it was. Ten seconds
     * are far shorter than what two starts lie apart, and where the clock was set in between the
     * text changes without a start, which costs a few parts and loses nothing. Asked once: two
     * looks may fall on both sides of a boundary. */
    static volatile LONG64 known;
    if (!known)
        InterlockedCompareExchange64(&known, (os_unix_ms() - (int64_t)GetTickCount64()) / 10000, 0);
    snprintf(out, FILE_BOOT, "started-%lld0", (long long)known);
}
