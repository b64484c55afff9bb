#include "graph_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search_state.h"

static const float REBASE_BELOW = -4096.0f; // where a float still resolves 0.0005
static const path_token DEAD_TOKEN = {.score = -1e30f, .gap = 1e9f, .link = NO_LINK};

static void *copy_of(const void *source, int32_t count, size_t bytes_each)
{
    const size_t bytes = (size_t)count * bytes_each;
    void *copy = malloc(bytes ? bytes : 1);
    return copy && bytes ? memcpy(copy, source, bytes) : copy;
}

// The graph comes with arcs by destination; the search follows them by source.
static void turn_arcs(graph_search *search, const graph_search_graph *graph)
{
    const int32_t num_nodes = graph->num_nodes, num_arcs = graph->arc_start[num_nodes];
    int32_t *start = search->arc_start;
    for (int32_t k = 0; k < num_arcs; k++)
        start[graph->arc_source[k] + 2]++;
    for (int32_t n = 2; n <= num_nodes + 1; n++)
        start[n] += start[n - 1];
    for (int32_t n = 0; n < num_nodes; n++)
        for (int32_t k = graph->arc_start[n]; k < graph->arc_start[n + 1]; k++)
            search->arcs[start[graph->arc_source[k] + 1]++] = (search_arc){n, graph->arc_label[k], graph->arc_cost[k]};
}

// What changes while a search runs; 0 when memory is short.
static int create_state(graph_search *search)
{
    const int32_t num_nodes = search->num_nodes, max_links = search->settings.max_links;
    search->nodes = malloc((size_t)num_nodes * sizeof *search->nodes);
    search->active = calloc((size_t)num_nodes, sizeof *search->active);
    search->frame_scores = calloc((size_t)search->num_tokens, sizeof *search->frame_scores);
    search->path_history = calloc((size_t)num_nodes + 1, sizeof *search->path_history);
    const int has_arena = link_arena_create(&search->arena, max_links > 0 ? max_links : 2 * num_nodes + 4096);
    if (!has_arena || !search->nodes || !search->active || !search->frame_scores || !search->path_history)
        return 0;
    for (int32_t n = 0; n < num_nodes; n++)
        search->nodes[n] = (search_node){.phone = DEAD_TOKEN, .blank = DEAD_TOKEN, .entering = DEAD_TOKEN};
    graph_search_reset(search);
    return 1;
}

graph_search *graph_search_create(const graph_search_graph *graph, const graph_search_settings *settings)
{
    graph_search *search = calloc(1, sizeof *search);
    if (!search)
        return NULL;
    const int32_t num_nodes = graph->num_nodes, num_arcs = graph->arc_start[num_nodes];
    search->settings = *settings;
    search->num_nodes = num_nodes;
    search->num_tokens = graph->num_tokens;
    search->phone = copy_of(graph->phone, num_nodes, sizeof *search->phone);
    search->final_cost = copy_of(graph->final_cost, num_nodes, sizeof *search->final_cost);
    search->final_label = copy_of(graph->final_label, num_nodes, sizeof *search->final_label);
    search->label_meaning = copy_of(graph->label_meaning, graph->num_labels, sizeof *search->label_meaning);
    search->arc_start = calloc((size_t)num_nodes + 2, sizeof *search->arc_start);
    search->arcs = calloc((size_t)num_arcs + 1, sizeof *search->arcs);
    if (!search->phone || !search->final_cost || !search->final_label || !search->label_meaning ||
        !search->arc_start || !search->arcs || !create_state(search)) {
        graph_search_free(search);
        return NULL;
    }
    turn_arcs(search, graph);
    return search;
}

graph_search *graph_search_twin(const graph_search *first)
{
    graph_search *twin = calloc(1, sizeof *twin);
    if (!twin)
        return NULL;
    twin->settings = first->settings;
    twin->is_twin = 1;
    twin->num_nodes = first->num_nodes;
    twin->num_tokens = first->num_tokens;
    twin->phone = first->phone;
    twin->final_cost = first->final_cost;
    twin->final_label = first->final_label;
    twin->label_meaning = first->label_meaning;
    twin->arc_start = first->arc_start;
    twin->arcs = first->arcs;
    if (!create_state(twin)) {
        graph_search_free(twin);
        return NULL;
    }
    return twin;
}

static void free_graph(graph_search *search)
{
    free(search->phone);
    free(search->final_cost);
    free(search->final_label);
    free(search->label_meaning);
    free(search->arc_start);
    free(search->arcs);
}

