// What a client writes is what its provider reads, to the byte, where both speak one dialect: by the hashes that the local
// upstream takes of what it gets, for requests of up to five megabytes in spellings that no JSON writer would choose.

import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { directiveText } from '../../dev/upstream-directive.ts'
import { chatModel } from '../world/chat.ts'
import { ask, chatPath } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** A text of JSON with a picture of so many bytes; escapes, spaces, numbers and unknown fields as they stand. */
type Written = (user: string, picture: string) => string

const directive = JSON.stringify(directiveText({ tokens: 2 }))
const odd =
  '"a_parameter_of_next_year" : { "big":12345678901234567890, "e":1E+2 , "u":"\\u00e9\\/\\ud83c\\udf89" }'

const dialects: readonly [string, string, Written][] = [
  [
    'chat completions',
    chatPath,
    (user, picture) =>
      `{ ${odd},\n\t"model":"${chatModel}", "max_completion_tokens" : 50,"user":"${user}","messages":[{"role":"user","content":[{"type":"text","text":${directive}},{"type":"image_url","image_url":{"url":"data:image\\/png;base64,${picture}"}}]}]\r\n}`,
  ],
  [
    'responses',
    '/v1/responses',
    (user, picture) =>
      `{ ${odd},\n\t"model":"${chatModel}", "max_output_tokens" : 50,"user":"${user}","store":false,"input":[{"role":"user","content":[{"type":"input_text","text":${directive}},{"type":"input_image","detail":"low","image_url":"data:image\\/png;base64,${picture}"}]}]\r\n}`,
  ],
  [
    'messages',
    '/v1/messages',
    (user, picture) =>
      `{ ${odd},\n\t"model":"claude-opus-4-6", "max_tokens" : 50,"metadata":{"user_id":"${user}"},"messages":[{"role":"user","content":[{"type":"text","text":${directive}},{"type":"image","source":{"type":"base64","media_type":"image\\/png","data":"${picture}"}}]}]\r\n}`,
  ],
]

const sizes: readonly [string, number][] = [
  ['a kilobyte', 1_024],
  ['a megabyte', 1_024 * 1_024],
  ['five megabytes', 5 * 1_024 * 1_024],
]

describe.each(dialects)('a request in %s', (_name, path, written) => {
  test.each(sizes)('of %s reaches its provider as it was written', async (_size, bytes) => {
    const account = await sharedWorld().newAccount({ creditUsd: '100.00' })
    const text = written(account.accountId, 'A'.repeat(bytes - 700))
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, path, body: text })
    expect(answer.status, answer.text.slice(0, 500)).toBe(200)
    const requests = await sharedWorld().upstreamRequests()
    expect(requests.map(({ bodySha256 }) => bodySha256)).toContain(sha256(text))
  })
})
