// What the operator's API answers, refusals included (the world's own `operator` throws on them).

import { ask, type WireAnswer } from './gateway.ts'
import { sharedWorld } from './shared-world.ts'

/** The path begins behind `/operator/v1`. */
export function askOperator(method: string, path: string, body?: unknown): Promise<WireAnswer> {
  const { operatorToken } = sharedWorld()
  return ask(sharedWorld(), { apiKey: operatorToken, method, path: `/operator/v1${path}`, body })
}
