// Whom the contracts are put to: the local stand-in and the product before it, or the real services whose keys are set.

import type { DialectId } from '#calls/neutral-call.ts'
import type { Model } from '#catalog/model.ts'
import { models } from '#catalog/models.ts'
import { type ProviderId, providerIds } from '#catalog/provider-table.ts'
import { headersOf, neededSettingOf, providerOf } from '#providers/provider.ts'
import type { Wire } from './wire-schemas.ts'

export type Service = {
  name: string
  dialect: DialectId
  model: Model
  /** Ends in /v1 or the like; the dialect's path follows. */
  baseUrl: string
  headers: Readonly<Record<string, string>>
  wire: Wire
  /** It does as a directive in the prompt says. */
  isStandIn: boolean
}

/** A model of each dialect that can do all that is asked for. */
const localModels: Readonly<Record<DialectId, string>> = {
  chat: 'gemini-3.5-flash-lite',
  responses: 'gpt-5.4-nano',
  messages: 'claude-haiku-5-5',
}
const dialects = ['chat', 'responses', 'messages'] as const satisfies readonly DialectId[]

export function standIns(upstreamUrl: string): readonly Service[] {
  const headers = { authorization: 'Bearer local', 'anthropic-version': '2023-06-01' }
  return dialects.map((dialect) => ({
    name: `stand-in, ${dialect}`,
    dialect,
    model: modelOf(localModels[dialect]),
    baseUrl: upstreamUrl,
    headers,
    wire: 'upstream',
    isStandIn: true,
  }))
}

/** The product, asked in each dialect for a model whose upstream speaks another one. */
export function products(baseUrl: string, apiKey: string): readonly Service[] {
  const others: Readonly<Record<DialectId, DialectId>> = {
    chat: 'messages',
    responses: 'chat',
    messages: 'responses',
  }
  return dialects.map((dialect) => {
    const model = modelOf(localModels[others[dialect]])
    return {
      name: `Sluice, ${dialect} before ${others[dialect]}`,
      dialect,
      model: { ...model, upstreamId: model.id, acceptsStreamOptions: true },
      baseUrl: `${baseUrl}/v1`,
      headers: { authorization: `Bearer ${apiKey}` },
      wire: 'client',
      isStandIn: true,
    }
  })
}

/** Real services in this environment, and the settings that the others wait for. */
export function realServices(env: Readonly<Record<string, string | undefined>>): {
  services: readonly Service[]
  missing: readonly string[]
} {
  const found = providerIds.map((id) => ({ id, provider: providerOf(id, env), model: cheapestOf(id) }))
  return {
    services: found.flatMap(({ provider, model }) =>
      provider === undefined || model === undefined
        ? []
        : model.dialects.map((dialect): Service => ({
            name: `${provider.id}, ${dialect}`,
            dialect,
            model,
            baseUrl: provider.baseUrl,
            headers: headersOf(provider),
            wire: 'upstream',
            isStandIn: false,
          })),
    ),
    missing: found.flatMap(({ id, provider, model }) =>
      provider === undefined && model !== undefined ? [neededSettingOf(id)] : [],
    ),
  }
}

/** The cheapest model of a provider that can be called with tools. */
function cheapestOf(id: ProviderId): Model | undefined {
  return models
    .filter(({ provider, kind, status }) => provider === id && kind === 'chat' && status === 'available')
    .filter(({ supportedParameters }) => supportedParameters.includes('tools'))
    .toSorted((one, other) => (one.prices.output ?? 0) - (other.prices.output ?? 0))[0]
}

function modelOf(id: string): Model {
  const model = models.find((one) => one.id === id)
  if (model === undefined) throw new Error(`the catalog has no ${id}`)
  return model
}