void graph_search_free(graph_search *search)
{
    if (!search)
        return;
    if (!search->is_twin)
        free_graph(search);
    link_arena_free(&search->arena);
    free(search->nodes);
    free(search->active);
    free(search->frame_scores);
    free(search->path_history);
    free(search);
}

void graph_search_reset(graph_search *search)
{
    for (int32_t i = 0; i < search->num_active; i++) {
        search_node *node = &search->nodes[search->active[i]];
        node->phone = node->blank = DEAD_TOKEN;
        node->is_listed = 0;
    }
    search->num_active = 0;
    search->lead = DEAD_TOKEN;
    search->lead.score = 0.0f;
    search->tail = DEAD_TOKEN;
    search->tail_node = 0;
    search->tail_entry_score = 0.0f;
    search->arena.used = 0;
    search->next_frame = 0;
    search->open_score = 0.0;
    search->base = 0.0;
}

static void compact_links(graph_search *search)
{
    link_arena *arena = &search->arena;
    link_arena_begin_compaction(arena);
    link_arena_keep(arena, search->tail.link);
    for (int32_t i = 0; i < search->num_active; i++) {
        link_arena_keep(arena, search->nodes[search->active[i]].phone.link);
        link_arena_keep(arena, search->nodes[search->active[i]].blank.link);
    }
    link_arena_end_compaction(arena);
    search->tail.link = link_arena_new_index(arena, search->tail.link);
    for (int32_t i = 0; i < search->num_active; i++) {
        search_node *node = &search->nodes[search->active[i]];
        node->phone.link = link_arena_new_index(arena, node->phone.link);
        node->blank.link = link_arena_new_index(arena, node->blank.link);
    }
}

static void rebase(graph_search *search, float offset)
{
    search->base -= (double)offset;
    search->lead.score += offset;
    search->tail.score += offset;
    search->tail_entry_score += offset;
    link_arena_shift(&search->arena, offset);
    for (int32_t i = 0; i < search->num_active; i++) {
        search->nodes[search->active[i]].phone.score += offset;
        search->nodes[search->active[i]].blank.score += offset;
    }
}

// Scores relative to the open path; returns that of the best phone. Moves the open path on.
static float score_frame(graph_search *search, const float *log_posteriors)
{
    float best_phone = log_posteriors[1];
    for (int32_t t = 2; t < search->num_tokens; t++)
        if (log_posteriors[t] > best_phone)
            best_phone = log_posteriors[t];
    const float blank = log_posteriors[0] - search->settings.blank_cost;
    const float best = blank > best_phone ? blank : best_phone;
    const float floor = -search->settings.floor;
    for (int32_t t = 0; t < search->num_tokens; t++) {
        const float score = (t == 0 ? blank : log_posteriors[t]) - best;
        search->frame_scores[t] = score > floor ? score : floor; // also where it is not a number
    }
    const float open = log_posteriors[0] > best_phone ? log_posteriors[0] : best_phone;
    search->open_score += isfinite(open) ? (double)open : (double)floor;
    return best_phone - best;
}

// Blank costs filler no more than it costs a command: a long silence before a command must not count against it.
static float filler_score(const graph_search *search, float best_phone, float cost)
{
    const float blank = search->frame_scores[0], phone = best_phone - cost;
    return phone > blank ? phone : blank; // the blank where a broken model gave no number
}

static void offer(graph_search *search, int32_t source, const search_arc *arc, path_token token)
{
    search_node *node = &search->nodes[arc->destination];
    token.score -= arc->cost;
    token.num_phones++;
    if (search->label_meaning[arc->label])
        token.meaning = mix_history(token.meaning, search->label_meaning[arc->label]);
    if (!node->is_listed) {
        node->is_listed = 1;
        search->active[search->num_active++] = arc->destination;
    }
    const int is_better = token.score > node->entering.score ||
                          (token.score == node->entering.score && source < node->entering_source);
    if (is_better) {
        node->entering = better_token(token, node->entering);
        node->entering_label = arc->label;
        node->entering_source = source;
    } else {
        node->entering = better_token(node->entering, token);
    }
}

