// A call that several hosts or credentials may answer: its first try, and whatever is needed for the next one. The request is
// kept until an answer has begun; each try is written in its host's dialect only when its turn comes.

import { refuseUnpriced } from '#catalog/catalog.ts'
import { dearestOf, leastAffordableOf, quotesOf } from '#catalog/dearest-quote.ts'
import type { Model } from '#catalog/model.ts'
import { chargeOf } from '#catalog/price.ts'
import { type Quote, type QuotedCall, quote, usualOutputTokens } from '#catalog/quote.ts'
import { noUsage } from '#calls/usage.ts'
import { assert } from '#core/assert.ts'
import type { Millis } from '#core/clock.ts'
import type { Refusal } from '#core/errors.ts'
import type { NanoUsd } from '#core/money.ts'
import { Attempts } from '#providers/attempts.ts'
import { type LegFailure, verdictOf } from '#providers/leg-failure.ts'
import type { Conversation, Host, RoutedLeg, Routing } from '#providers/routing.ts'
import { HeldRequest } from './held-request.ts'
import { type Capped, cappedQuote, outputLimitOf } from './max-cost.ts'
import { closestDialect, isSpokenBy } from './model-formats.ts'
import type { GatewayParts } from './parts.ts'
import type { PreparedCall, Route } from './prepared-call.ts'
import { upstreamSideOf } from './upstream-side.ts'
import { type Asking, type Found, type Way, refuseUnconfigured } from './way.ts'

export type RoutedParts = Pick<GatewayParts, 'credentials' | 'log' | 'clock'> & { routing: Routing }

export function routedWay(asking: Asking, parts: RoutedParts): Found {
  const { model, asked, maxCostNanoUsd } = asking
  const configured = (model.offers ?? [model])
    .filter((offer) => parts.routing.serves(model, offer))
    .map((offer) => ({ model: offer, credentials: parts.credentials(offer.provider) }))
    .filter(({ credentials }) => credentials.length > 0)
  if (configured.length === 0) return refuseUnconfigured(model)
  const able = ableTo(alike(configured, asked), asked)
  const capped = cappedOf(
    able.map((host) => host.model),
    asked,
    maxCostNanoUsd,
  )
  const affordable = able.flatMap((host, index) => {
    const own = capped[index]
    return own?.ok === true ? [{ ...host, quote: own.quote }] : []
  })
  const [first, ...others] = affordable
  if (first === undefined) return capped.find(isRefusal) ?? refuseUnconfigured(model)
  const hosts = affordable.map((host) => ({
    ...host,
    costNanoUsd: probableCost(host.model, host.quote, asked),
  }))
  const dearest = dearestOf(
    first.quote,
    others.map((host) => host.quote),
  )
  const [leg, ...legs] = parts.routing.legsOf(hosts, conversationOf(asking), asking.startedAt)
  if (leg === undefined) return refuseUnconfigured(model)
  const attempts = new Attempts<RoutedLeg>([leg, ...legs], asking.startedAt)
  const models = hosts.map((host) => host.model)
  return new RoutedCall(asking, parts, { models, dearest, attempts }).firstWay()
}

function conversationOf({ accountId, asked, dialect, model }: Asking): Conversation {
  const isTranslated = !isSpokenBy(model, dialect.id)
  const asksForThoughts = isTranslated && closestDialect(model, dialect.id) === 'responses'
  return { accountId, text: asked.text, body: asked.body, asksForThoughts }
}

type Configured = Omit<Host, 'costNanoUsd'>

/** A text that is gone on with is another thing than a conversation: the hosts that go on with texts, where there are any. */
function alike(hosts: readonly Configured[], { dialect }: Asking['asked']): readonly Configured[] {
  const native = dialect === 'completions' ? hosts.filter(({ model }) => isSpokenBy(model, dialect)) : []
  return native.length > 0 ? native : hosts
}

/** Hosts that can take the whole call; where none can, whoever takes its kind, who will say what is wrong with it. */
function ableTo(hosts: readonly Configured[], asked: Asking['asked']): readonly Configured[] {
  const able = hosts.filter(({ model }) => {
    const { expectedInputTokens } = quote(model, asked)
    return (
      refuseUnpriced(model, asked) === undefined &&
      // What is quoted is cut at the context's length: an input that reaches it does not fit.
      expectedInputTokens < model.contextLength &&
      (asked.outputTokensMax ?? 0) <= model.outputTokensMax
    )
  })
  return able.length > 0 ? able : hosts
}

function cappedOf(
  models: readonly Model[],
  call: QuotedCall,
  maxCostNanoUsd: NanoUsd | undefined,
): readonly Capped[] {
  const quotes = quotesOf(models, call)
  return models.flatMap((model, index) => {
    const own = quotes[index]
    return own === undefined ? [] : [cappedQuote({ model, call }, own, maxCostNanoUsd)]
  })
}

function isRefusal(capped: Capped): capped is Refusal {
  return !capped.ok
}

/** For the order alone: an answer of the length that was asked for, or of the usual one. */
function probableCost(
  model: Model,
  { expectedInputTokens, outputTokens }: Quote,
  asked: Asking['asked'],
): NanoUsd {
  const output = Math.min(asked.outputTokensMax ?? usualOutputTokens, outputTokens) * asked.choices
  return chargeOf(model, { ...noUsage, input: expectedInputTokens, output }).costNanoUsd
}

