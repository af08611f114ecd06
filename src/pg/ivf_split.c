/*
 * Splitting a list: its entries are copied to new lists with centroids of their own, which all take
 * its place in one WAL record.  The old list's pages stay for the scans that chose it before;
 * vacuum recycles them.
 *
 * The new lists have entries in the directory from the start, but nobody sees them: their ids are
 * in the metapage's pending range until the switch.  What a crash or an error leaves there is
 * retired by the next one to split.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/ivf.h"
#include "pg/ivf_build.h"

/* Transactions after which a split uses a retired list's pages again.  Scans on a standby, for
 * which the primary does not wait, should have ended; vacuum, which comes more rarely, does not
 * ask. */
#define RECYCLE_AGE 10000

/* A list gets a new centroid when that brings its entries nearer by so large a part: what is built
 * is within .02, as a centroid is the mean of some dozens of rows. */
#define MOST_DRIFT 0.1

/* Of a list's entries, as many as centroids are found from for each piece that it is split into:
 * two and a half times what a build draws for a list. */
#define SAMPLE_OF_PIECE 128

typedef struct Piece {
    uint32 ordinal;
    VdbIvfList list;
    char *image; /* the data page being filled */
    uint32 count;
    char *values; /* the value page being filled; its block is not known yet */
    char *rows;   /* of the values there, and the next */
    VdbTid *tids;
    uint16 *slots;
    uint32 waiting; /* values there */
} Piece;

typedef struct Split {
    Relation index;
    IvfIndex *ii;
    IvfListRef ref; /* the list being split */
    VdbIvfList old;
    VdbIvfCentroids centroids;
    IvfSample *sample; /* of its values, which the centroids were found from */
    Piece *pieces;     /* one a centroid */
} Split;

/* --- the old list --- */

static void sample_entry(const IvfListEntry *entry, void *state)
{
    Split *s = state;
    void *to = ivf_sample_next(s->sample);

    if (to != NULL)
        memcpy(to, entry->value, s->ii->geometry.value_bytes);
}

/* --- the directory and the centroids --- */

/* Adds an empty page to the end of a chain whose first and last block the metapage names. */
static void extend_chain(Split *s, VdbIvfPageKind kind, uint32 first_ordinal)
{
    const VdbIvfGeometry *g = &s->ii->geometry;
    Buffer newbuf = vdb_extend(s->index);
    Buffer metabuf, lastbuf;
    GenericXLogState *wal;
    Page metapage, page;
    VdbIvfMeta meta;
    VdbBlock *last;

    LockBuffer(newbuf, BUFFER_LOCK_UNLOCK);
    metabuf = ivf_read_page(s->index, s->ii, VDB_IVF_META_BLOCK, VDB_IVF_PAGE_META,
                            BUFFER_LOCK_EXCLUSIVE);
    vdb_ivf_meta_read(BufferGetPage(metabuf), &meta);
    last = kind == VDB_IVF_PAGE_DIRECTORY ? &meta.last_directory : &meta.last_centroids;
    lastbuf = ivf_read_page(s->index, s->ii, *last, kind, BUFFER_LOCK_EXCLUSIVE);
    LockBuffer(newbuf, BUFFER_LOCK_EXCLUSIVE);

    wal = GenericXLogStart(s->index);
    metapage = GenericXLogRegisterBuffer(wal, metabuf, 0);
    *last = BufferGetBlockNumber(newbuf);
    vdb_ivf_page_set_next(GenericXLogRegisterBuffer(wal, lastbuf, 0), g, *last);
    page = GenericXLogRegisterBuffer(wal, newbuf, GENERIC_XLOG_FULL_IMAGE);
    ivf_init_page(page, g, kind);
    if (kind == VDB_IVF_PAGE_DIRECTORY)
        vdb_ivf_directory_begin(page, first_ordinal);
    else
        vdb_ivf_centroids_begin(page, first_ordinal);
    vdb_ivf_meta_write(metapage, &meta);
    GenericXLogFinish(wal);
    UnlockReleaseBuffer(newbuf);
    UnlockReleaseBuffer(lastbuf);
    UnlockReleaseBuffer(metabuf);
}

