#include "link_arena.h"

#include <stdlib.h>

enum { DEAD = -1, ALIVE = 0 };

int link_arena_create(link_arena *arena, int32_t capacity)
{
    arena->links = calloc((size_t)capacity, sizeof *arena->links);
    arena->moved = calloc((size_t)capacity, sizeof *arena->moved);
    arena->capacity = capacity;
    arena->used = 0;
    return arena->links && arena->moved;
}

void link_arena_free(link_arena *arena)
{
    free(arena->links);
    free(arena->moved);
}

uint32_t mix_history(uint32_t history, uint32_t value)
{
    uint32_t x = history * 0x9E3779B1u + value + 0x7F4A7C15u;
    x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
    return x ^ (x >> 13);
}

static int32_t add(link_arena *arena, link_record record)
{
    if (arena->used == arena->capacity)
        return NO_LINK;
    arena->links[arena->used] = record;
    return arena->used++;
}

int32_t link_arena_add_root(link_arena *arena, uint32_t frame, float score, double open_score)
{
    return add(arena, (link_record){.previous = NO_LINK, .frame = frame, .score = score, .open_score = open_score});
}

int32_t link_arena_add(link_arena *arena, int32_t previous, int32_t label, uint32_t frame, float score)
{
    const link_record *before = &arena->links[previous];
    return add(arena, (link_record){.previous = previous,
                                    .label = label,
                                    .depth = before->depth + 1,
                                    .history = mix_history(before->history, (uint32_t)label),
                                    .frame = frame,
                                    .score = score});
}

const link_record *link_arena_root(const link_arena *arena, int32_t link)
{
    while (arena->links[link].previous != NO_LINK)
        link = arena->links[link].previous;
    return &arena->links[link];
}

void link_arena_begin_compaction(link_arena *arena)
{
    for (int32_t i = 0; i < arena->used; i++)
        arena->moved[i] = DEAD;
}

void link_arena_keep(link_arena *arena, int32_t link)
{
    while (link != NO_LINK && arena->moved[link] == DEAD) {
        arena->moved[link] = ALIVE;
        link = arena->links[link].previous;
    }
}

void link_arena_end_compaction(link_arena *arena)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < arena->used; i++) {
        if (arena->moved[i] == DEAD)
            continue;
        link_record record = arena->links[i];
        record.previous = link_arena_new_index(arena, record.previous);
        arena->links[kept] = record;
        arena->moved[i] = kept++;
    }
    arena->used = kept;
}

int32_t link_arena_new_index(const link_arena *arena, int32_t link)
{
    return link == NO_LINK ? NO_LINK : arena->moved[link];
}

void link_arena_shift(link_arena *arena, float offset)
{
    for (int32_t i = 0; i < arena->used; i++)
        arena->links[i].score += offset;
}
