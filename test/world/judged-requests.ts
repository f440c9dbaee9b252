// While journeys run, every request that reaches the model upstream is held against the vendor's own type of it (test/conform).
// A difference fails the run: a real provider would have answered 400.

import { requestFaults } from '../conform/judge.ts'

/** Beyond this a run is wrong all over, and more lines help nobody. */
const shownMax = 40

/** Fields that tests make up, to see that they go up untouched or choose nothing. */
const madeUp = [
  'a_parameter_of_next_year',
  'api_base',
  'base_url',
  'baseURL',
  'api_key',
  'apiKey',
  'custom_llm_provider',
  'provider',
  'endpoint',
]
const isOfTest = (fault: string) =>
  madeUp.some((field) => fault.endsWith(`Request.${field} is no field there`))

/**
 * What Codex says beyond the types of OpenAI's SDK, whose service takes it: with an upstream of its dialect its words go up as
 * they come. A request without its mark is ours, and judged in full.
 */
const ofCodex = /Request\.(?:client_metadata|input\[\d+\]\.id) is no field there$/
const isOfCodex = (fault: string, body: unknown) =>
  typeof body === 'object' && body !== null && 'client_metadata' in body && ofCodex.test(fault)

/** What a test says in a request that is wrong on purpose and must go up as it came. */
export const onPurpose = 'odd on purpose'

/** Of one request: the first tell what is wrong with it. */
const faultsOfOneMax = 20

export function judgedRequests() {
  const found = new Map<string, { count: number; body: string }>()
  return {
    see: ({ path, body }: { path: string; body: unknown }) => {
      const faults = requestFaults(path, body).filter((fault) => !isOfTest(fault) && !isOfCodex(fault, body))
      if (faults.length === 0 || found.size > shownMax) return
      const text = JSON.stringify(body)
      if (text.includes(onPurpose)) return
      const shown = Buffer.from(text).toString('utf8', 0, 600)
      for (const fault of faults.slice(0, faultsOfOneMax)) {
        const known = found.get(fault)
        if (known === undefined) found.set(fault, { count: 1, body: shown })
        else known.count += 1
      }
    },
    expectNone: () => {
      if (found.size === 0) return
      const lines = [...found]
        .slice(0, shownMax)
        .map(([fault, { count, body }]) => `${fault} (${count}): ${body}`)
      throw new Error(
        `${found.size} differences of requests to the upstream (made up by a test: name the field above):\n${lines.join('\n')}`,
      )
    },
  }
}
