/*
 * Changes of pages as generic WAL records.  A record's data for a page is a series of fragments,
 * {offset, length, bytes}; redo puts them onto the page and clears what lies between pd_lower and
 * pd_upper (generic_redo() in PostgreSQL).
 */
#include "postgres.h"

#include "access/rmgr.h"
#include "access/xloginsert.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "pg/page.h"
#include "pg/wal_edit.h"

#define MOST_PAGES      4
#define FRAGMENT_HEADER (2 * sizeof(OffsetNumber))
#define WORD            sizeof(uint64)
#define LINE            64

/* A fragment has a changed word, and an unchanged one comes before the next, but at the ends of the
 * page's two parts and of what they have grown by, or of the parts that an edit names. */
#define DELTA_ROOM (BLCKSZ + VDB_MOST_SPANS * (FRAGMENT_HEADER + WORD))

typedef struct EditedPage {
    Buffer buf;
    bool is_new;
    VdbSpans parts; /* of the image that are the page's; none: all of it */
    uint32 delta_bytes;
    PGAlignedBlock image;
    char delta[DELTA_ROOM];
} EditedPage;

struct VdbEdit {
    Relation index;
    int count;
    EditedPage pages[MOST_PAGES];
};

VdbEdit *vdb_edit_begin(Relation index)
{
    static VdbEdit *edit;

    if (edit == NULL)
        edit = MemoryContextAlloc(TopMemoryContext, sizeof(VdbEdit));
    edit->index = index;
    edit->count = 0;
    return edit;
}

static EditedPage *add_page(VdbEdit *edit, Buffer buf)
{
    EditedPage *e = &edit->pages[edit->count];

    if (edit->count == MOST_PAGES)
        elog(ERROR, "too many pages in an edit");
    edit->count++;
    e->buf = buf;
    e->is_new = false;
    e->parts.count = 0;
    e->delta_bytes = 0;
    return e;
}

Page vdb_edit_page(VdbEdit *edit, Buffer buf)
{
    EditedPage *e;

    for (int i = 0; i < edit->count; i++)
        if (edit->pages[i].buf == buf)
            return (Page) edit->pages[i].image.data;
    e = add_page(edit, buf);
    memcpy(e->image.data, BufferGetPage(buf), BLCKSZ);
    return (Page) e->image.data;
}

Page vdb_edit_new_page(VdbEdit *edit, Buffer buf)
{
    EditedPage *e = add_page(edit, buf);

    e->is_new = true;
    memcpy(e->image.data, BufferGetPage(buf), BLCKSZ);
    return (Page) e->image.data;
}

/* Copies parts of a page. */
static void copy_parts(const VdbSpans *parts, char *to, const char *from)
{
    for (uint32 i = 0; i < parts->count; i++)
        memcpy(to + parts->spans[i].from, from + parts->spans[i].from,
               parts->spans[i].to - parts->spans[i].from);
}

Page vdb_edit_parts(VdbEdit *edit, Buffer buf, const VdbSpans *parts)
{
    EditedPage *e = add_page(edit, buf);

    Assert(parts->count < VDB_MOST_SPANS);
    e->parts = *parts;
    e->parts.spans[e->parts.count++] = (VdbSpan){0, SizeOfPageHeaderData};
    copy_parts(&e->parts, e->image.data, BufferGetPage(buf));
    return (Page) e->image.data;
}

static void add_fragment(EditedPage *e, uint32 from, uint32 to)
{
    OffsetNumber header[] = {(OffsetNumber) from, (OffsetNumber) (to - from)};

    if (from >= to)
        return;
    memcpy(e->delta + e->delta_bytes, header, FRAGMENT_HEADER);
    memcpy(e->delta + e->delta_bytes + FRAGMENT_HEADER, e->image.data + from, to - from);
    e->delta_bytes += FRAGMENT_HEADER + (to - from);
}

/* Whether the word at an offset has changed; `to` cuts the last one short. */
static bool word_differs(const char *old, const char *new, uint32 at, uint32 to)
{
    if (to - at < WORD)
        return memcmp(old + at, new + at, to - at) != 0;
    return memcmp(old + at, new + at, WORD) != 0;
}

