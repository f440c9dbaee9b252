// The second try of an admission: a balance may cover what a prompt really is and not the hard bound of its bytes. Only then
// is the text counted, and the same call asked for once more with a smaller hold.

import { type CountTokens, utf8BytesOf } from '#calls/count-tokens.ts'
import { type CountedText, quote } from '#catalog/quote.ts'
import { type NanoUsd, minNanoUsd } from '#core/money.ts'
import type { AdmitRefused } from '#ledger/call-commands.ts'
import { type Admission, askAdmission } from './admission.ts'
import { admitCommand } from './admit-command.ts'
import { cappedQuote, outputLimitOf } from './max-cost.ts'
import type { GatewayParts } from './parts.ts'
import type { PreparedCall } from './prepared-call.ts'

/**
 * Bounds the time by the text: under a second of CPU for the worst of it, 40 ms for prose. A clock could not, because it
 * stands still in a Worker that computes.
 */
export const countedBytesMax = 524_288
/** Text hardly has more bytes per token; what is too dear even so is refused without a count. */
const bytesPerTokenMost = 8

/** Asks the object, and where the hard bound alone may be in the way, counts and asks once more: under the same id, because a refusal leaves nothing. */
export async function askCounting(
  call: PreparedCall,
  isDispatched: boolean,
  { accounts, clock, random, timings, countO200k, nextTurn }: GatewayParts,
): Promise<{ asked: PreparedCall; admission: Admission }> {
  // The question, and an object nearby at its work, would hold up the bytes of the call by a millisecond (docs/performance.md).
  if (isDispatched) await nextTurn()
  const how = { clock, random, attemptMs: timings.objectCallMs, withinMs: timings.admitWithinMs }
  const ask = async (asked: PreparedCall) => {
    const admit = admitCommand(asked, isDispatched)
    return { asked, admission: await askAdmission(() => accounts(asked.caller.accountId), admit, how) }
  }
  const first = await ask(call)
  const { admission } = first
  // What is on its way upstream cannot be made smaller any more.
  if (admission.ok || admission.answer === undefined || isDispatched) return first
  const counted = await countedCall(call, admission.answer, countO200k)
  return counted === undefined ? first : ask(counted)
}

/** The call with its text counted, where that may turn the refusal. */
export async function countedCall(
  call: PreparedCall,
  refused: AdmitRefused,
  countO200k: () => Promise<CountTokens>,
): Promise<PreparedCall | undefined> {
  const { tokenizerFactor } = call.model
  if (tokenizerFactor === undefined || !isForMoney(refused)) return undefined
  if (call.asked.textBytes > countedBytesMax || !isHopeful(call, refused)) return undefined
  const counted = countedText(call.asked.textBytes, call.request.plainTexts(), {
    countTokens: await countO200k(),
    tokenizerFactor,
  })
  return withCount(call, counted)
}

/** Never more than the bytes: the count takes the place of the bound only where it is below. */
export function countedText(
  textBytes: number,
  texts: readonly string[],
  how: { countTokens: CountTokens; tokenizerFactor: number },
): CountedText {
  let [tokens, restBytes] = [0, textBytes]
  for (const text of texts) {
    const bytes = utf8BytesOf(text)
    tokens += Math.min(bytes, Math.ceil(how.countTokens(text) * how.tokenizerFactor))
    restBytes -= bytes
  }
  return { tokens, restBytes }
}

/** Any other refusal stands however small the call is. */
function isForMoney({ limitSource, remainingNanoUsd }: AdmitRefused): boolean {
  return limitSource === 'balance' || remainingNanoUsd !== undefined
}

function isHopeful(call: PreparedCall, refused: AdmitRefused): boolean {
  const tokens = Math.ceil(call.asked.textBytes / bytesPerTokenMost)
  const { floorNanoUsd } = quote(call.model, { ...call.asked, counted: { tokens, restBytes: 0 } })
  return floorNanoUsd <= roomOf(refused)
}

/** What there was at most; the object alone knows it exactly. */
function roomOf({ availableNanoUsd, remainingNanoUsd }: AdmitRefused): NanoUsd {
  return remainingNanoUsd === undefined ? availableNanoUsd : minNanoUsd(availableNanoUsd, remainingNanoUsd)
}

function withCount(call: PreparedCall, counted: CountedText): PreparedCall | undefined {
  const { outputTokensLoweredTo: _, ...unlimited } = call
  const asked = { ...call.asked, counted }
  const { model, maxCostNanoUsd } = call
  const capped =
    call.route?.quote(asked) ?? cappedQuote({ model, call: asked }, quote(model, asked), maxCostNanoUsd)
  // A smaller call is never dearer, so what the client's own limit let through once passes it again.
  if (!capped.ok || capped.quote.inputTokensBound >= call.quote.inputTokensBound) return undefined
  return { ...unlimited, asked, quote: capped.quote, ...outputLimitOf(capped.quote) }
}
