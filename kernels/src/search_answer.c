#include <math.h>

#include "graph_search.h"
#include "search_state.h"

typedef struct {
    path_token token;
    int32_t node; // -1: filler throughout
    int32_t is_ended;
    float score;      // what it is compared by
    uint32_t meaning; // if the sentence ends here, with its end
} candidate;

static const float NOTHING = -1e30f;

static int is_final(const graph_search *search, int32_t node)
{
    return isfinite(search->final_cost[node]);
}

// As it would stand if the sentence ended now.
static candidate complete_at(const graph_search *search, int32_t n, path_token token)
{
    const uint32_t meaning = mix_history(token.meaning, (uint32_t)search->final_label[n]);
    return (candidate){token, n, 0, token.score - search->final_cost[n], meaning};
}

static candidate unfinished_at(const graph_search *search, int32_t n, path_token token)
{
    const uint32_t meaning = is_final(search, n) ? complete_at(search, n, token).meaning : token.meaning;
    return (candidate){token, n, 0, token.score, meaning};
}

static candidate tail_candidate(const graph_search *search)
{
    return (candidate){search->tail, search->tail_node, 1, search->tail.score, search->tail.meaning};
}

static int is_before(const candidate *a, const candidate *b)
{
    return a->score > b->score || (a->score == b->score && a->node < b->node);
}

static path_token token_at(const graph_search *search, int32_t n)
{
    return better_token(search->nodes[n].blank, search->nodes[n].phone);
}

static candidate best_candidate(const graph_search *search, int complete_only)
{
    candidate best = {.token = search->lead, .node = -1, .score = complete_only ? NOTHING : search->lead.score};
    for (int32_t i = 0; i < search->num_active; i++) {
        const int32_t n = search->active[i];
        if (complete_only && !is_final(search, n))
            continue;
        const path_token token = token_at(search, n);
        const candidate here = complete_only ? complete_at(search, n, token) : unfinished_at(search, n, token);
        if (is_before(&here, &best))
            best = here;
    }
    const candidate tail = tail_candidate(search);
    return tail.score > best.score ? tail : best;
}

typedef struct {
    float complete;   // of another meaning than the best path
    float incomplete; // anywhere but in the node of the best path
} rival_scores;

static rival_scores find_rivals(const graph_search *search, const candidate *best)
{
    rival_scores rivals = {NOTHING, NOTHING};
    if (search->tail.meaning != best->meaning)
        rivals.complete = search->tail.score;
    for (int32_t i = 0; i < search->num_active; i++) {
        const int32_t n = search->active[i];
        const path_token token = token_at(search, n);
        if (is_final(search, n)) {
            const candidate here = complete_at(search, n, token);
            if (here.meaning != best->meaning && here.score > rivals.complete)
                rivals.complete = here.score;
        } else if (n != best->node && token.score > rivals.incomplete) {
            rivals.incomplete = token.score;
        }
    }
    return rivals;
}

static float capped_gap(float gap)
{
    return gap < NO_GAP ? gap : NO_GAP;
}

static void fill_margins(const graph_search *search, const candidate *best, graph_search_path *path)
{
    const rival_scores rivals = find_rivals(search, best);
    const float margin = best->score - rivals.complete;
    path->margin = capped_gap(margin < best->token.gap ? margin : best->token.gap);
    path->incomplete_margin = capped_gap(best->score - rivals.incomplete);
    path->filler_margin = best->score - search->lead.score;
}

// Labels that two paths share from their beginning, given the histories of the first by depth.
static int32_t shared_depth(const graph_search *search, int32_t link, const uint32_t *history, int32_t depth)
{
    if (link == NO_LINK)
        return 0;
    const link_record *at = &search->arena.links[link];
    while (at->depth > depth || (at->depth > 0 && at->history != history[at->depth]))
        at = &search->arena.links[at->previous];
    return at->depth;
}

static int32_t count_committed(graph_search *search, const candidate *best, float near)
{
    const link_record *links = search->arena.links;
    uint32_t *history = search->path_history;
    int32_t depth = links[best->token.link].depth;
    for (int32_t link = best->token.link; link != NO_LINK; link = links[link].previous)
        history[links[link].depth] = links[link].history;
    if (search->lead.score >= near)
        return 0;
    if (search->tail.score >= near)
        depth = shared_depth(search, search->tail.link, history, depth);
    for (int32_t i = 0; i < search->num_active && depth > 0; i++) {
        const search_node *node = &search->nodes[search->active[i]];
        if (node->phone.score >= near)
            depth = shared_depth(search, node->phone.link, history, depth);
        if (node->blank.score >= near)
            depth = shared_depth(search, node->blank.link, history, depth);
    }
    return depth;
}

static void fill_path(const graph_search *search, const candidate *best, graph_search_path *path)
{
    *path = (graph_search_path){.node = best->node, .is_ended = best->is_ended, .next_frame = search->next_frame};
    path->score = (float)(search->base + (double)best->score);
    if (best->node < 0) {
        path->lead_score = path->score;
        path->first_frame = path->phone_frame = search->next_frame;
        return;
    }
    const link_record *root = link_arena_root(&search->arena, best->token.link);
    const link_record *last = &search->arena.links[best->token.link];
    path->is_complete = best->is_ended || is_final(search, best->node);
    path->num_phones = best->token.num_phones;
    path->num_labels = last->depth;
    path->history = last->history;
    path->first_frame = root->frame;
    path->phone_frame = best->token.phone_frame;
    path->tail_score = best->is_ended ? best->score - search->tail_entry_score : 0.0f;
    path->command_score = best->score - path->tail_score - root->score;
    path->lead_score = (float)(search->base + (double)root->score);
    path->open_score = (float)(search->open_score - root->open_score);
}

int32_t graph_search_best(graph_search *search, int32_t complete_only, float commit_beam, int32_t *labels,
                          int32_t max_labels, graph_search_path *path)
{
    const candidate best = best_candidate(search, complete_only);
    if (best.score <= NOTHING)
        return 0;
    fill_path(search, &best, path);
    fill_margins(search, &best, path);
    if (best.node < 0)
        return 1;
    path->num_committed = count_committed(search, &best, best.score - commit_beam);
    for (int32_t link = best.token.link; link != NO_LINK; link = search->arena.links[link].previous) {
        const link_record *record = &search->arena.links[link];
        if (record->depth > 0 && record->depth <= max_labels)
            labels[record->depth - 1] = record->label;
    }
    return 1;
}

int32_t graph_search_ending(const graph_search *search, uint32_t max_age_frames, graph_search_path *path)
{
    float best_per_phone = NOTHING;
    for (int32_t i = 0; i < search->num_active; i++) {
        const int32_t n = search->active[i];
        const path_token tokens[2] = {search->nodes[n].phone, search->nodes[n].blank};
        for (int k = 0; k < 2 && is_final(search, n); k++) {
            // Unsigned: right also where the count of frames has gone round.
            if (tokens[k].link == NO_LINK || search->next_frame - 1 - tokens[k].phone_frame > max_age_frames)
                continue;
            const candidate here = complete_at(search, n, tokens[k]);
            const link_record *root = link_arena_root(&search->arena, here.token.link);
            const float per_phone = (here.score - root->score) / (float)here.token.num_phones;
            if (per_phone > best_per_phone) {
                best_per_phone = per_phone;
                fill_path(search, &here, path);
            }
        }
    }
    return best_per_phone > NOTHING;
}
