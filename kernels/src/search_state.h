#pragma once
#include "graph_search.h"
#include "link_arena.h"

// What graph_search.c (moving the paths on) and search_answer.c (reading them) share.

typedef struct {
    float score;
    float gap; // to the best path dropped here in its favour that meant something else
    uint32_t meaning;
    int32_t link;
    uint32_t phone_frame;
    int32_t num_phones;
} path_token;

typedef struct {
    path_token phone;
    path_token blank;
    path_token entering; // the best path that arrives in this frame
    int32_t entering_label;
    int32_t entering_source;
    int32_t is_listed;
} search_node;

typedef struct {
    int32_t destination;
    int32_t label;
    float cost;
} search_arc;

struct graph_search {
    graph_search_settings settings;
    // the graph; a twin's belongs to the search that it is a twin of
    int is_twin;
    int32_t num_nodes;
    int32_t num_tokens;
    uint8_t *phone;
    float *final_cost;
    int32_t *final_label;
    uint32_t *label_meaning;
    int32_t *arc_start; // arcs out of node n are arcs[arc_start[n]] ...
    search_arc *arcs;

    search_node *nodes; // those that are not active are dead
    int32_t *active; // nodes with a living path, then those reached in this frame
    int32_t num_active;
    path_token lead;  // filler before the command; its score is that of filler throughout
    path_token tail;  // filler after the best command that has ended
    int32_t tail_node;
    float tail_entry_score;
    link_arena arena;
    float *frame_scores;     // [num_tokens] of the present frame
    uint32_t *path_history;  // [num_nodes] scratch of graph_search_best
    uint32_t next_frame;
    double open_score; // log posterior of the open path
    double base; // what was taken off all scores to keep them small
    int64_t num_dropped;
};

static const float DEAD_SCORE = -1e30f;
static const float NO_GAP = 1e9f;

static inline path_token better_token(path_token a, path_token b)
{
    const path_token *winner = b.score > a.score ? &b : &a;
    const path_token *loser = b.score > a.score ? &a : &b;
    path_token merged = *winner;
    const float apart = winner->score - loser->score;
    const float gap = winner->meaning == loser->meaning ? apart + loser->gap : apart;
    if (gap < merged.gap)
        merged.gap = gap;
    return merged;
}
