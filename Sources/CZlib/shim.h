#pragma once
#include <zlib.h>

// deflateInit2 is a macro. 15 bits of window and 16 for gzip's header; the rest are zlib's defaults.
static inline int czlib_begin_gzip(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
