// What a public route looks like to someone who has not read its code. Each folder describes its routes beside them;
// the root joins the tables, `/openapi.json` is generated from them and tests enumerate them.

export type RouteAuth = 'key' | 'operator' | 'person' | 'none' | 'signature'

export type RouteMethod = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** A JSON Schema, as far as these descriptions need it. */
export type Schema =
  | { type: 'string'; description?: string; enum?: readonly string[]; format?: string; pattern?: string }
  | { type: 'integer' | 'number'; description?: string; minimum?: number; maximum?: number }
  | { type: 'boolean'; description?: string }
  | { type: 'null' }
  | { type: 'array'; description?: string; items: Schema }
  | {
      type: 'object'
      description?: string
      properties: { readonly [name: string]: Schema }
      required?: readonly string[]
      additionalProperties?: boolean
    }
  | { anyOf: readonly Schema[]; description?: string }

export type RouteDescription = {
  method: RouteMethod
  /** With parameters in braces: `/v1/models/{id}`. */
  path: string
  summary: string
  auth: RouteAuth
  /** Whether a successful call may cost the account money. */
  charged: boolean
  query?: { readonly [name: string]: Schema }
  /** What a client may send beside its credential. */
  headers?: { readonly [name: string]: Schema }
  body?: Schema
  answer: Schema
  /** 200 where absent. */
  successStatus?: number
  /** Where the answer is not JSON. */
  contentType?: string
}

/** Decimal dollars as text, as all billing objects carry them. */
export const usdText: Schema = {
  type: 'string',
  description: 'Decimal US dollars.',
  pattern: '^-?\\d+\\.\\d{2,9}$',
}