static void offer_to_successors(graph_search *search, int32_t source, path_token any, path_token after_blank)
{
    const uint8_t phone = search->phone[source];
    for (int32_t k = search->arc_start[source]; k < search->arc_start[source + 1]; k++) {
        const search_arc *arc = &search->arcs[k];
        // CTC: the same phone twice in a row needs a blank between.
        const path_token *token = search->phone[arc->destination] == phone ? &after_blank : &any;
        if (token->score > DEAD_SCORE)
            offer(search, source, arc, *token);
    }
}

static void offer_to_tail(graph_search *search, int32_t node, path_token token)
{
    token.score -= search->final_cost[node];
    token.meaning = mix_history(token.meaning, (uint32_t)search->final_label[node]);
    if (token.score > search->tail.score) {
        search->tail_node = node;
        search->tail_entry_score = token.score;
    }
    search->tail = better_token(search->tail, token);
}

static void offer_all(graph_search *search)
{
    const int has_tail = isfinite(search->settings.end_filler_cost);
    const int32_t num_sources = search->num_active; // those reached now come behind
    path_token start = search->lead;
    start.link = link_arena_add_root(&search->arena, search->next_frame, search->lead.score, search->open_score);
    if (start.link != NO_LINK)
        offer_to_successors(search, 0, start, start);
    for (int32_t i = 0; i < num_sources; i++) {
        const int32_t source = search->active[i];
        const search_node *node = &search->nodes[source];
        const path_token any = better_token(node->blank, node->phone);
        offer_to_successors(search, source, any, node->blank);
        if (has_tail && isfinite(search->final_cost[source]))
            offer_to_tail(search, source, any);
    }
}

// Moves the paths of one node over one frame; returns the better score.
static float advance_node(search_node *node, float blank_score, float phone_score, uint32_t frame)
{
    const path_token stayed = node->phone;
    node->blank = better_token(node->blank, stayed);
    node->blank.score += blank_score;
    if (node->entering.score <= stayed.score)
        node->entering_label = 0;
    node->phone = better_token(stayed, node->entering);
    node->phone.score += phone_score;
    node->phone.phone_frame = frame;
    node->entering = DEAD_TOKEN;
    return node->phone.score > node->blank.score ? node->phone.score : node->blank.score;
}

static void put_out_label(graph_search *search, search_node *node)
{
    if (node->entering_label == 0)
        return;
    node->phone.link = link_arena_add(&search->arena, node->phone.link, node->entering_label, search->next_frame,
                                      node->phone.score);
    if (node->phone.link == NO_LINK) {
        node->phone = DEAD_TOKEN;
        search->num_dropped++;
    }
}

static void prune(graph_search *search, float threshold)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < search->num_active; i++) {
        const int32_t n = search->active[i];
        search_node *node = &search->nodes[n];
        if (node->phone.score < threshold)
            node->phone = DEAD_TOKEN;
        else
            put_out_label(search, node);
        if (node->blank.score < threshold)
            node->blank = DEAD_TOKEN;
        node->entering_label = 0;
        node->is_listed = node->phone.score > DEAD_SCORE || node->blank.score > DEAD_SCORE;
        if (node->is_listed)
            search->active[kept++] = n;
    }
    search->num_active = kept;
}

static void step_frame(graph_search *search, const float *log_posteriors)
{
    if (search->arena.capacity - search->arena.used <= search->num_nodes)
        compact_links(search);
    offer_all(search);
    const float best_phone = score_frame(search, log_posteriors);
    search->lead.score += filler_score(search, best_phone, search->settings.filler_cost);
    if (search->tail.score > DEAD_SCORE)
        search->tail.score += filler_score(search, best_phone, search->settings.end_filler_cost);
    float best = search->lead.score > search->tail.score ? search->lead.score : search->tail.score;
    for (int32_t i = 0; i < search->num_active; i++) {
        const int32_t n = search->active[i];
        const float phone_score = search->frame_scores[search->phone[n]];
        const float score = advance_node(&search->nodes[n], search->frame_scores[0], phone_score, search->next_frame);
        if (score > best)
            best = score;
    }
    prune(search, best - search->settings.beam);
    search->next_frame++;
    if (best < REBASE_BELOW)
        rebase(search, -best);
}

void graph_search_step(graph_search *search, const float *log_posteriors, int32_t num_frames)
{
    for (int32_t f = 0; f < num_frames; f++)
        step_frame(search, log_posteriors + (size_t)f * (size_t)search->num_tokens);
}

int32_t graph_search_num_links(const graph_search *search)
{
    return search->arena.used;
}

int64_t graph_search_num_dropped(const graph_search *search)
{
    return search->num_dropped;
}