/** In X-Parameters-Dropped, where a conversation goes on at a host that cannot read the thoughts in it. */
const droppedThoughts = 'reasoning of another provider'

type Written = { ok: true; way: Omit<Way, 'quote'> } | Refusal

class RoutedCall implements Route {
  readonly #parts: RoutedParts
  readonly #maxCostNanoUsd: NanoUsd | undefined
  readonly #models: readonly Model[]
  readonly #attempts: Attempts<RoutedLeg>
  /** Forgotten when an answer has begun. */
  #asking: Asking | undefined
  /** What the account was asked for: each try is measured by it anew. */
  #quote: Quote
  #sentAt: Millis

  constructor(
    asking: Asking,
    parts: RoutedParts,
    of: { models: readonly Model[]; dearest: Quote; attempts: Attempts<RoutedLeg> },
  ) {
    this.#asking = asking
    this.#parts = parts
    this.#quote = of.dearest
    this.#models = of.models
    this.#attempts = of.attempts
    this.#maxCostNanoUsd = asking.maxCostNanoUsd
    this.#sentAt = asking.startedAt
  }

  firstWay(): Found {
    const written = this.#written(this.#attempts.current)
    return written.ok ? { ok: true, way: { ...written.way, quote: this.#quote, route: this } } : written
  }

  /** This leg, or the first after it whose host can be written to; the first refusal where none can. */
  #written(from: RoutedLeg): Written {
    const written = this.#writtenFor(from)
    if (written.ok) return written
    for (let leg = this.#attempts.skip(); leg !== undefined; leg = this.#attempts.skip()) {
      const other = this.#writtenFor(leg)
      if (other.ok) return other
    }
    return written
  }

  #writtenFor({ model, upstream: provider, isOrigin }: RoutedLeg): Written {
    assert(this.#asking !== undefined, 'no other host is asked once an answer has begun')
    const { asked, dialect, request } = this.#asking
    const own = this.#ownQuote(model, asked)
    const sent = upstreamSideOf(asked, { dialect, model, outputTokens: own.outputTokens, request })
    if (!sent.ok) return sent
    const { dropped } = sent.upstream
    const isMoved = !isOrigin && this.#attempts.hasOrigin
    const upstream = isMoved ? { ...sent.upstream, dropped: [...dropped, droppedThoughts] } : sent.upstream
    const held = new HeldRequest(asked, sent.write)
    return { ok: true, way: { model, provider, upstream, request: held, ...outputLimitOf(own) } }
  }

  #ownQuote(model: Model, call: QuotedCall): Quote {
    const [own] = cappedOf([model], call, this.#maxCostNanoUsd)
    return own?.ok === true ? own.quote : quote(model, call)
  }

  quote(asked: QuotedCall): Capped {
    const capped = cappedOf(this.#models, asked, this.#maxCostNanoUsd)
    const [first, ...others] = capped.flatMap((one) => (one.ok ? [one.quote] : []))
    // Each was within the client's limit when the call was prepared.
    if (first === undefined) return capped.find(isRefusal) ?? { ok: true, quote: this.#quote }
    return { ok: true, quote: dearestOf(first, others) }
  }

  affordableOutputTokens(asked: QuotedCall, availableNanoUsd: NanoUsd): number {
    return leastAffordableOf(this.#models, asked, availableNanoUsd)
  }

  ownFigures(call: PreparedCall): PreparedCall {
    this.#quote = call.quote
    const { outputTokensLoweredTo: _, ...unlimited } = call
    const own = this.#ownQuote(call.model, call.asked)
    const { outputTokens, expectedInputTokens } = own
    const limit = call.quote.sliceNanoUsd > 0 ? {} : outputLimitOf(own)
    return { ...unlimited, ...limit, quote: { ...call.quote, outputTokens, expectedInputTokens } }
  }

  sent(now: Millis): void {
    this.#sentAt = now
  }

  answered(headers: Headers, now: Millis): void {
    const firstByteMs = this.#asking?.asked.isStreamed === true ? Math.max(0, now - this.#sentAt) : undefined
    this.#parts.routing.answered(this.#attempts.current, { headers, firstByteMs }, now)
  }

  after(
    call: PreparedCall,
    { failure, refusal }: { failure: LegFailure; refusal: Refusal | undefined },
    now: Millis,
  ): PreparedCall | undefined {
    const leg = this.#attempts.current
    const verdict = verdictOf(failure)
    this.#parts.routing.failed(leg, { verdict, of: failure }, now)
    const status = failure.kind === 'status' ? failure.status : null
    const attempt = { provider: leg.provider, verdict, status, durationMs: Math.max(0, now - this.#sentAt) }
    this.#parts.log.info('leg_failed', {
      request: call.requestId,
      model: call.model.id,
      leg: leg.name,
      ...attempt,
    })
    const next = this.#attempts.after(verdict, refusal, now)
    const written = next === undefined ? undefined : this.#written(next)
    if (written?.ok !== true) return undefined
    const attempts = [...(call.attempts ?? []), attempt]
    return this.ownFigures({ ...call, ...written.way, quote: this.#quote, attempts })
  }

  refusal(): Refusal | undefined {
    return this.#attempts.refusal()
  }

  forget(): void {
    this.#asking = undefined
  }
}
