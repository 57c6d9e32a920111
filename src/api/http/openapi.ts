// The OpenAPI 3.1 document, from the tables that the routes are made of.
import { z } from "zod";
import { ORDERS } from "./order-table.ts";
import { type HttpQuery, type Parameter, QUERIES } from "./query-table.ts";
import * as schema from "./schemas.ts";

type Json = Readonly<Record<string, unknown>>;

const REF = "#/components/schemas/";
const OPTIONS = {
  io: "output" as const,
  unrepresentable: "any" as const,
  // Answers may come to tell more: who reads them passes over what he does not know.
  override: ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }) => {
    if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
  },
};

/** Without what says in each which JSON Schema it is: the document says that for all. */
function plain({ $schema: _schema, $id: _id, ...rest }: z.core.JSONSchema.BaseSchema): Json {
  return rest;
}

function schemaOf(value: z.ZodType): Json {
  const known = schema.components.get(value);
  if (known !== undefined) return { $ref: `${REF}${known.id}` };
  if (value instanceof z.ZodArray) return { type: "array", items: schemaOf(value.element as z.ZodType) };
  return plain(z.toJSONSchema(value, OPTIONS));
}

const content = (value: z.ZodType, type = "application/json") => ({ [type]: { schema: schemaOf(value) } });
const FAILED = {
  description: "it could not be answered",
  content: content(schema.httpProblem, "application/problem+json"),
};

function parameterDocument({ name, in: where, required, description, schema: value }: Parameter): Json {
  return { name, in: where, required, description, schema: schemaOf(value) };
}

function idOf(method: string, path: string): string {
  const words = path.split(/[/{}]+/).filter((word) => word !== "");
  return [method, ...words].map((word, at) => (at === 0 ? word : word[0]?.toUpperCase() + word.slice(1))).join("");
}

function queryDocument(query: HttpQuery, readsNeedToken: boolean): Json {
  return {
    get: {
      operationId: idOf("get", query.path),
      summary: query.summary,
      ...(readsNeedToken ? { security: [{ token: [] }] } : {}),
      parameters: query.parameters.map(parameterDocument),
      responses: { 200: { description: "the answer", content: content(query.answer) }, default: FAILED },
    },
  };
}

export interface Described {
  readonly version: string;
  readonly readsNeedToken: boolean;
  readonly hasToken: boolean;
}

export function openApiDocument({ version, readsNeedToken, hasToken }: Described): Json {
  const { schemas } = z.toJSONSchema(schema.components, { ...OPTIONS, uri: (id) => `${REF}${id}` });
  const paths: [string, Json][] = QUERIES.map((query) => [
    `/api/v1${query.path}`,
    queryDocument(query, readsNeedToken),
  ]);
  for (const order of hasToken ? ORDERS : []) {
    const post = {
      operationId: idOf("post", order.path),
      summary: order.summary,
      security: [{ token: [] }],
      requestBody: { content: content(order.body) },
      responses: { 200: { description: "done", content: content(order.answer) }, default: FAILED },
    };
    paths.push([`/api/v1${order.path}`, { post }]);
  }
  return {
    openapi: "3.1.0",
    info: { title: "Weft", version, description: "The fabric as the controller knows it. Reads change nothing." },
    servers: [{ url: "/" }],
    paths: Object.fromEntries(paths),
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).map(([id, value]) => [id, plain(value)])),
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}
