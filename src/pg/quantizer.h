/*
 * The reloptions "quantizer" and "storage", which the access methods that can have codes share:
 * whether an index has them, and how it keeps its values then.
 */
#ifndef VDB_PG_QUANTIZER_H
#define VDB_PG_QUANTIZER_H

#include "access/reloptions.h"

#include "quant/kept_api.h"
#include "quant/space_api.h"

typedef enum VdbQuantizer {
    VDB_QUANTIZER_NOT_SET = -1, /* as is best for the column */
    VDB_QUANTIZER_NONE,
    VDB_QUANTIZER_RABITQ
} VdbQuantizer;

/* Both as parsed: a part of an access method's options. */
typedef struct VdbQuantizerOptions {
    int quantizer; /* VdbQuantizer */
    int storage;   /* VdbKept or what else an access method has, or VDB_QUANTIZER_NOT_SET */
} VdbQuantizerOptions;

/* Their lines in the table of an access method's options, whose struct has them in `member`. */
#define VDB_QUANTIZER_RELOPTS(type, member)                                                        \
    {"quantizer", RELOPT_TYPE_ENUM, offsetof(type, member.quantizer)},                             \
    {                                                                                              \
        "storage", RELOPT_TYPE_ENUM, offsetof(type, member.storage)                                \
    }

/* Adds both to a kind of reloptions.  `heap`: what the storage "heap" is called by, which keeps no
 * values; 0 = there is none. */
extern void vdb_add_quantizer_relopts(relopt_kind kind, const char *description, int heap);

/* What an access method has codes for. */
typedef struct VdbQuantizerRules {
    bool codable; /* whether this column is among it */
    uint32 min_dims;
    uint32 max_dims;
    VdbQuantizer preferred; /* of a column that can have codes, where nothing was asked for */
} VdbQuantizerRules;

/* The storage of an index over such values, VDB_KEPT_PLAIN = no codes; ereports where it cannot be
 * as asked.  `options` may be NULL. */
extern int vdb_chosen_storage(const VdbQuantizerOptions *options, const VdbSpace *space,
                              VdbQuantizerRules rules);

#endif
