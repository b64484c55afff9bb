#pragma once
#include <stdint.h>

// Viterbi search of a phone graph (edge_agent/models/phone_graph.py) with CTC topology, beside an open path.
// edge_agent/models/reference_search.py is the same search in plain numpy.
//
// Scores are natural logs relative to the open path, the sum of the best log posterior (less blank_cost) of each frame:
// 0 is a path that says exactly what the open path says, and no path is above 0.
// One thread at a time per search. Nothing but graph_search_create and graph_search_twin allocates.

typedef struct graph_search graph_search;

// All arrays are copied. Arcs lead from lower to higher nodes; those into node n are arc_start[n] .. arc_start[n + 1].
typedef struct {
    int32_t num_nodes;
    int32_t num_tokens;
    int32_t num_labels;
    const uint8_t *phone;
    const int32_t *arc_start;
    const int32_t *arc_source;
    const int32_t *arc_label;
    const float *arc_cost;
    const float *final_cost;        // infinite: no sentence ends here
    const int32_t *final_label;
    const uint32_t *label_meaning;  // [num_labels], 0: the label does not change what is meant
} graph_search_graph;

typedef struct {
    float beam;                     // paths this far below the best are dropped
    float floor;                    // no frame costs a path more than this
    float blank_cost;               // taken off the log posterior of each blank: CTC networks say blank too readily
    float filler_cost;              // per frame of sound that is not blank, before the command
    float end_filler_cost;          // the same after the command; infinite: nothing may follow it
    int32_t max_links;              // labels remembered at once; 0: chosen by the size of the graph
} graph_search_settings;

// The best path, as it stands.
typedef struct {
    int32_t node;                   // where it is; -1: only filler so far
    int32_t is_complete;            // it may end here
    int32_t is_ended;               // it has ended, and filler follows
    int32_t num_phones;
    int32_t num_labels;
    int32_t num_committed;          // labels from the first on that all paths near the best share
    uint32_t history;               // equal as long as the labels are
    uint32_t first_frame;           // of the command; frames count from the last reset
    uint32_t phone_frame;           // of the last phone
    uint32_t next_frame;            // number of frames heard
    float score;                    // the whole path
    float command_score;            // without the fillers
    float lead_score;               // the filler before
    float tail_score;               // the filler after
    float open_score;               // log posterior of the open path itself since the command began
    float margin;                   // above the best path that means something else; large where there is none
    float incomplete_margin;        // above the best path that may not end yet
    float filler_margin;            // above a path that is filler throughout
} graph_search_path;

// NULL when memory is short.
graph_search *graph_search_create(const graph_search_graph *graph, const graph_search_settings *settings);
// Another search of the same graph with the same settings, which needs no memory for the graph: to be freed before the
// first. NULL when memory is short.
graph_search *graph_search_twin(const graph_search *first);
void graph_search_free(graph_search *search);

void graph_search_reset(graph_search *search);

// log_posteriors: [num_frames][num_tokens], natural log; token 0 is the blank.
void graph_search_step(graph_search *search, const float *log_posteriors, int32_t num_frames);

// Fills path with the best path (complete_only: the best that may end here) and labels with its first max_labels labels.
// commit_beam: paths this near the best one must share a label for it to count as committed.
// Returns 0, and leaves path untouched, when there is no such path.
int32_t graph_search_best(graph_search *search, int32_t complete_only, float commit_beam, int32_t *labels,
                          int32_t max_labels, graph_search_path *path);

// Fills path with the complete path of the best command_score per phone among those whose last phone was heard at most
// max_age_frames ago. Its margins and num_committed are 0. Returns 0 when there is none.
int32_t graph_search_ending(const graph_search *search, uint32_t max_age_frames, graph_search_path *path);

// For benchmarks and tests: links in use, and paths dropped for want of links since creation.
int32_t graph_search_num_links(const graph_search *search);
int64_t graph_search_num_dropped(const graph_search *search);
