/*
 * Temporary files of a CREATE INDEX: read and written anywhere, by several processes at a time.
 * Small pieces written one after the other are gathered.
 */
#include "postgres.h"

#include <fcntl.h>

#include "commands/tablespace.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/wait_event.h"

#include "pg/hnsw_store.h"

#define BUFFER_SIZE (64 * 1024)
#define NAME_SIZE   32

struct HnswStore {
    VdbHnswStore calls;
    SharedFileSet *shared;
    uint32 process;
    uint32 nfiles;
    File *files; /* 0: not opened yet */

    uint32 file; /* what the buffer is of */
    off_t start;
    Size used;
    char *buffer;
};

static void name_file(char *name, uint32 file)
{
    snprintf(name, NAME_SIZE, "hnsw.%u", file);
}

static File create_file(HnswStore *s, uint32 file)
{
    char name[NAME_SIZE];

    name_file(name, file);
    return s->shared == NULL ? OpenTemporaryFile(false) : FileSetCreate(&s->shared->fs, name);
}

static bool is_own(const HnswStore *s, uint32 file)
{
    return s->shared == NULL ||
           (file >= VDB_HNSW_COMMON_FILES &&
            (file - VDB_HNSW_COMMON_FILES) / VDB_HNSW_FILES_PER_PROCESS == s->process);
}

static File open_file(HnswStore *s, uint32 file)
{
    char name[NAME_SIZE];

    Assert(file < s->nfiles);
    if (s->files[file] > 0)
        return s->files[file];
    name_file(name, file);
    s->files[file] =
        is_own(s, file) ? create_file(s, file) : FileSetOpen(&s->shared->fs, name, O_RDWR);
    if (s->files[file] <= 0)
        ereport(ERROR, (errcode_for_file_access(),
                        errmsg("could not open temporary file \"%s\": %m", name)));
    return s->files[file];
}

static void read_file(void *owner, uint32_t file, uint64_t offset, void *to, size_t bytes)
{
    HnswStore *s = owner;
    int done;

    CHECK_FOR_INTERRUPTS();
    done = FileRead(open_file(s, file), to, bytes, (off_t) offset, WAIT_EVENT_BUFFILE_READ);
    if (done < 0)
        ereport(ERROR,
                (errcode_for_file_access(), errmsg("could not read from temporary file: %m")));
    if ((size_t) done < bytes)
        ereport(ERROR, (errcode(ERRCODE_IO_ERROR),
                        errmsg("could not read from temporary file: read only %d of %zu bytes",
                               done, bytes)));
}

static void write_now(HnswStore *s, uint32 file, off_t offset, const void *from, Size bytes)
{
    int done;

    errno = 0;
    done = FileWrite(open_file(s, file), (char *) unconstify(void *, from), bytes, offset,
                     WAIT_EVENT_BUFFILE_WRITE);
    if (done < 0 || (Size) done < bytes) {
        if (errno == 0)
            errno = ENOSPC;
        ereport(ERROR,
                (errcode_for_file_access(), errmsg("could not write to temporary file: %m")));
    }
}

void hnsw_store_flush(HnswStore *s)
{
    if (s->used > 0)
        write_now(s, s->file, s->start, s->buffer, s->used);
    s->used = 0;
}

static void write_file(void *owner, uint32_t file, uint64_t offset, const void *from, size_t bytes)
{
    HnswStore *s = owner;

    CHECK_FOR_INTERRUPTS();
    if (s->used > 0 && (file != s->file || (off_t) offset != s->start + (off_t) s->used ||
                        bytes > BUFFER_SIZE - s->used))
        hnsw_store_flush(s);
    if (bytes > BUFFER_SIZE) {
        write_now(s, file, (off_t) offset, from, bytes);
        return;
    }
    if (s->used == 0) {
        s->file = file;
        s->start = (off_t) offset;
    }
    memcpy(s->buffer + s->used, from, bytes);
    s->used += bytes;
}

HnswStore *hnsw_store_open(SharedFileSet *shared, uint32 process, uint32 processes)
{
    HnswStore *s = palloc0(sizeof(HnswStore));

    PrepareTempTablespaces();
    s->calls.owner = s;
    s->calls.read = read_file;
    s->calls.write = write_file;
    s->shared = shared;
    s->process = process;
    s->nfiles = VDB_HNSW_COMMON_FILES + VDB_HNSW_FILES_PER_PROCESS * processes;
    s->files = palloc0_array(File, s->nfiles);
    s->buffer = palloc(BUFFER_SIZE);
    return s;
}

void hnsw_store_create(HnswStore *s)
{
    for (uint32 i = 0; i < VDB_HNSW_COMMON_FILES; i++)
        s->files[i] = create_file(s, i);
}

const VdbHnswStore *hnsw_store_calls(HnswStore *s)
{
    return &s->calls;
}

void hnsw_store_close(HnswStore *s)
{
    for (uint32 i = 0; i < s->nfiles; i++)
        if (s->files[i] > 0)
            FileClose(s->files[i]);
    pfree(s->files);
    pfree(s->buffer);
    pfree(s);
}