/* The page of the centroids' chain that holds, or is to hold, an ordinal. */
static BlockNumber centroid_block(Split *s, uint32 ordinal)
{
    BlockNumber blkno = ivf_read_meta(s->index, s->ii).first_centroids;

    for (uint32 n = ordinal / s->ii->geometry.centroids_per_page;
         n > 0 && blkno != InvalidBlockNumber; n--)
    {
        Buffer buf =
            ivf_read_page(s->index, s->ii, blkno, VDB_IVF_PAGE_CENTROIDS, BUFFER_LOCK_SHARE);

        blkno = vdb_ivf_page_next(BufferGetPage(buf), &s->ii->geometry);
        UnlockReleaseBuffer(buf);
        CHECK_FOR_INTERRUPTS();
    }
    if (blkno == InvalidBlockNumber)
        vdb_corrupted(s->index, VDB_IVF_META_BLOCK, "centroids are missing");
    return blkno;
}

/*
 * The first ordinal from `from` on that a new list may have, with room on both chains for it: one
 * whose pages were recycled, or else the next.
 */
static uint32 find_ordinal(Split *s, uint32 from)
{
    const VdbIvfGeometry *g = &s->ii->geometry;
    VdbIvfMeta meta = ivf_read_meta(s->index, s->ii);
    uint32 ordinal = from;

    while (ordinal < meta.ordinals &&
           ivf_read_list(s->index, s->ii, ordinal).state != VDB_IVF_LIST_FREE)
    {
        ordinal++;
        CHECK_FOR_INTERRUPTS();
    }
    if (ordinal < meta.ordinals)
        return ordinal;
    if (ivf_chain_length(s->index, s->ii, meta.first_directory, VDB_IVF_PAGE_DIRECTORY) *
            g->lists_per_page <=
        ordinal)
        extend_chain(s, VDB_IVF_PAGE_DIRECTORY, ordinal);
    if (ivf_chain_length(s->index, s->ii, meta.first_centroids, VDB_IVF_PAGE_CENTROIDS) *
            g->centroids_per_page <=
        ordinal)
        extend_chain(s, VDB_IVF_PAGE_CENTROIDS, ordinal);
    return ordinal;
}

/* Writes a pending list's entry and centroid. */
static void write_piece(Split *s, const Piece *piece, const void *centroid)
{
    const VdbIvfGeometry *g = &s->ii->geometry;
    BlockNumber dirblk = ivf_directory_block(s->index, s->ii, piece->ordinal);
    BlockNumber centroidblk = centroid_block(s, piece->ordinal);
    Buffer metabuf = ivf_read_page(s->index, s->ii, VDB_IVF_META_BLOCK, VDB_IVF_PAGE_META,
                                   BUFFER_LOCK_EXCLUSIVE);
    Buffer dirbuf =
        ivf_read_page(s->index, s->ii, dirblk, VDB_IVF_PAGE_DIRECTORY, BUFFER_LOCK_EXCLUSIVE);
    Buffer centroidbuf =
        ivf_read_page(s->index, s->ii, centroidblk, VDB_IVF_PAGE_CENTROIDS, BUFFER_LOCK_EXCLUSIVE);
    GenericXLogState *wal = GenericXLogStart(s->index);
    Page metapage = GenericXLogRegisterBuffer(wal, metabuf, 0);
    VdbIvfMeta meta;

    vdb_ivf_meta_read(metapage, &meta);
    vdb_check(vdb_ivf_directory_write(GenericXLogRegisterBuffer(wal, dirbuf, 0), g, piece->ordinal,
                                      &piece->list),
              s->index, dirblk);
    vdb_check(vdb_ivf_centroid_write(GenericXLogRegisterBuffer(wal, centroidbuf, 0), g,
                                     piece->ordinal, centroid),
              s->index, centroidblk);
    meta.ordinals = Max(meta.ordinals, piece->ordinal + 1);
    vdb_ivf_meta_write(metapage, &meta);
    GenericXLogFinish(wal);
    UnlockReleaseBuffer(centroidbuf);
    UnlockReleaseBuffer(dirbuf);
    UnlockReleaseBuffer(metabuf);
}

