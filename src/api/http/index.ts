// The public entry of HTTP.
export { DEFAULT_HTTP_LISTEN, type HttpAccess, type HttpSettings, httpAccess, parseHttpListen } from "./access.ts";
export { type App, type AppOptions, makeApp, type Served } from "./app.ts";
export { type HttpPlaceTaken, type HttpServer, type HttpServerOptions, startHttpServer } from "./http-server.ts";
export { type PageFile, readPageFiles } from "./page-files.ts";
