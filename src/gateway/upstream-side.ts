// What a call is to its upstream: the client's own body where the upstream speaks the same dialect, else the request written
// anew in one that it speaks.

import type { DialectId } from '#calls/neutral-call.ts'
import { type ToolNames, toolNamesOf } from '#calls/tool-names.ts'
import type { Model } from '#catalog/model.ts'
import { assert } from '#core/assert.ts'
import type { Refusal } from '#core/errors.ts'
import type {
  AskedCall,
  ClientFormat,
  UpstreamTarget,
  UpstreamTranslation,
  WireFormat,
} from '#dialects/dialect.ts'
import { dialects } from '#dialects/dialects.ts'
import type { WriteRequest } from './held-request.ts'
import { closestDialect, isSpokenBy } from './model-formats.ts'

export type UpstreamSide = {
  dialect: WireFormat & Partial<UpstreamTranslation>
  /** Behind the provider's base URL. */
  path: string
  /** Headers of the client that its own dialect knows and the upstream reads. */
  headers: Readonly<Record<string, string>>
  /** Parameters that could not be carried into the upstream's dialect, by name. */
  dropped: readonly string[]
  /** Names of tools that only the upstream knows; made for each answer, because it remembers what is under way. */
  toolNames: () => ToolNames | undefined
}

type UpstreamFacts = {
  dialect: ClientFormat
  model: Model
  outputTokens: number
  request: Pick<Request, 'url' | 'headers'>
}

type Written = { ok: true; upstream: UpstreamSide; write: WriteRequest }

export function upstreamSideOf(
  asked: AskedCall,
  { dialect, model, outputTokens, request }: UpstreamFacts,
): Written | Refusal {
  // What is held is what is asked for: a limit above the model's goes upstream as the model's.
  const own = asked.outputTokensMax === undefined ? undefined : outputTokens
  const target = (limit: number | undefined) => targetOf(model, limit)
  if (isSpokenBy(model, dialect.id)) {
    const left = dialect.leftOut?.(asked) ?? { ok: true, dropped: [] }
    if (!left.ok) return left
    const { dropped } = left
    const upstream = { dialect, ...passedOn(dialect, request), dropped, toolNames: () => undefined }
    return { ok: true, upstream, write: (loweredTo) => dialect.forward(asked, target(loweredTo ?? own)) }
  }
  assert(dialect.toNeutral !== undefined, 'what cannot be translated is refused before it is routed')
  const other = dialects[closestDialect(model, dialect.id)]
  const neutral = dialect.toNeutral(asked)
  if (!neutral.ok) return neutral
  const { tools } = neutral.call
  const written = other.fromNeutral(neutral.call, target(own))
  if (!written.ok) return written
  const { body, dropped } = written
  const path = other.upstreamPath
  const upstream = { dialect: other, path, headers: {}, dropped, toolNames: () => toolNamesOf(tools) }
  return {
    ok: true,
    upstream,
    write: (loweredTo) => {
      const limit = loweredTo ?? own ?? (other.id === 'messages' ? outputTokens : undefined)
      if (limit === undefined) return JSON.stringify(body)
      const limited = other.limited?.(body, limit) ?? { ...body, [limitName(other.id, model)]: limit }
      return JSON.stringify(limited)
    },
  }
}

/** Anthropic's clients choose version and betas per request, the latter with a mark in the address. */
const passedHeaders = ['anthropic-version', 'anthropic-beta']
const headerCharactersMax = 1_000
const plainHeader = /^[\w.,:; -]*$/

function passedOn(dialect: WireFormat, { url, headers }: Pick<Request, 'url' | 'headers'>) {
  const path = dialect.upstreamPath
  if (dialect.id !== 'messages') return { path, headers: {} }
  const isBeta = new URL(url).searchParams.get('beta') === 'true'
  const passed = passedHeaders.flatMap((name) => {
    const value = headers.get(name) ?? ''
    return value !== '' && value.length <= headerCharactersMax && plainHeader.test(value)
      ? [[name, value]]
      : []
  })
  const kept: Record<string, string> = Object.fromEntries(passed)
  return { path: isBeta ? `${path}?beta=true` : path, headers: kept }
}

/** Messages have no call without a limit; the others leave it to the model. */
export function limitName(dialect: DialectId, model: Model): string {
  switch (dialect) {
    case 'chat':
      return model.outputParameter
    case 'responses':
      return 'max_output_tokens'
    case 'messages':
      return 'max_tokens'
  }
}

export function targetOf(model: Model, outputTokensMax: number | undefined): UpstreamTarget {
  return {
    upstreamModel: model.upstreamId,
    origin: model.provider,
    outputParameter: model.outputParameter,
    outputTokensMax,
    supportedParameters: model.supportedParameters,
    acceptsStreamOptions: model.acceptsStreamOptions,
    reasoning: model.reasoning,
  }
}