/* Changes the metapage alone. */
static void set_pending(Split *s, uint32 from, uint32 to)
{
    Buffer metabuf = ivf_read_page(s->index, s->ii, VDB_IVF_META_BLOCK, VDB_IVF_PAGE_META,
                                   BUFFER_LOCK_EXCLUSIVE);
    GenericXLogState *wal = GenericXLogStart(s->index);
    Page metapage = GenericXLogRegisterBuffer(wal, metabuf, 0);
    VdbIvfMeta meta;

    vdb_ivf_meta_read(metapage, &meta);
    meta.pending_from = from;
    meta.pending_to = to;
    meta.next_id = Max(meta.next_id, to);
    vdb_ivf_meta_write(metapage, &meta);
    GenericXLogFinish(wal);
    UnlockReleaseBuffer(metabuf);
}

/* --- filling the pieces --- */

static void flush_piece(Split *s, Piece *piece)
{
    /* nobody else knows the list */
    if (!ivf_append_page(s->index, s->ii, piece->ordinal, &piece->list, piece->image))
        vdb_corrupted(s->index, VDB_IVF_META_BLOCK, "a list changed while it was being made");
    ivf_begin_image(piece->image, s->ii, piece->list.id);
    piece->count = 0;
}

/* Where the next entry of a piece goes. */
static char *data_image(Split *s, Piece *piece)
{
    if (piece->count == s->ii->geometry.capacity)
        flush_piece(s, piece);
    piece->count++;
    return piece->image;
}

/* Writes the value page, and adds the entries of its values. */
static void flush_values(Split *s, Piece *piece)
{
    const VdbIvfGeometry *g = &s->ii->geometry;

    if (!ivf_prepend_values(s->index, s->ii, piece->ordinal, &piece->list, piece->values))
        vdb_corrupted(s->index, VDB_IVF_META_BLOCK, "a list changed while it was being made");
    for (uint32 i = 0; i < piece->waiting; i++) {
        VdbIvfEntry entry = {piece->tids[i], vdb_ivf_place(piece->list.values, piece->slots[i])};

        (void) vdb_ivf_codes_add(data_image(s, piece), g, entry,
                                 piece->rows + (Size) i * g->row_bytes);
    }
    piece->waiting = 0;
    ivf_begin_values_image(piece->values, s->ii, piece->list.id);
}

/* Adds the value of a row that was made behind those that wait. */
static void keep_value(Split *s, Piece *piece, VdbTid tid)
{
    const VdbIvfGeometry *g = &s->ii->geometry;
    char *row = piece->rows + (Size) piece->waiting * g->row_bytes;
    VdbIvfNewValue value = {.tid = tid, .row = row};
    uint32 slot = 0;

    if (vdb_ivf_values_full(piece->values, g, &value)) {
        flush_values(s, piece);
        memmove(piece->rows, row, g->row_bytes);
        value.row = piece->rows;
    }
    (void) vdb_ivf_values_add(piece->values, g, &value, &slot);
    piece->tids[piece->waiting] = tid;
    piece->slots[piece->waiting++] = (uint16) slot;
}

