// The public entry of the api: the control socket, its client and the text of its answers.
export type { Answer, QueryName, Views } from "./answer.ts";
export { callControl } from "./control-client.ts";
export { type ControlSocket, type ControlSocketOptions, startControlSocket } from "./control-server.ts";
export { FORMATS, type Format, PLAIN, render, type Style } from "./render/index.ts";
export type { Queries } from "./views.ts";
