#ifndef OTAD_HTTP_WEB_H
#define OTAD_HTTP_WEB_H

#include "otad/http/route.h"

/*
 * The built web interface out of web_dir, as the server's fallback: files with their .br or .gz
 * twin where the browser takes it, hashed assets for ever, index.html for every other path that
 * a browser opens.  Strict Content-Security-Policy on all of it.
 */
http_handler web_get;

#endif
