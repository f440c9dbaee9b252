// How an operator route describes itself; the parts of schemas that several of them share.

import type { RouteDescription, RouteMethod, Schema } from '#core/route-table.ts'
import type { OperatorAnswer, OperatorRequest } from './operator-guard.ts'

export type OperatorRoute = {
  route: RouteDescription
  answerWith: (request: OperatorRequest) => Promise<OperatorAnswer>
}

export const text: Schema = { type: 'string' }
export const flag: Schema = { type: 'boolean' }
export const amount: Schema = {
  type: 'string',
  description: 'Decimal US dollars, more than 0, at most 1000000.',
}
export const reason: Schema = { type: 'string', description: 'Why, for the log.' }

export function described(method: RouteMethod, path: string, summary: string) {
  return { method, path: `/operator/v1${path}`, summary, auth: 'operator' as const, charged: false }
}

export function closed(properties: { readonly [name: string]: Schema }, required: readonly string[]): Schema {
  return { type: 'object', properties, required, additionalProperties: false }
}
