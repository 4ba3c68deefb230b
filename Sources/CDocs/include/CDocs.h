#pragma once

#include <stddef.h>

/// The files of `/docs`, in the executable itself: it works wherever it is copied to. (`#embed` takes no time to compile; an array literal of Swift's
/// would take minutes.)
typedef struct {
  const unsigned char *bytes;
  size_t count;
} docs_file;

/// `topology/openapi.json`.
docs_file docs_openapi(void);
/// Swagger UI 5 (Apache-2.0), gzip.
docs_file docs_swagger_ui_bundle(void);
/// Its style sheet, gzip.
docs_file docs_swagger_ui_css(void);
