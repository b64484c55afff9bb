/* A test that fails says where and ends; it works with NDEBUG too. */
#ifndef EDGE_AGENT_CHECK_H
#define EDGE_AGENT_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                          \
    do {                                                                          \
        if (!(condition)) {                                                       \
            fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                              \
        }                                                                         \
    } while (0)

#endif
