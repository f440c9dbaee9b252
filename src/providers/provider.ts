// The upstream companies that this deployment may send to: the only hosts that any request can ever leave for.

import {
  type ProviderId,
  type ProviderVariable,
  providerIds,
  providerVariable,
  providers,
} from '#catalog/provider-table.ts'

export type Provider = {
  id: ProviderId
  baseUrl: string
  apiKey: string
  /** Which of the operator's credentials it is, from 1; absent where there is one alone. */
  credential?: number
}

/** Key, address and requests per minute (over all accounts; no cap where absent) of every row of the provider table. */
export type ProviderEnv = { [name in ProviderVariable]?: string }

type ProviderSettings = {
  apiKey: ProviderVariable<'API_KEY'>
  baseUrl: ProviderVariable<'BASE_URL'>
  requestsPerMinute: ProviderVariable<'RPM'>
  usualBaseUrl: string
}

/** The names of each provider's settings. */
export const providerSettings = Object.fromEntries(
  providerIds.map((id) => [
    id,
    {
      apiKey: providerVariable(id, 'API_KEY'),
      baseUrl: providerVariable(id, 'BASE_URL'),
      requestsPerMinute: providerVariable(id, 'RPM'),
      usualBaseUrl: providers[id].usualBaseUrl,
    },
  ]),
) as { readonly [id in ProviderId]: ProviderSettings }

/**
 * The operator's configuration of one provider with its first credential, or undefined while it is not complete: its key, or
 * the address of the operator's own server. Never reads a request.
 */
export function providerOf(id: ProviderId, env: ProviderEnv): Provider | undefined {
  const settings = providerSettings[id]
  const keys = env[settings.apiKey] ?? ''
  const baseUrl = (env[settings.baseUrl] || settings.usualBaseUrl).replace(/\/+$/, '')
  if (baseUrl === '' || (keys === '' && !providers[id].isOwn)) return undefined
  if (!keys.includes(keySeparator)) return { id, baseUrl, apiKey: keys }
  const [apiKey = '', ...others] = keysOf(keys)
  if (apiKey === '' && !providers[id].isOwn) return undefined
  return others.length === 0 ? { id, baseUrl, apiKey } : { id, baseUrl, apiKey, credential: 1 }
}

/** The same with each of its credentials: `OPENAI_API_KEY` may hold several, separated by commas. */
export function credentialsOf(id: ProviderId, env: ProviderEnv): readonly Provider[] {
  const first = providerOf(id, env)
  if (first?.credential === undefined) return first === undefined ? [] : [first]
  return keysOf(env[providerSettings[id].apiKey] ?? '').map((apiKey, index) => ({
    ...first,
    apiKey,
    credential: index + 1,
  }))
}

const keySeparator = ','
/** More keys than any contract gives; a longer list is a file pasted by mistake. */
const credentialsMax = 20

function keysOf(text: string): readonly string[] {
  const keys = text.split(keySeparator).map((key) => key.trim())
  return [...new Set(keys.filter((key) => key !== ''))].slice(0, credentialsMax)
}

/** The setting without which this provider cannot be called, to tell an operator. */
export function neededSettingOf(id: ProviderId): ProviderVariable {
  return providers[id].isOwn ? providerSettings[id].baseUrl : providerSettings[id].apiKey
}

/** The credential as this provider wants it, and what else each of its requests carries. */
export function headersOf({ id, apiKey }: Provider): { [name: string]: string } {
  const { keyHeader, headers } = providers[id]
  if (apiKey === '') return { ...headers }
  return { [keyHeader]: keyHeader === 'authorization' ? `Bearer ${apiKey}` : apiKey, ...headers }
}
