// An account whose keys are more than one row of the object's SQLite can hold: its snapshot must still be written.

import { env } from 'cloudflare:workers'
import { evictDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'

import { keyNumber, makeAccountId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { AccountObject } from './account.ts'
import type { AccountPort } from './account-port.ts'

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
const allowedModels = Array.from({ length: 200 }, (_, n) => `model-${n}`.padEnd(110, 'x'))
const keys = 500
const credits = 50

test('an account with megabytes of keys goes on through its snapshots and restarts with all of them', async () => {
  const accountId = makeAccountId('w', random)
  const { ACCOUNT } = env as unknown as { ACCOUNT: { getByName(name: string): unknown } }
  const stub = ACCOUNT.getByName(accountId) as DurableObjectStub<AccountObject>
  const port = stub as unknown as AccountPort
  await port.create({ accountId, name: 'Many', settings: { keysMax: 1_000 } })
  for (let number = 1; number <= keys; number += 1) {
    const reference = `key ${number}`
    const secretHash = '1'.repeat(64)
    const put = { reference, keyNumber: keyNumber(number), secretHash, name: 'k', budgets: [], allowedModels }
    expect(await port.putKey(put)).toMatchObject({ ok: true })
  }
  for (let n = 1; n <= credits; n += 1) {
    const amountNanoUsd = nanoUsd(1_000)
    const command = {
      reference: `grant ${n}`,
      kind: 'grant' as const,
      amountNanoUsd,
      reason: 'r',
      actor: 'a',
    }
    expect(await port.credit(command), `credit ${n}`).toMatchObject({ ok: true })
  }

  await evictDurableObject(stub)

  const again = ACCOUNT.getByName(accountId) as AccountPort
  const views = await again.keys()
  expect(views).toHaveLength(keys)
  expect(views.at(-1)?.allowedModels).toEqual(allowedModels)
  expect((await again.view())?.postedNanoUsd).toBe(credits * 1_000)
})