static void distribute_entry(const IvfListEntry *entry, void *state)
{
    Split *s = state;
    const VdbIvfGeometry *g = &s->ii->geometry;
    uint32 nearest = vdb_ivf_nearest(g, &s->centroids, entry->value);
    Piece *piece = &s->pieces[nearest];
    VdbIvfRow row = {.centroid = (const char *) s->centroids.values + s->centroids.stride * nearest,
                     .value = entry->value,
                     .norm = entry->norm,
                     .kept = entry->kept};

    if (!vdb_ivf_coded(g)) {
        (void) vdb_ivf_data_add(data_image(s, piece), g, entry->tid, entry->value);
        return;
    }
    vdb_ivf_row_make(g, &row, piece->rows + (Size) piece->waiting * g->row_bytes);
    if (g->slots_per_page == 0) {
        (void) vdb_ivf_codes_add(data_image(s, piece), g, (VdbIvfEntry){.tid = entry->tid},
                                 piece->rows);
        return;
    }
    keep_value(s, piece, entry->tid);
}

/* Gives a piece its place in the directory, and memory. */
static void begin_piece(Split *s, Piece *piece, uint32 id, const void *centroid)
{
    const VdbIvfGeometry *g = &s->ii->geometry;

    piece->list = (VdbIvfList){.id = id,
                               .state = VDB_IVF_LIST_LIVE,
                               .first = InvalidBlockNumber,
                               .last = InvalidBlockNumber,
                               .room = InvalidBlockNumber,
                               .values = InvalidBlockNumber};
    piece->image = palloc(BLCKSZ);
    ivf_begin_image(piece->image, s->ii, id);
    if (vdb_ivf_coded(g)) {
        piece->rows = palloc((Size) (g->slots_per_page + 1) * g->row_bytes);
        piece->tids = palloc((g->slots_per_page + 1) * sizeof(VdbTid));
        piece->slots = palloc((g->slots_per_page + 1) * sizeof(uint16));
        piece->values = palloc(BLCKSZ);
        if (g->slots_per_page > 0)
            ivf_begin_values_image(piece->values, s->ii, id);
    }
    write_piece(s, piece, centroid);
}

/* Writes the new lists, which nobody sees yet. */
static void make_pieces(Split *s)
{
    VdbIvfMeta meta = ivf_read_meta(s->index, s->ii);
    uint32 ordinal = 0;

    set_pending(s, meta.next_id, meta.next_id + s->centroids.count);
    s->pieces = palloc0(sizeof(Piece) * s->centroids.count);
    for (uint32 i = 0; i < s->centroids.count; i++) {
        Piece *piece = &s->pieces[i];
        const char *centroid = (const char *) s->centroids.values + s->centroids.stride * i;

        ordinal = find_ordinal(s, ordinal);
        piece->ordinal = ordinal++;
        begin_piece(s, piece, meta.next_id + i, centroid);
    }
    ivf_for_each_entry(s->index, s->ii, s->ref, &s->old, distribute_entry, s);
    for (uint32 i = 0; i < s->centroids.count; i++) {
        if (s->pieces[i].waiting > 0)
            flush_values(s, &s->pieces[i]);
        if (s->pieces[i].count > 0)
            flush_piece(s, &s->pieces[i]);
    }
}

/* --- the whole --- */

/* Finds up to so many centroids for the list's entries, fewer where memory is short.  A split is
 * not worth failing the insertion that brought it on. */
static void find_centroids(Split *s, uint32 pieces)
{
    uint64 rows = (uint64) s->old.pages * s->ii->geometry.capacity;

    while (pieces > 0 && !ivf_sample_fits(s->ii, pieces, rows))
        pieces /= 2;
    if (pieces == 0)
        return;
    if (pieces > 1)
        rows = Min(rows, (uint64) pieces * SAMPLE_OF_PIECE);
    s->sample = ivf_sample_begin(s->ii, pieces, rows);
    ivf_for_each_entry(s->index, s->ii, s->ref, &s->old, sample_entry, s);
    s->centroids = ivf_sample_centroids(s->sample, s->ii->seed ^ s->old.id);
}

/* Whether there are numbers left for new lists. */
static bool has_ids(Split *s)
{
    return ivf_read_meta(s->index, s->ii).next_id < PG_UINT32_MAX - 2 * VDB_IVF_MAX_PIECES;
}

