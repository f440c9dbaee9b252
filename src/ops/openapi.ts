// `GET /openapi.json`: the OpenAPI 3.1 document, generated from the route tables that the root joins.

import type { Json } from '#core/errors.ts'
import type { RouteAuth, RouteDescription } from '#core/route-table.ts'

export const openapiRouteTable: readonly RouteDescription[] = [
  {
    method: 'get',
    path: '/openapi.json',
    summary: 'This document.',
    auth: 'none',
    charged: false,
    answer: { type: 'object', properties: {} },
  },
]

type JsonObject = { readonly [name: string]: Json }

export function openapiDocument(routes: readonly RouteDescription[], version: string): JsonObject {
  const paths: { [path: string]: { [method: string]: Json } } = {}
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) }
  return {
    openapi: '3.1.0',
    info: { title: 'Sluice', version, description: 'An AI API gateway with prepaid credits.' },
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key of an account.' },
        apiKeyHeader: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        operatorToken: { type: 'http', scheme: 'bearer', description: 'The operator credential.' },
      },
      schemas: { Error: errorSchema },
    },
  }
}

export function openapiAnswer(document: JsonObject): Response {
  return Response.json(document, { headers: { 'cache-control': 'public, max-age=300' } })
}

const security: Readonly<Record<RouteAuth, readonly JsonObject[]>> = {
  key: [{ apiKey: [] }, { apiKeyHeader: [] }],
  operator: [{ operatorToken: [] }],
  // Until people can sign in.
  person: [{ operatorToken: [] }],
  none: [],
  // The signature is in the body's own header and has no scheme in OpenAPI.
  signature: [],
}

function operationOf(route: RouteDescription): JsonObject {
  const success = String(route.successStatus ?? 200)
  const contentType = route.contentType ?? 'application/json'
  const body =
    route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }
  return {
    operationId: operationIdOf(route),
    summary: route.summary,
    'x-charged': route.charged,
    security: security[route.auth],
    parameters: [
      ...pathParameters(route),
      ...parameters('query', route.query),
      ...parameters('header', route.headers),
    ],
    ...body,
    responses: {
      [success]: {
        description: 'The answer.',
        content: { [contentType]: { schema: route.answer } },
      },
      default: {
        description: 'A refusal: what happened and what to do.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  }
}

/** `get_v1_account_usage`: unique because method and path are. */
export function operationIdOf({ method, path }: Pick<RouteDescription, 'method' | 'path'>): string {
  return `${method}${path.replaceAll(/[^0-9A-Za-z]+/g, '_')}`.replace(/_$/, '')
}

function pathParameters({ path }: RouteDescription): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name: name ?? '',
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function parameters(place: 'query' | 'header', schemas: RouteDescription['query'] = {}): Json[] {
  return Object.entries(schemas).map(([name, schema]) => ({ name, in: place, required: false, schema }))
}

const errorSchema: JsonObject = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'code'],
      properties: {
        message: { type: 'string' },
        type: { type: 'string' },
        param: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        code: { type: 'string' },
        metadata: { type: 'object' },
      },
    },
  },
}
