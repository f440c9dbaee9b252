// Where the calls of this isolate go, for models that several hosts serve and providers with several credentials: what it has
// learnt of them, and the order that follows. Made when the first such call comes; all others never see it.

import type { Model } from '#catalog/model.ts'
import type { Millis } from '#core/clock.ts'
import type { Log } from '#core/log.ts'
import type { NanoUsd } from '#core/money.ts'
import type { JsonObject } from '#core/readers.ts'
import { affinityOf, carriesReasoning, hashOf, sealedOrigins, stablePrefix } from './affinity.ts'
import {
  type CandidateFacts,
  type OperatorOrder,
  operatorRankOf,
  orderedCandidates,
  readOperatorOrder,
} from './candidate-order.ts'
import { Health } from './health.ts'
import type { LegFailure, Verdict } from './leg-failure.ts'
import type { Provider } from './provider.ts'
import { pauseMsAfter, pauseMsAfterAnswer } from './upstream-rates.ts'

/** A host that may answer the call, and what that will probably cost. */
export type Host = { model: Model; credentials: readonly Provider[]; costNanoUsd: NanoUsd }

/** What of a request decides where it belongs. */
export type Conversation = {
  accountId: string
  text: string
  body: JsonObject
  /** It is written anew for its upstream, in the dialect whose thoughts are encrypted. */
  asksForThoughts: boolean
}

/** One host with one credential. */
export type RoutedLeg = CandidateFacts & {
  provider: Provider['id']
  model: Model
  upstream: Provider
  /** Names of what is remembered: of the host as a whole, of this credential alone. */
  hostKey: string
  credentialKey: string
}

export class Routing {
  readonly #order: OperatorOrder
  readonly #health = new Health()

  constructor(settings: { providerOrder: string | undefined }, log?: Log) {
    this.#order = readOperatorOrder(settings.providerOrder)
    const { unknown } = this.#order
    if (unknown.length > 0) log?.error('provider_order_unknown', { names: unknown.join(', ') })
  }

  /** The operator may keep a provider out of other makers' models. */
  serves(model: Model, offer: Model): boolean {
    return offer.provider === model.offers?.[0]?.provider || !this.#order.excluded.has(offer.provider)
  }

  legsOf(hosts: readonly Host[], conversation: Conversation, now: Millis): readonly RoutedLeg[] {
    const hash = hashOf(`${conversation.accountId}\n${stablePrefix(conversation.body)}`)
    const origin = sealedOrigins(conversation.text).at(-1)
    const isBound = conversation.asksForThoughts || carriesReasoning(conversation.text)
    const legs = hosts.flatMap((host) => {
      const all = host.credentials.map((upstream) => this.#legOf(host, upstream, { hash, origin, now }))
      // Moved to another organisation, its thoughts could not be read there.
      return isBound ? all.toSorted((a, b) => b.affinity - a.affinity).slice(0, 1) : all
    })
    return orderedCandidates(legs)
  }

  #legOf(
    host: Host,
    upstream: Provider,
    by: { hash: number; origin: string | undefined; now: Millis },
  ): RoutedLeg {
    const { model, costNanoUsd } = host
    const hostKey = `${model.provider}/${model.upstreamId}`
    const credentialKey = `${hostKey}#${upstream.credential ?? 1}`
    return {
      provider: model.provider,
      model,
      upstream,
      hostKey,
      credentialKey,
      name: credentialKey,
      isPaused: this.#health.isPaused(credentialKey, by.now),
      isFailing: this.#health.isFailing(hostKey, by.now),
      isOrigin: by.origin === model.provider,
      operatorRank: operatorRankOf(this.#order, model.provider),
      firstByteMs: this.#health.firstByteMs(hostKey, by.now),
      costNanoUsd,
      // The key itself and not its place: one that is stored before it moves no conversation.
      affinity: affinityOf(by.hash, `${model.provider} ${upstream.apiKey}`),
    }
  }

  failed(leg: RoutedLeg, failure: { verdict: Verdict; of: LegFailure }, now: Millis): void {
    const { verdict, of } = failure
    if (isTrouble[verdict]) this.#health.failed(leg.hostKey, now)
    const headers = of.kind === 'status' ? of.headers : undefined
    this.#health.pause(leg.credentialKey, pauseMsAfter(verdict, headers, now), now)
  }

  /** `firstByteMs` of streams alone: an answer in one piece begins when it has been written. */
  answered(
    leg: RoutedLeg,
    { headers, firstByteMs }: { headers: Headers; firstByteMs: number | undefined },
    now: Millis,
  ): void {
    this.#health.answered(leg.hostKey, firstByteMs, now)
    this.#health.pause(leg.credentialKey, pauseMsAfterAnswer(headers, now), now)
  }
}

/** What speaks against the host, and not against the request, the credential or the operator's own cap. */
const isTrouble: Readonly<Record<Verdict, boolean>> = {
  overloaded: true,
  unreachable: true,
  erred: true,
  failed: true,
  limited: false,
  credential: false,
  capped: false,
  refused: false,
}
