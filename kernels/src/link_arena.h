#pragma once
#include <stdint.h>

// Labels put out so far, as a tree of links that many paths share; garbage is collected by sliding.

typedef struct {
    int32_t previous; // always an older link, that is, of a lower index; -1 at a root
    int32_t label;    // 0 at a root
    int32_t depth;    // labels from the root to here
    uint32_t history; // hash of those labels
    uint32_t frame;
    float score;
    double open_score; // of the open path since the last reset
} link_record;

typedef struct {
    link_record *links;
    int32_t *moved; // where each link goes in a compaction; 0 or more: alive
    int32_t capacity;
    int32_t used;
} link_arena;

enum { NO_LINK = -1 };

int link_arena_create(link_arena *arena, int32_t capacity); // 0 when memory is short
void link_arena_free(link_arena *arena);

// A root: the place where a command begins. NO_LINK when full.
int32_t link_arena_add_root(link_arena *arena, uint32_t frame, float score, double open_score);
// A label after `previous`. NO_LINK when full.
int32_t link_arena_add(link_arena *arena, int32_t previous, int32_t label, uint32_t frame, float score);

const link_record *link_arena_root(const link_arena *arena, int32_t link);

// Compaction: begin, keep every link that is still needed, end, then replace each kept link by its new index.
void link_arena_begin_compaction(link_arena *arena);
void link_arena_keep(link_arena *arena, int32_t link);
void link_arena_end_compaction(link_arena *arena);
int32_t link_arena_new_index(const link_arena *arena, int32_t link);

// Adds to every score.
void link_arena_shift(link_arena *arena, float offset);

uint32_t mix_history(uint32_t history, uint32_t value);
