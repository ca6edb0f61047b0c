/* The limit order book of sim/kernels/limit_order_book.py in C, line by line, for the benchmark to stand beside. */
#include <math.h>
#include <stdint.h>

enum { LIMIT, MARKET_ORDER, IOC, CANCEL, REPLACE };
enum { KEEP, CANCEL_RESTING, CANCEL_INCOMING };

typedef struct {
    int32_t *first, *last, *after, *before, *tick;
    double *left;
    int64_t *owner;
} Book;

static void take_out(Book *b, int32_t slot, int32_t level) {
    int32_t before = b->before[slot], after = b->after[slot];
    if (before < 0) b->first[level] = after; else b->after[before] = after;
    if (after < 0) b->last[level] = before; else b->before[after] = before;
    b->left[slot] = 0.0;
}

static void append(Book *b, int32_t slot, int32_t level, double left, int64_t owner) {
    int32_t end = b->last[level];
    b->before[slot] = end;
    b->after[slot] = -1;
    if (end < 0) b->first[level] = slot; else b->after[end] = slot;
    b->last[level] = slot;
    b->tick[slot] = level;
    b->left[slot] = left;
    b->owner[slot] = owner;
}

int64_t match(int64_t ticks, int32_t *first, int32_t *last, int32_t *after, int32_t *before, int32_t *tick_of,
              double *left, int64_t *owner_of, int64_t *best, int64_t events, const int8_t *kind, const int64_t *order,
              const int64_t *owner, const int64_t *tick, const double *quantity, int64_t self_trade, int64_t *t_event,
              int64_t *t_resting, int64_t *t_incoming, int64_t *t_tick, double *t_quantity) {
    Book book = {first, last, after, before, tick_of, left, owner_of}, *b = &book;
    int64_t bid = best[0], ask = best[1], traded = 0;
    for (int64_t e = 0; e < events; e++) {
        int8_t what = kind[e];
        int32_t slot = (int32_t)order[e], level;
        int64_t limit = tick[e];
        int buys = quantity[e] > 0.0;
        double want = fabs(quantity[e]);
        if (what >= CANCEL) {
            level = tick_of[slot];
            if (left[slot] == 0.0) continue;
            if (what == REPLACE && limit == level && 0.0 < want && want <= left[slot]) { left[slot] = want; continue; }
            take_out(b, slot, level);
            if (first[level] < 0) {
                while (bid >= 0 && first[bid] < 0) bid--;
                while (ask < ticks && first[ask] < 0) ask++;
            }
            if (what == CANCEL || want == 0.0) continue;
        } else if (what == MARKET_ORDER) {
            limit = buys ? ticks - 1 : 0;
        }
        while (want > 0.0 && (buys ? ask <= limit : bid >= limit)) {
            level = (int32_t)(buys ? ask : bid);
            while (want > 0.0 && first[level] >= 0) {
                int32_t resting = first[level];
                if (self_trade != KEEP && owner_of[resting] == owner[e]) {
                    if (self_trade == CANCEL_INCOMING) want = 0.0; else take_out(b, resting, level);
                    continue;
                }
                double size = want < left[resting] ? want : left[resting];
                t_event[traded] = e;
                t_resting[traded] = resting;
                t_incoming[traded] = slot;
                t_tick[traded] = level;
                t_quantity[traded] = buys ? size : -size;
                traded++;
                want -= size;
                if (size < left[resting]) left[resting] -= size; else take_out(b, resting, level);
            }
            if (buys) while (ask < ticks && first[ask] < 0) ask++;
            else while (bid >= 0 && first[bid] < 0) bid--;
        }
        if (want > 0.0 && (what == LIMIT || what == REPLACE)) {
            append(b, slot, (int32_t)limit, want, owner[e]);
            if (buys) { if (limit > bid) bid = limit; } else if (limit < ask) ask = limit;
        }
    }
    best[0] = bid;
    best[1] = ask;
    return traded;
}
