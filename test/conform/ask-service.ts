// One contract put to one service: written by our dialect, answered by the service, judged by the vendor's types, read by our
// decoder.

import { dialects } from '#dialects/dialects.ts'
import { limitName, targetOf } from '#gateway/upstream-side.ts'
import { isObject, type JsonObject, readJson } from '#core/readers.ts'
import { FrameReader } from '#sse/frames.ts'
import { directiveText } from '../../dev/upstream-directive.ts'
import { callOf, type Contract, type Heard, heardOf, outputTokensMax } from './contracts.ts'
import { answerFaults } from './judge.ts'
import type { Service } from './services.ts'
import { type Wire, wireDifferences } from './wire-schemas.ts'

/** A small model answers 64 tokens within seconds; one that is waited for longer is not answering. */
export const answerWithinMs = 60_000

export type Verdict = {
  /** What the contract asks for and the service did not do. */
  missing: readonly string[]
  /** How what came differs from the vendor's own types and rules. */
  differences: readonly string[]
}

export type NotRun = { notRun: string }

/** Why a service cannot be asked this, or undefined. */
export function reasonAgainst({ needs }: Contract, { model, dialect }: Service): string | undefined {
  if (needs === undefined) return undefined
  if (needs === 'image')
    return model.modalities.input.includes('image') ? undefined : `${model.id} takes no pictures`
  if (needs === 'reasoning') {
    if (model.reasoning === 'none') return `${model.id} does not think`
    // The smallest budget that Anthropic takes.
    return model.reasoning === 'budget'
      ? `${model.id} does not think within ${outputTokensMax} tokens`
      : undefined
  }
  const isKnown = dialect !== 'chat' || model.supportedParameters.includes(needs)
  return isKnown ? undefined : `${model.id} does not announce ${needs}`
}

/** The body of a contract's request, or why our dialect does not write it. */
export function bodyOf(contract: Contract, service: Service): JsonObject | string {
  const { dialect: id, model, isStandIn } = service
  const dialect = dialects[id]
  const prefix = isStandIn ? `${directiveText({ inputTokens: 100, ...contract.told })} ` : ''
  const written = dialect.fromNeutral(callOf(contract, prefix), targetOf(model, outputTokensMax))
  if (!written.ok) return written.message ?? written.code
  return (
    dialect.limited?.(written.body, outputTokensMax) ?? {
      ...written.body,
      [limitName(id, model)]: outputTokensMax,
    }
  )
}

export async function keeps(contract: Contract, service: Service): Promise<Verdict | NotRun> {
  const reason = reasonAgainst(contract, service)
  if (reason !== undefined) return { notRun: reason }
  const body = bodyOf(contract, service)
  if (typeof body === 'string') return { notRun: `our dialect refuses it: ${body}` }
  const response = await post(service, dialects[service.dialect].upstreamPath, body)
  const text = await response.text()
  const { status } = response
  const contentType = response.headers.get('content-type') ?? ''
  const path = dialects[service.dialect].route
  const differences = answerFaults({ path, status, contentType, text, isWhole: true }, service.wire)
  if (!response.ok) return { missing: [`it answers ${status}: ${text.slice(0, 300)}`], differences }
  const isStreamed = contract.call?.isStreamed === true
  const heard = isStreamed ? heardStream(service, text) : heardBody(service, text)
  return { missing: typeof heard === 'string' ? [heard] : contract.missing(heard), differences }
}

export function post(
  { baseUrl, headers }: Service,
  path: string,
  body: unknown,
  signal: AbortSignal = AbortSignal.timeout(answerWithinMs),
): Promise<Response> {
  return fetch(`${baseUrl}${path}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })
}

function heardStream({ dialect, model }: Service, text: string): Heard | string {
  const decoder = dialects[dialect].decoder(model.provider)
  const reader = new FrameReader()
  const frames = [...reader.push(new TextEncoder().encode(text)), ...reader.end()]
  const events = [...frames.flatMap((frame) => decoder.frame(frame).events), ...decoder.end()]
  const failed = events.find((event) => event.kind === 'error')
  return failed === undefined ? heardOf(events) : `our reader finds an error in it: ${failed.message ?? ''}`
}

function heardBody({ dialect, model }: Service, text: string): Heard | string {
  const body = readJson(text)
  if (!isObject(body)) return 'its answer is no JSON object'
  const events = dialects[dialect].decoder(model.provider).body(body)
  const failed = events.find((event) => event.kind === 'error')
  return failed === undefined ? heardOf(events) : 'our reader cannot read its answer'
}

/** A refusal in the dialect's shape, under one of these statuses. */
export async function refusalVerdict(
  response: Response,
  { dialect, wire }: { dialect: Service['dialect']; wire: Wire },
  statuses: readonly number[],
): Promise<Verdict> {
  const text = await response.text()
  const type = dialect === 'messages' ? 'AnthropicError' : 'OpenAiError'
  const isExpected = statuses.includes(response.status)
  return {
    missing: isExpected ? [] : [`it answers ${response.status}: ${text.slice(0, 300)}`],
    differences: wireDifferences(readJson(text), type, wire),
  }
}
