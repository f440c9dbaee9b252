// The bound of a prompt's tokens and our own count of them, held against what the tokenizer really makes of hostile texts.

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, test } from 'vitest'

import { utf8BytesOf } from '#calls/count-tokens.ts'
import { o200kCounter } from '#calls/o200k.ts'
import { models } from '#catalog/models.ts'
import { quote } from '#catalog/quote.ts'
import { readChatCall } from '#dialects/openai-chat.ts'
import { messageTexts } from '#dialects/message-texts.ts'
import { countedText } from '#gateway/counted-try.ts'
import { hostileTexts } from '../counting/hostile-texts.ts'

const table = readFileSync(
  new URL('../../node_modules/gpt-tokenizer/data/o200k_base.tiktoken', import.meta.url),
  'utf8',
)
const countO200k = o200kCounter(table)
/** The library as it comes, with a table of its own. */
const trueCountOf = (text: string) => countTokens(text, { disallowedSpecial: new Set() })

const bodyOf = (messages: readonly object[]) => JSON.stringify({ model: 'm', messages })
const readOf = (body: string) => {
  const read = readChatCall(new TextEncoder().encode(body))
  if (!read.ok) throw new Error(read.message)
  return read.call
}

describe('a text', () => {
  // Cases: billing-bugs 18
  test.each(hostileTexts)('has no more tokens than bytes, and never more than we count: %s', (_, text) => {
    expect(countO200k(text)).toBeGreaterThanOrEqual(trueCountOf(text))
    expect(countO200k(text)).toBeLessThanOrEqual(utf8BytesOf(text))
  })

  test.each(
    hostileTexts.filter(([name]) =>
      ['prose', 'digits', 'digits with spaces', 'minified JSON'].includes(name),
    ),
  )('is counted exactly where its words are of usual length: %s', (_, text) =>
    expect(countO200k(text)).toBe(trueCountOf(text)),
  )

  test('of any characters is never counted too low', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        expect(countO200k(text)).toBeGreaterThanOrEqual(trueCountOf(text))
        expect(countO200k(text)).toBeLessThanOrEqual(utf8BytesOf(text))
      }),
    )
  })

  test('counts as its bytes where a word holds the mark that the library does not see', () => {
    expect(trueCountOf('\uFEFFthe')).toBeLessThan(countO200k('\uFEFFthe'))
    expect(countO200k('\uFEFFthe')).toBe(utf8BytesOf('\uFEFFthe'))
  })

  test('that a table was cut short for is never counted', () => {
    expect(() => o200kCounter(table.slice(0, table.length / 2))).toThrow('whole')
  })
})

describe('the input of a call', () => {
  const openAi = models.filter(({ tokenizerFactor }) => tokenizerFactor === 1)
  const conversations: readonly (readonly [name: string, messages: readonly object[]])[] = [
    ...hostileTexts.map(([name, text]) => [name, [{ role: 'user', content: text }]] as const),
    [
      '10,000 messages of one character',
      Array.from({ length: 10_000 }, () => ({ role: 'user', content: '7' })),
    ],
    ['texts in parts', hostileTexts.map(([, text]) => ({ role: 'user', content: [{ type: 'text', text }] }))],
  ]

  // Cases: billing-bugs 18
  test.each(conversations)('is never billed above its bound, counted or not: %s', (_, messages) => {
    const body = bodyOf(messages)
    const call = readOf(body)
    const texts = messageTexts(call)
    const counted = countedText(call.textBytes, texts, { countTokens: countO200k, tokenizerFactor: 1 })
    // As OpenAI states it: three tokens around each message beside its role, and three before the answer.
    const billed = texts.reduce((sum, text) => sum + trueCountOf(text) + 3 + 1, 3)
    expect(openAi).not.toHaveLength(0)
    for (const model of openAi) {
      expect(quote(model, call).inputTokensBound).toBeGreaterThanOrEqual(billed)
      expect(quote(model, { ...call, counted }).inputTokensBound).toBeGreaterThanOrEqual(billed)
    }
  })
})