/* Whether LINE bytes are the same: most of a page is. */
static bool same_line(const char *old, const char *new)
{
    uint64 differs = 0;

    for (uint32 i = 0; i < LINE; i += WORD) {
        uint64 a, b;

        memcpy(&a, old + i, WORD);
        memcpy(&b, new + i, WORD);
        differs |= a ^ b;
    }
    return differs == 0;
}

/* Fragments of what has changed between two offsets. */
static void add_changes(EditedPage *e, const char *old, uint32 from, uint32 to)
{
    const char *new = e->image.data;
    uint32 at = from;

    while (at < to) {
        uint32 begin, end;

        while (to - at >= LINE && same_line(old + at, new + at))
            at += LINE;
        while (at < to && !word_differs(old, new, at, to))
            at += WORD;
        begin = Min(at, to);
        while (at < to && word_differs(old, new, at, to))
            at += WORD;
        end = Min(at, to);
        while (begin < end && old[begin] == new[begin])
            begin++;
        while (begin < end && old[end - 1] == new[end - 1])
            end--;
        add_fragment(e, begin, end);
    }
}

/* What turns the buffer's page into the image. */
static void make_delta(EditedPage *e)
{
    const char *old = BufferGetPage(e->buf);
    const PageHeaderData *was = (const PageHeaderData *) old;
    const PageHeaderData *is = (const PageHeaderData *) e->image.data;
    uint32 lower = Min(was->pd_lower, is->pd_lower);
    uint32 upper = Max(was->pd_upper, is->pd_upper);

    for (uint32 i = 0; i < e->parts.count; i++)
        add_changes(e, old, e->parts.spans[i].from, e->parts.spans[i].to);
    if (e->parts.count > 0)
        return;
    add_changes(e, old, 0, lower);
    add_fragment(e, lower, is->pd_lower);
    add_fragment(e, is->pd_upper, upper);
    add_changes(e, old, upper, BLCKSZ);
}

/* As generic_redo() leaves a page: nothing between its two parts. */
static void put_image(const EditedPage *e)
{
    char *page = BufferGetPage(e->buf);
    const PageHeaderData *header = (const PageHeaderData *) e->image.data;
    uint32 lower = header->pd_lower;
    uint32 upper = header->pd_upper;

    MarkBufferDirty(e->buf);
    if (e->parts.count > 0) {
        copy_parts(&e->parts, page, e->image.data);
        return;
    }
    memcpy(page, e->image.data, lower);
    memset(page + lower, 0, upper - lower);
    memcpy(page + upper, e->image.data + upper, BLCKSZ - upper);
}

static void register_page(EditedPage *e, uint8 number)
{
    XLogRegisterBuffer(number, e->buf, REGBUF_STANDARD | (e->is_new ? REGBUF_FORCE_IMAGE : 0));
    if (e->delta_bytes > 0)
        XLogRegisterBufData(number, e->delta, e->delta_bytes);
}

/* A page with a header that says nonsense must not get as far as the critical section. */
static void check_header(const VdbEdit *edit, const EditedPage *e)
{
    const PageHeaderData *header = (const PageHeaderData *) e->image.data;

    if (header->pd_lower < SizeOfPageHeaderData || header->pd_lower > header->pd_upper ||
        header->pd_upper > BLCKSZ)
        vdb_corrupted(edit->index, BufferGetBlockNumber(e->buf), "a page breaks its format");
}

void vdb_edit_finish(VdbEdit *edit)
{
    bool logged = RelationNeedsWAL(edit->index);
    XLogRecPtr lsn;

    for (int i = 0; i < edit->count; i++)
        check_header(edit, &edit->pages[i]);
    if (logged) {
        XLogBeginInsert();
        for (int i = 0; i < edit->count; i++)
            if (!edit->pages[i].is_new)
                make_delta(&edit->pages[i]);
    }
    START_CRIT_SECTION();
    for (int i = 0; i < edit->count; i++)
        put_image(&edit->pages[i]);
    if (logged) {
        for (int i = 0; i < edit->count; i++)
            register_page(&edit->pages[i], (uint8) i);
        lsn = XLogInsert(RM_GENERIC_ID, 0);
        for (int i = 0; i < edit->count; i++)
            PageSetLSN(BufferGetPage(edit->pages[i].buf), lsn);
    }
    END_CRIT_SECTION();
    edit->count = 0;
}
