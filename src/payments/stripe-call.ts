// One request to Stripe as a value: done, refused, or not known. An answer is believed only if it is the kind of object that
// was asked for: the SDK passes on whatever JSON a proxy puts in place of Stripe's.

import Stripe from 'stripe'

import type { ProviderAnswer, ProviderFailure } from './provider.ts'

/** What every object of Stripe's says about itself. */
type Named = { readonly id: string; readonly object: string }

export async function askStripe<Answer extends Named, Value>(
  kind: Answer['object'],
  ask: () => Promise<Answer>,
  read: (answer: Answer) => Value,
): Promise<ProviderAnswer<Value>> {
  let answer: Answer
  try {
    answer = await ask()
  } catch (error) {
    return failureOf(error)
  }
  return isNamed(answer, kind) ? { ok: true, value: read(answer) } : notStripe
}

/** One page of a list; `read` sees whether there is more. */
export async function askStripeList<Item, Value>(
  ask: () => Promise<ListPage<Item>>,
  read: (page: ListPage<Item>) => Value,
): Promise<ProviderAnswer<Value>> {
  let answer: Partial<ListPage<Item>>
  try {
    answer = await ask()
  } catch (error) {
    return failureOf(error)
  }
  const { object, data, has_more = false } = answer
  return object === 'list' && Array.isArray(data)
    ? { ok: true, value: read({ object, data, has_more }) }
    : notStripe
}

type ListPage<Item> = {
  readonly object: 'list'
  readonly data: readonly Item[]
  readonly has_more: boolean
}

const notStripe: ProviderFailure = {
  ok: false,
  code: 'unknown',
  message: 'The answer is no object of Stripe’s: something stands between.',
}

function isNamed(answer: Partial<Named> | null | undefined, kind: string): boolean {
  return typeof answer?.id === 'string' && answer.id !== '' && answer.object === kind
}

/** Only Stripe's own "no" with a reason is one; whatever else failed may have been done. */
export function failureOf(error: unknown): ProviderFailure {
  if (!(error instanceof Stripe.errors.StripeError)) throw error
  const message = wordsOf(error)
  if (error.code === 'resource_missing') return { ok: false, code: 'gone', message }
  const isRefused = error.statusCode === 400 || error.statusCode === 402
  // Of another request under the same key nobody knows here what became of it.
  const isKnown = error.rawType !== undefined && error.rawType !== 'idempotency_error'
  return { ok: false, code: isRefused && isKnown ? 'refused' : 'unknown', message }
}

/** For the log: what went wrong, and Stripe's own id of the request. Its texts name no secret, but may repeat what was sent. */
function wordsOf({
  type,
  code,
  statusCode,
  param,
  requestId,
}: InstanceType<typeof Stripe.errors.StripeError>) {
  return [type, code, statusCode, param, requestId].filter((word) => word !== undefined).join(' ')
}
