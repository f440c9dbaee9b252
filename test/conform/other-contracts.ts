// The contracts that are no call and its answer: refusals, counting tokens, hanging up.

import { readJson } from '#core/readers.ts'
import { dialects } from '#dialects/dialects.ts'
import { answerWithinMs, bodyOf, type NotRun, post, refusalVerdict, type Verdict } from './ask-service.ts'
import { contracts } from './contracts.ts'
import type { Service } from './services.ts'
import { wireDifferences } from './wire-schemas.ts'

export type OtherContract = {
  name: string
  promise: string
  /** Answers that it pays for. */
  calls: number
  ask: (service: Service) => Promise<Verdict | NotRun>
}

const [text, stream] = contracts

/** The request of the plain question, which needs nothing of a model. */
function plainBody(service: Service, isStreamed = false) {
  const contract = isStreamed ? stream : text
  if (contract === undefined) throw new Error('there is no plain contract')
  const body = bodyOf(contract, service)
  if (typeof body === 'string') throw new Error(body)
  return body
}

export const otherContracts: readonly OtherContract[] = [
  {
    name: 'error: unknown model',
    promise: 'a model that there is not is refused in the shape of the dialect',
    calls: 0,
    ask: async (service) => {
      const body = { ...plainBody(service), model: 'no-such-model-anywhere' }
      if (service.isStandIn && service.wire === 'upstream')
        return { notRun: 'the stand-in answers under every name' }
      const response = await post(service, dialects[service.dialect].upstreamPath, body)
      return refusalVerdict(response, service, [400, 403, 404])
    },
  },
  {
    name: 'error: wrong key',
    promise: 'a key that there is not is refused with 401 in the shape of the dialect',
    calls: 0,
    ask: async (service) => {
      const names = Object.keys(service.headers).map((name) => name.toLowerCase())
      const keys = { authorization: 'Bearer wrong-key', 'x-api-key': 'wrong-key' }
      const wrong = Object.entries(keys).filter(([name]) => names.includes(name))
      const isOpen = service.isStandIn && service.wire === 'upstream'
      // The stand-in takes every key, and refuses to go without one.
      const kept = Object.entries(service.headers).filter(([name]) => !Object.keys(keys).includes(name))
      const headers = Object.fromEntries(isOpen ? kept : [...kept, ...wrong])
      const path = dialects[service.dialect].upstreamPath
      const response = await post({ ...service, headers }, path, plainBody(service))
      return refusalVerdict(response, service, [400, 401, 403])
    },
  },
  {
    name: 'error: wrong type',
    promise: 'a field of a wrong type is refused with 400 in the shape of the dialect',
    calls: 0,
    ask: async (service) => {
      if (service.isStandIn && service.wire === 'upstream')
        return { notRun: 'the stand-in reads as little as its answer depends on' }
      const field = service.dialect === 'responses' ? 'input' : 'messages'
      const body = { ...plainBody(service), [field]: 7 }
      const response = await post(service, dialects[service.dialect].upstreamPath, body)
      return refusalVerdict(response, service, [400, 422])
    },
  },
  {
    name: 'count_tokens',
    promise: 'the tokens of a request are counted without a call',
    calls: 0,
    ask: async (service) => {
      if (service.dialect !== 'messages') return { notRun: 'this dialect has no such route' }
      if (service.isStandIn && service.wire === 'upstream')
        return { notRun: 'nobody asks an upstream for it: Sluice counts by itself' }
      const { model, messages } = plainBody(service)
      const response = await post(service, '/messages/count_tokens', { model, messages })
      const answer = await response.text()
      const missing = response.ok ? [] : [`it answers ${response.status}: ${answer.slice(0, 300)}`]
      return { missing, differences: wireDifferences(readJson(answer), 'CountAnswer', service.wire) }
    },
  },
  {
    name: 'cancel',
    promise: 'a stream that is hung up on after its first bytes ends at once and hinders no later call',
    calls: 2,
    ask: async (service) => {
      const leaves = new AbortController()
      const signal = AbortSignal.any([leaves.signal, AbortSignal.timeout(answerWithinMs)])
      const { upstreamPath } = dialects[service.dialect]
      const response = await post(service, upstreamPath, plainBody(service, true), signal)
      const first = await response.body?.getReader().read()
      leaves.abort()
      const after = await post(service, upstreamPath, plainBody(service))
      await after.body?.cancel()
      return {
        missing: [
          ...(first?.value === undefined ? ['its stream has no bytes'] : []),
          ...(after.ok ? [] : [`the next call is answered with ${after.status}`]),
        ],
        differences: [],
      }
    },
  },
]
