#include "CDocs.h"

static const unsigned char openapi[] = {
#embed "../../topology/openapi.json"
};
static const unsigned char bundle[] = {
#embed "swagger-ui/swagger-ui-bundle.js.gz"
};
static const unsigned char css[] = {
#embed "swagger-ui/swagger-ui.css.gz"
};

docs_file docs_openapi(void) { return (docs_file){openapi, sizeof openapi}; }
docs_file docs_swagger_ui_bundle(void) { return (docs_file){bundle, sizeof bundle}; }
docs_file docs_swagger_ui_css(void) { return (docs_file){css, sizeof css}; }