/* Whether the centroids found are worth writing the list anew. */
typedef bool (*WorthIt)(Split *s, uint32 pieces);

static bool are_pieces(Split *s, uint32 pieces)
{
    return s->centroids.count >= Min(pieces, 2);
}

/* Whether the list has drifted from where its centroid is. */
static bool has_drifted(Split *s, uint32 pieces)
{
    const VdbIvfGeometry *g = &s->ii->geometry;
    BlockNumber blkno = centroid_block(s, s->ref.ordinal);
    Buffer buf = ivf_read_page(s->index, s->ii, blkno, VDB_IVF_PAGE_CENTROIDS, BUFFER_LOCK_SHARE);
    const void *centroid = vdb_ivf_centroid_at(BufferGetPage(buf), g, s->ref.ordinal);
    bool drifted;

    if (centroid == NULL)
        vdb_corrupted(s->index, blkno, "centroids are missing");
    drifted = ivf_sample_drift(s->sample, centroid, s->centroids.values) > MOST_DRIFT;
    UnlockReleaseBuffer(buf);
    return drifted;
}

/* Replaces a list, if that is worth it. */
static bool replace(Relation index, IvfIndex *ii, IvfListRef ref, uint32 pieces, WorthIt worth_it)
{
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "ivf split", ALLOCSET_DEFAULT_SIZES);
    MemoryContext old = MemoryContextSwitchTo(context);
    Split s = {.index = index, .ii = ii, .ref = ref};
    bool done = false;

    LockPage(index, ref.ordinal, ExclusiveLock);
    s.old = ivf_read_list(index, ii, ref.ordinal);
    if (s.old.id == ref.id && s.old.state == VDB_IVF_LIST_LIVE && has_ids(&s)) {
        find_centroids(&s, pieces);
        done = s.centroids.count > 0 && worth_it(&s, pieces);
    }
    if (done) {
        make_pieces(&s);
        ivf_retire_list(index, ii, ref, s.centroids.count);
    }
    UnlockPage(index, ref.ordinal, ExclusiveLock);
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
    return done;
}

bool ivf_split(Relation index, IvfIndex *ii, IvfListRef ref, uint32 pieces)
{
    return replace(index, ii, ref, pieces, are_pieces);
}

bool ivf_recentre(Relation index, IvfIndex *ii, IvfListRef ref)
{
    return replace(index, ii, ref, 1, has_drifted);
}

/* How often a list that cannot be split, for all its entries are equal, is tried in vain: eight
 * times while it doubles. */
static bool is_due(uint32 pages)
{
    uint32 step = 1;

    while (step <= pages / 16)
        step *= 2;
    return pages % step == 0;
}

void ivf_consider_split(Relation index, IvfIndex *ii, IvfListRef ref)
{
    VdbIvfMeta meta = ivf_read_meta(index, ii);
    VdbIvfList list = ivf_read_list(index, ii, ref.ordinal);
    uint32 pieces;

    if (list.id != ref.id || !is_due(list.pages))
        return;
    pieces = ivf_pieces_wanted(ii, &meta, (uint64) list.pages * ii->geometry.capacity);
    if (pieces == 0 || !ivf_try_lock_splits(index))
        return;
    ivf_drop_pending(index, ii);
    ivf_recycle_lists(index, ii, RECYCLE_AGE);
    (void) ivf_split(index, ii, ref, pieces);
    ivf_unlock_splits(index);
}

uint32 ivf_pieces_wanted(const IvfIndex *ii, const VdbIvfMeta *meta, uint64 list_rows)
{
    VdbIvfSize size = {.option = ii->lists,
                       .lists = meta->lists,
                       .rows = (uint64) meta->data_pages * ii->geometry.capacity,
                       .list_rows = list_rows};

    return vdb_ivf_split_pieces(&size);
}
